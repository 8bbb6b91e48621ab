"""The auditor's pages: search, and the check of the chain."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_POST, require_safe

from drgpay_web import clock, trail
from drgpay_web.pages.forms import AuditForm
from drgpay_web.people import Act, Actor, actor_of, door
from drgpay_web.trail.telling import act_words, subject_words, values_of
from drgpay_web.ui import lang_of, w
from drgpay_web.ui.pages import page_of


@door(Act.AUDIT_SEARCH)
@require_safe
def audit(request: HttpRequest) -> HttpResponse:
    """Events of the area, the latest first."""
    return _audit(request)


@door(Act.AUDIT_CHECK)
@require_POST
def check(request: HttpRequest) -> HttpResponse:
    """Check the whole chain again, event by event."""
    broken = trail.check()
    after = {"broken": broken}
    trail.record(actor_of(request), Act.AUDIT_CHECK, "trail", after=after, outcome="failed" if broken else "done")
    lang = lang_of(request)
    if broken:
        messages.error(request, w("pages.audit_broken", lang, number=broken))
    else:
        messages.success(request, w("pages.audit_whole", lang))
    return HttpResponseRedirect("/audit")


def _audit(request: HttpRequest) -> HttpResponse:
    lang = lang_of(request)
    form = AuditForm(request.GET, lang=lang)
    said = form.cleaned_data if form.is_valid() else {}
    page = page_of(request, _found(actor_of(request), said))
    lines = [_line(event, lang) for event in page]
    return render(request, "pages/audit.html", {"form": form, "page": page, "lines": lines})


def _line(event: trail.Event, lang: str) -> dict[str, Any]:
    return {
        "event": event,
        "act": act_words(event.act, lang),
        "subject": subject_words(event.subject, lang),
        "values": values_of(event, lang),
    }


def _found(actor: Actor, said: dict[str, Any]) -> QuerySet[trail.Event]:
    """Events of the actor's area and of none (failed sign-ins of unknown names), by what the form says."""
    found = trail.Event.objects.filter(area__in=[actor.area, ""]).order_by("-number")
    found = found.filter(**{name: said[name] for name in ("person", "act", "outcome") if said.get(name)})
    if said.get("subject"):
        found = found.filter(subject__contains=said["subject"])
    if said.get("first"):
        found = found.filter(at__gte=datetime.combine(said["first"], time(), clock.SHANGHAI))
    if said.get("last"):
        found = found.filter(at__lt=datetime.combine(said["last"], time(), clock.SHANGHAI) + timedelta(days=1))
    return found
