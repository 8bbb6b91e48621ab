"""Large selections are taken by a job."""

from __future__ import annotations

from typing import Any

from django.http import QueryDict

from drgpay_web import jobs, store
from drgpay_web.jobs.reads import orderer
from drgpay_web.papers import actions


@jobs.handler("papers", lane="light", hours=1)
def take(job: Any, progress: Any, should_stop: Any) -> dict[str, Any]:
    """Take the selection that was ordered."""
    said, actor = job.payload, orderer(job)
    made = actions.table_file(
        actor, result=store.result_seen(actor, said["result"]), table=said["table"], asked=QueryDict(said["asked"]),
        persons=said["persons"], reason=said["reason"], lang=said["lang"],
    )  # fmt: skip
    return {"download": made.pk}
