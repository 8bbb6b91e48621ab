"""The steps of a month in a browser, as journeys go them: handed in, accepted, settled, published."""

from __future__ import annotations

import re
from pathlib import Path

from support.browsing import Person

MONTH = "2024-03"


def upload(one: Person, file: Path) -> None:
    one.go(f"/submissions/upload?period={MONTH}")
    one.page.set_input_files("#file", file)
    one.click("上传并校验", role="button")


def accept(one: Person) -> None:
    """The bureau takes both that wait, at once."""
    one.try_as("b1", f"/submissions?period={MONTH}")
    boxes = one.page.locator("main input[type=checkbox]:not([disabled])")
    for at in range(boxes.count()):
        boxes.nth(at).check()
    one.click("接收所选", role="button")
    assert one.text.count("已接收") >= 2
    one.reload_until(
        f"/submissions?period={MONTH}", lambda text: "已接收，入库中" not in text and "待接收" not in text
    )


def settle(one: Person, pictures: Path | None, *, cancel_first: bool = False) -> int:
    """A candidate: looked at, ordered, its steps watched; cancelled once and ordered again. Its number."""
    one.try_as("b1", "/runs")
    one.page.select_option("#period", MONTH)
    one.page.select_option("#policy", "demo")
    one.click("核对", role="button")
    one.page.locator("form[action$='/order'] button").wait_for()
    looked = one.page.url
    if cancel_first:
        order(one)
        one.click("取消", role="button")
        one.page.locator("main .state", has_text="已取消").wait_for()
        one.go(looked)
    order(one)
    one.picture("run", pictures)
    one.page.wait_for_url(re.compile(r"/runs/\d+$"))
    one.judge()
    one.picture("candidate", pictures)
    assert "未通过" not in one.text
    assert one.text.count("通过") > 3
    return int(one.page.url.rsplit("/", 1)[1])


def order(one: Person) -> None:
    reason = one.page.locator("#reason")
    if reason.count():
        reason.fill("已核对")
    one.click("下达运行", role="button")


def publish(one: Person, number: int) -> None:
    one.try_as("b2", f"/runs/{number}")
    one.click("公布", role="button")
    assert one.state == "确认中"
