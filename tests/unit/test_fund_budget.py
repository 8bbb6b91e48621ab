"""Total budget, its parts, institutions' indicators, re-opened years (design/04 §1)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drgpay.errors import DrgpayError, Kind
from drgpay.steps import fund
from drgpay.tables import BUDGET_PARTS, BUDGET_PLAN, INSTITUTION_INDICATORS, PARTS
from drgpay.units import ONE
from support.fund import Row, entry, history, past, talk
from support.money import demo

POLICY = demo(fund__growth="5%", fund__max_growth="10%", fund__risk_share="5%")
MILLION = 100_000_000
"""fen"""
FEN = st.integers(0, 10**15)


def plan(base: int, revenue: int, *changes: Row, policy: Any = POLICY) -> Row:
    rows = fund.compute_budget([history(2022, 1), history(2023, base)], {"employee": revenue}, policy, changes, 2024)
    BUDGET_PLAN.of(rows)
    return rows[0]


def test_growth_alone() -> None:
    row = plan(100 * MILLION, 200 * MILLION)
    assert (row["base_year"], row["base"], row["growth"]) == (2023, 100 * MILLION, 5 * MILLION)
    assert (row["budget"], row["bound"], row["cut"]) == (105 * MILLION, "none", 0)


def test_growth_is_bounded_with_its_entries() -> None:
    row = plan(100 * MILLION, 200 * MILLION, entry(4 * MILLION), entry(3 * MILLION, change_reason="price_growth"))
    assert (row["changes"], row["wanted"]) == (7 * MILLION, 112 * MILLION)
    assert (row["budget"], row["bound"], row["cut"]) == (110 * MILLION, "growth", 2 * MILLION)


def test_revenue_less_the_risk_reserve_bounds() -> None:
    row = plan(100 * MILLION, 100 * MILLION, entry(20 * MILLION))
    assert (row["risk_reserve"], row["revenue_bound"]) == (5 * MILLION, 95 * MILLION)
    assert (row["budget"], row["bound"], row["cut"]) == (95 * MILLION, "revenue", 30 * MILLION)


def test_a_bound_that_is_just_met_does_not_bind() -> None:
    assert plan(100 * MILLION, 200 * MILLION, entry(5 * MILLION))["bound"] == "none"


def test_unsettled_years_and_other_years_entries_are_left_out() -> None:
    years = [history(2022, 80 * MILLION), history(2023, 100 * MILLION, settled=False), history(2024, 7)]
    changes = [entry(9 * MILLION, year=2023)]
    (row,) = fund.compute_budget(years, {"employee": 200 * MILLION}, POLICY, changes, 2024)
    assert (row["base_year"], row["budget"]) == (2022, 84 * MILLION)
    with pytest.raises(DrgpayError, match="no settled year before 2022"):
        fund.compute_budget(years, {"employee": 1}, POLICY, [], 2022)


def test_a_practice_without_growth_and_risk_share() -> None:
    bare = demo(fund__growth="none", fund__risk_share="none")
    row = plan(100 * MILLION, 100 * MILLION, policy=bare)
    assert (row["budget"], row["bound"], row["risk_reserve"]) == (100 * MILLION, "none", 0)


def test_within_the_year_only_policy_change_and_outbreak_adjust() -> None:
    outbreak = entry(3 * MILLION, change_reason="outbreak", part="inpatient_drg")
    row = plan(100 * MILLION, 200 * MILLION, outbreak)
    assert (row["budget"], row["adjustments"], row["adjusted"]) == (105 * MILLION, 3 * MILLION, 108 * MILLION)
    with pytest.raises(DrgpayError, match="price_growth is no reason to adjust") as failure:
        plan(100, 200, entry(1, change_reason="price_growth", part="other", entry_id="E7"))
    assert (failure.value.kind, failure.value.file, failure.value.field) == (Kind.DATA, "budget_entries", "E7")
    for wrong in (entry(1, stage="mid_year"), entry(1, part="other", stage="initial")):
        with pytest.raises(DrgpayError, match="names its part"):
            plan(100, 200, wrong)
    with pytest.raises(DrgpayError, match="below zero"):
        plan(100, 200, entry(-1000))


@given(base=FEN, revenue=FEN, change=st.integers(0, 10**14), adjustment=st.integers(0, 10**12))
def test_a_budget_keeps_its_bounds_and_says_which_one_binds(
    base: int, revenue: int, change: int, adjustment: int
) -> None:
    row = plan(base, revenue, entry(change), entry(adjustment, part="other"))
    assert row["budget"] * ONE <= base * (ONE + 1_000)
    assert row["budget"] + row["risk_reserve"] <= revenue
    assert row["budget"] + row["cut"] == row["wanted"] == row["base"] + row["growth"] + row["changes"]
    assert row["adjusted"] == row["budget"] + adjustment
    assert (row["bound"] == "none") == (row["cut"] == 0)
    assert row["bound"] == "none" or row["budget"] == row[f"{row['bound']}_bound"]


@given(base=FEN, revenue=FEN, more=FEN)
def test_more_revenue_never_lowers_a_budget(base: int, revenue: int, more: int) -> None:
    assert plan(base, revenue + more)["budget"] >= plan(base, revenue)["budget"]


def parts_of(budget: int, amounts: dict[str, int] | None = None, *changes: Row, policy: Any = POLICY) -> list[Row]:
    rows = [
        {"year": 2024, "insurance_scheme": "employee", "part": p, "amount": a} for p, a in (amounts or {}).items()
    ]
    of = {"year": 2024, "insurance_scheme": "employee", "budget": budget}
    parts = fund.budget_parts(of, policy, rows, changes)
    BUDGET_PARTS.of(parts)
    return parts


def test_parts_by_share_and_by_amount() -> None:
    shares = "{out_of_area: 20%, outpatient: 20%, inpatient_drg: 50%, bed_day: 10%, other: 0}"
    rows = parts_of(101, None, policy=demo(fund__parts=shares))
    assert {r["part"]: r["budget"] for r in rows} == dict(zip(PARTS, (20, 20, 51, 10, 0), strict=True))
    rows = parts_of(1_000, {"inpatient_drg": 600, "other": 0}, policy=demo(fund__parts=shares))
    assert [r["budget"] for r in rows] == [160, 160, 600, 80, 0]
    assert [r["basis"] for r in rows] == ["share", "share", "amount", "share", "amount"]
    assert [r["share"] for r in rows] == [2_000, 2_000, None, 1_000, None]


def test_an_adjustment_goes_to_its_part() -> None:
    rows = parts_of(1_000, None, entry(40, part="bed_day"), entry(-10, part="bed_day", entry_id="E2"), entry(7))
    assert {r["part"]: r["adjustment"] for r in rows if r["adjustment"]} == {"bed_day": 30}
    assert sum(r["adjusted"] for r in rows) == 1_030
    with pytest.raises(DrgpayError, match="the part falls below zero"):
        parts_of(100, None, entry(-40, part="bed_day"))


def test_amounts_that_do_not_fit_the_budget() -> None:
    with pytest.raises(DrgpayError, match=r"12\.00 yuan exceeds the budget 10\.00 yuan"):
        parts_of(1_000, {"inpatient_drg": 1_200})
    with pytest.raises(DrgpayError, match=r"leave 9\.95 yuan of the budget to nobody"):
        parts_of(1_000, dict.fromkeys(PARTS, 1))
    assert [r["budget"] for r in parts_of(5, dict.fromkeys(PARTS, 1), policy=demo(fund__parts="none"))] == [1] * 5
    with pytest.raises(DrgpayError, match=r"add up to 90\.00%"):
        parts_of(
            5, policy=demo(fund__parts="{out_of_area: 90%, outpatient: 0, inpatient_drg: 0, bed_day: 0, other: 0}")
        )
    with pytest.raises(DrgpayError, match=r"fund\.parts"):
        parts_of(5, policy=demo(fund__parts="none"))


@given(FEN, st.dictionaries(st.sampled_from(PARTS), st.integers(0, 10**14), max_size=4))
def test_parts_add_up_to_the_fen(more: int, amounts: dict[str, int]) -> None:
    budget = sum(amounts.values()) + more
    rows = parts_of(budget, amounts)
    assert sum(r["budget"] for r in rows) == budget
    assert {r["part"]: r["budget"] for r in rows if r["basis"] == "amount"} == amounts


LEVELS = {"H1": "tertiary", "H2": "tertiary", "H3": "primary"}


def indicators(
    budget: int, rows: list[Row], *talks: Row, sanctioned: tuple[str, ...] = (), policy: Any = POLICY
) -> tuple[dict[str, Row], int]:
    found, left = fund.institution_indicators(
        budget, "employee", 2024, rows, LEVELS, talks, sanctioned, policy
    )  # fmt: skip
    INSTITUTION_INDICATORS.of(found)
    return {r["institution_id"]: r for r in found}, left


HISTORY_ALONE = demo(fund__indicator_own_share="none", fund__abnormal_growth="20%")
PAST = [past("H1", 600), past("H2", 300), past("H3", 100)]


def test_indicators_follow_history() -> None:
    rows, left = indicators(2_000, PAST, policy=HISTORY_ALONE)
    assert [r["indicator"] for r in rows.values()] == [1_200, 600, 200]
    assert left == 0
    assert {r["basis"] for r in rows.values()} == {"share"}


def test_invalid_heads_are_removed() -> None:
    rows, _ = indicators(1_000, [past("H1", 600, invalid_heads=50), *PAST[1:]], policy=HISTORY_ALONE)
    assert (rows["H1"]["history"], rows["H1"]["invalid"]) == (300, 300)
    assert [r["indicator"] for r in rows.values()] == [429, 428, 143]
    with pytest.raises(DrgpayError, match="101 invalid heads of 100"):
        indicators(1_000, [past("H1", 600, invalid_heads=101)])


def test_peers_of_the_same_level_are_blended_in() -> None:
    half = demo(fund__indicator_own_share="50%")
    rows, _ = indicators(1_000, PAST, policy=half)
    assert [r["peers"] for r in rows.values()] == [450, 450, 100]
    assert [r["weight"] for r in rows.values()] == [525, 375, 100]
    assert [r["indicator"] for r in rows.values()] == [525, 375, 100]


def test_the_last_decided_round_counts_and_every_round_is_told() -> None:
    talks = [talk("H1", 3, None), talk("H1", 1, 900), talk("H1", 2, 800), talk("H2", 1, None), talk("H9", 1, 5)]
    rows, left = indicators(1_200, PAST, *talks, policy=HISTORY_ALONE)
    assert (rows["H1"]["rounds"], rows["H1"]["decided_round"], rows["H1"]["decided"]) == (3, 2, 800)
    assert (rows["H2"]["rounds"], rows["H2"]["decided_round"], rows["H2"]["decided"]) == (1, None, None)
    assert [r["indicator"] for r in rows.values()] == [800, 300, 100]
    assert [r["basis"] for r in rows.values()] == ["negotiation", "share", "share"]
    assert left == 0
    with pytest.raises(DrgpayError, match=r"negotiated sum 13\.00 yuan exceeds the inpatient DRG budget 12\.00"):
        indicators(1_200, PAST, talk("H1", 1, 1_300))


def test_what_everybody_has_agreed_below_the_budget_stays_with_nobody() -> None:
    _, left = indicators(1_000, PAST, talk("H1", 1, 500), talk("H2", 1, 200), talk("H3", 1, 100))
    assert left == 200
    assert indicators(1_000, [])[1] == 1_000


def test_under_sanction_there_is_no_increase_and_the_others_share_it() -> None:
    rows, left = indicators(2_000, PAST, sanctioned=("H1",), policy=HISTORY_ALONE)
    assert [r["indicator"] for r in rows.values()] == [600, 1_050, 350]
    assert rows["H1"]["basis"] == "sanction"
    assert left == 0
    rows, _ = indicators(2_000, PAST, talk("H1", 1, 900), sanctioned=("H1",), policy=HISTORY_ALONE)
    assert (rows["H1"]["decided"], rows["H1"]["indicator"], rows["H1"]["basis"]) == (900, 600, "sanction")
    _, left = indicators(2_000, PAST, sanctioned=tuple(LEVELS), policy=HISTORY_ALONE)
    assert left == 1_000


def test_abnormal_growth_suspends_advances() -> None:
    before = [past("H1", 500, year=2022), past("H2", 249, year=2022)]
    rows, _ = indicators(1_000, PAST + before, policy=HISTORY_ALONE)
    assert [(r["growth"], r["advance_suspended"]) for r in rows.values()] == [
        (2_000, False), (2_048, True), (None, False)]  # fmt: skip
    never = demo(fund__abnormal_growth="none")
    assert not any(r["advance_suspended"] for r in indicators(1_000, PAST + before, policy=never)[0].values())


@given(
    budget=FEN,
    paid=st.lists(FEN, min_size=3, max_size=3),
    invalid=st.lists(st.integers(0, 100), min_size=3, max_size=3),
    decided=st.dictionaries(st.sampled_from(sorted(LEVELS)), FEN),
    sanctioned=st.sets(st.sampled_from(sorted(LEVELS))),
)
def test_indicators_add_up_and_keep_to_their_rules(
    budget: int, paid: list[int], invalid: list[int], decided: dict[str, int], sanctioned: set[str]
) -> None:
    rows = [past(h, p, invalid_heads=i) for h, p, i in zip(LEVELS, paid, invalid, strict=True)]
    budget += sum(decided.values())
    found, left = indicators(
        budget, rows, *(talk(h, 1, a) for h, a in decided.items()), sanctioned=tuple(sanctioned)
    )  # fmt: skip
    assert sum(r["indicator"] for r in found.values()) + left == budget
    assert left >= 0
    for h, row in found.items():
        assert row["indicator"] >= 0
        if h in sanctioned:
            assert row["indicator"] <= row["history"]
        elif h in decided:
            assert row["indicator"] == decided[h]
        elif left:
            assert row["weight"] == 0


def settled(scheme: str, institution: str, amount: int) -> Row:
    return {"insurance_scheme": scheme, "institution_id": institution, "settled": amount}


def test_a_reopened_year_claws_back_what_was_overpaid() -> None:
    before = [settled("employee", "H1", 100), settled("employee", "H2", 50), settled("resident", "H1", 7)]
    after = [settled("resident", "H1", 7), settled("employee", "H2", 58), settled("employee", "H1", 60)]
    rows = fund.reopen(before, after, 2023)
    assert [(r["insurance_scheme"], r["institution_id"], r["receivable"], r["payable"]) for r in rows] == [
        ("employee", "H1", 40, 0), ("employee", "H2", 0, 8), ("resident", "H1", 0, 0)]  # fmt: skip
    assert sum(r["before"] - r["receivable"] + r["payable"] for r in rows) == sum(r["after"] for r in rows)
    with pytest.raises(DrgpayError, match="only one of the clearings has it") as failure:
        fund.reopen(before, after[1:], 2023)
    assert failure.value.field == "resident/H1"
