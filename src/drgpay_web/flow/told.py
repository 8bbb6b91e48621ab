"""Whom a notice reaches: people with a role on the case's unit or above it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from drgpay_web import clock
from drgpay_web.flow.models import Case, Notice
from drgpay_web.people import Membership, Person, Unit


def people_with(roles: Iterable[Any], unit: Unit) -> list[Person]:
    """Everybody with one of the roles in a unit or above it, today."""
    above = [one.pk for one in unit.line()]
    held = Membership.objects.filter(role__in=[str(r) for r in roles], unit__in=above, person__is_active=True)
    today = clock.today()
    return sorted({m.person for m in held.select_related("person") if m.holds(today)}, key=lambda p: p.pk)


def tell(case: Case, roles: Iterable[Any], key: str, *, but: Any = None, once: str = "", **values: object) -> int:
    """Tell everybody who has one of the roles for the case's unit, but the one who did it; ``once``: the same is told
    a person only once. How many were told."""
    people = [person for person in people_with(tuple(roles), case.unit) if person != but]
    if once:
        told = set(Notice.objects.filter(once=once).values_list("person", flat=True))
        people = [person for person in people if person.pk not in told]
    said = {"number": case.number, "now_key": f"{case.rules.words}.state.{case.state}", **values}
    rows = [
        Notice(person=person, case=case, key=key, values=said, href=f"/cases/{case.pk}", at=clock.now(), once=once)
        for person in people
    ]
    Notice.objects.bulk_create(rows)
    return len(rows)


def tell_person(case: Case, person: Person, key: str, *, href: str = "", **values: object) -> None:
    """Tell one person something about a case; ``href``: where he reads it, where that is not the case's page."""
    said = {"number": case.number, "now_key": f"{case.rules.words}.state.{case.state}", **values}
    Notice.objects.create(
        person=person, case=case, key=key, values=said, href=href or f"/cases/{case.pk}", at=clock.now()
    )
