"""The jobs of this room: a trial of a plan, a quarter."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from drgpay import runs
from drgpay_web import flow, jobs, store
from drgpay_web.hospital import in_house, orders
from drgpay_web.people import system_actor

Tell = Callable[[Any], None]


def _case(job: jobs.Job) -> flow.Case:
    return flow.Case.objects.select_related("unit").get(pk=job.payload["case"])


def _go_on(job: jobs.Job, sources: tuple[str, ...], move: str) -> None:
    case = _case(job)
    if case.state in sources:
        flow.do(system_actor(job.area), case, move, version=case.version)


def tried(job: jobs.Job) -> None:
    """What a trial found is with its job; the plan is where it was when it failed."""
    _go_on(job, ("trying",), "tried" if job.state == "done" else "untried")


@jobs.handler(orders.TRY, lane="heavy", finish=tried)
def attempt(job: jobs.Job, progress: Tell, should_stop: jobs.ShouldStop) -> dict[str, Any]:
    """The plan beside the one it is compared with, for a quarter: who wins, who loses."""
    case, said = _case(job), job.payload
    with tempfile.TemporaryDirectory() as work, runs.working(progress, should_stop):
        place = Path(work)
        order = orders.order(case.unit, said["period"], said, place / "registers")
        against = said["against"]
        if against["changes"]:
            other = orders.order(case.unit, said["period"], against, place / "others")
            before = runs.perform(other, place / "before", jobs.engine())
        else:
            before = against["base"]
        (place / "work").mkdir()
        rows, findings = runs.simulate(order, before, place / "work", jobs.engine())
    return {"rows": rows, "findings": findings}


def place_of(job: jobs.Job) -> tuple[str, Path]:
    """Name and folder of a quarter's result."""
    name = f"{_case(job).unit.code}-{job.payload['period']}-{job.pk}"
    return name, store.new_result_folder(job.area, "perform", name)


def computed(job: jobs.Job) -> None:
    """A folder that is whole becomes a result, and the quarter shows it."""
    name, folder = place_of(job)
    whole = (folder / runs.MANIFEST).is_file()
    if whole:
        store.add_result(jobs.orderer(job), area=job.area, kind="perform", name=name, job=job)
    _go_on(job, ("computing",), "computed" if whole else "failed")


@jobs.handler(orders.COMPUTE, lane="heavy", finish=computed)
def compute(job: jobs.Job, progress: Tell, should_stop: jobs.ShouldStop) -> dict[str, Any]:
    """Work a quarter out of the settled year, the hospital's registers and its plan."""
    name, folder = place_of(job)
    with tempfile.TemporaryDirectory() as work, runs.working(progress, should_stop):
        order = orders.order(_case(job).unit, job.payload["period"], job.payload, Path(work) / "registers")
        runs.perform(order, folder, jobs.engine())
    return {"name": name}


def read_in_house(job: jobs.Job) -> None:
    """What the file came to; a job that was lost leaves the case to be read again."""
    case = flow.Case.objects.select_for_update(of=("self",)).get(pk=job.payload["case"])
    if case.state != "reading":
        return
    move = "lose"
    if job.result:
        case.data |= job.result
        case.save(update_fields=["data"])
        move = "refuse" if "error" in job.result else "found"
    flow.do(system_actor(job.area), case, move, version=case.version)


@jobs.handler(in_house.READ, finish=read_in_house, hours=1)
def stays_in_house(job: jobs.Job, progress: Tell, should_stop: jobs.ShouldStop) -> dict[str, Any]:
    """Work out a hospital's file of stays in house."""
    with tempfile.TemporaryDirectory() as work, runs.working(progress, should_stop):
        return in_house.worked_out(_case(job), Path(work))
