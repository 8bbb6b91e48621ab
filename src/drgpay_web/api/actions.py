"""Issuing and revoking tokens; addresses that are told of events."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from datetime import timedelta
from urllib.parse import urlsplit

from django.db import transaction
from django.db.models import Max

from drgpay_web import clock, trail
from drgpay_web.api.models import ONLY, ROLES, SCOPES, Hook, Token
from drgpay_web.people import Act, Actor, Person, Unit
from drgpay_web.people.hidden import hide
from drgpay_web.trail.models import Event
from drgpay_web.ui import Unfit

PREFIX = "drgpay_"
DAYS = 365
"""how long a token holds"""
HOOKS = "api hooks"
"""what the secrets of hooks are encrypted for"""


def digest_of(text: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(text.encode()).hexdigest()


def create_token(
    actor: Actor, *, unit: Unit, name: str, scopes: Sequence[str], reason: str, role: str = ""
) -> tuple[Token, str]:
    """Issue a token of an institution or of the bureau; its text is told this once and kept nowhere. It acts as an
    account of its own that cannot sign in. Raises Unfit for a role that is none of the unit's, or
    a scope that the role does not have."""
    actor.need(Act.TOKEN_CREATE, unit)
    role = role or ROLES[unit.kind][0]
    if role not in ROLES[unit.kind]:
        raise Unfit("api.role_of_unit")
    if set(scopes) - set(ONLY.get(role, SCOPES)):
        raise Unfit("api.scope_of_role")
    text = PREFIX + secrets.token_urlsafe(32)
    now = clock.real_now()
    with transaction.atomic():
        token = Token.objects.create(
            unit=unit, role=role, name=name, start=text[: len(PREFIX) + 6], sha256=digest_of(text),
            scopes=sorted(scopes), created_by=actor.person, created_at=now, until=now + timedelta(days=DAYS),
        )  # fmt: skip
        token.person = Person.objects.create_user(f"token-{token.pk}", name=name[:64], is_active=False)
        token.save(update_fields=["person"])
        after = {"unit": unit.code, "role": role, "scopes": token.scopes}
        trail.record(actor, Act.TOKEN_CREATE, f"token:{token.pk}", after=after, reason=reason)
    return token, text


def revoke_token(actor: Actor, token: Token, *, reason: str) -> None:
    """Let a token hold no longer; one that is revoked stays so."""
    actor.need(Act.TOKEN_REVOKE, token.unit)
    with transaction.atomic():
        changed = Token.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=clock.real_now())
        if changed:
            trail.record(actor, Act.TOKEN_REVOKE, f"token:{token.pk}", reason=reason)


def create_hook(actor: Actor, *, unit: Unit, url: str, events: Sequence[str], reason: str) -> tuple[Hook, str]:
    """Have an address told of a unit's events from now on; the secret it checks messages with is told this once.
    Raises Unfit for an address that is no http(s) address or carries a password."""
    actor.need(Act.TOKEN_CREATE, unit)
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.fragment:
        raise Unfit("api.no_address")
    secret = secrets.token_urlsafe(32)
    with transaction.atomic():
        last = Event.objects.aggregate(last=Max("number"))["last"] or 0
        hook = Hook.objects.create(
            unit=unit, url=url, secret=hide(HOOKS, secret), events=sorted(events), created_by=actor.person,
            created_at=clock.real_now(), last_event=last,
        )  # fmt: skip
        after = {"unit": unit.code, "host": parts.hostname, "events": hook.events}
        trail.record(actor, "hook.create", f"hook:{hook.pk}", after=after, reason=reason)
    return hook, secret


def end_hook(actor: Actor, hook: Hook, *, reason: str) -> None:
    """Have an address told no more."""
    actor.need(Act.TOKEN_REVOKE, hook.unit)
    with transaction.atomic():
        if Hook.objects.filter(pk=hook.pk, ended_at=None).update(ended_at=clock.real_now()):
            trail.record(actor, "hook.end", f"hook:{hook.pk}", reason=reason)
