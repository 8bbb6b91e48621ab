"""The way of a month's analysis: made of the sealed month, met about, minutes and a follow-up, sent, read by its
institution and taken for the meeting; the serial on the file leads back to who took it."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest

from support.browsing import Person
from support.served import until

Another = Callable[[], Person]
pytestmark = pytest.mark.slow


def today(one: Person) -> date:
    """The day the office's clock shows."""
    return date.fromisoformat(json.loads((one.served.home / "office.json").read_text())["clock"])


def taken(one: Person, target: Path, form: str) -> str:
    """Take the file that the page offers; its serial."""
    one.page.get_by_label("格式").select_option(form)
    one.page.get_by_label("理由").fill("月度例会")
    one.click("生成文件", role="button")
    with one.page.expect_download() as waited:
        one.page.locator("main table a").first.click()
    waited.value.save_as(target)
    found = re.search(r"\d{8}-[0-9A-F]{8}", waited.value.suggested_filename)
    assert found
    return found[0]


def test_a_month_is_analysed_met_about_sent_and_read(person: Another, pictures: Path | None, tmp_path: Path) -> None:
    host, chief, hospital = person().try_as("b1", "/cases/of/month_analysis"), person().try_as("b2"), person()
    hospital.try_as("h1a")
    host.page.locator("main tr", has_text="已编制").locator("a").first.click()
    host.page.wait_for_load_state()
    case = host.page.url.split("?")[0]
    host.move("again", why="封账后更新")
    host.reload_until(case, lambda _: host.state == "已编制，待发送")
    period = host.page.locator("main dl.facts dd").nth(1).inner_text()
    host.picture("analysis-case", pictures)
    reading = case.replace("/cases/", "/analyses/")
    assert hospital.go(reading) in (200, 404)
    assert chief.go(reading) == 200
    for title in ("主要指标", "各机构排名", "高倍率、低倍率和费用异常病例"):
        assert title in chief.text
    chief.picture("analysis", pictures)
    chief.go(case)
    chief.move("send")
    assert chief.state == "已发送"

    host.go(case)
    day, until_day = today(host).isoformat(), (today(host) + timedelta(7)).isoformat()
    meets = host.page.locator("details.move:has(input[name=move][value=meet])").count()
    if meets:
        host.move("meet", day=day, place="三楼会议室", agenda="运行情况")
        host.page.locator("main a", has_text="月度运行分析会").first.click()
        host.page.wait_for_load_state()
        host.judge()
        assert "三楼会议室" in host.text
        meeting = host.page.url
        host.move("invite")
        host.move("hold", held_on=day, present="医保局、各机构医保办")
        host.move("minute", number="运行〔2024〕9号", text="请核对偏离病例。")
        owner = " · ".join(hospital.served.accounts["h1a"][key] for key in ("name", "unit"))
        host.move("follow_up", task="核对偏离病例", owner=owner, day=until_day)
        chief.go(meeting)
        chief.move("approve")
        assert chief.state == "纪要已审定"

    if meets:
        hospital.go("/cases/of/follow_up")
        assert "核对偏离病例" in hospital.text
    hospital.go("/notices")
    assert f"{period} 月度运行分析已发送" in hospital.text
    hospital.go(reading)
    assert "与同级机构比较" in hospital.text or "主要指标" in hospital.text
    assert "各机构排名" not in hospital.text
    hospital.picture("analysis-hospital", pictures)
    hospital.click("导出文件", role="link")
    hospital.picture("paper-take", pictures)
    serial = taken(hospital, tmp_path / "a.docx", "docx")
    with zipfile.ZipFile(tmp_path / "a.docx") as packed:
        said = "".join(packed.read(name).decode() for name in packed.namelist() if name.endswith(".xml"))
    assert serial in said
    assert period.replace("-", "年").replace("年0", "年") in said

    chief.go(case)
    until(lambda: chief.go(case) == 200 and "家已读" in chief.text, "read")
    chief.go(f"/which-file?asked={serial}")
    assert "月度例会" in chief.text
    chief.picture("which-file", pictures)
    assert host.go(f"{reading}/take") == 200, host.text
    taken(host, tmp_path / "a.pptx", "pptx")
    with zipfile.ZipFile(tmp_path / "a.pptx") as packed:
        assert any(name.startswith("ppt/charts/chart") for name in packed.namelist())

    chief.go("/paper-texts")
    chief.picture("paper-texts", pictures)
    chief.click("月度运行分析 · 统筹区", role="link")
    chief.page.get_by_label("结尾").first.fill("请{unit}核对。")
    chief.page.get_by_label("理由").fill("补充提示")
    chief.click("预览", role="button")
    assert "核对。" in chief.text
    chief.picture("paper-text", pictures)
