"""Whom hospitals call at the bureau: a setting of the area, by topic; shown where people work and on papers."""

from __future__ import annotations

from dataclasses import replace

from django.db import transaction

from drgpay.report.papers import Paper
from drgpay_web import clock, trail
from drgpay_web.flow.machine import Guarded
from drgpay_web.flow.models import Contact
from drgpay_web.people import Act, Actor
from drgpay_web.ui import w

GENERAL = "general"
TOPICS = (GENERAL, "hand_in", "settlement", "review", "oversight", "evaluation", "budget")
"""what one may call about; of a topic without a phone of its own the general one is told"""
_MOST = 60


def contacts(area: str) -> dict[str, Contact]:
    """The contacts of an area by topic, without those that were taken out."""
    last = {row.topic: row for row in Contact.objects.filter(area=area).order_by("pk")}
    return {topic: last[topic] for topic in TOPICS if topic in last and last[topic].phone}


def contact_of(area: str, topic: str) -> Contact | None:
    """Whom to call about something, else in general; None where nobody was named."""
    known = contacts(area) if topic else {}
    return known.get(topic) or known.get(GENERAL)


def contact_line(area: str, topic: str) -> str:
    """Office, phone and hours in one line; empty where nobody was named."""
    found = contact_of(area, topic)
    return " ".join(part for part in (found.office, found.phone, found.hours) if part) if found else ""


def name_contact(actor: Actor, *, topic: str, office: str, phone: str, hours: str) -> Contact:
    """Say whom to call about something from now on; without a phone nobody. Raises Guarded for what is too long."""
    actor.need(Act.CONTACT_EDIT)
    if topic not in TOPICS or any(len(part) > _MOST for part in (office, phone, hours)):
        raise Guarded("flow.contact_unclear", most=_MOST)
    with transaction.atomic():
        made = Contact.objects.create(
            area=actor.area, topic=topic, office=office, phone=phone, hours=hours, by=actor.person, at=clock.now()
        )
        after = {"topic": topic, "office": office, "phone": phone, "hours": hours}
        trail.record(actor, Act.CONTACT_EDIT, f"contact:{topic}", after=after)
    return made


def with_contact(paper: Paper, area: str, topic: str) -> Paper:
    """A paper that says whom to call about it."""
    line = contact_line(area, topic)
    return replace(paper, facts=(*paper.facts, (w("flow.contact", paper.lang), line))) if line else paper
