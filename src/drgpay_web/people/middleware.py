"""Who acts in this request, in which language, and whether the session still holds."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import nullcontext
from datetime import datetime, timedelta
from typing import cast

from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from drgpay_web import clock
from drgpay_web.people.actor import Actor, Refused, Request
from drgpay_web.people.doors import refused
from drgpay_web.people.matrix import Role
from drgpay_web.people.models import Membership, Person
from drgpay_web.ui import failures
from drgpay_web.ui.once import looking

LONG_AGO = "2000-01-01T00:00:00+00:00"
FREE = ("/sign-in", "/sign-out", "/language", "/password", "/second-factor", "/static/", "/health", "/try")
"""what a person may open before the password is renewed and the second factor set up"""
CHOOSES = ("/identity", "/sign-in", "/sign-out", "/language", "/password", "/second-factor", "/try")
"""forms that are not drawn for one identity"""


class PeopleMiddleware:
    """Sets ``request.actor`` and ``request.lang``; ends sessions that are over; checks what a form was drawn for."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        asked = cast(Request, request)
        asked.actor, asked.lang = None, request.COOKIES.get("office_language", "zh")
        if asked.lang not in ("zh", "en"):
            asked.lang = "zh"
        with looking() if request.method in ("GET", "HEAD") else nullcontext():
            return self._answer(request, asked)

    def _answer(self, request: HttpRequest, asked: Request) -> HttpResponse:
        if request.path.startswith(("/static/", "/api/")):
            return self.get_response(request)
        if request.user.is_authenticated:
            person = request.user
            asked.lang = person.language
            ended = _ended(request, person)
            if ended:
                logout(request)
                request.session["ended"] = ended
            else:
                asked.actor = _actor(request, person)
                answer = _first_things(asked, person) or _other_identity(asked)
                if answer is not None:
                    return answer
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Failures meant for people become pages; a refusal is recorded first, in a transaction of its own."""
        asked = cast(Request, request)
        if isinstance(error, Refused) and asked.actor:
            refused.send(sender=None, actor=asked.actor, act=error.act, address=request.path)
        return failures.answer(request, error, asked.lang)


def begin(request: HttpRequest, person: Person) -> None:
    """A sign-in: this session is the person's only one from now on."""
    if not request.session.session_key:
        request.session.save()
    now = clock.real_now().isoformat()
    request.session["began"] = request.session["seen"] = now
    person.session_key = request.session.session_key or ""
    person.save(update_fields=["session_key"])


def _ended(request: HttpRequest, person: Person) -> str:
    """Why the session is over: ``elsewhere``, ``idle``, ``whole``, ``inactive``; empty where it holds."""
    session, now = request.session, clock.real_now()
    if not person.is_active:
        return "inactive"
    if person.session_key != session.session_key:
        return "elsewhere"
    seen, began = (datetime.fromisoformat(session.get(name, LONG_AGO)) for name in ("seen", "began"))
    if now - began > timedelta(seconds=settings.SESSION_WHOLE_SECONDS):
        return "whole"
    if now - seen > timedelta(seconds=settings.SESSION_IDLE_SECONDS):
        return "idle"
    if now - seen > timedelta(minutes=1) and not request.headers.get("X-Poll"):
        session["seen"] = now.isoformat()
    return ""


def _actor(request: HttpRequest, person: Person) -> Actor | None:
    held = person.memberships_now()
    chosen = request.session.get("membership", person.last_membership_id)
    membership = next((one for one in held if one.pk == chosen), held[0] if held else None)
    return None if membership is None else actor_from(request, person, membership)


def actor_from(request: HttpRequest, person: Person, membership: Membership) -> Actor:
    """The actor of a membership in this request."""
    session = hashlib.sha256((request.session.session_key or "").encode()).hexdigest()[:12]
    unit = membership.unit
    address = request.META.get("REMOTE_ADDR", "")
    return Actor(person, membership, Role(membership.role), unit, unit.area, session, address)


def _first_things(request: Request, person: Person) -> HttpResponse | None:
    """What comes before any work: a new password where the old is over, and the second factor."""
    if request.path.startswith(FREE):
        return None
    if clock.is_demo():
        return None
    old = clock.real_now() - person.password_since > timedelta(days=settings.PASSWORD_DAYS)
    if person.must_change_password or old:
        return HttpResponseRedirect("/password")
    if person.needs_second_factor() and not has_second_factor(person):
        return HttpResponseRedirect("/second-factor")
    return None


def has_second_factor(person: Person) -> bool:
    """Whether a code of a second device is asked of this person."""
    from allauth.mfa.models import Authenticator

    return bool(Authenticator.objects.filter(user_id=person.pk, type=Authenticator.Type.TOTP).exists())


def _other_identity(request: Request) -> HttpResponse | None:
    """409 where a form was drawn for another identity than the one that is active."""
    if request.method in ("GET", "HEAD", "OPTIONS") or request.path.startswith(CHOOSES) or request.actor is None:
        return None
    sent = request.headers.get("X-Membership") or request.POST.get("membership", "")
    active = request.actor.membership
    if active is not None and sent == str(active.pk):
        return None
    return failures.show(request, 409)
