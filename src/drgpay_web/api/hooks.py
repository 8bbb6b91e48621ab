"""Messages to systems that want to be told: collected from the trail, signed, sent in a job, tried again."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from drgpay_web import clock, flow, jobs, store
from drgpay_web.api.actions import HOOKS
from drgpay_web.api.models import FAILED, QUEUED, SENT, Hook, Message
from drgpay_web.people import system_actor
from drgpay_web.people.hidden import shown
from drgpay_web.trail.models import Event
from drgpay_web.ui.outside import MOST_AT_ONCE, MOST_TRIES, pause, post

KIND = "api.tell"
SWITCH = "DRGPAY_WEBHOOKS"
"""environment: ``1`` lets messages leave the machine; off where nothing is said"""
MOST_EVENTS = 1000
STATES = {"published": "result.published", "sealed": "result.sealed"}


def switched_on() -> bool:
    """Messages may leave the machine."""
    return os.environ.get(SWITCH, "") == "1"


def collect() -> int:
    """Write the messages of what has happened since each hook last looked; have them sent where something waits."""
    if not switched_on():
        return 0
    made = sum(_collected(hook) for hook in Hook.objects.filter(ended_at=None).select_related("unit"))
    for area in waiting().values_list("hook__unit__area", flat=True).distinct():
        jobs.order(system_actor(area), kind=KIND, area=area, key=f"tell:{area}", payload={})
    return made


def waiting() -> QuerySet[Message]:
    """The messages that are due."""
    return Message.objects.filter(state=QUEUED, due_at__lte=clock.real_now(), hook__ended_at=None)


def _collected(hook: Hook) -> int:
    with transaction.atomic():
        locked = Hook.objects.select_for_update().get(pk=hook.pk)
        new = Event.objects.filter(number__gt=locked.last_event, area=hook.unit.area)
        events = list(new.order_by("number")[:MOST_EVENTS])
        said = [one for event in events if (one := _said(hook, event))]
        now = clock.real_now()
        Message.objects.bulk_create(
            [Message(hook=hook, event=name, body=body, at=now, due_at=now) for name, body in said]
        )
        if events:
            Hook.objects.filter(pk=hook.pk).update(last_event=events[-1].number)
    return len(said)


def _said(hook: Hook, event: Event) -> tuple[str, dict[str, Any]] | None:
    """What an event is to a hook: ids, states and digests, never persons."""
    if event.outcome != "done":
        return None
    after = json.loads(event.after or "null") or {}
    kind, _, name = event.subject.partition(":")
    if event.act == "result.state" and after.get("state") in STATES:
        result = store.Result.objects.filter(pk=int(name), area=hook.unit.area, kind="run").first()
        what = STATES[after["state"]]
        if result is None or what not in hook.events:
            return None
        return what, {"period": result.period, "digest": result.digest, "id": result.pk}
    if kind == "case" and "case.moved" in hook.events and "state" in after:
        case = flow.Case.objects.select_related("unit").filter(number=name).first()
        if case is None or not case.unit.within(hook.unit):
            return None
        return "case.moved", {"number": name, "kind": case.machine, "state": after["state"], "period": case.period}
    return None


def send(open_: Callable[..., Any] | None = None) -> dict[str, int]:
    """Send what is due; what is not taken is tried again later, at most :data:`MOST_TRIES` times. How many were sent,
    put off and given up."""
    count = {"sent": 0, "later": 0, "failed": 0}
    for message in waiting().select_related("hook").order_by("pk")[:MOST_AT_ONCE]:
        status = _sent(message, open_)
        message.tries, message.status = message.tries + 1, status
        if 200 <= status < 300:
            message.state, how = SENT, "sent"
        elif message.tries >= MOST_TRIES:
            message.state, how = FAILED, "failed"
        else:
            message.due_at, how = clock.real_now() + pause(message.tries), "later"
        message.save()
        count[how] += 1
    return count


def signature(secret: str, at: str, body: bytes) -> str:
    """What a receiver computes too: HMAC-SHA256 of the time, a point, and the body."""
    return "sha256=" + hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()


def _sent(message: Message, open_: Callable[..., Any] | None) -> int:
    """The answer's status; 0 where there was none."""
    said = {"id": message.pk, "event": message.event, "at": message.at.isoformat(), **message.body}
    body = json.dumps(said, ensure_ascii=False, sort_keys=True).encode()
    at = clock.real_now().isoformat()
    headers = {
        "Content-Type": "application/json; charset=utf-8", "X-Drgpay-Time": at, "X-Drgpay-Event": message.event,
        "X-Drgpay-Signature": signature(shown(HOOKS, message.hook.secret), at, body),
    }  # fmt: skip
    return post(message.hook.url, body, headers, open_)
