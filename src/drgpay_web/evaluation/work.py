"""The job of this room: the marks of a year."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from drgpay import runs
from drgpay_web import flow, jobs, store
from drgpay_web.evaluation.year_moves import MARK
from drgpay_web.people import system_actor


def place(job: jobs.Job) -> tuple[str, Path]:
    """Name and folder of an evaluation's result."""
    name = f"{job.payload['year']}-{job.pk}"
    return name, store.new_result_folder(job.area, "evaluation", name)


def ended(job: jobs.Job) -> None:
    """A folder that is whole becomes a result, and its marks are shown; else the evaluation is where it was."""
    name, folder = place(job)
    case = flow.Case.objects.get(pk=job.payload["case"])
    whole = (folder / runs.MANIFEST).is_file()
    if whole:
        pin = store.Pin.objects.get(pk=job.payload["pin"])
        store.add_result(jobs.orderer(job), area=job.area, kind="evaluation", name=name, pin=pin, job=job)
    if case.state == "marking":
        flow.do(system_actor(job.area), case, "marked" if whole else "failed", version=case.version)


@jobs.handler(MARK, lane="heavy", finish=ended)
def mark(job: jobs.Job, progress: Callable[[Any], None], should_stop: jobs.ShouldStop) -> dict[str, Any]:
    """Evaluate a year's run with the registers of the pin."""
    name, folder = place(job)
    run = store.Result.objects.get(pk=job.payload["run"])
    pin = store.Pin.objects.get(pk=job.payload["pin"])
    before = _before(job.area, int(job.payload["year"]))
    with runs.working(progress, should_stop):
        records = records_of(pin) if runs.judges_records(runs.known_card(job.payload["card"])) else None
        order = runs.Evaluation(
            store.folder(run), job.payload["card"], store.compose(pin), previous=before, records=records
        )
        runs.evaluate(order, folder, jobs.engine())
    return {"name": name}


def records_of(pin: store.Pin) -> Path:
    """The marks for the records of all institutions, judged once for a state of the record."""
    place = store.new_result_folder(pin.area, "check", pin.name)
    if not place.is_dir():
        runs.check_region(store.compose(pin), place, jobs.engine())
    return place


def _before(area: str, year: int) -> Path | None:
    """The latest evaluation of an earlier year."""
    found = store.results_of(area, kind="evaluation").exclude(state="lost")
    earlier = [one for one in found if one.period and one.period < str(year)]
    return store.folder(max(earlier, key=lambda one: (one.period, one.pk))) if earlier else None
