"""Prepayment (design/04 §6) and the risk adjustment fund (§1)."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drgpay.errors import DrgpayError, Kind
from drgpay.steps import fund
from drgpay.tables import LOAN_CANDIDATES, PREPAYMENTS, RISK_FUND
from drgpay.units import ONE
from support.fund import Row, advance, movement, past, terms, used
from support.money import demo

POLICY = demo(fund__abnormal_growth="15%")
MILLION = 100_000_000
LEVELS = {"H1": "tertiary", "H2": "secondary"}
FEN = st.integers(0, 10**14)


def prepay(
    history: list[Row],
    its: list[Row] | None = None,
    advances: list[Row] | None = None,
    use: list[Row] | None = None,
    policy: Any = POLICY,
) -> list[Row]:
    rows = fund.prepayments(
        2024, history, [terms()] if its is None else its, LEVELS, advances or [], use or [], policy
    )  # fmt: skip
    PREPAYMENTS.of(rows)
    return rows


def years(*paid: int, institution: str = "H1", **given: Any) -> list[Row]:
    return [past(institution, p, year=2021 + i, **given) for i, p in enumerate(paid)]


def test_the_worked_example() -> None:
    """Total 100 million, 70 advanced, actual 95, reserve 5: 20 million more to pay (seed 003)."""
    plain = demo(prepay__level_table="{tertiary: 1, secondary: 1, primary: 1}")
    history = [*years(*[11_875 * MILLION // 100] * 3), past("H1", 95 * MILLION, year=2024)]
    (row,) = prepay(history, None, [advance(70 * MILLION)], policy=plain)
    assert (row["mean"], row["base"]) == (11_875 * MILLION // 100, 95 * MILLION)
    assert (row["reserve"], row["total"], row["advance"]) == (5 * MILLION, 100 * MILLION, 70 * MILLION)
    assert (row["actual"], row["balance"], row["to_advance"]) == (95 * MILLION, 20 * MILLION, 0)


def test_base_is_mean_by_share_by_level_by_function() -> None:
    history = [*years(90, 100, 120), *years(200, 200, institution="H2")]
    its = [terms(), terms(institution_id="H2", function="specialised")]
    tertiary, secondary = prepay([{**h, "fund_paid": h["fund_paid"] * 1_000} for h in history], its)
    assert (tertiary["years"], tertiary["mean"]) == (3, 103_333)
    assert tertiary["base"] == 90_933  # 310,000 × 0.8 × 1.1 ÷ 3 = 90,933.33
    assert (secondary["years"], secondary["mean"], secondary["base"]) == (2, 200_000, 144_000)
    assert [secondary[f"{k}_coefficient"] for k in ("level", "function")] == [10_000, 9_000]


def test_only_the_last_three_years_and_reasonable_growth_count() -> None:
    history = [past("H1", 10**9, year=2020), *years(300, 300), past("H1", 400, year=2023, unreasonable=100)]
    assert prepay(history)[0]["mean"] == 300
    assert prepay(history, policy=demo(prepay__history_years="1"))[0]["mean"] == 300
    with pytest.raises(DrgpayError, match=r"unreasonable growth of 4\.01 yuan exceeds what the fund paid, 4\.00"):
        prepay([past("H1", 400, unreasonable=401)])


def test_institutions_without_terms_or_history_have_no_prepayment() -> None:
    assert prepay(years(100), [terms(year=2023), terms(institution_id="H2")]) == []
    with pytest.raises(DrgpayError, match="register of institutions") as failure:
        prepay(years(100, institution="H7"), [terms(institution_id="H7")])
    assert failure.value.field == "H7"


def test_short_of_cash_gets_more_and_emergency_advances_stand_apart() -> None:
    (row,) = prepay(years(10_000), [terms(short_of_cash=True)], [
        advance(1_000), advance(200, advance_id="A2"), advance(500, advance_id="A3", advance_kind="emergency"),
        advance(9_999, advance_id="A4", year=2023),
    ])  # fmt: skip
    assert row["total"] == 9_263
    assert (row["ratio"], row["advance"]) == (8_000, 7_410)
    assert (row["paid_ordinary"], row["paid_emergency"], row["to_advance"]) == (1_200, 500, 6_210)
    assert row["balance"] is None


@pytest.mark.parametrize(
    ("use", "suspended"),
    [
        ({"used": 801, "cost": 116, "cost_last_year": 100}, True),
        ({"used": 800, "cost": 116, "cost_last_year": 100}, False),
        ({"used": 801, "cost": 115, "cost_last_year": 100}, False),
        ({"used": 801, "cost": 116, "cost_last_year": 0}, False),
    ],
)
def test_high_use_with_abnormal_growth_suspends(use: dict[str, int], suspended: bool) -> None:
    earlier = used(month=5, used=900, cost=200, cost_last_year=100)
    (row,) = prepay(years(10_000), None, [advance(1_000)], [used(**use), earlier])
    assert (row["month"], row["suspended"], row["to_advance"] == 0) == (6, suspended, suspended)


def test_abnormal_growth_of_the_last_year_suspends_as_well() -> None:
    assert prepay(years(1, 1_000, 1_151))[0]["suspended"]
    assert not prepay(years(1, 1_000, 1_150))[0]["suspended"]


def test_next_year_rises_for_a_marked_cmi_rise_at_good_cost_and_is_cut_for_refusals() -> None:
    def factors(**judged: Any) -> tuple[int, int]:
        now, before = terms(**judged), terms(year=2023, **judged)
        return prepay(years(100), [now])[0]["next_factor"], prepay(years(100), [terms(), before])[0]["factor"]

    assert factors(cmi_growth=500, cost_index=10_000) == (10_500, 10_500)
    assert factors(cmi_growth=499, cost_index=10_000) == (10_000, 10_000)
    assert factors(cmi_growth=500, cost_index=10_001) == (10_000, 10_000)
    assert factors(cmi_growth=500) == (10_000, 10_000)
    assert factors(cmi_growth=500, cost_index=10_000, refused_severe=True) == (9_000, 9_000)
    judged = [terms(), terms(year=2023, refused_severe=True)]
    assert prepay(years(100_000), judged)[0]["base"] == 79_200  # 100,000 × 0.8 × 1.1 × 0.9


def test_special_loans_are_listed_by_days_of_cash() -> None:
    its = [terms(days_of_cash=31), terms(institution_id="H2", days_of_cash=30)]
    history = [*years(10_000), *years(10_000, institution="H2")]
    advances = [advance(700, institution_id="H2"), advance(100, institution_id="H2", advance_id="A2")]
    use = [used(institution_id="H2", used=300), used(institution_id="H2", used=100, month=3)]
    listed = fund.loan_candidates(2024, prepay(history, its, advances, use), its, use, POLICY)
    LOAN_CANDIDATES.of(listed)
    assert listed == [{"year": 2024, "institution_id": "H2", "days_of_cash": 30, "outstanding": 500}]
    cleared = [*history, past("H2", 900, year=2024)]
    assert fund.loan_candidates(2024, prepay(cleared, its, advances, use), its, use, POLICY)[0]["outstanding"] == 0


def test_a_practice_without_prepayment_says_which_parameter_is_missing() -> None:
    with pytest.raises(DrgpayError, match=r"prepay\.base_share") as failure:
        prepay(years(100), policy=demo(prepay__base_share="none"))
    assert failure.value.kind is Kind.POLICY


@given(paid=st.lists(FEN, min_size=1, max_size=3), reserve=st.integers(0, 5_000), actual=FEN, given_out=FEN)
def test_total_reserve_and_balance_hold_together(paid: list[int], reserve: int, actual: int, given_out: int) -> None:
    policy = demo(prepay__reserve_share=f"{reserve // 100}.{reserve % 100:02d}%")
    (row,) = prepay([*years(*paid), past("H1", actual, year=2024)], None, [advance(given_out)], policy=policy)
    assert row["total"] == row["base"] + row["reserve"]
    assert abs(row["reserve"] * ONE - row["total"] * reserve) <= ONE // 2  # half a fen of the total's share
    assert row["balance"] + row["reserve"] + row["paid_ordinary"] == actual
    assert row["advance"] <= row["total"]


def risk(revenue: dict[tuple[int, str], int], *movements: Row, policy: Any = POLICY) -> list[Row]:
    rows = fund.risk_fund(revenue, movements, policy)
    RISK_FUND.of(rows)
    return rows


def test_five_per_cent_of_revenue_is_set_aside_and_drawn_with_a_reason() -> None:
    rows = risk(
        {(2024, "employee"): 1_000, (2023, "employee"): 810, (2024, "resident"): 200},
        movement(70, draw_reason="public_health_emergency"),
        movement(20, movement="repayment", movement_id="M2", date=date(2024, 9, 1)),
    )
    assert [(r["insurance_scheme"], r["line"], r["movement"], r["amount"], r["balance"]) for r in rows] == [
        ("employee", 1, "set_aside", 41, 41),
        ("employee", 2, "set_aside", 50, 91),
        ("employee", 3, "draw", -70, 21),
        ("employee", 4, "repayment", 20, 41),
        ("resident", 1, "set_aside", 10, 10),
    ]


def test_a_draw_never_passes_the_balance() -> None:
    with pytest.raises(DrgpayError) as failure:
        risk({(2024, "employee"): 1_000}, movement(51, movement_id="M9"))
    assert failure.value.kind is Kind.DATA
    assert failure.value.field == "M9"
    assert "the draw of 0.51 yuan exceeds the balance of the risk adjustment fund, 0.50 yuan" in failure.value.en
    assert "动用金额 0.51 元超过风险调剂金余额 0.50 元" in failure.value.zh
    with pytest.raises(DrgpayError, match="exceeds the balance"):  # what is set aside later does not help
        risk({(2025, "employee"): 10**6}, movement(1))


@pytest.mark.parametrize("wrong", [{"draw_reason": None}, {"movement": "repayment", "draw_reason": "ageing"}])
def test_a_draw_and_only_a_draw_has_a_reason(wrong: dict[str, Any]) -> None:
    with pytest.raises(DrgpayError, match="a draw needs a reason"):
        risk({(2024, "employee"): 1_000}, movement(1) | wrong)


def test_an_opening_balance_holds_what_was_set_aside_before() -> None:
    opened = movement(500, movement="opening", movement_id="M0", date=date(2024, 1, 1))
    revenue = {(y, "employee"): 1_000 for y in (2022, 2023, 2024)}
    assert [r["balance"] for r in risk(revenue, opened)] == [500, 550]
    assert [r["balance"] for r in risk(revenue, opened, policy=demo(fund__risk_share="none"))] == [500]


@given(st.lists(FEN, min_size=1, max_size=4), st.lists(st.integers(0, 10**11), max_size=4))
def test_the_balance_is_the_sum_and_never_negative(revenue: list[int], draws: list[int]) -> None:
    income = {(2020 + i, "employee"): amount for i, amount in enumerate(revenue)}
    movements = [movement(a, movement_id=f"M{i}", date=date(2024, 1, 2 + i)) for i, a in enumerate(draws)]
    aside = sum(r["amount"] for r in risk(income))
    if sum(draws) > aside:
        with pytest.raises(DrgpayError):
            risk(income, *movements)
        return
    rows = risk(income, *movements)
    assert all(r["balance"] >= 0 for r in rows)
    assert sum(r["amount"] for r in rows) == aside - sum(draws) == (rows[-1]["balance"] if rows else 0)
