"""The job of this room: a look over a result."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from drgpay import runs
from drgpay_web import jobs, store
from drgpay_web.oversight import alerts
from drgpay_web.oversight.looks import LOOK, LOOKS

Tell = Callable[[Any], None]


def _place(job: jobs.Job) -> tuple[str, Path]:
    """Name and folder of what a look leaves."""
    period = store.Result.objects.get(pk=job.payload["result"]).period
    name = f"{period}-{job.pk}"
    return name, store.new_result_folder(job.area, LOOKS, name)


def ended(job: jobs.Job) -> None:
    """A folder that is whole becomes a look, and its alerts are raised."""
    name, folder = _place(job)
    if (folder / runs.MANIFEST).is_file():
        pin = store.Pin.objects.get(pk=job.payload["pin"])
        look = store.add_result(jobs.orderer(job), area=job.area, kind=LOOKS, name=name, pin=pin, job=job)
        alerts.raise_from(look)


@jobs.handler(LOOK, lane="heavy", finish=ended)
def look(job: jobs.Job, progress: Tell, should_stop: jobs.ShouldStop) -> dict[str, Any]:
    """Look through a result: suspicions, alerts, the audit sample."""
    _, folder = _place(job)
    result = store.Result.objects.get(pk=job.payload["result"])
    region = store.compose(store.Pin.objects.get(pk=job.payload["pin"]))
    engine = jobs.engine()
    with runs.working(progress, should_stop):
        found = runs.oversee(store.folder(result), region, folder, engine, replace=True)
    return {"suspicions": found.suspicions, "stays": found.stays, "period": result.period}
