"""What is read of cases; every read knows who asks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet

from drgpay_web import clock
from drgpay_web.flow.machine import Move, machines
from drgpay_web.flow.models import Case, Notice, Step
from drgpay_web.people import Actor, NotThere, Role


@dataclass(frozen=True)
class Row:
    """A case on the work list: ``light`` is late, day, soon, calm or none; the moves that can be made."""

    case: Case
    light: str
    moves: tuple[Move, ...]


def system(actor: Actor) -> bool:
    """The actor is the office itself: deadlines and jobs."""
    return actor.role is Role.SYSTEM


def cases_of(actor: Actor, *, machine: str = "") -> QuerySet[Case]:
    """The cases an actor may see, of all machines or one."""
    wanted = [m for m in machines() if machine in ("", m.name)]
    seen = Q(pk__in=())
    for rules in wanted:
        root = actor.reach(rules.see)
        if root is not None and not actor.assigned_only(rules.see):
            seen |= Q(machine=rules.name, unit__path__startswith=root.path)
    return Case.objects.filter(seen).select_related("unit")


def case_seen(actor: Actor, pk: int) -> Case:
    """A case by its number in the data base. Raises NotThere for one that is not there or not the actor's to see."""
    case = Case.objects.select_related("unit", "opened_by").filter(pk=pk).first()
    if case is None:
        raise NotThere
    actor.need(case.rules.see, case.unit)
    if actor.assigned_only(case.rules.see):
        raise NotThere
    return case


def moves_for(actor: Actor, case: Case, steps: Sequence[Step] | None = None) -> tuple[Move, ...]:
    """The moves an actor may make now: state, permission and persons; a guard may still say no."""
    if system(actor):
        return ()
    of_state = [m for m in case.rules.moves if case.state in m.sources and m.act]
    may = [m for m in of_state if m.act and actor.may(m.act, case.unit)]
    if not any(m.not_by for m in may):
        return tuple(may)
    done = case.steps.all() if steps is None else steps
    mine = {step.move for step in done if step.person_id == actor.person.pk}
    return tuple(m for m in may if not mine & set(m.not_by))


def timeline(case: Case) -> list[Any]:
    """Steps, comments and attachments of a case in the order in which they came."""
    steps = list(case.steps.select_related("person"))
    said = list(case.comments.select_related("person"))
    files = list(case.attachments.select_related("person"))
    return sorted([*steps, *said, *files], key=lambda one: one.at)


def work_list(actor: Actor) -> list[Row]:
    """The open cases on which the actor can make a move, the most urgent first."""
    states: dict[str, set[str]] = {}
    for rules in machines():
        for move in rules.moves:
            if move.act and actor.may(move.act):
                states.setdefault(rules.name, set()).update(move.sources)
    wanted = Q(pk__in=())
    for name, sources in states.items():
        wanted |= Q(machine=name, state__in=sources)
    cases = cases_of(actor).filter(wanted, closed_at=None).prefetch_related("steps")
    rows = [Row(case, light_of(case), moves_for(actor, case, list(case.steps.all()))) for case in cases]
    far = clock.today().replace(year=9999)
    return sorted((r for r in rows if r.moves), key=lambda r: (r.case.deadline or far, r.case.pk))


def light_of(case: Case) -> str:
    """The light of a deadline: late, day (today or tomorrow), soon (three days), calm; none without one."""
    if case.deadline is None or not case.open:
        return "none"
    left = (case.deadline - clock.today()).days
    if left < 0:
        return "late"
    return "day" if left <= 1 else "soon" if left <= 3 else "calm"


def unread(actor: Actor) -> int:
    """How many notices a person has not read."""
    return Notice.objects.filter(person=actor.person, read_at=None).count()
