"""Ordering and cancelling jobs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from drgpay_web import clock, trail
from drgpay_web.jobs.ends import end
from drgpay_web.jobs.handlers import handler_of
from drgpay_web.jobs.models import ACTIVE, CANCELLED, QUEUED, Job
from drgpay_web.jobs.reads import job_seen
from drgpay_web.people import Act, Actor


def order(actor: Actor, *, kind: str, area: str, key: str, payload: Mapping[str, Any], unit: Any = None) -> Job:
    """Order a job. Of one key only one is active: ordering it again gives the one that is, with ``existing`` set.
    ``unit``: whose it is (default: the actor's). The permission is the action's that orders it."""
    lane = handler_of(kind).lane
    with transaction.atomic():
        there = Job.objects.filter(key=key, state__in=ACTIVE).first()
        if there is not None:
            there.existing = True
            return there
        job = Job.objects.create(
            kind=kind, lane=lane, area=area, unit=unit or actor.unit, key=key, payload=dict(payload),
            ordered_by=actor.person, ordered_unit=actor.unit, ordered_role=str(actor.role),
            ordered_at=clock.now(),
        )  # fmt: skip
        trail.record(actor, "job.order", f"job:{job.pk}", after={"kind": kind, "key": key})
    return job


def cancel(actor: Actor, job: Job) -> Job:
    """Cancel a job: one that waits at once, one that goes on as soon as it notices. One that has ended stays."""
    job = job_seen(actor, job.pk)
    actor.need(Act.JOB_CANCEL, job.unit)
    with transaction.atomic():
        waiting = Job.objects.select_for_update().get(pk=job.pk).state == QUEUED
        changed = Job.objects.filter(pk=job.pk, state__in=ACTIVE, stop_asked=False).update(stop_asked=True)
        if changed:
            trail.record(actor, "job.cancel", f"job:{job.pk}")
        if waiting:
            end(job.pk, CANCELLED)
    job.refresh_from_db()
    return job
