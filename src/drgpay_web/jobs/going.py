"""The job that waits or goes on for a case, as a part of the case's page."""

from __future__ import annotations

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from drgpay_web.jobs.models import ACTIVE, Job
from drgpay_web.jobs.views import shown
from drgpay_web.people import Act, actor_of


def going(request: HttpRequest, case: int, again: str) -> SafeString:
    """The job that was ordered for a case the reader sees; what it says of its work only where he may see the job."""
    job = Job.objects.filter(state__in=ACTIVE, payload__case=case).select_related("unit").order_by("pk").first()
    if job is None:
        return SafeString("")
    sees = actor_of(request).may(Act.JOB_SEE, job.unit)
    its = shown(request, job) | {"again": again, "sees": sees}
    return render_to_string("jobs/going.html", its if sees else its | {"said": ""}, request)
