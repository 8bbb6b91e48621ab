"""The money of the payment modes: limits of a part, deposits, the settled rate, visits outside the charge (design/06,
design/12 §5). Every number here is worked by hand; amounts in yuan are × 100 fen."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from drgpay.engine import dataset, read_table
from drgpay.ledger import Ledger
from drgpay.policy import Policy
from drgpay.tables import (
    BUDGET_AMOUNTS,
    CAPITATION_RESULTS,
    CLOSINGS,
    COMMUNITIES,
    COMMUNITY_MEMBERS,
    GRADE_REGISTER,
    INSTITUTION_KINDS,
    MODE_PAYMENTS,
    PROCUREMENT,
    PROCUREMENT_PAYMENTS,
    STATEMENTS,
    VISIT_PAYMENTS,
    Table,
)
from support.modes import KINDS, Area, law, settle
from support.money import stay

YUAN = 100
BASE = [stay(f"b{i}", year=y, total_cost=100_000 + i) | {"stay_id": f"b{i}-{y}"} for y in (2021, 2022, 2023)
        for i in range(6)]  # fmt: skip


def parts(**amounts: int) -> list[dict[str, Any]]:
    """Budget of every part, 100,000 yuan unless given."""
    names = ("bed_day", "outpatient", "out_of_area", "other")
    return [
        {"year": 2024, "insurance_scheme": s, "part": p, "amount": amounts.get(p, 100_000) * YUAN}
        for s in ("employee", "resident")
        for p in names
    ]


def settled(
    folder: Path, *stays: Any, policy: Policy | None = None, registers: Any = None, budget: Any = None, **given: Any
) -> Path:
    kinds = [{"institution_id": h, "kind": k} for h, k in KINDS.items()]
    tables = {INSTITUTION_KINDS: kinds, BUDGET_AMOUNTS: budget or parts()} | (registers or {})
    made = settle(folder, Area([*BASE, stay(1), *stays], policy or law(), tables, **given))
    for r in read_table(made, CLOSINGS).to_dicts():
        assert r["distributable"] + r["risk_draw"] + r["recovered"] == r["paid"] + r["returned"] + r["carried_over"]
    return made


def year_rows(folder: Path, mode: str) -> dict[str, dict[str, Any]]:
    """Year rows of a mode by institution."""
    rows = read_table(folder, MODE_PAYMENTS).to_dicts()
    return {r["institution_id"]: r for r in rows if r["mode"] == mode and r["month"] == 0}


def cataract(name: str, **given: Any) -> dict[str, Any]:
    """A single-disease stay of 7,200 yuan."""
    return stay(name, "H1", dx=["H25.1"], proc=["13.41"], discharge_way=1, total_cost=8_000 * YUAN) | given


AGREEMENT = {"year": 2024, "institution_id": "H2", "insurance_scheme": "employee", "drug_id": "met",
             "agreed_volume": 1_000, "used_volume": 1_200, "price": 10 * YUAN, "price_before": 16 * YUAN}  # fmt: skip
"""savings 1,200 × 6 = 7,200 yuan, half of them rewarded: 3,600"""
COMMUNITY: dict[Table, Any] = {
    COMMUNITIES: [{"community_id": "A", "name": "A", "institution_id": "C1"}],
    COMMUNITY_MEMBERS: [
        {"community_id": "A", "member_kind": k, "member_id": m}
        for k, m in (("institution", "C1"), ("township", "T1"))
    ],
}
PERSON = {"person_id": "p1", "insurance_scheme": "resident", "population": "resident",
          "covered_from": date(2020, 1, 1), "birth_date": date(1980, 6, 1), "township": "T1"}  # fmt: skip
"""a head of 220 yuan"""


def visit(number: int, institution: str, yuan: int, **given: Any) -> dict[str, Any]:
    """A visit of p1 whose item rules owe so much."""
    return {"visit_id": f"v{number}", "person_id": "p1", "institution_id": institution,
            "insurance_scheme": "resident", "visit_date": date(2024, 3, 5), "kind": "outpatient",
            "total_cost": 2 * yuan * YUAN, "personal_paid": yuan * YUAN,
            "fund_by_item": yuan * YUAN} | given  # fmt: skip


class TestProrate:
    """``modes.overrun: prorate``: everything that shares the part bears what is missing."""

    def test_rewards_bear_it_with_the_stays_of_their_part(self, tmp_path: Path) -> None:
        # other has 8,100 for 7,200 of a single disease and 3,600 of reward: three quarters of each.
        folder = settled(tmp_path / "a", cataract("c"), policy=law(modes__overrun="prorate"),
                         registers={PROCUREMENT: [AGREEMENT]}, budget=parts(other=8_100))  # fmt: skip
        assert year_rows(folder, "single_disease")["H1"]["due"] == 5_400 * YUAN
        (reward,) = read_table(folder, PROCUREMENT_PAYMENTS).to_dicts()
        assert (reward["reward"], reward["cut"]) == (2_700 * YUAN, 900 * YUAN)
        events = {e.event: e.amount for e in Ledger.read(folder.parent / "ledger.jsonl")}
        assert events["procurement_reward_paid"] == 2_700 * YUAN
        assert "carried_over:other:deficit" not in events

    def test_the_policy_says_what_is_reduced_and_the_rest_is_paid_first(self, tmp_path: Path) -> None:
        only = law(modes__overrun="prorate", modes__prorated="[single_disease]")
        folder = settled(tmp_path / "a", cataract("c"), policy=only, registers={PROCUREMENT: [AGREEMENT]},
                         budget=parts(other=8_100))  # fmt: skip
        assert year_rows(folder, "single_disease")["H1"]["due"] == 4_500 * YUAN
        assert read_table(folder, PROCUREMENT_PAYMENTS)["reward"][0] == 3_600 * YUAN

    def test_the_communities_pools_bear_it_with_visits_by_item_and_not_the_charged_ones(self, tmp_path: Path) -> None:
        # outpatient has 195: 220 of the pool and 40 by item (emergency) are cut to three quarters, 165 and 30. The
        # 60 charged are paid in full, and by the pool: 165 − 60 = 105 for the lead.
        visits = [visit(1, "H1", 60), visit(2, "H1", 40, kind="emergency")]
        folder = settled(tmp_path / "a", policy=law(modes__overrun="prorate"), registers=COMMUNITY, visits=visits,
                         enrolment=[PERSON], budget=parts(outpatient=195))  # fmt: skip
        assert year_rows(folder, "capitation")["H1"]["due"] == 60 * YUAN
        assert year_rows(folder, "by_item")["H1"]["due"] == 30 * YUAN
        (a,) = read_table(folder, CAPITATION_RESULTS).to_dicts()
        assert (a["pool"], a["cut"], a["charges"], a["result"]) == (220 * YUAN, 55 * YUAN, 60 * YUAN, 105 * YUAN)

    def test_what_is_carried_over_is_not_reduced(self, tmp_path: Path) -> None:
        folder = settled(tmp_path / "a", cataract("c"), policy=law(modes__overrun="carry"),
                         registers={PROCUREMENT: [AGREEMENT]}, budget=parts(other=8_100))  # fmt: skip
        assert year_rows(folder, "single_disease")["H1"]["due"] == 7_200 * YUAN
        deficit = [e.amount for e in Ledger.read(folder.parent / "ledger.jsonl")
                   if e.event == "carried_over:other:deficit"]  # fmt: skip
        assert deficit == [2_700 * YUAN]


def test_a_visit_outside_the_charge_is_paid_once(tmp_path: Path) -> None:
    # Special disease: inside, the pool has paid for it already; outside it is paid by item and not charged.
    visits = [visit(1, "C1", 60, kind="special"), visit(2, "H1", 70, kind="special")]
    folder = settled(tmp_path / "a", registers=COMMUNITY, visits=visits, enrolment=[PERSON])
    rows = [r for p in dataset(folder, VISIT_PAYMENTS).paths for r in pq.read_table(p).to_pylist()]
    found = {r["visit_id"]: (r["mode"], r["inside"], r["charged"], r["due"]) for r in rows}
    assert found == {"v1": ("capitation", True, False, 0), "v2": ("by_item", False, False, 70 * YUAN)}
    (a,) = read_table(folder, CAPITATION_RESULTS).to_dicts()
    assert (a["pool"], a["charges"], a["result"], a["inside"]) == (220 * YUAN, 0, 220 * YUAN, 60 * YUAN)


@pytest.mark.parametrize(
    ("personal", "basis", "due"),
    [
        (0, "fund", 40_392),  # 39,600 × 1.02
        (9_600, "fund", 40_392),
        (9_600, "total", 30_792),  # 40,392 − 9,600, and not (39,600 − 9,600) × 1.02 = 30,600
    ],
)
def test_the_factor_moves_the_price_and_not_what_is_left_of_it(
    tmp_path: Path, personal: int, basis: str, due: int
) -> None:
    # 100 days: 60 × 420 + 40 × 360 = 39,600; all indicators met: bonus 2 %.
    long = stay("l", "P1", los=100, total_cost=39_600 * YUAN, personal_paid=personal * YUAN, discharge_way=1)
    folder = settled(tmp_path / "a", long, policy=law(fund__basis=basis))
    row = year_rows(folder, "bed_day")["P1"]
    assert (row["factor"], row["due"]) == (10_200, due * YUAN)


class TestDeposit:
    """A month pays 95 %; the rest is the deposit, which comes back by grade, for every mode alike."""

    LONG = stay("l", "P1", los=100, total_cost=39_600 * YUAN, discharge_way=1)
    """39,600 yuan in January: 37,620 paid, 1,980 held; factor 1.02: due 40,392"""

    def graded(self, folder: Path, grade: str, **rules: str) -> Path:
        # H1, the only one with points, is excellent: the second distribution is all its own.
        grades = [{"year": 2024, "institution_id": h, "grade": g} for h, g in (("P1", grade), ("H1", "excellent"))]
        return settled(folder, self.LONG, policy=law(**rules), registers={GRADE_REGISTER: grades})

    def test_it_is_held_in_the_month_and_forfeited_by_grade(self, tmp_path: Path) -> None:
        folder = self.graded(tmp_path / "a", "pass", settlement__second_distribution_surplus_share="0")
        rows = read_table(folder, MODE_PAYMENTS).to_dicts()
        month = next(r for r in rows if r["mode"] == "bed_day" and r["month"] == 1)
        assert (month["due"], month["paid"], month["deposit"]) == (39_600 * YUAN, 37_620 * YUAN, 1_980 * YUAN)
        year = year_rows(folder, "bed_day")["P1"]
        assert (year["deposit"], year["forfeited"]) == (1_980 * YUAN, 198 * YUAN)  # pass: 90 % comes back
        assert year["paid"] == (40_392 - 37_620 - 198) * YUAN
        moved = [(e.event, e.debit, e.credit, e.amount // YUAN) for e in Ledger.read(folder.parent / "ledger.jsonl")
                 if e.institution_id == "P1"]  # fmt: skip
        assert moved == [
            ("mode_due:bed_day", "employee:fund:bed_day", "employee:P1:payable", 39_600),
            ("mode_deposit:bed_day", "employee:P1:payable", "employee:P1:deposit", 1_980),
            ("mode_paid:bed_day", "employee:P1:payable", "employee:bank", 37_620),
            ("mode_more:bed_day", "employee:fund:bed_day", "employee:P1:payable", 792),
            ("deposit_returned:bed_day", "employee:P1:deposit", "employee:P1:payable", 1_782),
            ("deposit_forfeited:bed_day", "employee:P1:deposit", "employee:fund:second", 198),
            ("mode_final:bed_day", "employee:P1:payable", "employee:bank", 2_574),
        ]

    def test_what_is_forfeited_is_shared_in_the_second_distribution(self, tmp_path: Path) -> None:
        given = {}
        for grade in ("good", "pass"):
            folder = self.graded(tmp_path / grade, grade, settlement__second_distribution_surplus_share="0")
            row = read_table(folder, STATEMENTS).filter(insurance_scheme="employee", institution_id="H1")
            given[grade] = row["second_distribution"][0]
        assert given == {"good": 0, "pass": 198 * YUAN}

    def test_the_policy_may_leave_a_mode_out(self, tmp_path: Path) -> None:
        folder = self.graded(tmp_path / "a", "fail", modes__no_deposit="[bed_day]")
        year = year_rows(folder, "bed_day")["P1"]
        assert (year["deposit"], year["forfeited"], year["paid"]) == (0, 0, (40_392 - 37_620) * YUAN)
        assert not [e for e in Ledger.read(folder.parent / "ledger.jsonl") if e.event == "mode_deposit:bed_day"]
