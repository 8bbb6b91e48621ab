"""Long work: ordered once, done by a child of its own, seen while it goes on, cancelled, and never lost (14 §1)."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from drgpay_web.jobs.handlers import ShouldStop, handler

if TYPE_CHECKING:
    from drgpay_web.jobs.actions import cancel, order
    from drgpay_web.jobs.ends import do_here
    from drgpay_web.jobs.engines import check_engine, engine
    from drgpay_web.jobs.models import Job
    from drgpay_web.jobs.reads import job_seen, jobs_of, orderer
    from drgpay_web.jobs.views import shown
    from drgpay_web.jobs.working import AlreadyWorking, at_rest, is_at_work, place_of_jobs, worker

_ROOM = {
    "AlreadyWorking": "working",
    "Job": "models",
    "at_rest": "working",
    "cancel": "actions",
    "check_engine": "engines",
    "engine": "engines",
    "is_at_work": "working",
    "do_here": "ends",
    "job_seen": "reads",
    "jobs_of": "reads",
    "order": "actions",
    "orderer": "reads",
    "place_of_jobs": "working",
    "shown": "views",
    "worker": "working",
}


def __getattr__(name: str) -> Any:
    if name not in _ROOM:
        raise AttributeError(name)
    return getattr(import_module(f"{__name__}.{_ROOM[name]}"), name)


__all__ = [
    "AlreadyWorking",
    "Job",
    "ShouldStop",
    "at_rest",
    "cancel",
    "check_engine",
    "do_here",
    "engine",
    "handler",
    "is_at_work",
    "job_seen",
    "jobs_of",
    "order",
    "orderer",
    "place_of_jobs",
    "shown",
    "worker",
]
