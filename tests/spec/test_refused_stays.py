"""A refused stay is paid nothing and moves nobody else's payment (design/03 §4, class excluded). Money is in fen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from drgpay.engine import dataset, read_table
from drgpay.ledger import Ledger
from drgpay.runs.manifest import LEDGER
from drgpay.tables import (
    BUDGET_AMOUNTS,
    CLOSINGS,
    INSTITUTION_KINDS,
    INSTITUTION_MONTHS,
    MODE_PAYMENTS,
    STAY_DECISIONS,
    STAY_MODES,
)
from support import modes
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
REFUSED = {"refuse": (None, None)}


def case(stays: list[Stay], budget: int, decisions: dict[str, Any], **rules: str) -> Case:
    """A year of employees: 1,000.00 are 100 points, a stay below 400.00 has its cost's."""
    institutions = {s["institution_id"]: "secondary" for s in stays}
    law = demo(**RULES | rules)
    return Case(law, BASE + stays, institutions, {"employee": budget, "resident": 0}, decisions=decisions)


def cleared(tmp_path: Path, *args: Any, **rules: str) -> dict[str, Rows]:
    return tables_of(settle(tmp_path, case(*args, **rules)))


EXAMPLE = [
    stay(1, "H1", fund_by_item=100_000),
    stay(2, "H1", total_cost=10_000, fund_by_item=900_000),  # 10 points, refused
    *(stay(i, "H2", total_cost=30_000, fund_by_item=30_000) for i in (3, 4, 5)),
]


class TestTheExample:
    """H1 110, H2 90 points, 10 of H1 refused, 2,000.00: H1 1,000.00, H2 900.00, returned 100.00."""

    def test_the_share_of_the_refused_stay_goes_back_to_the_fund(self, tmp_path: Path) -> None:
        tables = cleared(tmp_path, EXAMPLE, 200_000, {"0002": REFUSED})
        h1, h2 = (tables["statements"]["employee", h] for h in ("H1", "H2"))
        assert (h1["points"], h2["points"]) == (1_100_000, 900_000)
        assert (h1["due"], h1["refused"], h2["due"], h2["refused"]) == (100_000, 10_000, 90_000, 0)
        # The 9,000.00 the refused stay would have been by item make no overspend.
        assert (h1["actual"], h1["balance"], h1["settled"]) == (100_000, 0, 100_000)
        closing = tables["closings"]["employee",]
        assert (closing["paid"], closing["returned"], closing["carried_over"]) == (190_000, 10_000, 0)
        entries = [e for e in Ledger.read(tmp_path / LEDGER) if e.event.startswith("refused")]
        assert {(e.debit, e.credit, e.parameter) for e in entries} == {
            ("employee:H1:payable", "employee:fund:returned", "stay_decisions")
        }
        assert sum(e.amount for e in entries) == 10_000

    def test_the_stay_is_paid_nothing_and_keeps_its_points(self, tmp_path: Path) -> None:
        tables = cleared(tmp_path, EXAMPLE, 200_000, {"0002": REFUSED})
        row = tables["case_points"]["0002",]
        assert (row["case_class"], row["coefficient"], row["points"]) == ("excluded", 10_000, 100_000)
        paid = {key: (r["year_due"], r["year_refused"]) for (key,), r in tables["stay_payments"].items()}
        assert paid == {"0001": (100_000, 0), "0002": (0, 10_000), "0003": (30_000, 0), "0004": (30_000, 0),
                        "0005": (30_000, 0)}  # fmt: skip

    def test_a_month_too(self, tmp_path: Path) -> None:
        month = tables_month(tmp_path, EXAMPLE, 2_400_000, {"0002": REFUSED})
        # A twelfth is 2,000.00.
        assert month["H1"] == {"due": 100_000, "refused": 10_000, "actual": 100_000, "paid": 100_000}
        assert month["H2"]["due"] == 90_000
        events = [(e.event, e.amount) for e in Ledger.read(tmp_path / LEDGER) if e.institution_id == "H1"]
        assert events == [("month_due", 110_000), ("refused", 10_000), ("month_paid", 100_000)]

    def test_the_deposit_is_of_what_is_due(self, tmp_path: Path) -> None:
        month = tables_month(tmp_path, EXAMPLE, 2_400_000, {"0002": REFUSED}, settlement__monthly_pay_ratio="0.95")
        assert (month["H1"]["due"], month["H1"]["paid"]) == (100_000, 95_000)


def tables_month(tmp_path: Path, stays: list[Stay], budget: int, decisions: Any, **rules: str) -> dict[str, Any]:
    folder = settle(tmp_path, case(stays, budget, decisions, **rules), month=1)
    rows = read_table(folder, INSTITUTION_MONTHS).to_dicts()
    return {r["institution_id"]: {n: r[n] for n in ("due", "refused", "actual", "paid")} for r in rows}


def test_at_the_clearing_what_the_months_took_back_too_much_is_given_again(tmp_path: Path) -> None:
    # January holds 200.00 for two stays of 100 points; the year 240.00 for four: 60.00 each.
    stays = [stay(1), stay(2), stay(3, month=2), stay(4, month=2)]
    policy = {"fund__seasonality": "last_year"}
    base = [stay("w1", year=2023, month=1, total_cost=100_000), stay("w2", year=2023, month=2, total_cost=20_000)]
    one = case(stays, 24_000, {"0001": REFUSED}, **policy)
    one.stays[:] = [*base, *stays]
    tables = tables_of(settle(tmp_path, one))
    months = {m: tables["institution_months"]["employee", m, "H1"]["refused"] for m in (1, 2)}
    assert months == {1: 10_000, 2: 0}
    assert tables["statements"]["employee", "H1"]["refused"] == 6_000
    booked = [(e.event, e.month, e.amount) for e in Ledger.read(tmp_path / LEDGER) if e.event.startswith("refused")]
    assert booked == [("refused", 1, 10_000), ("refused_less", 0, 4_000)]


class TestNegativeShares:
    """Basis total: a stay whose patient paid more than its points are worth has a negative share."""

    def test_a_refused_negative_share_becomes_nothing_at_the_funds_cost(self, tmp_path: Path) -> None:
        # 900.00 of the fund and 1,300.00 of a patient by two equal stays: 1,100.00 each, so −200.00 and 1,100.00.
        stays = [stay(1, personal_paid=130_000), stay(2, fund_by_item=110_000)]
        tables = cleared(tmp_path, stays, 90_000, {"0001": REFUSED}, fund__basis="total")
        row = tables["statements"]["employee", "H1"]
        assert (row["due"], row["refused"], row["balance"]) == (110_000, -20_000, 0)
        assert tables["closings"]["employee",]["returned"] == -20_000
        assert tables["stay_payments"]["0001",]["year_due"] == 0

    def test_what_is_left_is_never_negative(self, tmp_path: Path) -> None:
        # Now the good stay is refused: −200.00 would be left of 900.00; both are paid nothing and all goes back.
        stays = [stay(1, personal_paid=130_000), stay(2, fund_by_item=110_000)]
        tables = cleared(tmp_path, stays, 90_000, {"0002": REFUSED}, fund__basis="total")
        row = tables["statements"]["employee", "H1"]
        assert (row["due"], row["refused"]) == (0, 90_000)
        assert [tables["stay_payments"][f"000{i}",]["year_due"] for i in (1, 2)] == [0, 0]


def test_it_keeps_what_the_other_rules_gave_it(tmp_path: Path) -> None:
    # 100 points less 30 % by supervision: 70; extra points of the others are capped as if it were paid.
    both = REFUSED | {"deduct": (None, 3_000)}
    stays = [stay(1), stay(2, total_cost=450_000)]
    tables = cleared(tmp_path, stays, 100_000, {"0001": both}, points__high_extra_cap="10%")
    assert tables["case_points"]["0001",]["points"] == 700_000
    # cap: 10 % of 70 + 100
    assert tables["case_points"]["0002",]["extra"] == 170_000


YUAN = 100
PARTS = [
    {"year": 2024, "insurance_scheme": s, "part": p, "amount": 100_000 * YUAN}
    for s in ("employee", "resident")
    for p in ("bed_day", "outpatient", "out_of_area", "other")
]


def _by_mode(tmp_path: Path, stays: list[Stay], refused: list[str], **rules: str) -> Path:
    base = [stay(f"b{i}", year=y, total_cost=100_000 + i) | {"stay_id": f"b{i}-{y}"} for y in (2021, 2022, 2023)
            for i in range(6)]  # fmt: skip
    registers = {
        INSTITUTION_KINDS: [{"institution_id": h, "kind": k} for h, k in modes.KINDS.items()],
        BUDGET_AMOUNTS: PARTS,
        STAY_DECISIONS: [
            {"stay_id": s["stay_id"], "institution_id": s["institution_id"], "kind": "refuse",
             "decision": "approved", "number": 1}
            for s in stays if s["stay_id"] in refused
        ],
    }  # fmt: skip
    return modes.settle(tmp_path, modes.Area([*base, stay(1), *stays], modes.law(**rules), registers))


@pytest.mark.parametrize("factor", ["1", "1.02"])
def test_a_stay_of_a_mode_is_refused_as_well(tmp_path: Path, factor: str) -> None:
    # Two stays of 100 days at P1: 60 × 420 + 40 × 360 = 39,600 yuan each; one of P2 beside them.
    stays = [stay(n, h, los=100, total_cost=39_600 * YUAN, fund_by_item=39_600 * YUAN, discharge_way=1)
             for n, h in (("a", "P1"), ("b", "P1"), ("c", "P2"))]  # fmt: skip
    rules = {"bed_day__bonus": "0"} if factor == "1" else {}
    plain, folder = _by_mode(tmp_path / "p", stays, [], **rules), _by_mode(tmp_path / "r", stays, ["b"], **rules)
    (one,) = [r for p in dataset(folder, STAY_MODES).paths for r in pq.read_table(p).to_pylist()
              if r["stay_id"] == "b"]  # fmt: skip
    assert (one["price"], one["due"], one["refused"]) == (39_600 * YUAN, 0, 39_600 * YUAN)

    def rows(where: Path) -> dict[tuple[str, int], dict[str, Any]]:
        found = [r for r in read_table(where, MODE_PAYMENTS).to_dicts() if r["mode"] == "bed_day"]
        return {(r["institution_id"], r["month"]): r for r in found}

    after, before = rows(folder), rows(plain)
    assert after["P2", 0] == before["P2", 0]
    month, year = after["P1", 1], after["P1", 0]
    assert (month["before"], month["refused"], month["due"]) == (79_200 * YUAN, 39_600 * YUAN, 39_600 * YUAN)
    settled = 39_600 * YUAN if factor == "1" else 40_392 * YUAN
    assert (year["due"], year["refused"], year["actual"]) == (settled, settled, 39_600 * YUAN)
    assert year["factor"] == before["P1", 0]["factor"]
    returned = [read_table(where, CLOSINGS).filter(insurance_scheme="employee")["returned"][0] for where in (
        plain, folder)]  # fmt: skip
    assert returned[1] - returned[0] == settled
