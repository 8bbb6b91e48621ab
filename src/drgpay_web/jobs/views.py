"""Pages of jobs: what goes on, how far it is, and cancelling it."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from drgpay_web.jobs import actions, reads
from drgpay_web.jobs.handlers import HEAVY
from drgpay_web.jobs.models import QUEUED, Job
from drgpay_web.people import Act, actor_of, door
from drgpay_web.ui import lang_of, w
from drgpay_web.ui.going import came_to_end
from drgpay_web.ui.words import words

SHOWN = 100
STATE_CLASS = {"queued": "", "running": "warn", "done": "good", "failed": "bad", "cancelled": ""}


@require_GET
@door(Act.JOB_SEE)
def jobs(request: HttpRequest) -> HttpResponse:
    """The latest jobs within one's reach."""
    rows = [shown(request, job) for job in reads.jobs_of(actor_of(request))[:SHOWN]]
    return render(request, "jobs/list.html", {"rows": rows})


@require_GET
@door(Act.JOB_SEE)
def job(request: HttpRequest, pk: int) -> HttpResponse:
    """The page of a job."""
    return render(request, "jobs/job.html", shown(request, reads.job_seen(actor_of(request), pk)))


@require_GET
@door(Act.JOB_SEE)
def progress(request: HttpRequest, pk: int) -> HttpResponse:
    """Only how far it is, asked again while it goes on; then the page is told that it has ended."""
    its = shown(request, reads.job_seen(actor_of(request), pk))
    answer = render(request, "jobs/progress.html", its)
    return answer if its["job"].active else came_to_end(answer)


@require_POST
@door(Act.JOB_CANCEL)
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """Cancel a job."""
    actor = actor_of(request)
    actions.cancel(actor, reads.job_seen(actor, pk))
    return redirect("job", pk=pk)


def shown(request: HttpRequest, job: Job) -> dict[str, Any]:
    """What ``jobs/progress.html`` shows of a job."""
    actor, lang = actor_of(request), lang_of(request)
    key = f"{job.kind}.job" if f"{job.kind}.job" in words() else "jobs.kind_unknown"
    error = job.error or {}
    return {
        "job": job,
        "title": w(key, lang),
        "state": w(f"jobs.state_{job.state}", lang),
        "state_class": STATE_CLASS[job.state],
        "said": job.said.get(lang, ""),
        "error": error.get(lang, ""),
        "fix": error.get(f"fix_{lang}", ""),
        "place": error.get("place", ""),
        "may_cancel": job.active and not job.stop_asked and actor.may(Act.JOB_CANCEL, job.unit),
        "waits": job.state == QUEUED and job.lane == HEAVY,
        "back": job.payload.get("back", ""),
        "again": reverse("job-progress", args=[job.pk]),
    }
