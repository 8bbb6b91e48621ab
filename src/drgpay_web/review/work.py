"""The job of this room: a published result is looked through for stays that may ask for special review."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from drgpay import runs
from drgpay_web import flow, jobs, store
from drgpay_web.review.actions import SUGGEST, corrected, order_suggestions, suggest


def _suggested(job: jobs.Job) -> None:
    if job.result:
        suggest(job.payload["result"], job.result["rows"])


@jobs.handler(SUGGEST, finish=_suggested, hours=1)
def look(job: jobs.Job, progress: Callable[[Any], None], should_stop: jobs.ShouldStop) -> dict[str, Any]:
    """Candidates within the quota of their institution."""
    result = store.Result.objects.get(pk=job.payload["result"])
    with runs.working(progress, should_stop):
        found = runs.special_candidates(store.folder(result))
    names = ("stay_id", "institution_id", "reason")
    return {"rows": [{name: row[name] for name in names} for row in found if row["within_quota"]]}


flow.follow("period", "open", order_suggestions)
flow.follow("period", "republish", order_suggestions)
flow.follow("submission", "enter", corrected)
