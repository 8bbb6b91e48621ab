"""What is read of cases; every read knows who asks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db.models import F, Q, QuerySet

from drgpay_web import clock
from drgpay_web.flow.machine import Machine, Move, machines
from drgpay_web.flow.models import Attachment, Case, CaseStay, Charge, Given, Notice, Step
from drgpay_web.people import Actor, Membership, NotThere, Person, Role, Unit
from drgpay_web.ui import w

T = TypeVar("T")


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
        if root is None:
            continue
        own = Q(machine=rules.name, unit__path__startswith=root.path)
        if rules.shown and actor.role.side == "hospital":
            own &= Q(**{f"data__{rules.shown}": True})
        seen |= own & Q(pk__in=_given_to(actor)) if actor.assigned_only(rules.see) else own
    return Case.objects.filter(seen).select_related("unit")


def _given_to(actor: Actor) -> QuerySet[Given, int]:
    """The numbers of cases given to a person by name."""
    return Given.objects.filter(person=actor.person, ended_at=None).values_list("case", flat=True)


def given_in(actor: Actor, case: Case, slot: str = "") -> bool:
    """The case was given to the actor by name, in a slot or in any."""
    given = case.given.filter(person=actor.person, ended_at=None)
    return (given.filter(slot=slot) if slot else given).exists()


def stays_given(actor: Actor, institution: str = "") -> QuerySet[CaseStay]:
    """The stays of the cases that were given to a person by name."""
    found = CaseStay.objects.filter(case__in=_given_to(actor))
    return found.filter(institution=institution) if institution else found


def cases_on_stay(actor: Actor, institution: str, stay_id: str) -> QuerySet[Case]:
    """The cases on a stay that an actor may see."""
    about = list(CaseStay.objects.filter(institution=institution, stay_id=stay_id).values_list("case", flat=True))
    return cases_of(actor).filter(pk__in=about) if about else Case.objects.none()


def in_charge(unit: Unit, role: str) -> Person | None:
    """The handler who has charge of a unit's new cases in a role; None: everybody with the role."""
    if not role:
        return None
    last = Charge.objects.filter(unit__in=[one.pk for one in unit.line()], role=role).order_by("unit__path", "id")
    found = last.select_related("person").last()
    return found.person if found else None


def standing_steps(steps: Sequence[Step]) -> list[Step]:
    """The steps of a case that were not taken back."""
    gone = {step.taken_back for step in steps}
    return [step for step in steps if step.version not in gone]


def options_of(case: Case, actor: Actor, move: Move) -> dict[str, list[str]]:
    """What may be chosen in the fields of a move whose choices depend on the case."""
    lang = actor.person.language
    return {f.name: [value for value, _ in f.of(case, actor, lang)] for f in move.fields if f.of}


def case_seen(actor: Actor, pk: int) -> Case:
    """A case by its number in the data base. Raises NotThere for one that is not there or not the actor's to see."""
    case = Case.objects.select_related("unit", "opened_by").filter(pk=pk).first()
    if case is None:
        raise NotThere
    actor.need(case.rules.see, case.unit)
    if kept_back(case, actor) or (actor.assigned_only(case.rules.see) and not given_in(actor, case)):
        raise NotThere
    return case


def kept_back(case: Case, actor: Actor) -> bool:
    """The people of a case's hospital may not know of it yet, and the actor is one of them."""
    return bool(case.rules.shown) and actor.role.side == "hospital" and case.data.get(case.rules.shown) is not True


def state_told(actor: Actor, case: Case) -> str:
    """The state of a case as the actor is told it."""
    return case.rules.state_for(case.state, actor) if case.rules.state_for else case.state


def notice_told(actor: Actor, notice: Notice) -> dict[str, Any]:
    """The values of a notice as the actor is told them: the state of its case then, as he may know it."""
    values: dict[str, Any] = notice.values
    rules = notice.case.rules if notice.case else None
    if rules is None or rules.state_for is None or "now_key" not in values:
        return values
    before, _, state = values["now_key"].rpartition(".")
    return values | {"now_key": f"{before}.{rules.state_for(state, actor)}"}


def told_as(actor: Actor, rules: Machine, state: str) -> list[str]:
    """The states of a machine that the actor is told as this one."""
    return [one for one in rules.states if (rules.state_for(one, actor) if rules.state_for else one) == state]


def in_state(actor: Actor, cases: QuerySet[Case], state: str) -> QuerySet[Case]:
    """Those of the cases that are in a state as the actor is told it."""
    wanted = Q(pk__in=())
    for rules in machines():
        if of_machine := told_as(actor, rules, state):
            wanted |= Q(machine=rules.name, state__in=of_machine)
    return cases.filter(wanted)


def state_words(actor: Actor, case: Case) -> str:
    """The same in the actor's words."""
    return w(f"{case.rules.words}.state.{state_told(actor, case)}", actor.person.language)


def moves_for(actor: Actor, case: Case, steps: Sequence[Step] | None = None) -> tuple[Move, ...]:
    """The moves an actor may make now: state, permission and persons; a guard may still say no."""
    if system(actor):
        return ()
    of_state = [m for m in case.rules.moves if case.state in m.sources and m.act]
    may = [m for m in of_state if m.act and actor.may(m.act, case.unit)]
    if any(m.slot or (m.act and actor.assigned_only(m.act)) for m in may):
        mine = {one.slot for one in case.given.all() if one.person_id == actor.person.pk and one.ended_at is None}
        may = [
            m for m in may if m.slot in mine or (not m.slot and (mine or not (m.act and actor.assigned_only(m.act))))
        ]
    if not any(m.not_by for m in may):
        return tuple(may)
    done = standing_steps(list(case.steps.all() if steps is None else steps))
    made = {step.move for step in done if step.person_id == actor.person.pk}
    return tuple(m for m in may if not made & set(m.not_by))


def timeline(case: Case, actor: Actor) -> list[Any]:
    """Steps, comments and attachments of a case in the order in which they came, as far as the actor may see them."""
    steps = list(case.steps.select_related("person"))
    said = list(case.comments.select_related("person"))
    return sorted([*seen_of(case, actor, [*steps, *said]), *attachments(case, actor)], key=lambda one: one.at)


def linked(case: Case, actor: Actor) -> list[Case]:
    """The cases this one came out of or led to, as far as the actor may see them."""
    near = Q(came_from__source=case) | Q(led_to__case=case)
    return list(cases_of(actor).filter(near).distinct().order_by("pk"))


def attachments(case: Case, actor: Actor) -> list[Attachment]:
    """The files of a case that an actor may see."""
    return seen_of(case, actor, list(case.attachments.select_related("person")))


def seen_of(case: Case, actor: Actor, items: list[T]) -> list[T]:
    """Those of the steps, comments and files of a case that its machine shows the actor."""
    sees = case.rules.sees
    return [one for one in items if sees(case, actor, one)] if sees else items


def stands_in_for(person: Person) -> list[int]:
    """The numbers of those whose deputy a person is today."""
    today = clock.today()
    return list(person.stands_in_for.filter(first__lte=today, last__gte=today).values_list("person", flat=True))


def mine(actor: Actor) -> Q:
    """Cases that are the actor's to go on with: his own, of those he stands in for, and those that nobody else in his
    role was given. (A case has one handler; that the bureau's is named takes nothing from the hospital.)"""
    own = [actor.person.pk, *stands_in_for(actor.person)]
    others = Membership.objects.filter(role=str(actor.role)).exclude(person__in=own).values("person")
    return ~Q(handler__in=others)


def work_list(actor: Actor, *, whose: str = "all") -> list[Row]:
    """The open cases on which the actor can make a move, the most urgent first; ``whose``: ``mine`` or ``all``."""
    states: dict[str, set[str]] = {}
    for rules in machines():
        for move in rules.moves:
            if move.act and not move.quiet and actor.may(move.act):
                states.setdefault(rules.name, set()).update(move.sources)
    wanted = Q(pk__in=())
    for name, sources in states.items():
        wanted |= Q(machine=name, state__in=sources)
    cases = cases_of(actor).filter(wanted, closed_at=None)
    if whose == "mine":
        cases = cases.filter(mine(actor))
    rows = rows_of(actor, cases.order_by(F("deadline").asc(nulls_last=True), "pk"))
    return [row for row in rows if any(move.waits(row.case) for move in row.moves)]


def rows_of(actor: Actor, cases: QuerySet[Case]) -> list[Row]:
    """Cases as rows of a list, in their order."""
    read = cases.prefetch_related("steps", "given").select_related("unit", "handler")
    return [
        Row(case, light_of(case), moves_for(actor, case, list(case.steps.all())) if case.open else ())
        for case in read
    ]


def light_of(case: Case) -> str:
    """The light of a deadline: late, day (today or tomorrow), soon (three days), calm; none without one."""
    if case.deadline is None or not case.open:
        return "none"
    left = (case.deadline - clock.today()).days
    if left < 0:
        return "late"
    return "day" if left <= 1 else "soon" if left <= 3 else "calm"


def notices_of(person: Person) -> QuerySet[Notice]:
    """A person's notices."""
    return Notice.objects.filter(person=person)


def unread(actor: Actor) -> int:
    """How many notices a person has not read."""
    return notices_of(actor.person).filter(read_at=None).count()
