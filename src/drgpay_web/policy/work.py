"""The jobs of what-ifs: a settled year under another law, and for a range of values. Nothing is written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from drgpay import runs
from drgpay_web import jobs, store
from drgpay_web.jobs.handlers import HEAVY, LIGHT
from drgpay_web.policy.actions import MANY, ONE


@jobs.handler(ONE, lane=LIGHT, hours=1)
def try_one(job: jobs.Job, progress: Callable[[Any], None], should_stop: jobs.ShouldStop) -> dict[str, Any]:
    """The year under other values, beside what it was."""
    folder, changes, practice = _asked(job)
    with runs.working(progress, should_stop):
        return runs.what_if(folder, runs.LocalEngine(1), changes, practice).plain()


@jobs.handler(MANY, lane=HEAVY, hours=3)
def try_many(job: jobs.Job, progress: Callable[[Any], None], should_stop: jobs.ShouldStop) -> dict[str, Any]:
    """The year for every value of a range."""
    folder, changes, practice = _asked(job)
    with runs.working(progress, should_stop):
        return runs.sweep(folder, runs.LocalEngine(1), job.payload["sweep"], changes, practice).plain()


def _asked(job: jobs.Job) -> tuple[Any, dict[str, str], str | None]:
    result = store.Result.objects.get(pk=job.payload["result"], area=job.area)
    return store.folder(result), job.payload["changes"], job.payload["practice"] or None
