"""The book: a year as it is lived (design/12). Money is in fen, every case is reckoned by hand in its comments.

Unless a case says otherwise: two hospitals, 1,000.00 are 100 points and a stay below 400.00 has its cost's; months
pay 95 %, a deposit is returned whole, and all of a surplus is kept. November and December each have half the year's
money, as last year did; they are the "January" and "February" of the book's worked example.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from drgpay.ledger import Ledger
from drgpay.runs.manifest import LEDGER
from support.book import against, live, result_of
from support.money import demo, stay
from support.plain_book import (
    Advance,
    Budget,
    Decide,
    Event,
    HandIn,
    Hold,
    Lived,
    Notice,
    Outside,
    Release,
    Result,
    plain_book,
)
from support.plain_year import Case, Stay

BASE = [stay(9000 + i, "H2", year=2023, month=11 + i % 2) for i in range(6)]
RULES = {
    "coefficient__components": "[]",
    "fund__basis": "fund",
    "fund__reserve_share": "0",
    "fund__seasonality": "last_year",
    "settlement__monthly_pay_ratio": "0.95",
    "settlement__keep_bands": "[{value: 1}]",
    "settlement__deposit_return": "{excellent: 1, good: 1, pass: 1, fail: 1}",
    "settlement__second_distribution_surplus_share": "0",
}
NOVEMBER, DECEMBER, CLEARING = 11, 12, 0
H1, H2 = ("employee", "H1"), ("employee", "H2")


def points(number: int, institution: str, month: int, worth: int) -> Stay:
    """A stay worth so many points, at most 39 (its cost is below four tenths of the mean)."""
    return stay(number, institution, month=month, total_cost=worth * 1_000)


# January H1 60, H2 40 points; February 50 and 50.
EXAMPLE = [
    points(1, "H1", NOVEMBER, 30), points(2, "H1", NOVEMBER, 20), points(3, "H1", NOVEMBER, 10),
    points(4, "H2", NOVEMBER, 30), points(5, "H2", NOVEMBER, 10),
    points(6, "H1", DECEMBER, 30), points(7, "H1", DECEMBER, 20),
    points(8, "H2", DECEMBER, 30), points(9, "H2", DECEMBER, 20),
]  # fmt: skip
TEN_MORE = HandIn("H1", (points(3, "H1", NOVEMBER, 20),))
"""the stay of 10 points is one of 20"""


def lived(
    *events: Sequence[Event], stays: Sequence[Stay] = EXAMPLE, budget: int = 200_000, first: int = NOVEMBER,
    outside: Sequence[Outside] = (), **rules: str,
) -> Lived:  # fmt: skip
    """A year of employees with what happens before each link."""
    names = {s["institution_id"]: "secondary" for s in (*BASE, *stays)}
    law = demo("the book", **{**RULES, **rules})
    case = Case(law, [*BASE, *stays], names, {"employee": budget, "resident": 0})
    return Lived(case, first, tuple(tuple(its) for its in events), tuple(outside))


def book(folder: Path, year: Lived) -> list[Result]:
    """The links as the program makes them; each is also what the plain book says."""
    made = [result_of(path, month) for path, month in zip(live(folder / "book", year), year.links, strict=True)]
    for ours, plain in zip(made, plain_book(year), strict=True):
        assert against(ours, plain) == []
    return made


def row(table: Any, key: Any, *columns: str) -> tuple[Any, ...]:
    return tuple(table[key][column] for column in columns)


class TestLateCorrections:
    """§2: a January stay of H1 gains 10 points after January was sealed."""

    def test_clearing_pays_by_the_years_due(self, tmp_path: Path) -> None:
        november, december, year = book(tmp_path, lived([], [], [TEN_MORE]))
        assert row(november.months, H1, "points", "due", "paid", "deposit") == (600_000, 60_000, 57_000, 3_000)
        assert row(november.months, H2, "points", "due", "paid", "deposit") == (400_000, 40_000, 38_000, 2_000)
        assert row(december.months, H1, "due", "paid") == row(december.months, H2, "due", "paid") == (50_000, 47_500)
        # points 120 / 90 of 2,000.00: 1,142.857… and 857.142…; paid 950 · 0.95 … = 1,045.00 and 855.00
        assert row(year.statements, H1, "due", "paid_in_months", "final_payment") == (114_286, 104_500, 9_786)
        assert row(year.statements, H2, "due", "paid_in_months", "final_payment") == (85_714, 85_500, 214)

    def test_found_before_february_it_still_waits(self, tmp_path: Path) -> None:
        _, december, year = book(tmp_path, lived([], [TEN_MORE], []))
        found = december.corrections[NOVEMBER, "0003", "H1", "employee"]
        assert found["cause"] == "batch"
        assert (found["points_before"], found["points_after"]) == (100_000, 200_000)
        assert row(december.cash, H1, "corrections", "paid") == (0, 47_500)
        assert year.corrections == {}  # booked already: nothing differs any more
        assert row(year.statements, H1, "final_payment") == (9_786,)

    def test_next_month_pays_it_with_february(self, tmp_path: Path) -> None:
        rules = {"settlement__corrections": "next_month"}
        november, december, year = book(tmp_path, lived([], [TEN_MORE], [], **rules))
        # 10 points × 10.00 = 100.00: 95.00 paid and 5.00 held; January's pool and H2 as they were
        assert row(december.cash, H1, "corrections", "corrections_deposit", "paid") == (10_000, 500, 57_000)
        assert row(december.cash, H2, "corrections", "paid") == (0, 47_500)
        assert december.balances["employee:fund:drg"] == 10_000  # below zero until the clearing
        # due 1,142.86 − booked 1,200.00 = −57.14; final 1,142.86 − 1,140.00 = 2.86
        assert row(year.statements, H1, "due", "paid_in_months", "deposit_held") == (114_286, 114_000, 6_000)
        assert row(year.statements, H1, "final_payment") == (286,)
        assert row(year.statements, H2, "final_payment") == (214,)
        assert "employee:fund:drg" not in year.balances
        assert november.balances["employee:H1:deposit"] == -3_000

    @pytest.mark.parametrize("when", ["clearing", "next_month"])
    def test_the_same_2000_are_paid_either_way(self, tmp_path: Path, when: str) -> None:
        year = book(tmp_path, lived([], [TEN_MORE], [], settlement__corrections=when))[-1]
        assert year.closings["employee",]["paid"] == 200_000
        assert row(year.statements, H1, "settled") == (114_286,)

    def test_it_is_paid_with_the_paying_months_ratio(self, tmp_path: Path) -> None:
        notice = Notice({"settlement.monthly_pay_ratio": "0.9"})
        rules = {"settlement__corrections": "next_month"}
        december = book(tmp_path, lived([], [TEN_MORE, notice], **rules))[-1]
        assert row(december.cash, H1, "deposit", "corrections", "corrections_deposit", "paid") == (
            5_000, 10_000, 1_000, 54_000,
        )  # fmt: skip

    def test_the_sealed_runs_own_law_counts(self, tmp_path: Path) -> None:
        """A notice that halves what low stays are worth changes nothing of a sealed month."""
        notice = Notice({"points.low_multiple": "0.1"})  # 20 points and more are now 100
        december = book(tmp_path, lived([], [notice], settlement__corrections="next_month"))[-1]
        assert december.corrections == {}
        assert december.months[H1]["points"] == 2_000_000

    def test_a_stay_taken_back_may_leave_the_account_below_zero(self, tmp_path: Path) -> None:
        # 60 points taken back are 600.00; December's cash is 475.00 − 570.00: 0 is paid and 95.00 are carried on
        gone = HandIn("H1", withdrawn=("0001", "0002", "0003"))
        _, december, year = book(tmp_path, lived([], [gone], [], settlement__corrections="next_month"))
        assert row(december.cash, H1, "corrections", "corrections_deposit", "paid", "carried_out") == (
            -60_000, -3_000, 0, -9_500,
        )  # fmt: skip
        assert december.balances["employee:H1:payable"] == 9_500
        # points 50 / 90: 714.29; paid 570.00, so 144.29 are left
        assert row(year.statements, H1, "due", "final_payment") == (71_429, 14_429)

    def test_a_deposit_does_not_fall_below_nothing(self, tmp_path: Path) -> None:
        """November was paid whole, December pays half: 600.00 less can take 250.00 out of the deposit, not 300.00."""
        rules = {"settlement__corrections": "next_month", "settlement__monthly_pay_ratio": "1"}
        gone = HandIn("H1", withdrawn=("0001", "0002", "0003"))
        half = Notice({"settlement.monthly_pay_ratio": "0.5"})
        _, december, year = book(tmp_path, lived([], [gone, half], [], **rules))
        assert row(december.cash, H1, "deposit", "corrections_deposit", "carried_out") == (25_000, -25_000, -10_000)
        assert row(year.statements, H1, "deposit_held", "final_payment") == (0, 71_429 - 60_000)

    def test_a_late_refusal_is_a_row_without_money(self, tmp_path: Path) -> None:
        """Its points stay in the pool; its share goes back at the clearing (design/03 §4)."""
        refused = Decide("0003", {"refuse": (None, None)})
        _, december, year = book(tmp_path, lived([], [refused], [], settlement__corrections="next_month"))
        found = december.corrections[NOVEMBER, "0003", "H1", "employee"]
        assert (found["cause"], found["class_after"]) == ("decision", "excluded")
        assert found["points_before"] == found["points_after"] == 100_000
        assert row(december.cash, H1, "corrections") == (0,)
        # points 110 / 90: 1,100.00, of it 100.00 refused
        assert row(year.statements, H1, "due", "refused", "final_payment") == (100_000, 10_000, -4_500)
        assert year.closings["employee",]["returned"] == 10_000

    def test_twice_corrected_it_has_two_entries(self, tmp_path: Path) -> None:
        rules = {"settlement__corrections": "next_month", "fund__seasonality": "equal"}
        stays = [points(1, "H1", 10, 10), points(2, "H2", 10, 10)]
        events = ([], [HandIn("H1", (points(1, "H1", 10, 15),))], [HandIn("H1", (points(1, "H1", 10, 5),))])
        year = lived(*events, stays=stays, budget=120_000, first=10, **rules)
        _, november, december = book(tmp_path, year)
        # 100.00 over 20 points: 5 points more are 25.00, then 10 less −50.00; what is not there is carried on
        assert row(november.cash, H1, "corrections", "paid") == (2_500, 2_375)
        assert row(december.cash, H1, "corrections", "corrections_deposit", "paid", "carried_out") == (
            -5_000, -250, 0, -4_750,
        )  # fmt: skip
        ids = [e.entry_id for e in Ledger.read(tmp_path / "book" / "02" / LEDGER) if e.event == "correction"]
        assert ids == ["2024/employee/10/H1/correction/r2"]


class TestClearing:
    """§2: all the year's stays as known now; from the book only what was booked."""

    def test_a_stay_taken_back_remains_with_nothing_for_the_year(self, tmp_path: Path) -> None:
        year = book(tmp_path, lived([], [], [HandIn("H1", withdrawn=("0003",))]))[-1]
        paid = year.stay_payments["0003", "H1", "employee", NOVEMBER]
        assert (paid["month_due"], paid["year_due"]) == (10_000, 0)

    def test_a_stay_that_comes_late_was_paid_nothing_in_its_month(self, tmp_path: Path) -> None:
        year = book(tmp_path, lived([], [], [HandIn("H2", (points(10, "H2", NOVEMBER, 10),))]))[-1]
        # points 110 / 100: 10 of 210 points of 2,000.00, the largest remainders first
        paid = year.stay_payments["0010", "H2", "employee", NOVEMBER]
        assert (paid["month_due"], paid["year_due"]) == (0, 9_524)

    def test_a_stay_that_moves_is_taken_back_and_added(self, tmp_path: Path) -> None:
        moved = HandIn("H1", (points(3, "H1", DECEMBER, 10),))
        _, december, year = book(tmp_path, lived([], [moved], []))
        assert december.corrections[NOVEMBER, "0003", "H1", "employee"]["class_after"] is None
        assert december.months[H1]["points"] == 600_000
        assert year.stay_payments["0003", "H1", "employee", NOVEMBER]["year_due"] == 0
        assert year.stay_payments["0003", "H1", "employee", DECEMBER]["year_due"] > 0

    def test_a_corrected_stay_of_a_base_year_changes_nothing(self, tmp_path: Path) -> None:
        dearer = HandIn("H2", (BASE[0] | {"total_cost": 110_000},))
        changed = book(tmp_path / "a", lived([], [dearer], [dearer], fund__seasonality="equal"))
        same = book(tmp_path / "b", lived([], [], [], fund__seasonality="equal"))
        assert changed == same

    def test_months_paid_elsewhere_count_as_paid(self, tmp_path: Path) -> None:
        """§2: they enter by the register in the first link; here October, 300.00 due, 285.00 paid."""
        october = Outside(10, "employee", "H1", 30_000, 28_500, 1_500)
        stays = [*EXAMPLE, points(20, "H1", 10, 30)]
        november, _, year = book(tmp_path, lived([], [], [], stays=stays, outside=[october]))
        assert november.balances["employee:H1:deposit"] == -4_500
        # points 140 / 90 of 230 of 2,000.00: 1,217.39 − (1,045.00 + 285.00) paid
        assert row(year.statements, H1, "due", "paid_in_months", "final_payment") == (121_739, 133_000, -11_261)


class TestBudget:
    """§2 Ledger: the months post their budget as today, the clearing what is left."""

    def test_raised_before_december(self, tmp_path: Path) -> None:
        links = book(tmp_path, lived([], [Budget("employee", 220_000)], [], fund__seasonality="equal"))
        ledger = Ledger.read(tmp_path / "book" / "02" / LEDGER)
        assert [e.event for e in ledger if e.event == "budget_changed"] == ["budget_changed"]
        assert links[-1].closings["employee",]["budget"] == 220_000

    @pytest.mark.slow
    def test_1200_raised_to_1320_in_july(self, tmp_path: Path) -> None:
        stays = [points(m, "H1", m, 10) for m in range(1, 13)]
        events: list[list[Event]] = [[] for _ in range(13)]
        events[6] = [Budget("employee", 132_000)]  # known before July's run
        links = book(tmp_path, lived(*events, stays=stays, budget=120_000, first=1, fund__seasonality="equal"))
        dues = [row(link.months, H1, "due")[0] for link in links[:-1]]
        assert dues == [10_000] * 6 + [11_000] * 6
        ledger = Ledger.read(tmp_path / "book" / "12" / LEDGER)
        assert [(e.event, e.amount) for e in ledger if e.event.startswith("budget")] == [("budget_changed", 6_000)]
        assert links[-1].closings["employee",]["budget"] == 132_000

    def test_lowered_it_is_taken_back(self, tmp_path: Path) -> None:
        year = book(tmp_path, lived([], [], [Budget("employee", 150_000)]))[-1]
        assert year.closings["employee",]["budget"] == 150_000
        # 1,100.00 ÷ 2,000.00 of 1,500.00 = 825.00, paid 1,045.00
        assert row(year.statements, H1, "due", "final_payment") == (82_500, -22_000)


NETTED = {
    "settlement__advance_netting": "month",
    "settlement__monthly_pay_ratio": "1",
    "fund__seasonality": "equal",
}


class TestAdvances:
    """§5: netted month by month: − advance before the hold, at most what the month pays."""

    ONE = (points(1, "H1", 1, 10), points(2, "H1", 2, 10))

    def test_1200000_advanced_and_60000_in_january(self, tmp_path: Path) -> None:
        paid = Advance("A1", "H1", "employee", 120_000_000, date(2024, 1, 5))
        more = Budget("employee", 12 * 20_000_000)
        year = lived([paid], [more], stays=self.ONE, budget=12 * 6_000_000, first=1, **NETTED)
        january, february = book(tmp_path, year)
        # January: min(60,000, 1,200,000 ÷ 12 = 100,000) = 60,000, all of it; February: 1,140,000 ÷ 11 = 103,636.36
        assert row(january.cash, H1, "advance_netted", "paid") == (6_000_000, 0)
        assert january.balances["employee:H1:advance"] == 114_000_000
        assert row(february.cash, H1, "advance_netted", "paid") == (10_363_636, 20_000_000 - 10_363_636)

    def test_by_share_of_the_cash(self, tmp_path: Path) -> None:
        paid = Advance("A1", "H1", "employee", 1_000_000, date(2024, 1, 5))
        year = lived([paid], [], stays=self.ONE, budget=12 * 6_000_000, first=1, **NETTED,
                     settlement__advance_share="10%")  # fmt: skip
        january, february = book(tmp_path, year)
        assert row(january.cash, H1, "advance_netted") == (600_000,)
        assert row(february.cash, H1, "advance_netted") == (400_000,)  # what is outstanding, not 600,000

    def test_an_advance_dated_in_a_sealed_month_is_posted_by_the_next_link(self, tmp_path: Path) -> None:
        late = Advance("A1", "H1", "employee", 10_000, date(2024, 11, 5))
        november, december, year = book(tmp_path, lived([], [late], [], settlement__advance_netting="clearing"))
        assert "employee:H1:advance" not in november.balances
        assert december.balances["employee:H1:advance"] == 10_000
        # 1,100.00 − 1,045.00 paid − 100.00 advanced
        assert row(year.statements, H1, "advance_netted", "final_payment") == (10_000, 110_000 - 104_500 - 10_000)


class TestHolds:
    """§5: what is left after the advance is held until it is released; at the closing it passes to the next book."""

    HOLD = Hold("P1", "H1", date(2024, 11, 30))

    def test_it_is_paid_by_the_link_after_its_release(self, tmp_path: Path) -> None:
        november, december, year = book(tmp_path, lived([self.HOLD], [Release("P1", date(2024, 12, 20))], []))
        assert row(november.cash, H1, "held", "paid") == (57_000, 0)
        assert row(november.cash, H2, "held", "paid") == (0, 38_000)
        assert row(december.cash, H1, "released", "paid") == (57_000, 47_500)
        assert row(year.statements, H1, "paid_in_months", "final_payment") == (104_500, 5_500)

    def test_released_before_the_clearing_it_is_paid_by_it(self, tmp_path: Path) -> None:
        _, december, year = book(tmp_path, lived([self.HOLD], [], [Release("P1", date(2025, 2, 1))]))
        assert december.balances["employee:H1:held"] == -104_500
        assert row(year.statements, H1, "held", "final_payment") == (0, 110_000)

    def test_still_held_it_passes_over(self, tmp_path: Path) -> None:
        year = book(tmp_path, lived([self.HOLD], [], []))[-1]
        assert row(year.statements, H1, "held", "final_payment") == (104_500, 5_500)
        assert year.balances["employee:H1:passed"] == -104_500
        assert year.closings["employee",]["passed"] == 104_500
        others = {account for account in year.balances if account.startswith("employee:H")}
        assert others == {"employee:H1:passed"}  # the clearing empties all but passed
