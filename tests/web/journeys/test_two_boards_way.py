"""The two boards as people use them: one filter, figures that open down to the clause, alerts on both sides."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from support.browsing import Person

Another = Callable[[], Person]
pytestmark = pytest.mark.slow


def query(one: Person) -> str:
    return one.page.url.partition("?")[2]


def go_down(one: Person, *heads: str) -> None:
    """Click the first row of the table, as often as there are heads it must show then."""
    for head in heads:
        one.page.locator("table.rows tbody tr td a").first.click()
        one.page.wait_for_load_state()
        one.judge()
        assert head in one.page.locator("table.rows thead").last.inner_text(), one.text


def test_one_filter_for_both_boards(person: Another, pictures: Path | None) -> None:
    bureau, hospital = person().try_as("b1", "/boards/payment?year=2024&month=02"), person().try_as("h1a")
    bureau.picture("board-payment", pictures)
    assert "基金收支平衡" in bureau.text or "基金与点值" in bureau.text
    house = hospital.served.accounts["h1a"]["unit"]
    bureau.page.select_option("#b-house", label=house)
    bureau.page.wait_for_url(re.compile("institution_id"))
    bureau.judge()
    assert house in bureau.page.locator("h1").inner_text()
    asked = query(bureau)
    bureau.click("绩效看板", role="link", exact=True)
    assert "/boards/performance" in bureau.page.url
    assert {"year=2024", "month=02"} <= set(query(bureau).split("&"))
    assert re.search("institution_id.is=[^&]+", asked)[0] in query(bureau)  # type: ignore[index]
    bureau.picture("board-performance", pictures)
    bureau.page.locator("#by-department_id tbody a").first.click()
    bureau.page.wait_for_load_state()
    bureau.judge()
    assert "department_id.is=" in query(bureau)
    bureau.go("/")
    bureau.go("/boards/payment")
    assert "department_id.is=" in query(bureau), "remembered"
    bureau.click("清除", role="link")
    assert "department_id.is=" not in query(bureau)

    hospital.go("/boards/performance?year=2024&month=02")
    assert house in hospital.page.locator("h1").inner_text()
    assert hospital.page.locator("#b-house").count() == 0
    hospital.picture("board-performance-own", pictures)
    hospital.go("/boards/payment?year=2024&month=02")
    hospital.picture("board-payment-own", pictures)
    hospital.page.locator("#alerts").wait_for()
    assert person().try_as("h5a", "/boards/performance?year=2023").page.locator("#alerts").count() == 0
    assert person().try_as("h3a").go("/boards/payment") == 403


def test_down_to_the_clause(person: Another, pictures: Path | None) -> None:
    """In English: area, institution, department, doctor, group, stay, explanation, clause."""
    one = person().try_as("b1")
    one.page.locator("button", has_text="English").first.click()
    one.page.wait_for_load_state()
    one.go("/boards/performance?year=2024&month=02")
    one.click("Step by step", role="link")
    one.picture("drill-en", pictures)
    go_down(one, "department", "doctor", "DRG", "stay")
    one.page.locator("table.rows tbody tr td a").first.click()
    one.page.wait_for_load_state()
    one.judge()
    said = one.text
    assert "The way to the group" in said
    assert "Parameters and clauses" in said
    assert "Document and clause" in said
    one.picture("stay-en", pictures)
