"""Who comes in by a token, and as whom it acts."""

from __future__ import annotations

from typing import cast

from django.http import HttpRequest
from ninja.security import HttpBearer

from drgpay_web import clock
from drgpay_web.api.actions import digest_of
from drgpay_web.api.models import Token
from drgpay_web.people import Act, Actor, Person, Role


class Bearer(HttpBearer):
    """A token that holds and is for what is asked (``scope``)."""

    openapi_name = "Bearer"

    def __init__(self, scope: str) -> None:
        self.scope = scope
        super().__init__()

    def authenticate(self, request: HttpRequest, token: str) -> Token | None:
        found = Token.objects.select_related("unit", "unit__parent", "person")
        its = found.filter(sha256=digest_of(token)).first()
        if its is None or its.revoked_at is not None or its.until <= clock.real_now():
            return None
        return its if self.scope in its.scopes else None


def token_of(request: HttpRequest) -> Token:
    """The token a request came in with."""
    return cast(Token, request.auth)  # type: ignore[attr-defined]


def actor_of(request: HttpRequest, act: Act | None = None) -> Actor:
    """Whom a token acts as: its own account, in its role. Raises Refused where that role may not do ``act``."""
    token = token_of(request)
    person = token.person or Person.objects.system()
    address = str(request.META.get("REMOTE_ADDR", ""))
    actor = Actor(person, None, Role(token.role), token.unit, token.unit.area, str(token), address)
    if act is not None:
        actor.need(act)
    return actor
