"""The jobs of this room: a look, a run, a full check, a seal."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from drgpay import runs
from drgpay_web import clock, flow, jobs, store
from drgpay_web.clearing import period_moves, results
from drgpay_web.clearing.actions import LOOK, RUN, VERIFY
from drgpay_web.clearing.lines import digests
from drgpay_web.clearing.links import parsed
from drgpay_web.people import system_actor

Tell = Callable[[Any], None]
STAYS_KEPT = 200
"""stays that differ which are kept for the page; the others are counted"""


def _order(job: jobs.Job) -> runs.Order:
    """What a look or a run is asked for; its region is composed where it is not there yet."""
    said = job.payload
    pin = store.Pin.objects.get(pk=said["pin"])
    year, month = parsed(said["period"])
    after = store.folder_of_kind(job.area, "run") / said["after"] if said["after"] else None
    opens = store.folder_of_kind(job.area, "run") / said["reopens"] if said.get("reopens") else None
    accept = runs.Accepted((said["accept"],), said["reason"]) if said.get("accept") else runs.Accepted()
    # A year that is opened again goes by the law under which it was sealed.
    policy = str(opens / runs.PRACTICE) if opens else store.practice_source(pin.area, pin.policy)
    return runs.Order(
        store.compose(pin), policy, year, month, known_on=pin.day, after=after, accept=accept, reopens=opens,
        reason=said.get("because", ""),
    )  # fmt: skip


@jobs.handler(LOOK)
def look(job: jobs.Job, progress: Tell, should_stop: jobs.ShouldStop) -> dict[str, Any]:
    """What looks wrong before money moves."""
    order = _order(job)
    with runs.working(progress, should_stop):
        return {"notices": runs.look(order, jobs.engine(), clock.today())}


def place(job: jobs.Job) -> tuple[str, str, Path]:
    """Kind, name and folder of what a run leaves."""
    kind = "run" if job.payload["kind"] == results.CANDIDATE else "trial"
    name = f"{job.payload['period']}-{job.pk}"
    return kind, name, store.new_result_folder(job.area, kind, name)


def ended(job: jobs.Job) -> None:
    """A folder that is whole becomes a result, whatever became of the process that wrote it."""
    kind, name, folder = place(job)
    if (folder / runs.MANIFEST).is_file():
        pin = store.Pin.objects.get(pk=job.payload["pin"])
        store.add_result(
            jobs.orderer(job), area=job.area, kind=kind, name=name, pin=pin, job=job, state=job.payload["kind"]
        )


@jobs.handler(RUN, lane="heavy", finish=ended)
def run(job: jobs.Job, progress: Tell, should_stop: jobs.ShouldStop) -> dict[str, Any]:
    """Settle a month or a year, check it, and say how it differs from the result before."""
    _, name, folder = place(job)
    runs.run(_order(job), folder, jobs.engine(), progress=progress, should_stop=should_stop)
    runs.prepare_pages(folder)
    period = job.payload["period"]
    return {
        "name": name,
        "statements": digests(folder, period),
        "verify": _checks(runs.verify(folder, jobs.engine(), quick=True)),
        "difference": _difference(job, folder),
    }


def _checks(checks: list[runs.Check]) -> list[dict[str, Any]]:
    names = ("zh", "en", "ok", "failure", "note_zh", "note_en", "done")
    return [{name: getattr(check, name) for name in names} for check in checks]


def _difference(job: jobs.Job, folder: Path) -> dict[str, Any] | None:
    """Against the published result of the period, or the newest before, or the one that is opened again."""
    area, period, opened = job.area, job.payload["period"], job.payload.get("reopens", "")
    before = results.published(area, period) or results.candidates(area, period).first()
    if before is None and opened:
        before = store.results_of(area).filter(kind="run", name=opened).first()
    if before is None:
        return None
    with tempfile.TemporaryDirectory() as work:
        found = runs.difference(store.folder(before), folder, jobs.engine(), Path(work), stays=True)
    stays = found.stays.to_dicts()
    return {
        "against": before.pk,
        "causes": [{"kind": cause.kind, "what": cause.what} for cause in found.causes],
        "institutions": found.institutions.to_dicts(),
        "stays": stays[:STAYS_KEPT],
        "count": len(stays),
    }


@jobs.handler(VERIFY, lane="heavy")
def verify(job: jobs.Job, progress: Tell, should_stop: jobs.ShouldStop) -> dict[str, Any]:
    """Make a result again from its inputs and compare it row by row."""
    result = store.Result.objects.get(pk=job.payload["result"])
    with runs.working(progress, should_stop):
        return {"verify": _checks(runs.verify(store.folder(result), jobs.engine()))}


def seal_ended(job: jobs.Job) -> None:
    """What is sealed on disk is sealed, even where the process was lost; else the period waits for another try."""
    case = flow.Case.objects.get(pk=job.payload["case"])
    result = store.Result.objects.get(pk=job.payload["result"])
    move = "sealed" if period_moves.seal_on_disk(result) else "unsealed"
    if case.state == "sealing":
        flow.do(system_actor(job.area), case, move, version=case.version)


@jobs.handler(period_moves.SEAL, lane="heavy", finish=seal_ended)
def seal(job: jobs.Job, progress: Tell, should_stop: jobs.ShouldStop) -> dict[str, Any]:
    """Seal a result; one that is sealed stays as it is."""
    result = store.Result.objects.get(pk=job.payload["result"])
    if period_moves.seal_on_disk(result) is None:
        with runs.working(progress, should_stop):
            on = date.fromisoformat(job.payload["on"])
            runs.seal_run(store.folder(result), jobs.engine(), by=job.payload["by"], on=on)
    return {"result": result.pk}
