"""What a trial and a quarter are worked out of: a result of the year, the hospital's registers, its last quarter."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from drgpay import runs
from drgpay.runs import Scope, View
from drgpay.tables import PERFORMANCE_REGISTERS
from drgpay_web import flow, store
from drgpay_web.people import Unit

TRY, COMPUTE = "hospital.try", "hospital.compute"
QUARTERS = 4
Row = dict[str, Any]


def parsed(period: str) -> tuple[int, int]:
    """Year and quarter of ``2024-Q2``."""
    year, _, quarter = period.partition("-Q")
    return int(year), int(quarter)


def year_runs(area: str, year: int) -> list[store.Result]:
    """The year's results that hospitals see, the sealed one first."""
    found = store.results_of(area, period=str(year)).filter(state__in=("sealed", "published"))
    return sorted(found, key=lambda one: one.state != "sealed")


def quarters_there(area: str) -> list[str]:
    """The quarters of the years that were settled and published, the latest first."""
    years = {one.period for one in store.results_of(area).filter(state__in=("sealed", "published"))}
    known = sorted((year for year in years if "-" not in year and year), reverse=True)
    return [f"{year}-Q{quarter}" for year in known for quarter in range(QUARTERS, 0, -1)]


def registers(house: Unit, target: Path) -> Path:
    """The hospital's own registers as they stand, in a folder."""
    found = {table.name: store.rows(house.area, table, owner=house.code) for table in PERFORMANCE_REGISTERS}
    return runs.hospital_registers(found, target)


def order(house: Unit, period: str, said: Row, folder: Path) -> runs.PerformOrder:
    """What to work out, by a plan and its changes."""
    year, quarter = parsed(period)
    run = year_runs(house.area, year)[0]
    return runs.PerformOrder(
        said["base"], store.folder(run), registers(house, folder), house.code, quarter, said["changes"],
        before=_before(house, period),
    )  # fmt: skip


def _before(house: Unit, period: str) -> Path | None:
    """The result of the quarter before, where it was paid: its reviews of groups go on."""
    paid = flow.Case.objects.filter(machine="hospital_quarter", unit=house, state="paid", period__lt=period)
    last = paid.order_by("-period").first()
    return store.folder(store.Result.objects.get(pk=last.data["result"])) if last else None


def rows_of(result: store.Result, table: str, scope: Scope | None = None) -> list[Row]:
    """The rows of a table of a hospital's result, as far as a scope reaches."""
    view = View(table, scope=scope or Scope.everything(persons=True))
    return [row for batch in runs.export_rows(store.folder(result), view) for row in batch]


def result_of(case: flow.Case) -> store.Result | None:
    """The result a quarter shows."""
    number = case.data.get("result")
    return None if number is None else store.Result.objects.get(pk=number)
