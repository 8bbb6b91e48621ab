"""Experts: who may review a case, who has how much, who is asked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from drgpay_web import clock, flow
from drgpay_web.flow.machine import Guarded
from drgpay_web.flow.models import CaseStay, Given, Step
from drgpay_web.people import Actor, Membership, Person, Role
from drgpay_web.review.quota import MACHINE

ROUNDS = {
    "complete": ("first", "second"), "differing": ("third",),
    "appealed": ("appeal_first", "appeal_second"), "appeal_differing": ("appeal_third",),
}  # fmt: skip
"""by the state in which experts are assigned: the places they take"""
OF_STATE = {
    "reviewing": ROUNDS["complete"], "third": ROUNDS["differing"],
    "appeal_reviewing": ROUNDS["appealed"], "appeal_third": ROUNDS["appeal_differing"],
}  # fmt: skip


@dataclass(frozen=True)
class Load:
    """What an expert has to do: open cases, the day since which the oldest waits, the next deadline, and opinions
    given in all."""

    person: Person
    open: int
    since: date | None
    due: date | None
    given: int


def everybody(area: str) -> list[Person]:
    """Those who are experts of an area today."""
    held = Membership.objects.filter(role=str(Role.B5), unit__area=area, person__is_active=True)
    today = clock.today()
    return sorted({one.person for one in held.select_related("person") if one.holds(today)}, key=lambda p: p.pk)


def loads(area: str) -> list[Load]:
    """Every expert's load, the least first."""
    people = everybody(area)
    held = Given.objects.filter(person__in=people, ended_at=None, case__machine=MACHINE, case__closed_at=None)
    done = Step.objects.filter(person__in=people, move="opine", case__machine=MACHINE)
    counts: dict[int, int] = {}
    for pk in done.values_list("person", flat=True):
        counts[pk] = counts.get(pk, 0) + 1
    waiting: dict[int, list[Given]] = {}
    for one in held.select_related("case"):
        if one.slot in waiting_slots(one.case):
            waiting.setdefault(one.person_id, []).append(one)
    found = [
        Load(
            person, len(own := waiting.get(person.pk, [])), min((g.at.date() for g in own), default=None),
            min((g.case.deadline for g in own if g.case.deadline), default=None), counts.get(person.pk, 0),
        )
        for person in people
    ]  # fmt: skip
    return sorted(found, key=lambda load: (load.open, load.given, load.person.pk))


def waiting_slots(case: flow.Case) -> tuple[str, ...]:
    """The places of the present round in which no opinion is given yet."""
    return tuple(slot for slot in OF_STATE.get(case.state, ()) if slot not in case.data.get("opinions", {}))


def free(case: flow.Case) -> list[Load]:
    """Who may review a case, the least loaded first: nobody of the stay's institution, nobody who did anything in
    this case or in an earlier one on the same stay, nobody who was asked before."""
    stays = list(case.stays.values_list("stay_id", flat=True))
    others = CaseStay.objects.filter(institution=case.unit.code, stay_id__in=stays).values("case")
    involved = set(Step.objects.filter(case__in=others).values_list("person", flat=True))
    involved |= set(case.steps.values_list("person", flat=True)) | set(case.data.get("asked", []))
    own = Membership.objects.filter(unit__path__startswith=case.unit.path).values_list("person", flat=True)
    return [load for load in loads(case.area) if load.person.pk not in involved | set(own)]


def choices(case: flow.Case, actor: Actor, lang: str) -> list[tuple[str, str]]:
    """Experts to choose from, with what they have to do."""
    from drgpay_web.ui import w

    return [
        (str(one.person.pk), w("review.expert_load", lang, name=one.person.name, n=one.open)) for one in free(case)
    ]


def proposed(case: flow.Case) -> str:
    """Who is proposed: the least loaded, as many as are needed."""
    wanted = len(ROUNDS.get(case.state, ("one",)))
    return ",".join(str(one.person.pk) for one in free(case)[:wanted])


def right_number(case: flow.Case, actor: Actor, values: Any) -> Guarded | None:
    """As many as there are places."""
    wanted = len(ROUNDS.get(case.state, ("one",)))
    return None if len(values["experts"]) == wanted else Guarded("review.experts_number", n=wanted)


def ask(actor: Actor, case: flow.Case, slot: str, person: Person) -> None:
    """Give a case to an expert."""
    flow.give(actor, case, person=person, slot=slot)
    case.data["asked"] = [*case.data.get("asked", []), person.pk]


def slot_of(case: flow.Case, person: Person) -> str:
    """The place of the present round that a person has; empty for none."""
    return next((slot for slot in waiting_slots(case) if flow.given_to(case, slot) == person), "")


def late(case: flow.Case, actor: Actor, values: Any) -> None:
    """Others take the places of those who gave no opinion in time; where nobody else is free they keep them."""
    for slot in waiting_slots(case):
        if others := free(case):
            ask(actor, case, slot, others[0].person)
