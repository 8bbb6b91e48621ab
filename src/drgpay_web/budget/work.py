"""The jobs of this room: the plan of a budget, sharing ratios, how the fund stands. The core computes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from drgpay import runs
from drgpay.errors import DrgpayError, Kind
from drgpay_web import flow, jobs, store
from drgpay_web.budget import prepay_moves
from drgpay_web.budget.orders import PLAN, PREPAY, RATIOS, WATCH
from drgpay_web.people import system_actor

Tell = Callable[[Any], None]


def _read(job: jobs.Job) -> tuple[Path, str, int]:
    """Region, practice and year of a job."""
    pin = store.Pin.objects.get(pk=job.payload["pin"])
    return store.compose(pin), store.practice_source(job.area, pin.policy), job.payload["year"]


def _plain(tables: Any) -> dict[str, Any]:
    """Rows of small tables by the table's name, days as text."""
    return {
        table.name: [{k: v.isoformat() if isinstance(v, date) else v for k, v in row.items()} for row in rows]
        for table, rows in tables
    }


def ended(job: jobs.Job) -> None:
    """A case goes on by what was computed for it, or says why it could not be."""
    if not job.payload.get("case"):
        return
    case = flow.Case.objects.get(pk=job.payload["case"])
    well = ("computed", "registered") if job.state == "done" else ("failed", "unregistered")
    move = next((m.name for m in case.rules.moves if m.name in well and case.state in m.sources), "")
    if move and case.data.get("job") == job.pk:
        flow.do(system_actor(job.area), case, move, version=case.version)


@jobs.handler(PLAN, finish=ended)
def plan(job: jobs.Job, progress: Tell, should_stop: jobs.ShouldStop) -> dict[str, Any]:
    """The budget of a year, its parts and the institutions' indicators; where it is agreed also the folder whose
    rows the registers take."""
    region, practice, year = _read(job)
    with runs.working(progress, should_stop):
        tables, left = runs.plan_budget(region, practice, year)
        if agreed := job.payload.get("agreed"):
            folder = store.new_result_folder(job.area, "plan", f"budget-{year}-{job.pk}")
            made = runs.Plan("budget", tables, region, practice, year)
            runs.write_plan(made, folder, runs.Agreed(agreed["by"], date.fromisoformat(agreed["on"])), _no_file)
    return {"tables": _plain(tables), "left": left}


@jobs.handler(PREPAY, finish=ended)
def prepay(job: jobs.Job, progress: Tell, should_stop: jobs.ShouldStop) -> dict[str, Any]:
    """The prepayments of a year and who may need a loan; where they were approved and paid also the folder whose
    rows the registers take. ``paid``: the advances of the year that were registered before."""
    region, practice, year = _read(job)
    paid = prepay_moves.paid_before(job.area, year)
    with runs.working(progress, should_stop):
        tables = _prepayments(job, region, practice, year)
        if agreed := job.payload.get("agreed"):
            folder = store.new_result_folder(job.area, "plan", f"prepayment-{year}-{job.pk}")
            made = runs.Plan("prepayment", tables, region, practice, year)
            runs.write_plan(made, folder, runs.Agreed(agreed["by"], date.fromisoformat(agreed["on"])), _no_file)
    return {"tables": _plain(tables), "paid": paid}


def _prepayments(job: jobs.Job, region: Path, practice: str, year: int) -> Any:
    """Prepayments with what was used of them by the book, as far as it is sealed."""
    run = store.Result.objects.filter(pk=job.payload["run"]).first()
    if run is None:
        return runs.plan_prepayments(region, practice, year)
    return runs.plan_prepayments(region, practice, year, store.folder(run), jobs.engine(1))


def _no_file(draft: Path) -> None:
    """People read the plan on its page."""


@jobs.handler(RATIOS, finish=ended)
def ratios(job: jobs.Job, progress: Tell, should_stop: jobs.ShouldStop) -> dict[str, Any]:
    """The sharing ratios that the rule proposes from the fund's state and the clearings of earlier years."""
    region, practice, year = _read(job)
    with runs.working(progress, should_stop):
        tables, _ = runs.propose_sharing(region, practice, year, _cleared(job.area, year))
    return {"tables": _plain(tables)}


def _cleared(area: str, year: int) -> list[Path]:
    """The latest clearing of every earlier year."""
    found: dict[str, store.Result] = {}
    for one in store.results_of(area).exclude(state="lost").order_by("pk"):
        if one.period.isdigit() and int(one.period) < year:
            found[one.period] = one
    return [store.folder(found[period]) for period in sorted(found)]


@jobs.handler(WATCH, finish=ended)
def watch(job: jobs.Job, progress: Tell, should_stop: jobs.ShouldStop) -> dict[str, Any]:
    """Health, risk fund, prepayments and loans of a year; what has no register yet is left out and named."""
    region, practice, year = _read(job)
    tables: list[Any] = []
    missing: list[dict[str, str]] = []
    with runs.working(progress, should_stop):
        for found in (runs.watch_fund, runs.keep_risk_fund, partial(_prepayments, job)):
            try:
                tables += found(region, practice, year)
            except DrgpayError as error:
                if error.kind is not Kind.DATA:
                    raise
                missing.append({"zh": f"{error.place()} {error.zh}", "en": f"{error.place()} {error.en}"})
    return {"tables": _plain(tables), "missing": missing}
