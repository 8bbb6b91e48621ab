"""The kinds of jobs: what does the work, in which lane, and what follows its end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from drgpay_web.jobs.models import Job

HEAVY, LIGHT = "heavy", "light"
LANES = {HEAVY: 1, LIGHT: 2}
"""how many jobs of a lane go on at once, so that a check never waits for a run"""

ShouldStop = Callable[[], bool]
Work = Callable[["Job", Callable[[Any], None], ShouldStop], "dict[str, Any] | None"]
Finish = Callable[["Job"], None]


@dataclass(frozen=True)
class Handler:
    """A kind of job. ``finish`` is called for every end (done, failed, cancelled, lost), in the transaction that
    writes it. ``hours``: the longest it may take; ``memory``: the most bytes its child may hold."""

    kind: str
    lane: str
    work: Work
    finish: Finish | None
    hours: int
    memory: int


_known: dict[str, Handler] = {}


def handler(
    kind: str, *, lane: str = LIGHT, finish: Finish | None = None, hours: int = 6, memory: int = 6 * 1024**3
) -> Callable[[Work], Work]:
    """Declare the function that does a kind of job: ``f(job, progress, should_stop) -> result`` (kept as JSON).

    ``progress`` takes a ``drgpay.runs.Progress``; ``should_stop`` says that the job was cancelled. The function runs
    in a child process; what it writes it writes as files first, and rows in ``finish``, which is called in one
    transaction with the job's end, also when the child was lost (then by the worker).
    """
    if lane not in LANES:
        raise ValueError(lane)

    def declare(work: Work) -> Work:
        _known[kind] = Handler(kind, lane, work, finish, hours, memory)
        return work

    return declare


def handler_of(kind: str) -> Handler:
    """The handler of a kind. Raises KeyError."""
    return _known[kind]


def kinds() -> tuple[str, ...]:
    """Every kind of job, sorted."""
    return tuple(sorted(_known))
