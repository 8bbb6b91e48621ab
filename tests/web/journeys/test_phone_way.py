"""On a phone: work list, notices, search, a statement confirmed; nothing stands out sideways, all can be hit."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from support.browsing import Person
from support.months import accept, publish, settle, upload

PHONE = {"width": 390, "height": 844}
LEAST = 40
"""pixels of what is touched, but for links inside text"""
TOUCHED = (
    "main button, main summary, main select, main input:not([type=hidden], [type=checkbox]), main .btn, .top button, "
    ".top a, .seek input, .fold + label, .places a, table.stacks td a, .found td a"
)


def fits(one: Person) -> None:
    """The page is no wider than the phone, and what is shown to be touched is large enough."""
    wide = one.page.evaluate("document.documentElement.scrollWidth")
    assert wide <= PHONE["width"], (one.page.url, wide)
    small = one.page.eval_on_selector_all(
        TOUCHED,
        """(all, least) => all.filter(e => e.checkVisibility() && e.getBoundingClientRect().height < least)
        .map(e => e.outerHTML.slice(0, 100) + e.getBoundingClientRect().height)""",
        LEAST,
    )
    assert small == [], one.page.url


def test_work_list_menu_notices_and_search_fit(person: Callable[[], Person], pictures: Path | None) -> None:
    one = _on_a_phone(person()).try_as("h1a")
    fits(one)
    one.picture("phone-work", pictures)
    _the_menu_folds(one)
    one.go("/notices")
    fits(one)
    one.go("/search?q=结算")
    fits(one)
    one.picture("phone-search", pictures)
    one.page.get_by_role("searchbox").first.fill("肺炎")
    with one.page.expect_navigation():
        one.page.keyboard.press("Enter")
    assert "肺炎" in one.text
    fits(one)


def test_a_statement_is_confirmed_on_a_phone(person: Callable[[], Person], pictures: Path | None) -> None:
    _published(person(), person(), person())
    one = _on_a_phone(person()).try_as("h1a")
    fits(one)
    one.page.locator("main td a", has_text="结算单").first.click()
    one.page.wait_for_load_state()
    one.judge()
    fits(one)
    one.picture("phone-statement", pictures)
    one.move("confirm")
    assert one.state.startswith(("已确认", "待会签"))
    fits(one)
    one.picture("phone-confirmed", pictures)


def test_the_slash_leads_to_the_search_and_it_needs_no_script(browser: Any, person: Callable[[], Person]) -> None:
    one = person().try_as("b1", "/boards/payment")
    one.page.keyboard.press("/")
    one.page.keyboard.type("点值")
    with one.page.expect_navigation():
        one.page.keyboard.press("Enter")
    assert "规则与参数" in one.text
    plain = browser.new_context(java_script_enabled=False, storage_state=one.context.storage_state())
    page = plain.new_page()
    page.goto(one.served.address + "/notices")
    page.locator("#seek").fill("低倍率")
    with page.expect_navigation():
        page.locator("#seek").press("Enter")
    assert "低倍率病例" in page.inner_text("main")
    plain.close()


def _on_a_phone(one: Person) -> Person:
    one.page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    return one


def _the_menu_folds(one: Person) -> None:
    places = one.page.locator(".places")
    assert not places.is_visible()
    one.page.locator(".fold + label").click()
    assert places.is_visible()
    fits(one)
    places.get_by_role("link", name="结算单", exact=True).click()
    one.page.wait_for_load_state()
    assert one.page.url.endswith("/statements")
    assert not places.is_visible()
    fits(one)


def _published(house: Person, handler: Person, approver: Person) -> None:
    """At their desks: the month is handed in, accepted, run and published."""
    house.try_as("h1a")
    files = (house.served.home / "sample" / "files").glob("*.csv")
    upload(house, min(files, key=lambda path: path.stem))
    house.wait_state("已校验")
    house.move("hand_in")
    accept(handler)
    publish(approver, settle(handler, None))
