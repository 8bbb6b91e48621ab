"""Giving cases to persons by name, and handing them over (13 §2)."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction

from drgpay_web import clock, trail
from drgpay_web.flow.actions import current, each, step
from drgpay_web.flow.machine import Guarded, Machine
from drgpay_web.flow.models import Case, Given
from drgpay_web.flow.reads import standing_steps
from drgpay_web.flow.told import people_with, tell_person
from drgpay_web.people import Act, Actor, Person, acts
from drgpay_web.ui.errors import PageError


def give(actor: Actor, case: Case, *, person: Person, slot: str) -> Given:
    """Give a case to a person in a slot, within the caller's transaction and permission; who had it in that slot has
    it no more. The person is told."""
    end_given(case, slot)
    given = Given.objects.create(case=case, person=person, slot=slot, by=actor.person, at=clock.now())
    trail.record(actor, "case.give", f"case:{case.number}", after={"person": person.pk, "slot": slot})
    tell_person(case, person, "flow.given")
    return given


def end_given(case: Case, slot: str = "") -> None:
    """Take a case from who has it in a slot, or from everybody."""
    held = case.given.filter(ended_at=None)
    (held.filter(slot=slot) if slot else held).update(ended_at=clock.now())


def given_to(case: Case, slot: str) -> Person | None:
    """Who has a case in a slot."""
    found = case.given.filter(slot=slot, ended_at=None).select_related("person").first()
    return found.person if found else None


def may_take(case: Case) -> list[Person]:
    """Everybody who could go on with a case: whose role makes a move from its state, who made no step that keeps him
    from it, and who was named where somebody has to be."""
    steps = standing_steps(list(case.steps.all()))
    given = list(case.given.filter(ended_at=None))
    found: dict[int, Person] = {}
    for move in case.rules.moves:
        if move.act is None or case.state not in move.sources:
            continue
        not_he = {step.person_id for step in steps if step.move in move.not_by}
        for role, reach in acts()[move.act].roles.items():
            for person in people_with([role], case.unit):
                named = any(one.person_id == person.pk and move.slot in ("", one.slot) for one in given)
                if person.pk not in not_he and (named or not (move.slot or reach == "assigned")):
                    found[person.pk] = person
    return [found[number] for number in sorted(found)]


def hand_over(actor: Actor, case: Case, *, to: Person | None, version: int, note: str = "") -> Case:
    """Say who works on an open case; None: everybody whose role may. Raises Guarded for who could do nothing."""
    with transaction.atomic():
        locked = Case.objects.select_for_update(of=("self",)).select_related("unit").get(pk=case.pk)
        actor.need(locked.rules.see, locked.unit)
        actor.need(Act.CASE_HAND_OVER, locked.unit)
        current(locked, version, actor)
        if not locked.open:
            raise Guarded("flow.closed")
        if to is not None and to not in may_take(locked):
            raise Guarded("flow.not_to_him")
        locked.handler = to
        locked.version += 1
        locked.save()
        step(locked, "hand_over", locked.state, actor, {"to": to.name if to else ""}, note)
        trail.record(actor, "case.hand_over", f"case:{locked.number}", after={"person": to.pk if to else None})
        if to is not None and to != actor.person:
            tell_person(locked, to, "flow.given")
    return locked


def takers(actor: Actor, rules: Iterable[Machine]) -> list[Person]:
    """To whom several cases of these machines may be handed over together: everybody of the actor's side and unit
    whose role ever makes a move of one; nobody where there is nobody else. Whether he can go on with a case is asked
    of each."""
    roles = {role for one in rules for move in one.moves if move.act for role in acts()[move.act].roles}
    found = people_with([role for role in roles if role.side == actor.role.side], actor.unit)
    return found if any(person != actor.person for person in found) else []


def hand_over_many(
    actor: Actor, cases: Iterable[tuple[Case, int]], *, to: Person | None, note: str = ""
) -> list[tuple[Case, PageError | None]]:
    """Hand several cases over, each as it was seen and each on its own: the case, and why it was not."""
    return each(cases, lambda case, version: hand_over(actor, case, to=to, version=version, note=note))
