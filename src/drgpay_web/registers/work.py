"""The job that reads a file of register rows."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from drgpay import runs
from drgpay_web import inbox, jobs, store
from drgpay_web.registers.actions import IMPORT
from drgpay_web.registers.rules import register_of

SHOWN = 200
"""findings that are kept for the page"""


@jobs.handler(IMPORT)
def read(job: jobs.Job, progress: Callable[[Any], None], should_stop: jobs.ShouldStop) -> dict[str, Any]:
    """Read, check and enter the rows of a file; where one is wrong none is entered, and findings are the result."""
    actor = jobs.orderer(job)
    seen = register_of(actor, job.payload["table"])
    received = store.Received.objects.get(pk=job.payload["received"])
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / received.name
        os.symlink(inbox.path_of(received.stored), file)
        rows = runs.read_rows(file, seen.table)
    try:
        put = store.put_rows(
            actor, area=job.area, table=seen.table, rows=rows, origin=f"file:{received.sha256[:12]}",
            reason=job.payload["reason"], owner=seen.owner,
        )  # fmt: skip
    except store.NotRight as error:
        found = [_plain(finding) for finding in error.findings[:SHOWN]]
        return {"rows": len(rows), "wrong": len(error.findings), "findings": found}
    return {
        "rows": len(rows), "wrong": 0, "added": put.added, "changed": put.changed, "same": put.same, "findings": [],
    }  # fmt: skip


def _plain(finding: Any) -> dict[str, Any]:
    return {name: getattr(finding, name) for name in ("row", "field", "value", "zh", "en", "fix_zh", "fix_en")}
