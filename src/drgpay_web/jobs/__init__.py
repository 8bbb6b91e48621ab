"""Long work: ordered once, done by a child of its own, seen while it goes on, cancelled, and never lost (14 §1)."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from drgpay_web.jobs.handlers import ShouldStop, handler

if TYPE_CHECKING:
    from drgpay_web.jobs.actions import cancel, order
    from drgpay_web.jobs.models import Job
    from drgpay_web.jobs.reads import job_seen, jobs_of, orderer
    from drgpay_web.jobs.views import shown
    from drgpay_web.jobs.working import AlreadyWorking, worker

_ROOM = {
    "AlreadyWorking": "working",
    "Job": "models",
    "cancel": "actions",
    "job_seen": "reads",
    "jobs_of": "reads",
    "order": "actions",
    "orderer": "reads",
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
    "cancel",
    "handler",
    "job_seen",
    "jobs_of",
    "order",
    "orderer",
    "shown",
    "worker",
]
