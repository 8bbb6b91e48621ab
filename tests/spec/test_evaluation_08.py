"""Worked examples of design/08: risk classes, intervals, grades, what follows, the board. Figures done by hand."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drgpay.errors import DrgpayError
from drgpay.notation import read_yaml
from drgpay.policy import Policy, load
from drgpay.scorecard import Subject, Value, cards, check, read_card, score
from drgpay.sources import known as named
from drgpay.steps import evaluation as ev
from drgpay.tables import (
    CHEATS,
    EVALUATION_RESULTS,
    GRADE_REGISTER,
    INDICATOR_VALUES,
    INSTITUTION_CHANGES,
    MARKS,
    OUTCOMES,
    RANKS,
    SUPERVISION_TIERS,
)
from drgpay.units import ONE

Row = dict[str, Any]
LAW = load("demo", on=date(2024, 12, 31))
LEVEL = "tertiary"


def test_risk_classes_by_hand() -> None:
    # ln: .001 -6.907755, .01 -4.605170, .02 -3.912023, .2 -1.609438; mean -4.258597, sample sd 2.173614
    # mean - sd = -6.432211: A is below it (1); mean + sd = -2.084983: D is above it (4)
    groups = {"A": (1000, 1), "B": (100, 1), "C": (100, 2), "D": (10, 2), "E": (50, 0)}
    found = ev.risk_classes(groups)
    assert {drg: risk.score for drg, risk in found.items()} == {"A": 1, "B": 2, "C": 3, "D": 4, "E": 0}
    assert found["A"].ln == -69078
    assert found["E"].ln is None


def test_risk_classes_without_a_spread() -> None:
    assert ev.risk_classes({}) == {}
    assert ev.risk_classes({"A": (10, 1)})["A"].score == 2  # on the mean
    assert {r.score for r in ev.risk_classes({"A": (10, 1), "B": (20, 2)}).values()} == {2}


@pytest.mark.parametrize(
    ("cases", "of", "low", "high"),
    [(0, 10, 0, 2775), (10, 10, 7225, 10000), (1, 10, 179, 4042), (50, 100, 4038, 5962), (15, 1000, 91, 246)],
)
def test_wilson_intervals_as_in_the_books(cases: int, of: int, low: int, high: int) -> None:
    assert ev.wilson(cases, of, 19_600) == (low, high)


@given(st.integers(1, 10**7), st.data())
def test_the_interval_holds_the_share_and_agrees_with_floating_point(of: int, data: st.DataObject) -> None:
    cases = data.draw(st.integers(0, of))
    low, high = ev.wilson(cases, of, 19_600)
    assert 0 <= low <= cases * ONE / of + 0.5
    assert cases * ONE / of - 0.5 <= high <= ONE
    p, z2 = cases / of, 1.96**2
    half = 1.96 * math.sqrt(p * (1 - p) / of + z2 / (4 * of * of)) / (1 + z2 / of)
    assert abs(low - ((p + z2 / (2 * of)) / (1 + z2 / of) - half) * ONE) <= 0.51


def test_the_shipped_cards_are_what_the_design_names() -> None:
    known = ev.registry().known()
    found = {name: check(read_card(name), known) for name in cards()}
    shanwei = found["shanwei-2023"]
    parts = [d.id for d in shanwei.dimensions for _ in d.items]
    assert len([p for p in parts if p not in ("local", "negative")]) == 19
    assert (parts.count("local"), parts.count("negative")) == (5, 3)
    assert len(found["zhejiang-2021"].dimensions) == 8
    for name in ("shanwei-2023", "zhejiang-2021"):
        assert dict(found[name].quota["excellent"]) == {"tertiary": 7000, "secondary": 4000, "primary": 2000}
    assert "institution-2020" in found
    for card in found.values():
        assert all(named(i.source) for i in card.items)


@pytest.mark.parametrize(("level", "of", "room"), [("tertiary", 5, 3), ("secondary", 4, 1), ("primary", 9, 1),
                                                    ("primary", 4, 0)])  # fmt: skip
def test_the_excellent_quota_by_level_is_rounded_down(level: str, of: int, room: int) -> None:
    card = check(read_card("zhejiang-2021"), ev.registry().known())
    best = {i.key: Value(0) for i in card.items if i.better == "lower" or i.rule.__class__.__name__ == "Veto"}
    best |= {i.key: Value(100) for i in card.items if i.better == "higher"}
    best |= {i.id: Value(i.full[level], ONE) for i in card.items if i.rule.__class__.__name__ == "Given"}
    pool = [Subject(f"H{k}", level, best) for k in range(of)]
    _, results = score(card, pool)
    assert {r.total for r in results} == {100 * ONE}
    assert [r.grade for r in results] == ["excellent"] * room + ["good"] * (of - room)


def _figure(h: str, name: str, num: int | None, den: int = 1, level: str = LEVEL, small: bool = False) -> Row:
    value = None if num is None else (2 * num * ONE + den) // (2 * den)
    return {
        "year": 2024, "indicator": name, "scope": "institution", "level": level, "institution_id": h,
        "numerator": num,
        "denominator": None if num is None else den, "value": value, "n": 5 if small else 500, "small": small,
        "absent_zh": "无", "absent_en": "none",
    }  # fmt: skip


def test_small_numbers_are_listed_and_not_ranked_and_moves_are_told() -> None:
    figures = [
        _figure("A", "cmi", 11, 10), _figure("B", "cmi", 12, 10), _figure("C", "cmi", 24, 20),
        _figure("D", "cmi", 99, 10, small=True), _figure("E", "cmi", None), _figure("A", "stays", 500),
        _figure("X", "cmi", 1, 1, "primary"),
    ]  # fmt: skip
    before = [{"indicator": "cmi", "level": LEVEL, "institution_id": h, "place": p} for h, p in (("A", 1), ("B", 3))]
    rows = ev.ranks(figures, ev.registry(), before)
    RANKS.of(rows)
    assert {r["indicator"] for r in rows} == {"cmi"}  # nobody is better for many stays
    found = {r["institution_id"]: (r["place"], r["of"], r["movement"]) for r in rows}
    assert found == {"A": (3, 3, -2), "B": (1, 3, 2), "C": (1, 3, None), "D": (None, 3, None), "X": (1, 1, None)}


def _result(h: str, grade: str | None, total: int = 0) -> Row:
    return {"year": 2024, "institution_id": h, "grade": grade, "total": None if grade is None else total * ONE}


def test_registers_that_settlement_and_coefficients_read() -> None:
    grades = ev.grade_register([_result("A", "good"), _result("B", None)])
    GRADE_REGISTER.of(grades)
    assert grades == [{"year": 2024, "institution_id": "A", "grade": "good"}]
    figures = [_figure("A", "readmit_15", 3, 100), _figure("A", "cost_index", 99, 100, small=True),
               _figure("A", "cmi", 1), _figure("A", "time_index", None)]  # fmt: skip
    reported = [{"institution_id": "A", "item": "technical_level", "value": 8000}]
    values = ev.indicator_register(figures, reported, 2024)
    INDICATOR_VALUES.of(values)
    assert [(r["indicator"], r["value"]) for r in values] == [("readmission_rate", 300), ("technical_level", 8000)]


def test_supervision_tiers_follow_the_grade() -> None:
    rows = ev.tiers([_result("A", "excellent"), _result("B", "fail"), _result("C", None)], LAW)
    SUPERVISION_TIERS.of(rows)
    assert [(r["institution_id"], r["tier"], r["sampling_share"]) for r in rows] == [("A", 1, 300), ("B", 4, 2000)]


def _institutions(names: str) -> list[Row]:
    return [{"institution_id": h, "name": h, "level": LEVEL} for h in names]


def _decided(growth: str, grades: dict[str, tuple[str | None, int]], applicants: str) -> dict[str, str]:
    law: Policy = LAW.amend({"evaluation.net_growth": growth}, "test")
    results = [_result(h, grade, total) for h, (grade, total) in grades.items()]
    designated = [h for h in grades if h not in applicants]
    rows = ev.changes(results, _institutions("".join(designated)), _institutions(applicants), law)
    INSTITUTION_CHANGES.of(rows)
    return {r["institution_id"]: r["decision"] for r in rows}


def test_entry_and_exit_balance_with_a_slight_increase() -> None:
    grades = {"A": ("excellent", 95), "B": ("pass", 65), "C": ("fail", 40), "D": (None, 0), "W": ("good", 85),
              "X": ("good", 88), "Y": ("pass", 70), "Z": ("good", 88)}  # fmt: skip
    assert _decided("0", grades, "WXYZ") == {
        "A": "keep", "B": "watch", "C": "leave", "D": "open", "W": "wait", "X": "enter", "Y": "wait", "Z": "wait",
    }  # one left, so one enters: of two equal ones the first id  # fmt: skip
    assert [k for k, v in _decided("25%", grades, "WXYZ").items() if v == "enter"] == ["X", "Z"]


@given(st.lists(st.sampled_from(["excellent", "good", "pass", "fail"]), min_size=1, max_size=12), st.integers(0, 100))
def test_no_more_enter_than_there_is_room(grades: list[str], percent: int) -> None:
    named = {chr(65 + i): (g, 50) for i, g in enumerate(grades)}
    applicants = "".join(chr(65 + i) for i in range(len(grades)) if i % 2)
    decided = _decided(f"{percent}%", named, applicants)
    designated = len(named) - len(applicants)
    left = sum(v == "leave" for v in decided.values())
    assert sum(v == "enter" for v in decided.values()) <= left + designated * percent // 100


def _area() -> dict[str, Row]:
    names = {"mean_cost": (1000, 100), "mean_personal": (300, 100), "cost_growth": (-1, 10), "base_visits": None,
             "personal_growth": (1, 2), "fund_growth": (12, 100), "reimbursement_share": (5_000_000, 1)}  # fmt: skip
    rows = {n: _figure("", n, *(v or (None,))) for n, v in names.items()}
    return rows


def test_the_board_says_what_is_met_and_why_something_is_not_known() -> None:
    facts = ev.AreaFacts(
        2024, _area(), {"A": 100, "B": -5, "C": 0, "D": 7}, {2023: 4, 2024: 3},
        [{"year": 2024, "measure": "county_visits", "numerator": 91, "denominator": 100},
         {"year": 2024, "measure": "insured", "numerator": 1000, "denominator": None}],
        [{"year": 2023, "measure": m, "value": v, "unit": u, "before": None, "target": None, "met": None,
          "zh": "", "en": ""}
         for m, v, u in (("in_surplus", 1, "number"), ("surplus_coverage", 2500, "share"),
                         ("fund_per_head", 4000, "fen"))],
    )  # fmt: skip
    rows = ev.outcomes(facts, LAW)
    OUTCOMES.of(rows)
    found = {r["measure"]: r for r in rows if r["year"] == 2024}
    assert (found["mean_cost"]["value"], found["mean_cost"]["before"], found["mean_cost"]["met"]) == (
        1000,
        1111,
        True,
    )
    assert (found["mean_personal"]["before"], found["mean_personal"]["met"]) == (200, False)
    assert (found["violations"]["value"], found["violations"]["met"]) == (3, True)
    assert (found["in_surplus"]["value"], found["in_surplus"]["before"], found["in_surplus"]["met"]) == (2, 1, True)
    assert found["surplus_coverage"]["value"] == 5000
    assert (found["fund_growth"]["value"], found["fund_growth"]["target"], found["fund_growth"]["met"]) == (
        1200, 1000, False)  # fmt: skip
    assert found["fund_per_head"]["value"] == 5000
    assert (found["fund_per_head_growth"]["value"], found["fund_per_head_growth"]["met"]) == (2500, False)
    assert (found["county_visits"]["value"], found["county_visits"]["met"]) == (9100, True)
    assert (found["base_visits"]["value"], found["base_visits"]["met"]) == (None, None)
    assert "area_values" in found["base_visits"]["en"]
    assert [r["year"] for r in rows].count(2023) == 3  # earlier years stay on the board


def test_what_cannot_get_better_is_met() -> None:
    past = [{"year": 2023, "measure": "surplus_coverage", "value": ONE, "unit": "share", "before": None,
             "target": None, "met": None, "zh": "", "en": ""}]  # fmt: skip
    for balances, violations, met in (({"A": 1}, {}, True), ({"A": 1, "B": -1}, {2023: 1, 2024: 1}, False)):
        rows = ev.outcomes(ev.AreaFacts(2024, _area(), balances, {2023: 0, **violations}, [], past), LAW)
        found = {r["measure"]: r["met"] for r in rows if r["year"] == 2024}
        assert (found["violations"], found["surplus_coverage"]) == (met, met)


@pytest.mark.parametrize(("connected", "met"), [(899, False), (900, True)])
def test_the_tasks_of_the_year_are_met_exactly_or_not(connected: int, met: bool) -> None:
    tasks = {
        "voucher_institutions": (connected, 1000),
        "voucher_upper": (20, 20),
        "voucher_settled": (19_999, 100_000),
    }
    values = [{"year": 2024, "measure": "voucher_provincial", "numerator": 25, "denominator": 100},
              {"year": 2024, "measure": "voucher_settled", "numerator": 99, "denominator": 100}]  # fmt: skip
    rows = ev.outcomes(ev.AreaFacts(2024, _area(), {"A": 1}, {}, values, tasks=tasks), LAW)
    OUTCOMES.of(rows)
    found = {r["measure"]: r for r in rows}
    assert (found["voucher_institutions"]["target"], found["voucher_institutions"]["met"]) == (9000, met)
    assert (found["voucher_upper"]["value"], found["voucher_upper"]["met"]) == (10_000, True)
    # 19.999 % prints as 20.00 % and is not 20 %; what is computed goes before what was reported
    settled = found["voucher_settled"]
    assert (settled["value"], settled["target"], settled["met"]) == (2000, 2000, False)
    assert (found["voucher_provincial"]["value"], found["voucher_provincial"]["met"]) == (2500, True)
    assert "area_values" in found["voucher_provincial"]["en"]
    bare = {r["measure"]: r for r in ev.outcomes(ev.AreaFacts(2024, _area(), {"A": 1}, {}, []), LAW)}
    assert (bare["voucher_settled"]["value"], bare["voucher_settled"]["met"]) == (None, None)
    assert "电子凭证结算率" in bare["voucher_settled"]["zh"]


def test_the_zhejiang_card_looks_at_what_the_explanation_lists() -> None:
    card = check(read_card("zhejiang-2021"), ev.registry().known())
    parts = {d.id: [i.indicator for i in d.items] for d in card.dimensions}
    assert [*parts] == ["organisation", "records", "capacity", "conduct", "quality", "efficiency", "cost", "tasks"]
    assert {"org_cost"} < {i.id for i in card.items}
    assert parts["capacity"] == ["drg_count", "cmi", "stays"]
    assert {*parts["conduct"]} == {f"case_{name}" for name in CHEATS}
    assert parts["efficiency"] == ["time_index", "cost_index"]
    assert parts["cost"] == ["visits_per_head", "out_of_policy_share"]
    typed = [i.id for i in card.items if i.indicator is None]
    assert typed == ["org_system", "org_records", "org_cost", "org_performance", "rec_catalogue", "tsk_drugs"]


def test_no_item_is_only_typed_that_can_be_computed() -> None:
    known = ev.registry().known()
    typed = {name: [i.id for i in check(read_card(name), known).items if i.indicator is None] for name in cards()}
    assert typed["shanwei-2023"] == [
        "c01_lead", "c02_rules", "c03_systems", "c04_performance", "l2_referral", "l3_specialties", "l4_drugs"
    ]  # fmt: skip
    assert typed["institution-2020"] == ["i1_premises", "i2_agreement", "i3_systems"]


@pytest.mark.parametrize("name", ["zhejiang-2021", "shanwei-2023"])
def test_a_card_with_nothing_reported_has_no_grade(name: str) -> None:
    card = check(read_card(name), ev.registry().known())
    values = {i.key: Value(1) for i in card.items if i.indicator is not None}
    told = {i.id: Value(0, 1, reported=True) for i in card.items if i.indicator is None}
    for known, graded in ((values, False), (values | told, True)):
        _, (result,) = score(card, [Subject("H1", LEVEL, known)])
        assert (result.grade is not None, result.total is not None) == (graded, graded)
        assert result.computed == sum(i.full[LEVEL] for i in card.items if i.indicator is not None)
    assert result.computed + result.reported == 100 * ONE


def test_a_value_of_few_cases_is_a_value_and_missing_zero_is_none() -> None:
    card = check(read_card("zhejiang-2021"), ev.registry().known())
    values = {i.key: Value(1, small=True) for i in card.items}
    _, (few,) = score(card, [Subject("H1", LEVEL, values)])
    assert few.computed == 100 * ONE
    assert few.measured == 85 * ONE  # places among others need enough cases
    assert few.grade is not None
    zero = replace(
        card, dimensions=tuple(replace(d, items=tuple(replace(i, missing="zero") for i in d.items))
                               for d in card.dimensions)
    )  # fmt: skip
    _, (nothing,) = score(zero, [Subject("H1", LEVEL, {})])
    assert (nothing.measured, nothing.computed, nothing.grade) == (100 * ONE, 0, None)


def test_what_is_computed_goes_before_what_is_reported() -> None:
    card = check(read_card("shanwei-2023"), ev.registry().known())
    told = {"institution_id": "A", "item": "c09_satisfaction", "value": 9_000, "evidence": "doc 1", "note": None}
    ev.check_reported([told], card, ["A"])
    for figures, basis, mark in (
        ([], "reported", 3 * ONE),
        ([_figure("A", "satisfaction", 80, 100)], "computed", ONE),
    ):
        pool = ev.subjects(card, figures, [told], [("A", LEVEL)])
        marks, _ = ev.judge(card, pool, 2024, {"A": LEVEL})
        (item,) = [m for m in marks if m["item"] == "c09_satisfaction"]
        assert (item["basis"], item["mark"]) == (basis, mark)
    assert "0.9 was reported, the computed value stands" in item["en"]
    with pytest.raises(DrgpayError, match="is computed"):
        ev.check_reported([told | {"item": "c05_cmi"}], card, ["A"])


def test_reported_values_are_checked_against_the_card() -> None:
    card = check(read_card("shanwei-2023"), ev.registry().known())
    good = {"institution_id": "A", "item": "c01_lead", "value": 3 * ONE, "evidence": "doc 1", "note": None}
    ev.check_reported([good, good | {"item": "c02_rules", "value": None, "evidence": None}], card, ["A"])
    for change, words in (
        ({"institution_id": "B"}, "no such institution"),
        ({"item": "c99"}, "no such item"),
        ({"item": "c05_cmi"}, "is computed"),
        ({"evidence": ""}, "evidence is missing"),
        ({"value": 4 * ONE}, "above the full mark 3"),
        ({"item": "c09_satisfaction", "value": 95 * ONE}, "a share above 100%"),
    ):
        with pytest.raises(DrgpayError, match=words):
            ev.check_reported([good | change], card, ["A"])


def test_marks_are_rows_with_value_rule_deduction_and_source() -> None:
    card = check(read_card("shanwei-2023"), ev.registry().known())
    figures = [_figure("A", "cost_index", 11, 10), _figure("A", "cmi", None)]
    reported = [{"institution_id": "A", "item": "c01_lead", "value": 25_000, "evidence": "doc 7", "note": None}]
    pool = ev.subjects(replace(card, least_measured=0), figures, reported, [("A", LEVEL)])
    marks, results = ev.judge(replace(card, least_measured=0), pool, 2024, {"A": LEVEL})
    MARKS.of(marks)
    EVALUATION_RESULTS.of(results)
    found = {r["item"]: r for r in marks}
    # 6 points, full at 0.95, none at 1.3: 1.1 gets 6 × 0.2 ÷ 0.35
    assert found["c10_cost"]["mark"] == round(Fraction(6 * ONE * 20, 35))
    assert found["c01_lead"]["mark"] == 25_000
    assert "evidence doc 7" in found["c01_lead"]["en"]
    assert found["c05_cmi"]["mark"] is None
    assert "none" in found["c05_cmi"]["en"]
    assert "not reported" in found["c02_rules"]["en"]
    total = Fraction(found["c10_cost"]["mark"] + 25_000) * 100 / 9
    assert results[0]["total"] == (2 * total.numerator + total.denominator) // (2 * total.denominator)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("numerator: deaths,", "numerator: dead,", "no such sum"),
        ("{id: stays,", "{id: cmi,", "given twice"),
        ("numerator: n, better", "better", "either numerator or distinct"),
        ("unit: days", "unit: weeks", "unknown choice"),
        ("least: 30", "least: few", "not an integer"),
    ],
)
def test_a_faulty_registry_is_refused(old: str, new: str, words: str) -> None:
    from importlib.resources import files

    text = files("drgpay").joinpath("data", "indicators", "indicators.yaml").read_text(encoding="utf-8")
    assert old in text
    with pytest.raises(DrgpayError, match=words):
        ev.registry_of(read_yaml(text.replace(old, new, 1), "indicators.yaml"))
