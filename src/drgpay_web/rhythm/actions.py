"""Drafting an announcement, planning a meeting, having a month analysed, and that they were read."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from django.db import transaction

from drgpay_web import clock, flow, trail
from drgpay_web.people import Act, Actor, NotThere, Unit
from drgpay_web.rhythm.analysis_reads import months_there
from drgpay_web.rhythm.models import AnalysisRead, Read, Version

KINDS = ("notice", "publicity", "guide", "budget", "result")


def draft(
    actor: Actor, *, kind: str, subject: str, audience: str, text: str, table: str, period: str = ""
) -> flow.Case:
    """Begin an announcement by hand: what was typed is its first draft."""
    unit = Unit.objects.get(area=actor.area, kind=Unit.AREA)
    actor.need(Act.ANNOUNCEMENT_DRAFT, unit)
    with transaction.atomic():
        case = flow.open_case(
            actor, machine="announcement", unit=unit, period=period, subject=subject[:200],
            data={"kind": kind, "audience": audience, "text": "", "heads": [], "rows": []},
        )  # fmt: skip
        values = {"subject": subject, "audience": audience, "text": text, "table": table}
        return flow.do(actor, case, "write", version=case.version, values=values)


def read(actor: Actor, version: Version) -> Read:
    """Note that a person has read a version; the first time counts."""
    actor.need(Act.ANNOUNCEMENT_READ)
    house = actor.unit.of_kind(Unit.INSTITUTION) or actor.unit
    with transaction.atomic():
        noted, new = Read.objects.get_or_create(
            version=version, person=actor.person, defaults={"unit": house, "day": clock.today(), "at": clock.now()}
        )
        if new:
            after = {"version": version.number}
            trail.record(actor, "announcement.read", f"case:{version.case.number}", after=after)
    return noted


def plan_meeting(
    actor: Actor, *, kind: str, subject: str, period: str, day: date, place: str, agenda: str, houses: Iterable[str]
) -> flow.Case:
    """Plan a meeting of the area, for the institutions with these codes."""
    unit = Unit.objects.get(area=actor.area, kind=Unit.AREA)
    actor.need(Act.MEETING_HOLD, unit)
    data = {"kind": kind, "day": day.isoformat(), "place": place, "agenda": agenda, "houses": sorted(houses)}
    return flow.open_case(actor, machine="meeting", unit=unit, period=period, subject=subject[:200], data=data)


def analyse(actor: Actor, *, period: str) -> flow.Case:
    """Have the analysis of a month made; where there is one, that."""
    unit = Unit.objects.get(area=actor.area, kind=Unit.AREA)
    actor.need(Act.ANALYSIS_MAKE, unit)
    there = flow.Case.objects.filter(machine="month_analysis", area=actor.area, period=period)
    if (found := there.exclude(state="dropped").first()) is not None:
        return found
    if period not in months_there(actor.area):
        raise NotThere
    case = flow.open_case(actor, machine="month_analysis", unit=unit, period=period)
    return flow.do_now(actor, case, "make")


def read_analysis(actor: Actor, case: flow.Case, version: int) -> None:
    """Note that somebody has read what was sent; the first time counts."""
    if case.data.get("sent") != version:
        return
    house = actor.unit.of_kind(Unit.INSTITUTION) or actor.unit
    with transaction.atomic():
        _, new = AnalysisRead.objects.get_or_create(
            case=case, version=version, person=actor.person,
            defaults={"unit": house, "day": clock.today(), "at": clock.now()},
        )  # fmt: skip
        if new:
            trail.record(actor, "analysis.read", f"case:{case.number}", after={"version": version})
