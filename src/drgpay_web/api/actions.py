"""Issuing and revoking tokens."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from datetime import timedelta

from django.db import transaction

from drgpay_web import clock, trail
from drgpay_web.api.models import Token
from drgpay_web.people import Act, Actor, Unit

PREFIX = "drgpay_"
DAYS = 365
"""how long a token holds"""


def digest_of(text: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(text.encode()).hexdigest()


def create_token(actor: Actor, *, unit: Unit, name: str, scopes: Sequence[str], reason: str) -> tuple[Token, str]:
    """Issue a token of an institution; its text is told this once and kept nowhere."""
    actor.need(Act.TOKEN_CREATE, unit)
    text = PREFIX + secrets.token_urlsafe(32)
    now = clock.real_now()
    with transaction.atomic():
        token = Token.objects.create(
            unit=unit, name=name, start=text[: len(PREFIX) + 6], sha256=digest_of(text), scopes=sorted(scopes),
            created_by=actor.person, created_at=now, until=now + timedelta(days=DAYS),
        )  # fmt: skip
        after = {"unit": unit.code, "scopes": token.scopes}
        trail.record(actor, Act.TOKEN_CREATE, f"token:{token.pk}", after=after, reason=reason)
    return token, text


def revoke_token(actor: Actor, token: Token, *, reason: str) -> None:
    """Let a token hold no longer; one that is revoked stays so."""
    actor.need(Act.TOKEN_REVOKE, token.unit)
    with transaction.atomic():
        changed = Token.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=clock.real_now())
        if changed:
            trail.record(actor, Act.TOKEN_REVOKE, f"token:{token.pk}", reason=reason)
