"""What is decided on a year whose clearing is sealed (design/12 §2) enters the current year by itself, once: a
violation, an amount held, a refused stay. Two years of the worked example's hospitals, a month of each in the
program."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from drgpay import runs
from drgpay.engine import read_manifest, read_table
from drgpay.runs import TABLES, Order
from drgpay.runs.chain import read_chain
from drgpay.runs.late import late_rows
from drgpay.runs.passed import passed_on
from drgpay.runs.region import read_region
from drgpay.tables import CLOSINGS, MONTH_CASH, STATEMENTS, STAY_PAYMENTS
from spec.test_book_by_command_12 import BASE, HEAD, RULES, Office, _stay, figures
from support.engines import usual

pytestmark = pytest.mark.slow

STAYS = [
    _stay(f"{year}-{i}", h, f"{year}-12-20", yuan)
    for year in (2024, 2025)
    for i, (h, yuan) in enumerate((("H1", 490), ("H1", 10), ("H2", 300), ("H2", 200)))
]
FOUND = ("violations", "damages")
ACCEPT = runs.Accepted(("审批人",), "示例")


class Desk(Office):
    """Runs of the years by the door for programs."""

    def write(self, name: str, *lines: str) -> None:
        (self.region / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")

    def run(self, name: str, year: int, month: int | None = None, after: str = "", reopens: str = "") -> Path:
        before, opened = (self.runs / n if n else None for n in (after, reopens))
        order = Order(self.region, str(self.policy), year, month, accept=ACCEPT, after=before, reopens=opened,
                      reason="示例" if reopens else "")  # fmt: skip
        runs.run(order, self.runs / name, usual(2))
        return self.runs / name

    def sealed(self, name: str, year: int, month: int | None = None, after: str = "", reopens: str = "") -> Path:
        out = self.run(name, year, month, after, reopens)
        runs.seal_run(out, usual(2), by="审批人", on=date(year + 1, 2, 10))
        return out

    def late(self, year: int) -> object:
        registers = read_region(self.region).registers
        return late_rows(registers, self.runs, read_region(self.region).identity["id"], year)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """2024 cleared and sealed; then a case of it is confirmed, one is handed over, and a stay is refused."""
    own = Desk(tmp_path_factory.mktemp("late"), RULES)
    own.write("stays", HEAD, *BASE, *STAYS)
    own.write("budgets", "年度,险种,基金收入预算,住院DRG预算", "2024,职工,4500.00,2000.00", "2024,居民,0,0",
              "2025,职工,4500.00,2000.00", "2025,居民,0,0")  # fmt: skip
    own.write("months_paid", "年度,月份,险种,定点医疗机构编号,应付,已拨付,质量保证金",
              *(f"{year},{month},职工,H1,0,0,0" for year in (2024, 2025) for month in range(1, 12)))  # fmt: skip
    own.sealed("m12", 2024, 12)
    own.sealed("y2024", 2024, after="m12")
    own.write("violations", "编号,年度,定点医疗机构编号,险种,金额,违约金倍数,事由", "V1,2024,H1,职工,5.00,2,串换")
    own.write("payment_holds", "编号,定点医疗机构编号,起始日期,解除日期,事由,暂缓范围,年度,险种,金额",
              "P1,H1,2025-06-01,,移送,金额,2024,职工,20.00")  # fmt: skip
    own.write("stay_decisions", "病例号,定点医疗机构编号,事项,决定,评审序号,理由", "2024-1,H1,refuse,approved,1,挂床")
    own.sealed("n12", 2025, 12)
    own.sealed("y2025", 2025, after="n12")
    yield own
    for path in [own.runs, *own.runs.rglob("*")]:
        path.chmod(0o755)


def test_the_current_year_recovers_and_holds_what_the_closed_one_did_not_know(desk: Desk) -> None:
    assert figures(desk.runs / "y2024", STATEMENTS, "H1", *FOUND, "held") == (0, 0, 0)
    paid = read_table(desk.runs / "y2024" / TABLES, STAY_PAYMENTS).to_dicts()
    stay = next(r["year_due"] for r in paid if r["stay_id"] == "2024-1")
    assert stay == 1_325
    assert figures(desk.runs / "n12", MONTH_CASH, "H1", "held") == (2_000,)
    # 5.00, twice that as damages, and the whole of the refused stay, which stays paid in 2024
    assert figures(desk.runs / "y2025", STATEMENTS, "H1", *FOUND, "held") == (500 + stay, 1_000, 2_000)
    assert figures(desk.runs / "y2025", STATEMENTS, "H2", *FOUND, "held") == (0, 0, 0)
    closing = read_table(desk.runs / "y2025" / TABLES, CLOSINGS).to_dicts()[0]
    assert closing["returned"] == 1_500 + stay
    notices = {n["zh"].split(" ")[0]: n for n in read_manifest(desk.runs / "y2025")["ready"]
               if n["check"] == "decided_late"}  # fmt: skip
    assert set(notices) == {"违规", "移送暂缓", "拒付病例"}
    assert "V1" in notices["违规"]["about"]


def test_it_is_taken_up_once(desk: Desk) -> None:
    assert desk.late(2026) == {}
    assert desk.late(2024) == {}
    again = desk.run("r1", 2024, reopens="y2024")  # a later year has it: opening 2024 again changes nothing
    assert figures(again, STATEMENTS, "H1", *FOUND, "passed") == (0, 0, 0)
    debts = passed_on([read_chain(desk.runs / "y2025").last]).to_dicts()
    assert {r["institution_id"]: r["amount"] for r in debts} == {"H1": -2_000}


@pytest.mark.parametrize("region", [True, False])
def test_the_run_can_be_made_again(desk: Desk, region: bool) -> None:
    """From the region's files, and from what the run keeps: what was late then is late again, whatever was sealed
    since."""
    found = runs.verify(desk.runs / "y2025", usual(2), region=desk.region if region else None)
    assert all(check.ok for check in found), found
