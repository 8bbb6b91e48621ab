"""Holds act on every payment mode (design/12 §5): what a suspended institution is paid for stays that another mode
pays is held as well, of a case that is handed over exactly the amount in dispute. The figures are those of the book's
worked example; beside it H1 has a stay by item in November (400.00, of which 380.00 are paid) and in December
(200.00, of which 190.00)."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from drgpay.engine import read_table
from drgpay.runs import TABLES
from drgpay.runs.chain import read_chain
from drgpay.runs.passed import passed_on
from drgpay.tables import CLOSINGS, MONTH_CASH, STATEMENTS
from spec.test_book_by_command_12 import BASE, HEAD, OWN, RULES, Office, _stay, figures
from support.command import drgpay

pytestmark = pytest.mark.slow

BY_ITEM = """      modes.rules: [{id: enteritis, mode: by_item, when: {dx: [K52]}}]
"""
OTHER = [
    _stay(name, "H1", day, yuan).replace("K29.500", "K52.900")
    for name, day, yuan in (("T1", "2024-11-20", 400), ("T2", "2024-12-20", 200))
]
HOLDS = "编号,定点医疗机构编号,起始日期,解除日期,事由,暂缓范围,年度,险种,金额"
CASH = ("held", "released", "paid", "modes_held", "modes_released")
FINAL = ("held", "final_payment", "modes_held")


class Desk(Office):
    """An office whose year has stays by item; holds are written into the region's register."""

    def hold(self, *rows: str) -> None:
        (self.region / "payment_holds.csv").write_text("\n".join((HOLDS, *rows)) + "\n", encoding="utf-8")

    def december(self) -> Path:
        self.settle("m12", "month", "--month", "12", "--after", self.runs / "m11")
        return self.seal("m12")

    def clearing(self) -> Path:
        """The year, sealed; every link verified, its conservation among the rest."""
        self.settle("y2024", "year", "--after", self.runs / "m12")
        out = self.seal("y2024")
        checked = drgpay("verify", out)
        assert checked.returncode == 0, checked.stdout
        return out


@pytest.fixture(scope="module")
def november(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of an office that has sealed November, with everything of H1 held."""
    desk = Desk(tmp_path_factory.mktemp("modes"), RULES + BY_ITEM)
    (desk.region / "stays.csv").write_text("\n".join([HEAD, *BASE, *OWN, *OTHER]) + "\n", encoding="utf-8")
    (desk.region / "budget_amounts.csv").write_text("年度,险种,预算分项,金额\n2024,职工,other,1000.00\n")
    desk.hold("P1,H1,2024-11-10,,协议暂停,全部,,,")
    desk.settle("m11", "month", "--month", "11")
    desk.seal("m11")
    yield desk.region.parent
    for path in [desk.runs, *desk.runs.rglob("*")]:
        path.chmod(0o755)


@pytest.fixture
def desk(november: Path, tmp_path: Path) -> Iterator[Desk]:
    shutil.copytree(november, tmp_path / "desk")
    own = Desk.__new__(Desk)
    own.region, own.runs = tmp_path / "desk" / "区域", tmp_path / "desk" / "runs"
    own.policy = tmp_path / "desk" / "policy.yaml"
    yield own
    for path in [own.runs, *own.runs.rglob("*")]:
        path.chmod(0o755)


def to_next_year(year: Path) -> dict[str, int]:
    """What the register of debts of the next year gets, fen (negative: claimed), as the closing says too."""
    rows = {r["institution_id"]: r["amount"] for r in passed_on(read_chain(year).links).to_dicts()}
    closing = next(r for r in read_table(year / TABLES, CLOSINGS).to_dicts() if r["insurance_scheme"] == "employee")
    assert closing["passed"] == -sum(rows.values())
    return rows


def test_nothing_of_any_mode_is_paid_while_an_agreement_is_suspended(desk: Desk) -> None:
    assert figures(desk.runs / "m11", MONTH_CASH, "H1", *CASH) == (57_000, 0, 0, 38_000, 0)
    assert figures(desk.runs / "m11", MONTH_CASH, "H2", *CASH) == (0, 0, 38_000, 0, 0)
    assert figures(desk.december(), MONTH_CASH, "H1", *CASH) == (47_500, 0, 0, 19_000, 0)
    year = desk.clearing()
    # 1,100.00 of DRG stays and 600.00 by item, deposits too: not a fen was paid, all goes to the next book
    assert figures(year, STATEMENTS, "H1", *FINAL) == (110_000, 0, 60_000)
    assert to_next_year(year) == {"H1": -170_000}
    assert not [e for e in read_chain(year).entries() if e.institution_id == "H1" and e.credit.endswith(":bank")]


def test_lifted_in_december_all_modes_are_paid(desk: Desk) -> None:
    desk.hold("P1,H1,2024-11-10,2024-12-15,协议暂停,全部,,,")
    assert figures(desk.december(), MONTH_CASH, "H1", *CASH) == (0, 57_000, 47_500, 0, 38_000)
    year = desk.clearing()
    assert figures(year, STATEMENTS, "H1", *FINAL) == (0, 5_500, 0)
    assert to_next_year(year) == {}
    paid = [e.amount for e in read_chain(year).entries() if e.institution_id == "H1" and e.credit.endswith(":bank")]
    assert sum(paid) == 110_000 + 60_000


def test_lifted_before_the_clearing_it_pays_what_the_months_held(desk: Desk) -> None:
    desk.december()
    desk.hold("P1,H1,2024-11-10,2025-01-20,协议暂停,全部,,,")
    year = desk.clearing()
    assert figures(year, STATEMENTS, "H1", *FINAL) == (0, 110_000, 0)
    released = {e.event: e.amount for e in read_chain(year).last.ledger if e.event.startswith("mode_")}
    assert released["mode_released"] == released["mode_released_paid"] == 57_000
    assert to_next_year(year) == {}


def test_of_an_amount_the_modes_hold_what_drg_payments_leave(desk: Desk) -> None:
    """700.00 in dispute from December on, 570.00 and 380.00 of November free: DRG 475.00, by item 190.00 in December;
    at the clearing the last 35.00 come out of the 55.00 of the DRG stays."""
    desk.hold("P1,H1,2024-11-10,2024-12-15,协议暂停,全部,,,", "P2,H1,2024-12-16,,移送,金额,2024,职工,700.00")
    december = desk.december()
    # what was held already counts first: 570.00 of DRG and 130.00 by item stay held, the rest is paid
    assert figures(december, MONTH_CASH, "H1", *CASH) == (0, 25_000, 47_500, 0, 0)
    year = desk.clearing()
    assert sum(-amount for amount in to_next_year(year).values()) == 70_000


def test_an_amount_is_held_to_the_fen(desk: Desk) -> None:
    desk.hold("P1,H1,2024-11-10,2024-12-01,协议暂停,全部,,,", "P2,H1,2024-12-16,,移送,金额,2024,职工,580.01")
    december = desk.december()
    held = {a: -b for a, b in read_chain(december, sealed=False).last.ledger.balances().items() if ":held" in a}
    assert sum(held.values()) == 58_001
    year = desk.clearing()
    assert -sum(to_next_year(year).values()) == 58_001
    row = figures(year, STATEMENTS, "H1", *FINAL)
    assert row[0] + row[2] == 58_001


def test_what_the_clearing_alone_holds_is_claimed_from_the_next_book(desk: Desk) -> None:
    """A suspension after December: the final payments of all modes are held, and none is lost on the way."""
    desk.hold("P1,H1,2024-11-10,2024-11-20,协议暂停,全部,,,")
    desk.december()
    desk.hold("P1,H1,2024-11-10,2024-11-20,协议暂停,全部,,,", "P2,H1,2025-02-01,,协议暂停,全部,,,")
    year = desk.clearing()
    assert figures(year, STATEMENTS, "H1", *FINAL) == (5_500, 0, 3_000)
    assert to_next_year(year) == {"H1": -8_500}
