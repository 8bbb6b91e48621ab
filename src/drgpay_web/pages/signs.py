"""What a sign-in, a failure and a lock leave: the one session, and events of the audit."""

from __future__ import annotations

from typing import Any, cast

from axes.signals import user_locked_out
from django.contrib.auth.signals import user_logged_in, user_login_failed
from django.http import HttpRequest

from drgpay_web import trail
from drgpay_web.people import Person
from drgpay_web.people.middleware import actor_from, begin


def listen() -> None:
    """Connect; called once when Django is ready."""
    user_logged_in.connect(_signed_in, dispatch_uid="pages.signed_in")
    user_login_failed.connect(_failed, dispatch_uid="pages.failed")
    user_locked_out.connect(_locked, dispatch_uid="pages.locked")


def _signed_in(sender: object, *, request: HttpRequest, user: Any, **_: object) -> None:
    person = cast(Person, user)
    begin(request, person)
    held = person.memberships_now()
    chosen = next((one for one in held if one.pk == person.last_membership_id), held[0] if held else None)
    actor = actor_from(request, person, chosen) if chosen else None
    trail.record(actor, "sign_in", f"account:{person.username}")


def _failed(sender: object, *, credentials: dict[str, Any], request: HttpRequest, **_: object) -> None:
    _kept("sign_in_failed", credentials.get("username"), request)


def _locked(sender: object, *, username: str, request: HttpRequest, **_: object) -> None:
    _kept("locked", username, request)


def _kept(act: str, username: str | None, request: HttpRequest) -> None:
    """An event without an actor; what was typed is kept only where it is a name of ours."""
    person = Person.objects.filter(username=username or "").first()
    membership = person.memberships.select_related("unit").first() if person else None
    area = membership.unit.area if membership else ""
    subject = f"account:{person.username if person else '?'}"
    address = request.META.get("REMOTE_ADDR", "")
    trail.record(None, act, subject, outcome="failed", area=area, address=address)
