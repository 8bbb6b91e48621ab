"""The job of this room: the analysis of a month."""

from __future__ import annotations

from typing import Any

from drgpay import runs
from drgpay_web import jobs
from drgpay_web.rhythm import analysis_moves


@jobs.handler(analysis_moves.MAKE, finish=analysis_moves.ended)
def analysis(job: jobs.Job, progress: Any, should_stop: jobs.ShouldStop) -> dict[str, Any]:
    """The papers of the area and of every institution."""
    with runs.working(progress, should_stop):
        return analysis_moves.write(job, progress)
