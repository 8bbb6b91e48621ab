"""What killed jobs leave in the folder of jobs."""

from __future__ import annotations

from drgpay import runs
from drgpay_web.jobs.models import RUNNING, Job
from drgpay_web.jobs.working import place_of_jobs, scratch_of


def sweep() -> list[str]:
    """Remove what children needed only while they worked; the names. Called while no job goes on."""
    going = {scratch_of(pk) for pk in Job.objects.filter(state=RUNNING).values_list("pk", flat=True)}
    found = sorted(set(place_of_jobs().glob("*.tmp")) - going)
    for path in found:
        runs.remove_whole(path)
    return [path.name for path in found]
