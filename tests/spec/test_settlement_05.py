"""Settlement, clause by clause (design/05). Money is in fen.

The base period is six stays of 1,000.00 yuan, every institution has K = 1, there is no reserve unless said, and all
of a month is paid at once unless said. H1's one stay is then due the whole budget; ``fund_by_item`` is the actual.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from drgpay.ledger import Entry, Ledger
from drgpay.runs.manifest import LEDGER
from support.money import demo, settle, stay, tables_of
from support.plain_year import Case, Rows, Stay

BASE = [stay(f"base{i}", year=2023) for i in range(6)]
RULES = {
    "coefficient__components": "[]",
    "fund__basis": "fund",
    "fund__reserve_share": "0",
    "settlement__monthly_pay_ratio": "1",
    "settlement__second_distribution_surplus_share": "0",
}


def case(
    stays: list[Stay],
    budget: int,
    grades: dict[str, str] | None = None,
    evidence: list[tuple[str, str, str, int]] | None = None,
    /,
    **rules: str,
) -> Case:
    """A year of employees; a grade that is not given is good."""
    institutions = {s["institution_id"]: "secondary" for s in stays}
    budgets = {"employee": budget, "resident": 0}
    return Case(demo(**RULES | rules), BASE + stays, institutions, budgets, grades or {}, evidence or [])


def cleared(tmp_path: Path, *args: Any, **rules: Any) -> dict[str, Rows]:
    """The tables of a settled year."""
    return tables_of(settle(tmp_path, case(*args, **rules)))


def statement(tables: dict[str, Rows], institution: str = "H1") -> dict[str, Any]:
    """An institution's statement."""
    return tables["statements"]["employee", institution]


class TestSurplus:
    """§1: due 1,000.00; what is kept goes by actual ÷ due."""

    @pytest.mark.parametrize(
        ("actual", "keep", "returned"),
        [
            (95_000, 7_000, 1_500),  # 50.00 × 70 % kept
            (90_000, 7_000, 3_000),  # exactly 0.9: the band from 0.9 on
            (89_999, 6_000, 4_000),  # 100.01 × 60 % = 60.006 → 60.01 kept
            (80_000, 6_000, 8_000),  # exactly 0.8
            (79_999, 5_000, 10_000),  # 200.01 × 50 % = 100.005 → 100.01 kept
            (0, 5_000, 50_000),
        ],
    )
    def test_the_share_kept_goes_by_the_ratio(self, tmp_path: Path, actual: int, keep: int, returned: int) -> None:
        row = statement(cleared(tmp_path, [stay(1, fund_by_item=actual)], 100_000))
        assert (row["due"], row["actual"], row["balance"]) == (100_000, actual, 100_000 - actual)
        assert (row["keep_share"], row["surplus_returned"]) == (keep, returned)
        assert row["settled"] == 100_000 - returned

    def test_neither_surplus_nor_overspend(self, tmp_path: Path) -> None:
        row = statement(cleared(tmp_path, [stay(1, fund_by_item=100_000)], 100_000))
        assert (row["balance"], row["use_ratio"], row["keep_share"]) == (0, 10_000, None)
        assert row["settled"] == 100_000

    def test_a_ratio_is_compared_exactly_and_rounded_only_in_print(self, tmp_path: Path) -> None:
        # 0.89999 prints as 0.9000 and is in the band below 0.9
        row = statement(cleared(tmp_path, [stay(1, fund_by_item=89_999)], 100_000))
        assert (row["use_ratio"], row["keep_share"]) == (9_000, 6_000)

    def test_what_is_not_kept_goes_back_to_the_fund(self, tmp_path: Path) -> None:
        tables = cleared(tmp_path, [stay(1, fund_by_item=95_000)], 100_000)
        assert tables["closings"]["employee",]["returned"] == 1_500


class TestOverspend:
    """§2: due 1,000.00, actual 1,300.00; the fund bears 70 % of what is reasonable, out of the reserve."""

    def overspent(self, tmp_path: Path, evidence: list[int], reserve: str = "50%") -> dict[str, Any]:
        """H1's statement; the budget is such that 1,000.00 are left after the reserve."""
        budget = {"50%": 200_000, "0": 100_000, "5%": 105_263}[reserve]
        entries = [("H1", "employee", "outbreak", amount) for amount in evidence]
        tables = cleared(
            tmp_path, [stay(1, fund_by_item=130_000)], budget, None, entries, fund__reserve_share=reserve
        )
        return statement(tables)

    def test_without_evidence_all_is_the_institutions(self, tmp_path: Path) -> None:
        row = self.overspent(tmp_path, [])
        assert (row["balance"], row["overspend_reasonable"], row["overspend_shared"]) == (-30_000, 0, 0)
        assert row["settled"] == 100_000

    @pytest.mark.parametrize(
        ("evidence", "reasonable", "shared"),
        [
            ([10_000], 10_000, 7_000),
            ([10_000, 5_000], 15_000, 10_500),  # entries add up
            ([30_000], 30_000, 21_000),
            ([90_000], 30_000, 21_000),  # never more than the overspend
            ([1], 1, 1),  # 0.7 fen, half up
        ],
    )
    def test_the_fund_bears_its_share_of_what_is_reasonable(
        self, tmp_path: Path, evidence: list[int], reasonable: int, shared: int
    ) -> None:
        row = self.overspent(tmp_path, evidence)
        assert (row["overspend_reasonable"], row["overspend_shared"]) == (reasonable, shared)
        assert row["settled"] == 100_000 + shared

    def test_evidence_of_another_scheme_does_not_count(self, tmp_path: Path) -> None:
        evidence = [("H1", "resident", "outbreak", 10_000)]
        stays = [stay(1, fund_by_item=130_000)]
        row = statement(cleared(tmp_path, stays, 200_000, None, evidence, fund__reserve_share="50%"))
        assert row["overspend_shared"] == 0

    def test_evidence_is_no_gift_to_whoever_has_a_surplus(self, tmp_path: Path) -> None:
        evidence = [("H1", "employee", "outbreak", 10_000)]
        stays = [stay(1, fund_by_item=90_000)]
        row = statement(cleared(tmp_path, stays, 200_000, None, evidence, fund__reserve_share="50%"))
        assert row["overspend_shared"] == 0

    def test_draws_never_exceed_the_reserve(self, tmp_path: Path) -> None:
        # 5 % of 1,052.63 = 52.63 in reserve; wanted 210.00
        assert self.overspent(tmp_path, [30_000], "5%")["overspend_shared"] == 5_263
        assert self.overspent(tmp_path / "none", [30_000], "0")["overspend_shared"] == 0

    def test_what_there_is_is_shared_by_what_was_wanted(self, tmp_path: Path) -> None:
        # Budget 2,200.00, reserve 10 % = 220.00. Due 990.00 each; H1 wants 70 % of 300, H2 70 % of 600.
        stays = [stay(1, "H1", fund_by_item=200_000), stay(2, "H2", fund_by_item=200_000)]
        evidence = [("H1", "employee", "outbreak", 30_000), ("H2", "employee", "new_disease", 60_000)]
        tables = cleared(tmp_path, stays, 220_000, None, evidence, fund__reserve_share="10%")
        # 220.00 by 210 : 420
        shared = [statement(tables, h)["overspend_shared"] for h in ("H1", "H2")]
        assert shared == [7_333, 14_667]
        assert tables["closings"]["employee",]["risk_draw"] == 22_000


class TestDeposit:
    """§3: due 1,000.00 in January of a budget of 12,000.00; 95 % is paid, 50.00 held back."""

    def deposited(self, tmp_path: Path, grade: str | None, **rules: str) -> dict[str, Rows]:
        """H1 has January's stay, H2 the same in every other month; nobody has a surplus."""
        stays = [stay(1, "H1", fund_by_item=100_000)]
        stays += [stay(m, "H2", month=m, fund_by_item=100_000) for m in range(2, 13)]
        grades = {"H2": "good"} | ({} if grade is None else {"H1": grade})
        return cleared(tmp_path, stays, 1_200_000, grades, settlement__monthly_pay_ratio="95%", **rules)

    @pytest.mark.parametrize(
        ("grade", "forfeited"), [("excellent", 0), ("good", 0), ("pass", 500), ("fail", 2_500), (None, 0)]
    )
    def test_the_grade_decides_what_is_returned(self, tmp_path: Path, grade: str | None, forfeited: int) -> None:
        row = statement(self.deposited(tmp_path, grade))
        assert (row["paid_in_months"], row["deposit_held"], row["deposit_forfeited"]) == (95_000, 5_000, forfeited)
        assert (row["grade"], row["final_payment"]) == (
            grade or "good",
            5_000 - forfeited + row["second_distribution"],
        )

    def test_a_missing_grade_is_what_the_practice_says(self, tmp_path: Path) -> None:
        tables = self.deposited(tmp_path, None, settlement__grade_when_missing="fail")
        assert statement(tables)["grade"] == "fail"

    def test_what_is_not_returned_is_distributed_again(self, tmp_path: Path) -> None:
        # H1 loses 25.00; H2 is the only one good
        tables = self.deposited(tmp_path, "fail")
        assert statement(tables)["second_distribution"] == 0
        assert statement(tables, "H2")["second_distribution"] == 2_500

    def test_without_anybody_who_qualifies_it_is_carried_over(self, tmp_path: Path) -> None:
        none = "{excellent: 0, good: 0, pass: 0, fail: 0}"
        tables = self.deposited(tmp_path, "fail", settlement__second_distribution_weights=none)
        assert tables["closings"]["employee",]["carried_over"] == 2_500
        assert statement(tables, "H2")["second_distribution"] == 0


class TestSecondDistribution:
    """§3: shared among excellent (weight 1.5) and good (1) institutions by points × weight."""

    def test_by_points_and_grade(self, tmp_path: Path) -> None:
        # Each due 1,000.00. H3 returns 30 % of 100.00 = 30.00 of its surplus, half of it is set aside: 15.00.
        # H1 100 points × 1.5, H2 100 × 1, H3 (pass) nothing: 9.00 and 6.00.
        stays = [
            stay(1, "H1", fund_by_item=100_000),
            stay(2, "H2", fund_by_item=100_000),
            stay(3, "H3", fund_by_item=90_000),
        ]
        tables = cleared(
            tmp_path,
            stays,
            300_000,
            {"H1": "excellent", "H2": "good", "H3": "pass"},
            settlement__second_distribution_surplus_share="50%",
        )
        assert [statement(tables, h)["second_distribution"] for h in ("H1", "H2", "H3")] == [900, 600, 0]
        assert tables["closings"]["employee",]["returned"] == 1_500

    def test_to_the_fen(self, tmp_path: Path) -> None:
        # H4 returns 30 % of 0.10 = 0.03, all set aside, by four equal: the first three have a fen each.
        stays = [stay(i, f"H{i}", fund_by_item=99_990 if i == 4 else 100_000) for i in (1, 2, 3, 4)]
        tables = cleared(tmp_path, stays, 400_000, settlement__second_distribution_surplus_share="1")
        assert [statement(tables, f"H{i}")["second_distribution"] for i in (1, 2, 3, 4)] == [1, 1, 1, 0]


class TestFinalPayment:
    """Settled less what the months paid; what is too much is recovered."""

    def test_a_negative_final_payment_is_recovered(self, tmp_path: Path) -> None:
        # H1 has January alone to itself: 100.00 of 1,200.00 paid. Of the year it has 1 of 12 + 12 stays: 48.00.
        stays = [stay(0, "H1", fund_by_item=4_800)]
        stays += [stay(100 + i, "H2", month=2 + i % 11, fund_by_item=4_800) for i in range(24)]
        tables = cleared(tmp_path, stays, 120_000)
        row = statement(tables)
        assert (row["due"], row["paid_in_months"], row["final_payment"]) == (4_800, 10_000, -5_200)
        closing = tables["closings"]["employee",]
        assert (closing["recovered"], closing["carried_over"]) == (5_200, 0)
        # months 11 × 100 + 100, and 52.00 more at clearing for H2
        assert closing["paid"] == 120_000 + 5_200

    def test_a_year_is_cleared_by_its_own_point_value(self, tmp_path: Path) -> None:
        # January alone has stays: the months paid 1/12, clearing pays the rest.
        row = statement(cleared(tmp_path, [stay(1, fund_by_item=120_000)], 120_000))
        assert (row["due"], row["paid_in_months"], row["final_payment"]) == (120_000, 10_000, 110_000)

    def test_an_institution_without_stays_has_a_statement_of_zeros(self, tmp_path: Path) -> None:
        with_idle = case([stay(1)], 100_000)
        with_idle.institutions["H9"] = "primary"
        row = statement(tables_of(settle(tmp_path, with_idle)), "H9")
        assert (row["n"], row["due"], row["cmi"], row["use_ratio"], row["settled"]) == (0, 0, None, None, 0)


class TestConservation:
    """§6: distributable + draws + recoveries = paid + returned + carried over."""

    def test_one_of_everything(self, tmp_path: Path) -> None:
        # Budget 4,000.00, reserve 5 % = 200.00, distributable 3,800.00; 100 points each but H4's 39.
        stays = [
            stay(1, "H1", fund_by_item=50_000),
            stay(2, "H2", month=2, fund_by_item=200_000),
            stay(3, "H3", month=2, fund_by_item=112_000),
            stay(4, "H4", month=3, total_cost=39_000, fund_by_item=1),
        ]
        tables = cleared(
            tmp_path, stays, 400_000, {"H1": "fail", "H2": "excellent", "H3": "good", "H4": "pass"},
            [("H2", "employee", "policy_change", 50_000)], fund__reserve_share="5%",
            settlement__monthly_pay_ratio="95%", settlement__second_distribution_surplus_share="30%",
        )  # fmt: skip
        row = tables["closings"]["employee",]
        assert row["distributable"] == 380_000
        assert row["risk_draw"] == 20_000  # 350.00 wanted
        assert row["distributable"] + row["risk_draw"] + row["recovered"] == (
            row["paid"] + row["returned"] + row["carried_over"]
        )

    def test_the_fund_of_nobody_is_carried_over(self, tmp_path: Path) -> None:
        closing = cleared(
            tmp_path, [stay(1, status="ungrouped", drg="0000")], 100_000, points__ungrouped_discount="0"
        )
        row = closing["closings"]["employee",]
        assert (row["paid"], row["returned"], row["carried_over"]) == (0, 0, 100_000)


class TestLedger:
    """Ledger: every amount is an entry; a correction is a reversing entry; statements are sums of the ledger."""

    def test_every_step_of_a_statement_is_an_entry(self, tmp_path: Path) -> None:
        settle(tmp_path, case([stay(1, fund_by_item=95_000)], 120_000, settlement__monthly_pay_ratio="95%"))
        entries = [
            (e.event, e.debit.removeprefix("employee:"), e.credit.removeprefix("employee:"), e.amount)
            for e in Ledger.read(tmp_path / LEDGER)
        ]
        # surplus 250.00, ratio 0.79: half is kept
        assert entries == [
            ("budget", "bank", "fund:drg", 120_000),
            ("month_due", "fund:drg", "H1:payable", 10_000),
            ("month_deposit", "H1:payable", "H1:deposit", 500),
            ("month_paid", "H1:payable", "bank", 9_500),
            ("year_due_more", "fund:drg", "H1:payable", 110_000),
            ("surplus_returned", "H1:payable", "fund:returned", 12_500),
            ("deposit_returned", "H1:deposit", "H1:payable", 500),
            ("final_paid", "H1:payable", "bank", 98_000),
        ]

    def test_a_month_run_opens_and_pays_its_month_only(self, tmp_path: Path) -> None:
        settle(tmp_path, case([stay(1), stay(2, month=2)], 120_000), month=2)
        assert [(e.event, e.month, e.amount, e.date) for e in Ledger.read(tmp_path / LEDGER)] == [
            ("budget", 2, 10_000, date(2024, 2, 1)),
            ("month_due", 2, 10_000, date(2024, 2, 29)),
            ("month_paid", 2, 10_000, date(2024, 2, 29)),
        ]

    def test_a_correction_is_a_reversing_entry(self) -> None:
        ledger = Ledger("book")
        ledger.post(Entry("1", "run", date(2024, 1, 31), "area", "employee", "a", "b", 500, "month_paid"))
        back = ledger.reverse("1", date(2024, 2, 1), "later")
        assert (back.debit, back.credit, back.amount, len(ledger)) == ("b", "a", 500, 2)
        assert ledger.balances() == {"a": 0, "b": 0}
