"""A page that a hospital's own system opens beside a stay in house: its group, how far its costs are from the group's
bounds, and the rules behind it. Plain HTML, for old browsers too; the ticket holds once and for minutes."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from drgpay_web import clock
from drgpay_web.api.actions import digest_of
from drgpay_web.api.models import Ticket, Token
from drgpay_web.api.room import room_of
from drgpay_web.people import NotThere, needs_nobody

HOLDS = timedelta(minutes=5)


def ticket(token: Token, stay: dict[str, Any], now: datetime) -> tuple[str, datetime]:
    """A ticket for a stay, and until when it holds. Tickets that are over are forgotten."""
    Ticket.objects.filter(until__lt=now).delete()
    text = secrets.token_urlsafe(24)
    made = Ticket.objects.create(token=token, sha256=digest_of(text), stay=stay, until=now + HOLDS)
    return text, made.until


@needs_nobody
@require_safe
def page(request: HttpRequest, text: str) -> HttpResponse:
    """The page of a ticket. It is opened once."""
    found = Ticket.objects.select_related("token", "token__unit", "token__unit__parent").filter(
        sha256=digest_of(text), until__gte=clock.real_now(), token__revoked_at=None
    )
    its = found.first()
    if its is None or not Ticket.objects.filter(pk=its.pk).delete()[0]:
        raise NotThere
    return render(request, "api/stay_page.html", {"unit": its.token.unit, **room_of(its.token, its.stay)})
