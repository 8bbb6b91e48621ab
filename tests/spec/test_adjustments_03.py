"""Adjustments, caps and quotas of single stays (design/03 §4). Points are in 1/10,000; money in fen."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from drgpay.engine import dataset, frame
from drgpay.ledger import Ledger
from drgpay.policy import Policy
from drgpay.runs.manifest import LEDGER
from drgpay.runs.region import Registers
from drgpay.steps.points.readmit import earlier_stays
from drgpay.tables import ADJUSTMENTS, ADVANCES, CASE_POINTS
from support.money import demo, registers, settle, stay, tables_of
from support.plain_year import Case, Stay

BASE = [stay(f"base{i}", year=2023) for i in range(6)]
PLAIN = {"coefficient__components": "[]", "fund__basis": "fund", "points__high_multiple": "[{value: 3}]"}
BUDGET = {"employee": 1_200_000, "resident": 0}


def case(stays: list[Stay], policy: Policy, **given: Any) -> Case:
    """1,000.00 are 100 points, K = 1."""
    institutions = {s["institution_id"]: "secondary" for s in stays}
    return Case(policy, BASE + stays, institutions, BUDGET, **given)


def adjusted(folder: Path) -> list[tuple[Any, ...]]:
    rows = [r for p in dataset(folder, ADJUSTMENTS).paths for r in _rows(p)]
    return sorted((r["stay_id"], r["adjustment"], r["factor"], r["parameter"]) for r in rows)


def _rows(path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = pq.read_table(path).to_pylist()
    return found


class TestDifficulty:
    LAW = demo(
        **PLAIN,
        points__difficulty_age="80",
        points__difficulty_comorbidities="2",
        points__difficulty_chronic="[E11, J44]",
        points__difficulty_add="10%",
        points__difficulty_add_both="15%",
        points__unstable_rule="cost",
    )

    def test_only_stays_paid_by_their_group(self, tmp_path: Path) -> None:
        old = {"age": 80}
        stays = [
            stay(1, **old),  # normal
            stay(2, total_cost=10_000, **old),  # low
            stay(3, total_cost=500_000, **old),  # high
            stay(4, drg="NN11", **old),  # a group without base points: by its own cost
            stay(5, status="ungrouped", drg="0000", **old),
            stay(6, **old),  # special review
        ]
        folder = settle(tmp_path, case(stays, self.LAW, decisions={"0006": {"special": (None, None)}}))
        assert [a[0] for a in adjusted(folder)] == ["0001", "0002", "0003"]

    def test_both_conditions_are_named_where_they_acted(self, tmp_path: Path) -> None:
        three = {"dx": ["I10", "E11", "J44"]}
        folder = settle(tmp_path, case([stay(1, age=80), stay(2, **three), stay(3, age=90, **three)], self.LAW))
        assert adjusted(folder) == [
            ("0001", "difficulty", 11_000, "points.difficulty_add"),
            ("0002", "difficulty", 11_000, "points.difficulty_add"),
            ("0003", "difficulty", 11_500, "points.difficulty_add_both"),
        ]

    def test_without_a_number_of_its_own_one_is_named(self, tmp_path: Path) -> None:
        law = self.LAW.amend({"points.difficulty_add_both": "none"}, "a test")
        folder = settle(tmp_path, case([stay(1, age=90, dx=["I10", "E11", "J44"])], law))
        assert adjusted(folder) == [("0001", "difficulty", 11_000, "points.difficulty_add")]


class TestCap:
    """A cap of 10 % on extra points; a stay of 4,500.00 asks for 150 above its 100."""

    def cases(self, folder: Path, decisions: dict[str, Any], **rules: str) -> dict[str, tuple[int, int]]:
        stays = [stay(1), stay(2, total_cost=450_000, age=80)]
        law = demo(**PLAIN, points__high_extra_cap="10%", **rules)
        rows = tables_of(settle(folder, case(stays, law, decisions=decisions)))["case_points"]
        return {key: (row["extra"], row["points"]) for (key,), row in rows.items()}

    def test_it_is_a_share_of_the_points_after_deductions_without_extra(self, tmp_path: Path) -> None:
        # 100 − 40 % = 60, and 100: 16 points.
        found = self.cases(tmp_path, {"0001": {"deduct": (None, 4_000)}})
        assert found == {"0001": (0, 600_000), "0002": (160_000, 1_160_000)}

    def test_a_deduction_of_the_high_stay_itself_leaves_no_negative_room(self, tmp_path: Path) -> None:
        # 100 + 0: 10 points of extra, all taken again.
        found = self.cases(tmp_path, {"0002": {"deduct": (None, 10_000)}})
        assert found == {"0001": (0, 1_000_000), "0002": (100_000, 0)}

    def test_what_is_added_counts_too(self, tmp_path: Path) -> None:
        # 100, and 100 + 10 % for age: 21 points of extra; (100 + 21) × 1.1.
        found = self.cases(tmp_path, {}, points__difficulty_age="80", points__difficulty_add="10%")
        assert found["0002"] == (210_000, 1_331_000)


class TestQuotaOfSpecialReviews:
    """At least one; the year's quota counted over the year, a month's over the year so far."""

    def special(self, folder: Path, share: str, month: int | None = None) -> list[str]:
        # H1: 20 stays a month in January and February; reviews of both months and of the base year.
        stays = [stay(i, month=1 + i % 2, total_cost=100_000) for i in range(40)]
        decided = {s: {"special": (50_000, None)} for s in ("base0", "0000", "0001", "0002", "0003", "0004")}
        law = demo(**PLAIN, points__special_quota=share)
        folder = settle(folder, case(stays, law, decisions=decided), month=month)
        rows = [r for p in dataset(folder, CASE_POINTS).paths for r in _rows(p)]
        return sorted(r["stay_id"] for r in rows if r["case_class"] == "special")

    def test_over_the_year(self, tmp_path: Path) -> None:
        # 7.5 % of 40: three, in the order of their numbers; the review of the base year takes no place.
        assert self.special(tmp_path, "7.5%") == ["0000", "0001", "0002"]

    def test_at_least_one(self, tmp_path: Path) -> None:
        assert self.special(tmp_path, "1%") == ["0000"]

    @pytest.mark.parametrize(("month", "counted"), [(1, ["0000"]), (2, ["0001"])])
    def test_in_a_month_as_many_as_the_year_so_far_allows(
        self, tmp_path: Path, month: int, counted: list[str]
    ) -> None:
        # January: 7.5 % of 20 is one, of the even stays. February: three of 40, 0000 to 0002, of which 0001 is its.
        assert self.special(tmp_path, "7.5%", month) == counted


def _earlier(*times: tuple[int, int], days: int = 9) -> set[str]:
    """Stays of one person and group as (admission, discharge) days of January 2024: those before a readmission."""
    rows = sorted((date(2024, 1, a), f"S{i}", date(2024, 1, b)) for i, (a, b) in enumerate(times))
    batch = pa.record_batch({
        "person_id": ["P"] * len(rows), "institution_id": ["H"] * len(rows), "drg": ["AA11"] * len(rows),
        "admission_date": [r[0] for r in rows], "stay_id": [r[1] for r in rows],
        "discharge_date": [r[2] for r in rows],
    })  # fmt: skip
    return set(earlier_stays(batch, days=days)["stay_id"].to_pylist())


def test_a_readmission_begins_after_the_discharge() -> None:
    assert _earlier((1, 5), (6, 9)) == {"S0"}
    assert _earlier((1, 5), (5, 9)) == {"S0"}  # the same day
    assert _earlier((1, 5), (4, 9)) == set()  # overlapping
    assert _earlier((1, 5), (15, 20)) == set()  # ten days later
    assert _earlier((1, 20), (5, 6)) == set()  # one inside the other
    # An overlapping stay in between hides neither: both are followed by the third.
    assert _earlier((1, 5), (4, 9), (11, 12)) == {"S0", "S1"}
    assert _earlier((5, 5), (5, 5)) == {"S0"}


def test_advances_are_entries_of_their_own_day_and_kind(tmp_path: Path) -> None:
    one = case([stay(1)], demo(**PLAIN))
    held = registers(one)
    rows = [
        {"advance_id": a, "year": 2024, "institution_id": "H1", "insurance_scheme": "employee", "date": on,
         "advance_kind": kind, "amount": amount}
        for a, on, kind, amount in (("A2", date(2024, 6, 1), "emergency", 500),
                                    ("A1", date(2024, 1, 5), "ordinary", 300),
                                    ("A3", date(2024, 1, 5), "ordinary", 300))
    ]  # fmt: skip
    made = Registers(held.frames | {ADVANCES.name: frame(ADVANCES.of(rows))})
    folder = settle(tmp_path, one, held=made)
    assert tables_of(folder)["statements"]["employee", "H1"]["advance_netted"] == 1_100
    entries = [e for e in Ledger.read(tmp_path / LEDGER) if e.event.startswith("advance")]
    assert [(e.entry_id, e.event, e.date, e.amount) for e in entries] == [
        ("2024/employee/H1/advance_paid:ordinary/A1", "advance_paid:ordinary", date(2024, 1, 5), 300),
        ("2024/employee/H1/advance_paid:ordinary/A3", "advance_paid:ordinary", date(2024, 1, 5), 300),
        ("2024/employee/H1/advance_paid:emergency/A2", "advance_paid:emergency", date(2024, 6, 1), 500),
        ("2024/employee/H1/advance_netted", "advance_netted", date(2025, 6, 30), 1_100),
    ]
