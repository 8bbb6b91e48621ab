"""Writing events: within the transaction of the act, behind a lock on the chain's head."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Literal

from django.db import transaction

from drgpay_web import clock
from drgpay_web.people import Act, Actor
from drgpay_web.trail.models import Event, Head

FIELDS = (
    "number",
    "at",
    "office_day",
    "area",
    "person",
    "role",
    "unit",
    "session",
    "address",
    "act",
    "subject",
    "before",
    "after",
    "outcome",
    "reason",
)


def record(
    actor: Actor | None,
    act: str,
    subject: str,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    outcome: Literal["done", "refused", "failed"] = "done",
    reason: str = "",
    area: str = "",
    address: str = "",
) -> Event:
    """Add an event to the chain: ``actor`` did ``act`` to ``subject`` (``case:12``, ``stay:2023/S1``).

    ``before`` and ``after`` hold ids and states, never names of persons. Without an actor (sign-in, set-up) the
    person is ``-``, and ``area`` and ``address`` are the caller's. In a transaction it is kept or lost with it.
    """
    with transaction.atomic():
        head = Head.objects.select_for_update().get(pk=1)
        event = Event(
            number=head.number + 1,
            at=clock.real_now(),
            office_day=clock.today(),
            area=actor.area if actor else area,
            person=actor.person.username if actor else "-",
            role=actor.role.value if actor else "",
            unit=f"{actor.unit.kind}:{actor.unit.code}"[:200] if actor else "",
            session=actor.session if actor else "",
            address=actor.address if actor else address,
            act=str(act),
            subject=subject[:200],
            before=canonical(before),
            after=canonical(after),
            outcome=outcome,
            reason=reason,
            previous=head.digest,
        )
        event.digest = digest_of(event)
        event.save(force_insert=True)
        Head.objects.filter(pk=1).update(number=event.number, digest=event.digest)
        return event


def record_look(sender: object, *, actor: Actor, act: Act, address: str, **_: object) -> None:
    """One short write before a person's record is shown."""
    record(actor, act, f"page:{address}")


def record_refusal(sender: object, *, actor: Actor, act: Act, address: str, **_: object) -> None:
    record(actor, act, f"page:{address}", outcome="refused")


def canonical(values: Mapping[str, Any] | None) -> str:
    """Values as one text: keys sorted, no blanks; empty for none."""
    if values is None:
        return ""
    return json.dumps(values, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)


def digest_of(event: Event) -> str:
    """The event's link: SHA-256 over the previous digest and every field."""
    said = {name: getattr(event, name) for name in FIELDS}
    said["at"] = event.at.astimezone(clock.SHANGHAI).isoformat()
    text = f"{event.previous}\n{canonical(said)}"
    return hashlib.sha256(text.encode()).hexdigest()
