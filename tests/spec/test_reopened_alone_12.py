"""A year cleared as one run, without sealed months before it, is opened again (design/12 §2): twice, by a correction
and by a violation; every figure by hand from the worked example's hospitals.

2,000.10 are shared: H1 has 60 points in November and 50 in December, H2 40 and 50. Of 1,100.055 and 900.045 the first
is the one that is rounded up.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from drgpay import runs
from drgpay.engine import dataset, frame, read_table
from drgpay.runs import TABLES, Order
from drgpay.runs.book_checks import whole_book
from drgpay.runs.ledgers import ledger_of
from drgpay.runs.verify import verify
from drgpay.steps.settlement import due_moved
from drgpay.tables import CLOSINGS, INSTITUTION_MONTHS, STATEMENTS, STAY_PAYMENTS
from spec.test_book_by_command_12 import Office, figures
from support.engines import usual

pytestmark = pytest.mark.slow

ACCEPT = runs.Accepted(("审批人",), "示例")


class Desk(Office):
    """Years run by the door for programs, each sealed at once."""

    def year(self, name: str, reopens: str = "") -> Path:
        out = self.runs / name
        order = Order(self.region, str(self.policy), 2024, accept=ACCEPT, reason="复查" if reopens else "",
                      reopens=self.runs / reopens if reopens else None)  # fmt: skip
        runs.run(order, out, usual(1))
        runs.seal_run(out, usual(1), by="审批人", on=date(2025, 1, 10))
        return out


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """The clearing; ``r1``: S2 gained 10 points; ``r2``: a violation of H2 was found."""
    own = Desk(tmp_path_factory.mktemp("alone"))
    (own.region / "months_paid.csv").unlink()
    budgets = own.region / "budgets.csv"
    budgets.write_text(budgets.read_text(encoding="utf-8").replace("2000.00", "2000.10"), encoding="utf-8")
    own.year("y2024")
    assert own.submit("--correction", "--reason", "补报费用").returncode == 0
    own.year("r1", "y2024")
    (own.region / "violations.csv").write_text(
        "编号,年度,定点医疗机构编号,险种,金额,违约金倍数,事由\nV1,2024,H2,职工,5.00,2,串换\n", encoding="utf-8"
    )
    own.year("r2", "r1")
    yield own
    for path in [own.runs, *own.runs.rglob("*")]:
        path.chmod(0o755)


def payments(run: Path) -> pl.DataFrame:
    return pl.concat([frame(batch) for batch in usual(1).scan(dataset(run / TABLES, STAY_PAYMENTS))])


def test_only_what_changed_is_computed_again_at_the_old_point_value(desk: Desk) -> None:
    closed, gained, found = (desk.runs / name for name in ("y2024", "r1", "r2"))
    assert [figures(run, STATEMENTS, "H1", "due", "passed") for run in (closed, gained, found)] == [
        (110_006, 0), (120_006, 10_000), (120_006, 10_000)
    ]  # fmt: skip
    assert [figures(run, STATEMENTS, "H2", "due", "violations", "damages", "passed") for run in (closed, found)] == [
        (90_004, 0, 0, 0), (90_004, 500, 1_000, -1_500)
    ]  # fmt: skip


def test_what_the_months_paid_stays_as_it_was_paid(desk: Desk) -> None:
    before, after = payments(desk.runs / "y2024"), payments(desk.runs / "r2")
    columns = ["stay_id", "month", "month_due", "month_refused"]
    assert before.select(columns).sort("stay_id").equals(after.select(columns).sort("stay_id"))
    due = dict(after.select("stay_id", "year_due").rows())
    assert due["S2"] == 20_001
    for run in ("y2024", "r1", "r2"):
        rows = read_table(desk.runs / run / TABLES, INSTITUTION_MONTHS).filter(pl.col("month") > 0)
        of_month = payments(desk.runs / run).group_by("institution_id", "month").agg(pl.col("month_due").sum())
        said = rows.filter(pl.col("insurance_scheme") == "employee").select("institution_id", "month", "due")
        assert dict_of(of_month) == {key: amount for key, amount in dict_of(said).items() if amount}


def dict_of(rows: pl.DataFrame) -> dict[tuple[str, int], int]:
    return {(h, month): amount for h, month, amount in rows.rows()}


def test_every_fen_is_in_the_book(desk: Desk) -> None:
    """Added up by hand from all entries: what each was due, and what is left of it for the next year."""
    book = whole_book(desk.runs / "r2")
    dues: dict[str, int] = defaultdict(int)
    for entry in book:
        if entry.institution_id is not None:
            forward = {"year_due_more": 1, "year_due_less": -1, "year_due_more:reversal": -1,
                       "year_due_less:reversal": 1}.get(entry.event, 0)  # fmt: skip
            dues[entry.institution_id] += due_moved(entry) + forward * entry.amount
    assert dues == {"H1": 120_006, "H2": 90_004}
    balances = book.balances()
    assert {h: -balances[f"employee:{h}:passed"] for h in dues} == {"H1": 10_000, "H2": -1_500}
    open_ones = [a for a, left in balances.items() if left and a.rpartition(":")[2] in ("payable", "deposit", "drg")]
    assert open_ones == []
    closing = next(r for r in read_table(desk.runs / "r2" / TABLES, CLOSINGS).to_dicts()
                   if r["insurance_scheme"] == "employee")  # fmt: skip
    # 2,000.10 paid; H1 is owed 100.00 more than the fund had, H2 owes 15.00
    assert (closing["paid"], closing["passed"], closing["returned"]) == (200_010, 8_500, -8_500)


def test_an_entry_taken_back_names_the_one_it_takes_back(desk: Desk) -> None:
    book = list(whole_book(desk.runs / "r2"))
    by_id = {entry.entry_id: entry for entry in book}
    taken = [entry for entry in book if entry.event.endswith(":reversal")]
    assert taken
    for entry in taken:
        of = by_id[entry.entry_id.removesuffix("/reversal")]
        assert (entry.debit, entry.credit, entry.amount) == (of.credit, of.debit, of.amount)
        assert entry.event == f"{of.event}:reversal"


def test_the_next_year_takes_both_over(desk: Desk) -> None:
    links = runs.book(desk.runs / "r2")
    assert links.links["link"].to_list() == ["year", "r1", "r2"]
    debts = {r["institution_id"]: r["amount"] for r in links.passed.to_dicts()}
    assert debts == {"H1": -10_000, "H2": 1_500}


def test_it_is_verified_and_explained(desk: Desk) -> None:
    for region in (desk.region, None):
        found = verify(desk.runs / "r2", usual(1), region=region)
        assert [check.failure for check in found if not check.ok] == []
    told, _ = runs.explain_cell(desk.runs / "r1", "H1", "due")
    book = next(section for section in told if section.en == "through the book")
    assert [(line.en.split()[0], line.value) for line in book.lines] == [("year", "1,100.06")]
    told, _ = runs.explain_stay(desk.runs / "r1", "S2")
    assert any("200.01" in line.value for section in told for line in section.lines)


def test_a_decision_of_another_year_changes_nobody(desk: Desk) -> None:
    (desk.region / "stay_decisions.csv").write_text(
        "病例号,定点医疗机构编号,事项,决定,评审序号,理由\nB1,H2,refuse,approved,1,挂床\n", encoding="utf-8"
    )
    order = Order(desk.region, str(desk.policy), 2024, accept=ACCEPT, reason="复查", reopens=desk.runs / "r2")
    again = runs.run(order, desk.runs / "r3", usual(1))
    assert "H2" not in {entry.institution_id for entry in ledger_of(again)}
    assert figures(again, STATEMENTS, "H2", "due", "passed") == (90_004, -1_500)
