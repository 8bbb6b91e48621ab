"""Jobs somebody may see."""

from __future__ import annotations

from django.db.models import QuerySet

from drgpay_web.jobs.models import Job
from drgpay_web.people import Act, Actor, NotThere, Role


def jobs_of(actor: Actor) -> QuerySet[Job]:
    """The jobs within the actor's reach, the newest first."""
    root = actor.reach(Act.JOB_SEE)
    found = Job.objects.select_related("unit", "ordered_by").order_by("-pk")
    return found.filter(unit__path__startswith=root.path) if root else found.none()


def job_seen(actor: Actor, pk: int) -> Job:
    """One of them. Raises NotThere."""
    job = jobs_of(actor).filter(pk=pk).first()
    if job is None:
        raise NotThere
    return job


def orderer(job: Job) -> Actor:
    """Who ordered a job, as what: in whose name its work is written."""
    return Actor(job.ordered_by, None, Role(job.ordered_role), job.ordered_unit, job.area)
