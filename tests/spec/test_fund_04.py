"""Fund, clause by clause (design/04 §2–3). Money is in fen, points in 1/10,000.

The base period is six stays of 1,000.00 yuan, every institution has K = 1, and there is no reserve unless said: a
stay of 1,000.00 yuan then has 100 points (1000000).
"""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from drgpay.errors import DrgpayError, Kind
from drgpay.steps import fund
from drgpay.steps.settlement import share_pool
from support.money import demo, settle, stay, tables_of
from support.plain_year import Case, Rows, Stay

BASE = [stay(f"base{i}", year=2023) for i in range(6)]
ALL = {"H1": "tertiary", "H2": "secondary", "H3": "primary"}


def year(tmp_path: Path, stays: list[Stay], budget: int, resident: int = 0, **rules: str) -> dict[str, Rows]:
    """The tables of a settled year."""
    law = demo(**{"coefficient__components": "[]", "fund__basis": "fund", "fund__reserve_share": "0"} | rules)
    return tables_of(settle(tmp_path, Case(law, BASE + stays, ALL, {"employee": budget, "resident": resident})))


def dues(tables: dict[str, Rows], scheme: str = "employee") -> dict[str, int]:
    """Institutions' dues of the year."""
    return {h: row["due"] for (s, h), row in tables["statements"].items() if s == scheme}


def months(tables: dict[str, Rows], column: str) -> list[int]:
    """A column of the employees' pools, January to December."""
    return [tables["pools"]["employee", month][column] for month in range(1, 13)]


class TestPointValue:
    """§2: point value = distributable fund ÷ Σ points."""

    def test_the_quotient_is_printed_in_yuan_per_point(self, tmp_path: Path) -> None:
        # 1,000 yuan ÷ 300 points = 3.33333… yuan
        pool = year(tmp_path, [stay(1), stay(2), stay(3)], 100_000)["pools"]["employee", fund.YEAR]
        assert (pool["distributable"], pool["points"], pool["point_value"]) == (100_000, 3_000_000, 33_333)

    def test_the_quotient_is_never_rounded_before_use(self, tmp_path: Path) -> None:
        # 3.3333 yuan × 100 points would be 333.33 for each of the three and lose a fen
        found = dues(year(tmp_path, [stay(1, "H1"), stay(2, "H2"), stay(3, "H3")], 100_000))
        assert sum(found.values()) == 100_000

    def test_the_last_fen_go_to_the_largest_remainders(self) -> None:
        # 100 fen by 1 : 2 : 4 → 14.29, 28.57, 57.14: floors 14, 28, 57; the fen that is left goes to .57
        assert share_pool(100, {"H1": 1, "H2": 2, "H3": 4}, {}) == {"H1": 14, "H2": 29, "H3": 57}

    def test_ties_go_by_institution_code(self, tmp_path: Path) -> None:
        found = dues(year(tmp_path, [stay(1, "H3"), stay(2, "H1"), stay(3, "H2")], 100_001))
        assert found == {"H1": 33_334, "H2": 33_334, "H3": 33_333}

    def test_schemes_have_their_own_pools(self, tmp_path: Path) -> None:
        # H1 has one stay of each scheme, H2 one employee.
        stays = [stay(1), stay(2, "H2"), stay(3, insurance_scheme="resident")]
        tables = year(tmp_path, stays, 100_000, 30_000)
        assert dues(tables) == {"H1": 50_000, "H2": 50_000, "H3": 0}
        assert dues(tables, "resident") == {"H1": 30_000, "H2": 0, "H3": 0}

    def test_without_points_there_is_no_value_and_the_budget_is_carried_over(self, tmp_path: Path) -> None:
        tables = year(tmp_path, [stay(1)], 100_000, 30_000)
        assert tables["pools"]["resident", fund.YEAR]["point_value"] is None
        assert tables["closings"]["resident",]["carried_over"] == 30_000

    def test_a_budget_of_nothing_pays_nothing(self, tmp_path: Path) -> None:
        tables = year(tmp_path, [stay(1)], 0)
        assert tables["pools"]["employee", fund.YEAR]["point_value"] == 0
        assert dues(tables)["H1"] == 0

    def test_a_missing_budget_is_a_failure_and_no_zero(self) -> None:
        budgets = pl.DataFrame([{"year": 2024, "insurance_scheme": "employee", "drg_budget": 5}])
        assert fund.budget_of(budgets, 2024, ["employee"]) == {"employee": 5}
        with pytest.raises(DrgpayError) as failure:
            fund.budget_of(budgets, 2024, ["employee", "resident"])
        assert failure.value.kind is Kind.DATA
        assert "resident" in str(failure.value)


class TestBasis:
    """§2: what is distributed, and what of it the fund pays."""

    STAYS = (stay(1, "H1", personal_paid=30_000), stay(2, "H2", personal_paid=10_000))

    def test_fund(self, tmp_path: Path) -> None:
        # Patients' payments stay outside: 1,000 yuan by 100 : 100.
        tables = year(tmp_path, list(self.STAYS), 100_000)
        assert tables["pools"]["employee", fund.YEAR]["distributable"] == 100_000
        assert dues(tables) == {"H1": 50_000, "H2": 50_000, "H3": 0}

    def test_total(self, tmp_path: Path) -> None:
        # 1,000 + 400 = 1,400 yuan by 100 : 100; less what the patients paid: 700 − 300, 700 − 100.
        tables = year(tmp_path, list(self.STAYS), 100_000, fund__basis="total")
        pool = tables["pools"]["employee", fund.YEAR]
        assert (pool["patients"], pool["distributable"], pool["point_value"]) == (40_000, 140_000, 70_000)
        assert dues(tables) == {"H1": 40_000, "H2": 60_000, "H3": 0}

    def test_an_institution_whose_patients_paid_more_leaves_the_pool(self) -> None:
        # 100 + 0 + 500 + 0 = 600 by thirds = 200: H2's patients paid 500 > 200. H1 and H3 share the 100.
        found = share_pool(100, {"H1": 1, "H2": 1, "H3": 1}, {"H1": 0, "H2": 500, "H3": 0})
        assert found == {"H1": 50, "H2": 0, "H3": 50}

    def test_leaving_is_repeated_until_nobody_is_short(self) -> None:
        # Thirds of 100 + 900 + 300 = 1300 are 433: only H2 is short. Halves of 100 + 300 = 400 are 200: now H3 is.
        found = share_pool(100, {"H1": 1, "H2": 1, "H3": 1}, {"H1": 0, "H2": 900, "H3": 300})
        assert found == {"H1": 100, "H2": 0, "H3": 0}

    def test_whoever_has_no_points_is_paid_nothing(self) -> None:
        assert share_pool(100, {"H1": 0, "H2": 1}, {"H1": 7, "H2": 0}) == {"H1": 0, "H2": 100}
        assert share_pool(100, {"H1": 0}, {}) == {"H1": 0}


class TestMonths:
    """§3: the budget of a month, its payment and the quality deposit."""

    def test_equal_twelfths_lose_nothing(self, tmp_path: Path) -> None:
        # 100.00 yuan ÷ 12 = 8.3333: four months have a fen more, the first by the tie
        assert months(year(tmp_path, [stay(1)], 10_000), "budget") == [834] * 4 + [833] * 8

    def test_last_years_months(self, tmp_path: Path) -> None:
        # Last year: six stays of 1,000 in January (the base period), 2,000 yuan in March: 6 : 2
        march = stay("march", year=2023, month=3, total_cost=200_000, status="ungrouped", drg="0000")
        found = months(year(tmp_path, [stay(1), march], 80_000, fund__seasonality="last_year"), "budget")
        assert found == [60_000, 0, 20_000] + [0] * 9

    def test_a_scheme_without_last_year_has_equal_months(self, tmp_path: Path) -> None:
        tables = year(tmp_path, [stay(1)], 0, 1_200, fund__seasonality="last_year")
        assert tables["pools"]["resident", 7]["budget"] == 100

    def test_the_reserve_is_kept_back_from_year_and_months(self, tmp_path: Path) -> None:
        # 5 % of 100.10 yuan = 5.005 → 5.01; 95.09 ÷ 12 = 7.9242, 5.01 ÷ 12 = 0.4175
        tables = year(tmp_path, [stay(1)], 10_010, fund__reserve_share="5%")
        pool = tables["pools"]["employee", fund.YEAR]
        assert (pool["budget"], pool["reserve"], pool["distributable"]) == (10_010, 501, 9_509)
        # 12 × 792 = 9504: five months more; 12 × 41 = 492: nine months more
        assert months(tables, "distributable") == [793] * 5 + [792] * 7
        assert months(tables, "reserve") == [42] * 9 + [41] * 3
        assert sum(months(tables, "budget")) == 10_010

    def test_a_month_is_shared_by_its_own_points(self, tmp_path: Path) -> None:
        # January: H1 100 points, H2 200. February: H2 alone.
        stays = [stay(1), stay(2, "H2"), stay(3, "H2"), stay(4, "H2", month=2)]
        rows = year(tmp_path, stays, 120_000)["institution_months"]
        found = {key[1:]: row["due"] for key, row in rows.items()}
        assert found == {(1, "H1"): 3_333, (1, "H2"): 6_667, (2, "H2"): 10_000}

    @pytest.mark.parametrize(
        ("ratio", "paid", "deposit"),
        [("95%", 9_500, 500), ("0.9137", 9_137, 863), ("1", 10_000, 0), ("0", 0, 10_000)],
    )
    def test_what_is_not_paid_is_the_deposit(self, tmp_path: Path, ratio: str, paid: int, deposit: int) -> None:
        rows = year(tmp_path, [stay(1)], 120_000, settlement__monthly_pay_ratio=ratio)["institution_months"]
        row = rows["employee", 1, "H1"]
        assert (row["due"], row["paid"], row["deposit"]) == (10_000, paid, deposit)

    def test_a_payment_is_rounded_half_up(self, tmp_path: Path) -> None:
        # 0.10 yuan × 95 % = 0.095 → 0.10
        row = year(tmp_path, [stay(1)], 120)["institution_months"]["employee", 1, "H1"]
        assert (row["paid"], row["deposit"]) == (10, 0)


class TestStays:
    """§2: what of an institution's payment belongs to a stay, to the fen."""

    def test_by_points(self, tmp_path: Path) -> None:
        # 100 and 39 points: 1,000.00 → 719.4245 and 280.5755
        tables = year(tmp_path, [stay(1), stay(2, total_cost=39_000)], 100_000)
        found = {key: row["year_due"] for (key,), row in tables["stay_payments"].items()}
        assert found == {"0001": 71_942, "0002": 28_058}

    def test_ties_of_a_month_go_by_stay_and_of_the_year_by_month_first(self, tmp_path: Path) -> None:
        # The year's 1.00 yuan by thirds: the fen over goes to January's stay, whose number is the last.
        stays = [stay(9), stay(5, month=2), stay(4, month=2)]
        tables = year(tmp_path, stays, 100)
        found = {key: (row["month_due"], row["year_due"]) for (key,), row in tables["stay_payments"].items()}
        # January's budget is 9 fen (100 ÷ 12 = 8.33, four months have one more), February's 9 = 5 + 4.
        assert found == {"0009": (9, 34), "0004": (5, 33), "0005": (4, 33)}

    def test_ties_of_stays_with_other_points_go_by_stay_too(self, tmp_path: Path) -> None:
        # 0.02 yuan by 300 : 100 points: 0.015 and 0.005; the tie gives stay 1 the fen, whatever its points.
        stays = [stay(1, status="ungrouped", drg="0000", total_cost=300_000), stay(2)]
        tables = year(tmp_path, stays, 2, points__ungrouped_discount="1")
        found = {key: row["year_due"] for (key,), row in tables["stay_payments"].items()}
        assert found == {"0001": 2, "0002": 0}

    def test_on_basis_total_a_patient_may_have_paid_more_than_the_stay_is_worth(self, tmp_path: Path) -> None:
        # H1: due 100 + patients' 1,300 = 1,400 yuan by halves, less 1,000 and less 300.
        stays = [stay(1, personal_paid=100_000), stay(2, personal_paid=30_000)]
        tables = year(tmp_path, stays, 10_000, fund__basis="total")
        found = {key: row["year_due"] for (key,), row in tables["stay_payments"].items()}
        assert found == {"0001": -30_000, "0002": 40_000}

    def test_stays_of_an_institution_with_nothing_due_get_nothing(self, tmp_path: Path) -> None:
        # 1,000 + 3,000 by halves = 2,000: H1's patient paid 3,000, H1 leaves, H2 has all of the fund.
        stays = [stay(1, personal_paid=300_000), stay(2, "H2")]
        tables = year(tmp_path, stays, 100_000, fund__basis="total")
        found = {key: row["year_due"] for (key,), row in tables["stay_payments"].items()}
        assert found == {"0001": 0, "0002": 100_000}
