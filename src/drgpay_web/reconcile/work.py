"""The job of this room: a return is read and compared; files are opened here only."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from drgpay import runs
from drgpay.errors import DrgpayError, Kind
from drgpay_web import flow, inbox, jobs, store
from drgpay_web.people import system_actor
from drgpay_web.reconcile.moves import MATCH, place_of, terms


def _ended(job: jobs.Job) -> None:
    """What was found, or why the file cannot be read; a job that was lost leaves the case to be matched again."""
    case = flow.Case.objects.select_for_update().get(pk=job.payload["case"])
    if case.state != "received" or not job.result:
        return
    case.data |= job.result
    case.save(update_fields=["data"])
    move = "refuse" if "error" in job.result else "found"
    flow.do(system_actor(job.area), case, move, version=case.version)


@jobs.handler(MATCH, finish=_ended, hours=1)
def match(job: jobs.Job, progress: Callable[[Any], None], should_stop: jobs.ShouldStop) -> dict[str, Any]:
    """Compare a return with the institution's stays of a result."""
    case = flow.Case.objects.select_related("unit").get(pk=job.payload["case"])
    received = store.Received.objects.get(pk=case.data["received"])
    result = store.Result.objects.get(pk=case.data["result"])
    said, target = terms(case.area), place_of(case)
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=jobs.place_of_jobs(), suffix=".tmp") as scratch:
        file = Path(scratch) / received.name
        os.link(inbox.path_of(received.stored), file)
        try:
            with runs.working(progress, should_stop):
                done = runs.reconcile_file(
                    runs.unpacked(file, Path(scratch)), store.folder(result), case.unit.code, Path(scratch) / "found",
                    fen=said.fen, points=said.points, aliases=case.data["aliases"],
                )  # fmt: skip
        except runs.Stopped:
            raise
        except DrgpayError as error:
            if error.kind not in (Kind.DATA, Kind.USAGE):
                raise
            return {"error": {"zh": error.zh, "en": error.en, "fix_zh": error.fix_zh, "fix_en": error.fix_en}}
        shutil.rmtree(target, ignore_errors=True)
        shutil.move(Path(scratch) / "found", target)
    whole = next(row for row in done.totals if row["kind"] == "all")
    return {
        "lacks": [list(one) for one in done.lacks], "findings": done.findings.num_rows, "tolerance": said.fen,
        "totals": {name: whole[name] for name in ("lines", "stays", "objections")},
    }  # fmt: skip
