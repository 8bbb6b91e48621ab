"""Oversight, clause by clause (design/07): every rule with a case it must find and one that only looks like it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import polars as pl
import pytest

from drgpay.errors import DrgpayError
from drgpay.steps import oversight
from support.cases_of_care import CARE
from support.cases_of_presence import PRESENCE
from support.watch import DAY, Row, facts, look, person, rules, stay

DEFAULTS = oversight.DEFAULTS
CASES = {**PRESENCE, **CARE}


@pytest.mark.parametrize(
    ("rule", "case"),
    [(rule, i) for rule, cases in CASES.items() for i in range(len(cases))],
    ids=[f"{rule}: {case[0]}" for rule, cases in CASES.items() for case in cases],
)
def test_a_rule_finds_what_it_must_and_nothing_that_looks_like_it(rule: str, case: int) -> None:
    _, rows, given, expected = CASES[rule][case]
    given = {"visits": [], "persons": [], **given}
    found = look(rows, **given)
    assert rules(found.filter(pl.col("rule") == rule)) == expected
    # the weights of the evidence add up to the score
    by = found.group_by("rule", "stay_id", "related").agg(pl.col("score").first(), pl.col("weight").sum())
    assert (by["score"] == by["weight"].clip(0, 10_000)).all()


def test_every_rule_on_stays_has_its_cases() -> None:
    whole = {"RS2", "RS3", "UP4", "FR2", "NI4"}
    assert set(CASES) | whole == set(oversight.RULES)
    for rule, cases in CASES.items():
        assert any(case[3] for case in cases), rule
        assert any(not case[3] for case in cases), rule


def test_every_rule_has_an_amount_or_says_why_there_is_none() -> None:
    without = {name for name, rule in oversight.RULES.items() if rule.amount == "none"}
    assert without == {"CS7", "RS1", "RS2", "RS3", "UP4"}
    for name, rule in oversight.RULES.items():
        assert (rule.no_amount is not None) == (name in without), name
    assert all(len(why.zh) > 20 and len(why.en) > 40 for n in without if (why := oversight.RULES[n].no_amount))


def test_an_ordinary_stay_is_no_suspicion_at_all() -> None:
    assert look([stay("A")], [], [person("P-A")]).height == 0


def test_a_rule_whose_columns_are_missing_does_not_guess() -> None:
    rows = [stay("A", leave_days=5)]
    assert rules(look(rows)) == {("HB3", "A")}
    assert look(rows, brought=frozenset({"stays.person_id", "stays.admission_date"})).height == 0
    listed, _ = oversight.suspicions(look(rows), 2024, {}, oversight.DEFAULTS)
    status = {r["rule"]: r for r in oversight.rule_status(frozenset(), listed)}
    assert (status["HB3"]["status"], status["HB3"]["missing"]) == ("missing", "stay_details.leave_days")
    assert status["FR4"]["status"] == "ran"


def test_copies_are_found_and_a_pathway_is_not() -> None:
    codes = {"dx": "|J18.900|I10.x00|E11.900|", "proc": "|96.7100|"}
    copy = [stay("A", cost=812_345) | codes, stay("B", day=30, cost=812_400) | codes]
    assert rules(oversight.clones(facts(copy), DEFAULTS)) == {("FR2", "B")}
    apart = [stay("A", cost=812_345) | codes, stay("B", cost=950_000) | codes]
    assert oversight.clones(facts(apart), DEFAULTS).height == 0
    other = [stay("A", cost=812_345) | codes, stay("B", cost=812_400, dx="K80.100") | {"dx": "|K80.100|K21.900|"}]
    assert oversight.clones(facts(other), DEFAULTS).height == 0
    own = [row | {"person_id": "P1"} for row in copy]
    assert oversight.clones(facts(own), DEFAULTS).height == 0


def test_a_falling_share_of_severe_cases_is_seen_and_chance_is_not() -> None:
    def months(house: str, heavy: list[int]) -> list[Row]:
        return [
            {"institution_id": house, "month": m, "heavy": k, "major": k, "n": 100} for m, k in enumerate(heavy, 1)
        ]

    falls, steady = [20, 19, 18, 16, 15, 13, 11, 9, 8, 6, 5, 4], [12, 14, 11, 13, 12, 15, 10, 12, 13, 11, 14, 12]
    severe = pl.DataFrame(months("H1", falls) + months("H2", steady) + months("H3", falls[::-1]))
    assert set(oversight.fewer_severe(severe, DEFAULTS, "refusal.false_discovery")) == {"H1"}
    complaints = [
        {"complaint_id": f"C{i}", "institution_id": "H2", "date": DAY, "confirmed": ok}
        for i, ok in enumerate((True, False))
    ]
    found = oversight.institution_hits([], severe, complaints, DEFAULTS)
    assert {(r, h) for r, h in found.select("rule", "institution_id").rows()} == {("RS3", "H1"), ("RS2", "H2")}


def test_coding_rates_are_standardised_and_small_numbers_shrink() -> None:
    def cell(house: str, drg: str, n: int, coded: int) -> Row:
        return {"institution_id": house, "drg": drg, "n": n, "coded": coded, "lifted": coded // 2, "grouped": n}

    cells = pl.DataFrame(
        [
            cell("H1", "ES31", 200, 120),
            cell("H2", "ES31", 200, 60),
            cell("H3", "ES31", 200, 60),
            cell("H4", "ES31", 200, 62),
            cell("H5", "ES31", 80, 48),
        ]
    )
    rates = {r["institution_id"]: r for r in oversight.coding_rates(cells, DEFAULTS)}
    assert rates["H1"]["ratio"] == rates["H5"]["ratio"]
    assert 10_000 < rates["H5"]["shrunk"] < rates["H1"]["shrunk"] < rates["H1"]["ratio"]
    found = oversight.institution_hits(
        list(rates.values()),
        pl.DataFrame(
            schema={
                "institution_id": pl.String,
                "month": pl.Int8,
                "heavy": pl.Int64,
                "major": pl.Int64,
                "n": pl.Int64,
            }
        ),
        [],
        DEFAULTS,
    )
    assert {h for (h,) in found.select("institution_id").unique().rows()} >= {"H1"}
    assert "H2" not in set(found["institution_id"])


def test_an_alert_goes_its_way_and_no_other() -> None:
    def event(number: int, state: str) -> Row:
        return {"alert_id": "AL01/H1/2024-03", "number": number, "state": state}

    way = [event(1, "acknowledged"), event(2, "explained"), event(3, "verified"), event(4, "closed")]
    assert oversight.follow(way) == {"AL01/H1/2024-03": "closed"}
    with pytest.raises(DrgpayError, match="raised and cannot become closed"):
        oversight.follow([event(1, "closed")])
    with pytest.raises(DrgpayError, match="numbered in turn"):
        oversight.follow([event(2, "acknowledged")])


def test_two_experts_decide_and_a_third_where_they_differ() -> None:
    def request(stay_id: str, day: int, **more: Any) -> Row:
        return {
            "stay_id": stay_id,
            "institution_id": "H1",
            "reason": "high_cost",
            "on": DAY + timedelta(days=day),
            "record": True,
            "bill": True,
            "statement": None,
        } | more

    def votes(stay_id: str, *opinions: str) -> list[Row]:
        return [
            {"stay_id": stay_id, "expert": f"E{i}", "number": i, "opinion": o, "amount": 100 * i, "reason": ""}
            for i, o in enumerate(opinions, 1)
        ]

    requests = [
        request("A", 1),
        request("B", 2),
        request("C", 3),
        request("D", 4, bill=False),
        request("E", 5),
        request("F", 6),
    ]
    opinions = [
        *votes("A", "approve", "approve"),
        *votes("B", "approve", "decline"),
        *votes("C", "decline", "approve", "approve"),
        *votes("E", "decline", "decline"),
        *votes("F", "approve", "approve"),
    ]
    rows = {r["stay_id"]: r for r in oversight.special_results(requests, opinions, {"H1": 100}, 200)}
    assert {k: r["status"] for k, r in rows.items()} == {
        "A": "approved",
        "B": "third_needed",
        "C": "approved",
        "D": "incomplete",
        "E": "declined",
        "F": "over_quota",
    }
    assert (rows["A"]["amount"], rows["C"]["amount"]) == (100, 200)
    kinds = {(d["stay_id"], d["decision"]) for d in oversight.decision_rows(list(rows.values()))}
    assert kinds == {("A", "approved"), ("C", "approved"), ("E", "declined")}
