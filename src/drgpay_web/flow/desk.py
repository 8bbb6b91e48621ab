"""Who works on what: deputies from day to day, and institutions in the charge of handlers (包片)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

from django.db import transaction
from django.db.models import QuerySet

from drgpay_web import clock, trail
from drgpay_web.flow.machine import Guarded, machines
from drgpay_web.flow.models import Charge, Deputy
from drgpay_web.flow.reads import in_charge
from drgpay_web.flow.told import people_with
from drgpay_web.people import Act, Actor, Membership, NotThere, Person, Unit


def may_stand_in(actor: Actor) -> list[Person]:
    """Who could stand in for the actor: everybody else with his role in his unit today."""
    held = Membership.objects.filter(role=str(actor.role), unit=actor.unit, person__is_active=True)
    found = {one.person for one in held.select_related("person") if one.holds(clock.today())}
    return sorted(found - {actor.person}, key=lambda person: person.pk)


def name_deputy(actor: Actor, *, person: Person, first: date, last: date) -> Deputy:
    """Have somebody stand in from a day to a day. Raises Guarded for days that are wrong or taken, or who cannot."""
    actor.need(Act.DEPUTY_NAME)
    if person not in may_stand_in(actor):
        raise Guarded("flow.deputy_not_he")
    if last < first or last < clock.today():
        raise Guarded("flow.deputy_days")
    with transaction.atomic():
        Person.objects.select_for_update().get(pk=actor.person.pk)
        if actor.person.deputies.filter(first__lte=last, last__gte=first).exists():
            raise Guarded("flow.deputy_twice")
        made = Deputy.objects.create(person=actor.person, deputy=person, first=first, last=last)
        after = {"person": person.pk, "first": first, "last": last}
        trail.record(actor, Act.DEPUTY_NAME, f"deputy:{made.pk}", after=after)
    return made


def end_deputy(actor: Actor, *, pk: int) -> None:
    """Be back early: yesterday was the last day; where it has not begun, there was none. Raises NotThere."""
    actor.need(Act.DEPUTY_NAME)
    with transaction.atomic():
        found = Deputy.objects.select_for_update().filter(pk=pk, person=actor.person).first()
        if found is None or found.last < clock.today():
            raise NotThere
        before = {"last": found.last}
        found.last = clock.today() - timedelta(1)
        found.save(update_fields=["last"])
        trail.record(actor, Act.DEPUTY_NAME, f"deputy:{pk}", before=before, after={"last": found.last})


def charged_roles() -> list[str]:
    """The roles whose handlers have charge of institutions, by the machines."""
    return sorted({rules.handled_by for rules in machines() if rules.handled_by})


def charges(actor: Actor, role: str) -> list[tuple[Unit, Person | None, Charge | None]]:
    """Every institution of the area: who has charge of its cases in a role (None: everybody), and since which row."""
    rows = Charge.objects.filter(role=role, unit__area=actor.area).select_related("person").order_by("pk")
    last = {row.unit_id: row for row in rows}
    return [(unit, in_charge(unit, role), last.get(unit.pk)) for unit in actor.institutions(Act.CASE_ASSIGN)]


def past(actor: Actor, most: int) -> QuerySet[Charge]:
    """Who had charge of what, the latest first."""
    found = Charge.objects.filter(unit__area=actor.area).select_related("unit", "person", "by")
    return found.order_by("-pk")[:most]


def assign(actor: Actor, *, role: str, people: Mapping[Unit, Person | None]) -> int:
    """Give institutions to handlers, or (None) to everybody with the role; what stays as it is adds nothing. New
    cases go there, open ones stay with whom they are. How many changed. Raises Guarded for who has not the role."""
    actor.need(Act.CASE_ASSIGN)
    if role not in charged_roles():
        raise NotThere
    changed = 0
    with transaction.atomic():
        for unit, person in people.items():
            actor.need(Act.CASE_ASSIGN, unit)
            if person is not None and person not in people_with([role], unit):
                raise Guarded("flow.charge_not_he")
            if in_charge(unit, role) == person:
                continue
            Charge.objects.create(unit=unit, role=role, person=person, by=actor.person, at=clock.now())
            after = {"person": person.pk if person else None, "role": role}
            trail.record(actor, Act.CASE_ASSIGN, f"unit:{unit.pk}", after=after)
            changed += 1
    return changed
