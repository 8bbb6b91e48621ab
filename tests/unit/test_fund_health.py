"""Fund health (design/04 §5): months of payment, bands, two-year rule, plan, projection."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drgpay.errors import DrgpayError
from drgpay.steps import fund
from drgpay.tables import FUND_HEALTH
from support.fund import Row, history, month
from support.money import demo

POLICY = demo()
FEN = st.integers(0, 10**13)
MONTHLY = st.integers(10**9, 10**13)
"""a month of a real fund: never next to nothing"""


def steady(year: int, upto: int = 12, revenue: int = 100, expenditure: int = 100, **given: Any) -> list[Row]:
    return [month(m, year=year, revenue=revenue, expenditure=expenditure, **given) for m in range(1, upto + 1)]


def health(years: list[Row], months: list[Row], plans: list[Row] | None = None, policy: Any = POLICY) -> list[Row]:
    rows = fund.fund_health(years, months, plans or [], policy, 2024)
    FUND_HEALTH.of(rows)
    return rows


def closing(balance: int, **given: Any) -> Row:
    return history(2023, 1_200, balance=balance, **given)


@pytest.mark.parametrize(
    ("scheme", "balance", "light"),
    [
        ("employee", 599, "red"),
        ("employee", 600, "green"),
        ("employee", 900, "green"),
        ("employee", 901, "yellow"),
        ("resident", 899, "red"),
        ("resident", 900, "green"),
        ("resident", 1_200, "green"),
        ("resident", 1_201, "yellow"),
    ],
)
def test_lights_by_band_of_the_scheme(scheme: str, balance: int, light: str) -> None:
    months = steady(2023, insurance_scheme=scheme) + steady(2024, 1, insurance_scheme=scheme)
    (row,) = health([closing(balance, insurance_scheme=scheme)], months)
    assert (row["spent"], row["months_of_payment"], row["light"]) == (1_200, balance * 100, light)


def test_lump_sums_are_left_out_of_balance_and_revenue() -> None:
    months = [*steady(2023), month(1, revenue=180, lump_sum=80, expenditure=100)]
    (row,) = health([closing(1_400, lump_sum_balance=700)], months)
    assert (row["revenue"], row["balance"], row["light"]) == (100, 700, "green")
    with pytest.raises(DrgpayError, match=r"lump sums of 0\.02 yuan exceeds the revenue, 0\.01 yuan"):
        health([closing(1)], [month(1, revenue=1, lump_sum=2)])


def test_two_years_above_bring_advice_and_the_amount_back_to_the_top() -> None:
    months = steady(2023) + steady(2024, 2)
    once = health([closing(1_000), history(2022, 1_200, balance=900)], months)
    assert [(r["light"], r["years_above"], r["advice"], r["excess"]) for r in once] == [("yellow", 1, False, 100)] * 2
    twice = health([closing(1_000), history(2022, 1_200, balance=901)], months)
    assert [(r["years_above"], r["advice"]) for r in twice] == [(2, True)] * 2
    gap = health([closing(1_000), history(2021, 1_200, balance=2_000)], months)
    assert [r["years_above"] for r in gap] == [1, 1]
    without = health(
        [closing(1_000), history(2022, 1_200, balance=901)], months, policy=demo(fund__health_years="none")
    )
    assert not any(r["advice"] for r in without)


def test_december_is_a_year_end_and_a_fund_back_in_its_band_gets_no_advice() -> None:
    rows = health([closing(1_000)], steady(2023) + steady(2024))
    assert [r["years_above"] for r in rows] == [1] * 11 + [2]
    assert [r["advice"] for r in rows] == [False] * 11 + [True]
    falling = health(
        [closing(1_000), history(2022, 1_200, balance=2_000)], steady(2023) + steady(2024, expenditure=150)
    )
    assert [r["light"] for r in falling][:3] == ["yellow", "green", "green"]
    assert [r["advice"] for r in falling][:2] == [True, False]
    assert falling[-1]["years_above"] == 0


def test_without_twelve_months_there_is_no_light() -> None:
    rows = health([closing(700)], steady(2023)[2:] + steady(2024, 2))
    assert [(r["spent"], r["light"], r["excess"]) for r in rows] == [(None, None, None), (1_200, "green", 0)]
    (idle,) = health([closing(700)], steady(2023, expenditure=0) + steady(2024, 1, expenditure=0))
    assert (idle["spent"], idle["months_of_payment"], idle["light"]) == (0, None, None)
    with pytest.raises(DrgpayError, match="month is missing") as failure:
        health([closing(700)], [month(1), month(3)])
    assert failure.value.field == "2024-02/employee"
    with pytest.raises(DrgpayError, match="closing balance is missing"):
        health([history(2022, 1)], [month(1)])


def test_plans_and_projection_follow_last_years_season() -> None:
    season = [month(m, year=2023, revenue=300 if m == 1 else 100, expenditure=100) for m in range(1, 13)]
    plan = {"year": 2024, "insurance_scheme": "employee", "revenue": 2_800, "expenditure": None}
    first, second = health([closing(1_000)], season + steady(2024, 2, revenue=330, expenditure=110), [plan])
    assert (first["revenue_plan"], second["revenue_plan"], first["expenditure_plan"]) == (600, 200, None)
    # 330 is 300/1,400 of a year of 1,540; expenditure 110 is a twelfth of 1,320
    assert first["projected_balance"] == 1_000 + 1_540 - 1_320
    assert second["projected_balance"] == 1_000 + 2_310 - 1_320  # 660 × 1,400 ÷ 400


@given(
    balance=st.integers(-(10**14), 10**14),
    now=st.lists(st.tuples(FEN, FEN), min_size=12, max_size=12),
    last=st.lists(st.tuples(MONTHLY, MONTHLY), min_size=12, max_size=12),
    plan=st.tuples(FEN, FEN),
)
def test_balance_plan_and_projection_close_at_the_years_end(
    balance: int, now: list[tuple[int, int]], last: list[tuple[int, int]], plan: tuple[int, int]
) -> None:
    months = [
        month(m, year=y, revenue=r, expenditure=e)
        for y, flows in ((2023, last), (2024, now))
        for m, (r, e) in enumerate(flows, 1)
    ]
    plans = [{"year": 2024, "insurance_scheme": "employee", "revenue": plan[0], "expenditure": plan[1]}]
    rows = health([closing(balance)], months, plans)
    end = balance + sum(r for r, _ in now) - sum(e for _, e in now)
    assert rows[-1]["balance"] == rows[-1]["projected_balance"] == end
    assert sum(r["revenue_plan"] for r in rows) == plan[0]
    assert sum(r["expenditure_plan"] for r in rows) == plan[1]
    for row in rows:
        if row["light"] == "yellow":
            assert (
                (row["balance"] - row["excess"]) * 12 <= 9 * row["spent"] < (row["balance"] - row["excess"] + 1) * 12
            )
        else:
            assert not row["excess"]


@given(balance=FEN, more=FEN)
def test_more_balance_never_darkens_the_light(balance: int, more: int) -> None:
    order = ("red", "green", "yellow")
    months = steady(2023, expenditure=10**12) + steady(2024, 1)
    lights = [health([closing(b)], months)[0]["light"] for b in (balance, balance + more)]
    assert order.index(lights[0]) <= order.index(lights[1])
