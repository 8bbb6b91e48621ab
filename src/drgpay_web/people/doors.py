"""The door of a page: every address has one, or is declared to need nobody."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.dispatch import Signal
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.utils.http import urlencode

from drgpay_web.people.actor import Refused, actor_of
from drgpay_web.people.matrix import Act, acts

Page = Callable[..., HttpResponseBase]
looked = Signal()
"""sent with ``actor, act, address`` before a look that the matrix wants recorded; the trail listens"""
refused = Signal()
"""sent with ``actor, act, address`` when a role may not do what it asked for"""


def door(act: Act) -> Callable[[Page], Page]:
    """Let only those into a page who may do ``act`` somewhere; the page asks ``actor.need(act, unit)`` for the unit.

    Nobody signed in: a page leads to sign-in, what is sent is answered 401. A look at persons is recorded before the
    page is made, and where that fails nothing is shown.
    """

    def guard(page: Page) -> Page:
        @wraps(page)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if getattr(request, "actor", None) is None:
                return _sign_in(request)
            actor = actor_of(request)
            if not actor.may(act):
                raise Refused(act)
            if acts()[act].look and request.method == "GET":
                looked.send(sender=None, actor=actor, act=act, address=request.path)
            return page(request, *args, **kwargs)

        guarded.door = act  # type: ignore[attr-defined]
        return guarded

    return guard


def needs_nobody(page: Page) -> Page:
    """Declare a page open to everyone."""
    page.door = None  # type: ignore[attr-defined]
    return page


def _sign_in(request: HttpRequest) -> HttpResponse:
    if request.method == "GET" and not request.headers.get("HX-Request"):
        return HttpResponseRedirect(f"/sign-in?{urlencode({'next': request.get_full_path()})}")
    answer = HttpResponse(status=401)
    answer["X-Sign-In"] = "/sign-in"
    return answer
