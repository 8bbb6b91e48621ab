"""Choosing how notices are sent; collecting what fell due; sending it."""

from __future__ import annotations

import json
import smtplib
from typing import Any
from urllib.parse import urlsplit

from cryptography.fernet import InvalidToken
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage, get_connection
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import Max, QuerySet

from drgpay_web import clock, flow, jobs, trail
from drgpay_web.people import Act, Actor, Person, system_actor
from drgpay_web.people.hidden import hide, shown
from drgpay_web.sending.models import ALL, FAILED, MAIL, QUEUED, SENT, WAYS, WEBHOOK, WHICH, Sending, Way
from drgpay_web.sending.switches import Switches, switches
from drgpay_web.ui import Unfit, w
from drgpay_web.ui.outside import MOST_AT_ONCE, MOST_TRIES, SECONDS, pause, post

KIND = "sending.send"
PURPOSE = "notices"
"""what addresses of webhooks are encrypted for"""
MOST_NEW = 200


def choose(actor: Actor, *, mail: str, webhook: str, which: str) -> None:
    """Have one's notices sent from now on; nothing in both: not at all. Raises Unfit for what is no address, and
    for a webhook on a machine that the office may not call."""
    actor.need(Act.NOTICE_SEND)
    on = switches()
    if mail:
        try:
            validate_email(mail)
        except ValidationError:
            raise Unfit("sending.no_mail") from None
    if webhook and not _allowed(webhook, on):
        raise Unfit("sending.no_webhook")
    with transaction.atomic():
        last = flow.notices_of(actor.person).aggregate(last=Max("pk"))["last"] or 0
        values = {
            "mail": mail, "webhook": hide(PURPOSE, webhook) if webhook else "", "at": clock.real_now(),
            "which": which if which in WHICH else ALL, "last_notice": last,
        }  # fmt: skip
        Way.objects.update_or_create(person=actor.person, defaults=values)
        after = {"mail": bool(mail), "webhook": bool(webhook), "which": values["which"]}
        trail.record(actor, Act.NOTICE_SEND, f"account:{actor.person.username}", after=after)


def webhook_of(way: Way) -> str:
    """The address of a person's webhook; empty for none, and for one kept under another secret (an office
    that was restored)."""
    try:
        return shown(PURPOSE, way.webhook) if way.webhook else ""
    except InvalidToken:
        return ""


def _allowed(url: str, on: Switches) -> bool:
    """A webhook may be called: on a machine that is named in the settings, with TLS unless it is this one."""
    parts = urlsplit(url)
    here = parts.hostname in ("127.0.0.1", "localhost")
    fit = parts.scheme == "https" or (parts.scheme == "http" and here)
    return fit and not parts.username and not parts.fragment and parts.netloc.lower() in on.hosts


def collect() -> int:
    """Put on their way the notices that came since a person's were last looked at, and have what waits sent. How many
    were put on. What came while a way was switched off is not sent later."""
    on = switches()
    made = sum(_collected(way, on) for way in Way.objects.filter(person__is_active=True).select_related("person"))
    if on.mail or on.webhook:
        for area in waiting().values_list("area", flat=True).distinct():
            jobs.order(system_actor(area), kind=KIND, area=area, key=f"{KIND}:{area}", payload={})
    return made


def waiting() -> QuerySet[Sending]:
    """What is due."""
    return Sending.objects.filter(state=QUEUED, due_at__lte=clock.real_now())


def _collected(way: Way, on: Switches) -> int:
    fresh = flow.notices_of(way.person).filter(pk__gt=way.last_notice).select_related("case").order_by("pk")
    with transaction.atomic():
        new = list(fresh[:MOST_NEW])
        if not new:
            return 0
        there = {MAIL: on.mail and way.mail, WEBHOOK: on.webhook and way.webhook}
        ways = [name for name in WAYS if there[name]]
        found = [
            _sending(way.person, notice, name, on.address)
            for notice in new if way.which == ALL or (notice.case and notice.case.deadline)
            for name in ways
        ]  # fmt: skip
        Sending.objects.bulk_create(found, ignore_conflicts=True)
        Way.objects.filter(pk=way.pk).update(last_notice=new[-1].pk)
    return len(found)


def _sending(person: Person, notice: Any, way: str, address: str) -> Sending:
    """Kind and number of the case, its deadline and the way to it: no name of a person, no stay, no unit."""
    case, lang, now = notice.case, person.language, clock.real_now()
    held = person.memberships_now()
    title = f"{w(case.rules.words, lang)} {case.number}" if case else w("sending.notice", lang)
    link = f"{address}{notice.href or '/notices'}" if address else ""
    return Sending(
        person=person, area=case.area if case else held[0].unit.area if held else "", notice=notice.pk, way=way,
        title=title, link=link, deadline=case.deadline if case and case.open else None, at=now, due_at=now,
    )  # fmt: skip


def send(area: str) -> dict[str, int]:
    """Send what is due in an area; what is not taken is tried again later, at most :data:`MOST_TRIES` times. How many
    were sent, put off and given up."""
    on, count = switches(), {"sent": 0, "later": 0, "failed": 0}
    for one in waiting().filter(area=area).select_related("person").order_by("pk")[:MOST_AT_ONCE]:
        way = Way.objects.filter(person=one.person).first()
        taken = way is not None and (_mailed(one, way, on) if one.way == MAIL else _posted(one, way, on))
        one.tries += 1
        if taken:
            one.state, how = SENT, "sent"
        elif one.tries >= MOST_TRIES:
            one.state, how = FAILED, "failed"
        else:
            one.due_at, how = clock.real_now() + pause(one.tries), "later"
        one.save(update_fields=["tries", "state", "due_at"])
        count[how] += 1
    return count


def text_of(one: Sending, lang: str) -> str:
    """The lines of a message."""
    until = w("sending.until", lang, day=one.deadline.isoformat()) if one.deadline else ""
    return "\n".join(line for line in (w("sending.said", lang, title=one.title), until, one.link) if line)


def _mailed(one: Sending, way: Way, on: Switches) -> bool:
    if not (on.mail and way.mail):
        return False
    lang = one.person.language
    server = get_connection(
        "django.core.mail.backends.smtp.EmailBackend", host=on.host, port=on.port, username=on.user,
        password=on.password, use_tls=on.tls == "starttls", use_ssl=on.tls == "tls", timeout=SECONDS,
    )  # fmt: skip
    subject = w("sending.subject", lang, title=one.title)
    try:
        return EmailMessage(subject, text_of(one, lang), on.sender, [way.mail], connection=server).send() == 1
    except (OSError, smtplib.SMTPException, ValueError):
        return False


def _posted(one: Sending, way: Way, on: Switches) -> bool:
    """The fields, and a text as the robots of work chats take it."""
    url = webhook_of(way)
    if not url or not _allowed(url, on):
        return False
    said = one.told() | {"msgtype": "text", "text": {"content": text_of(one, one.person.language)}}
    body = json.dumps(said, ensure_ascii=False, sort_keys=True).encode()
    return 200 <= post(url, body, {"Content-Type": "application/json; charset=utf-8"}) < 300


def standing() -> dict[str, int]:
    """How many messages wait and how many were given up."""
    return {state: Sending.objects.filter(state=state).count() for state in (QUEUED, FAILED)}
