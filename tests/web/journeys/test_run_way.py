"""A month settled in the browser: its run is ordered, watched, cancelled in the middle, and ordered again."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from support.browsing import Person
from support.served import Served, processes, until

Another = Callable[[], Person]
MONTH = "2024-02"


def order(one: Person) -> None:
    """A trial of a month, looked at and ordered; the page of its progress comes."""
    one.go("/runs")
    one.page.select_option("#period", MONTH)
    one.page.select_option("#kind", "trial")
    one.page.select_option("#policy", "demo")
    one.click("核对", role="button")
    one.page.locator("form[action$='/order'] button").wait_for()
    if one.page.locator("#reason").count():
        one.page.fill("#reason", "试算")
    one.click("下达运行", role="button")


def results(one: Person) -> list[str]:
    one.go("/runs")
    found: list[str] = one.page.locator("main table tbody a").all_inner_texts()
    return found


def test_a_run_is_watched_cancelled_and_ordered_again(person: Another, served: Served, pictures: Path | None) -> None:
    one = person().try_as("b1", "/runs")
    before = results(one)
    order(one)
    address, seen = one.page.url, set()

    def moves() -> bool:
        seen.add(one.page.locator("#progress p").first.inner_text())
        return len({step for text in seen for step in re.findall(r"第 (\d+) 步", text)}) > 1

    until(moves, "the page shows one step after the other, without being asked")
    assert one.page.url == address
    one.picture("run-progress", pictures)
    one.click("取消", role="button")
    one.page.locator("main .state", has_text="已取消").wait_for()
    until(lambda: not processes(served.home, "jobs.child"), "its process has ended")
    assert results(one) == before, "nothing half made is left"
    assert not [path.name for path in served.home.glob("areas/*/runs/*.partial*")]

    order(one)
    one.page.wait_for_url(re.compile(r"/runs/\d+$"))
    one.judge()
    assert "未通过" not in one.text
    assert one.text.count("通过") > 3
    one.picture("run-result", pictures)
    assert len(results(one)) == len(before) + 1
    own = person().try_as("h1a")
    assert own.go("/runs") == 403
