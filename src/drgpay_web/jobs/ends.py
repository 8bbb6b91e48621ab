"""The end of a job: state, what follows, and the audit in one transaction; made once, whoever comes first."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from drgpay.errors import DrgpayError
from drgpay_web import clock, trail
from drgpay_web.jobs.handlers import handler_of
from drgpay_web.jobs.models import ACTIVE, CANCELLED, DONE, RUNNING, Job
from drgpay_web.people import system_actor
from drgpay_web.ui import w


def end(job_id: int, state: str, *, result: Any = None, error: dict[str, str] | None = None) -> bool:
    """Write a job's end, with what its kind does then; False where it has ended already."""
    with transaction.atomic():
        job = Job.objects.select_for_update().get(pk=job_id)
        if job.state not in ACTIVE:
            return False
        job.state, job.result, job.error, job.ended_at = state, result, error, clock.real_now()
        job.save()
        follows = handler_of(job.kind).finish
        if follows:
            follows(job)
        well = state in (DONE, CANCELLED)
        trail.record(system_actor(job.area), f"job.{state}", f"job:{job.pk}", outcome="done" if well else "failed")
    return True


def do_here(job: Job) -> Job:
    """Do a job at once in this process, as its child would: while a demo is made."""
    Job.objects.filter(pk=job.pk).update(state=RUNNING, started_at=clock.real_now())
    job.refresh_from_db()
    never = bool  # false, always
    end(job.pk, DONE, result=handler_of(job.kind).work(job, lambda _: None, never))
    job.refresh_from_db()
    return job


def error_words(key: str, **values: object) -> dict[str, str]:
    """An error of the office's own, in both languages."""
    return {lang: w(f"jobs.{key}", lang, **values) for lang in ("zh", "en")}


def error_of(error: DrgpayError) -> dict[str, str]:
    """An error of the core as the page shows it."""
    return {
        "zh": error.zh, "en": error.en, "fix_zh": error.fix_zh, "fix_en": error.fix_en, "place": error.place(),
    }  # fmt: skip
