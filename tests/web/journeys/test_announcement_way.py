"""The way of an announcement: drafted, checked, published by another, read, corrected, and its first version kept."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest

from support.browsing import Person

Another = Callable[[], Person]
pytestmark = pytest.mark.slow


def today(one: Person) -> date:
    """The day the office's clock shows."""
    return date.fromisoformat(json.loads((one.served.home / "office.json").read_text())["clock"])


def test_announcement_published_read_and_corrected(person: Another, pictures: Path | None) -> None:
    drafter, publisher = person().try_as("b1", "/announcements"), person().try_as("b2")
    reader = person().try_as("h1a")
    title = "2024年3月运行情况"
    drafter.click("起草公告", role="link")
    form = drafter.page.locator("main")
    form.get_by_label("类别").select_option(label="结果公布")
    form.get_by_label("公布范围").select_option(label="各医疗机构")
    form.get_by_label("标题").fill(title)
    form.get_by_label("内容").fill("请核对本机构数据。")
    form.get_by_label("表格").fill("等级 | 病例数\n三级 | 421\n一级 | 3")
    drafter.picture("announcement-draft", pictures)
    drafter.click("保存草稿", role="button")
    case = drafter.page.url
    drafter.move("check")
    assert drafter.state == "已核对，待发布"
    reader.go("/announcements")
    assert title not in reader.text
    publisher.go(case)
    publisher.move("publish", until=(today(publisher) + timedelta(10)).isoformat())
    assert publisher.state == "已发布"

    reader.go("/announcements")
    assert "未读" in reader.page.locator("tr", has_text=title).inner_text()
    reader.click(title, role="link")
    assert "请核对本机构数据" in reader.text
    reader.picture("announcement", pictures)
    reader.go("/announcements")
    assert "未读" not in reader.page.locator("tr", has_text=title).inner_text()
    drafter.go(case)
    assert "1 家" in drafter.text.split("阅读情况")[1] or "中 1 " in drafter.text
    drafter.move("correct", text="请于五日内核对本机构数据。", why="漏写期限")
    publisher.go(case)
    publisher.move("publish_correction")
    assert publisher.state == "已更正"
    reader.go("/announcements")
    assert "未读" in reader.page.locator("tr", has_text=title).inner_text()
    reader.click(title, role="link")
    assert "漏写期限" in reader.text
    assert "五日内" in reader.text
    reader.click("第 1 版", role="link")
    assert "这是第 1 版" in reader.text
    reader.picture("announcement-old", pictures)
