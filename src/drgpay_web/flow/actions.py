"""All writes of cases. A move is one transaction: row locked, permission, version, guard, state, deadline, effect,
audit event, notices (13 §2)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from datetime import date
from typing import Any

from django.db import transaction

from drgpay_web import clock, inbox, trail
from drgpay_web.flow.calendar import add_days
from drgpay_web.flow.machine import Deadline, Guarded, Machine, Move, Stale, When, followers, machine
from drgpay_web.flow.models import Attachment, Case, CaseStay, Comment, Link, Notice, Sequence, Step
from drgpay_web.flow.reads import (
    case_seen,
    given_in,
    in_charge,
    kept_back,
    options_of,
    seen_of,
    standing_steps,
    system,
)
from drgpay_web.flow.told import tell
from drgpay_web.flow.typed import typed
from drgpay_web.people import Act, Actor, NotThere, Refused, Unit
from drgpay_web.ui.errors import PageError

ATTACHMENT_LIMIT, ATTACHMENTS_A_CASE = 20 * inbox.MB, 10


def open_case(
    actor: Actor,
    *,
    machine: str,
    unit: Any,
    period: str = "",
    data: Mapping[str, Any] | None = None,
    subject: str = "",
    note: str = "",
    stays: Iterable[str] = (),
    source: Case | None = None,
) -> Case:
    """Open a case of a unit in the machine's first state. The permission is the action's that opens it. ``stays``:
    those it is about; ``source``: the case it comes out of."""
    rules = _machine(machine)
    now, today = clock.now(), clock.today()
    with transaction.atomic():
        case = Case.objects.create(
            machine=machine, number=_number(rules, today.year), area=unit.area, unit=unit, period=period,
            subject=subject, state=rules.start, silence=rules.silence, opened_by=actor.person, opened_at=now,
            data=dict(data or {}), handler=in_charge(unit, rules.handled_by),
        )  # fmt: skip
        case.deadline = _due(rules.deadline, case, today)
        case.save(update_fields=["deadline"])
        step(case, "open", "", actor, {}, note)
        about_stays(case, stays)
        if source is not None:
            Link.objects.create(case=case, source=source)
        trail.record(actor, f"{machine}.open", f"case:{case.number}", after={"state": case.state})
        for handler in followers(machine, "open"):
            handler(case, actor, {})
    return case


def about_stays(case: Case, stays: Iterable[str]) -> None:
    """Say which stays of the case's institution it is about, besides those it is about already."""
    there = set(case.stays.values_list("stay_id", flat=True))
    new = [stay for stay in dict.fromkeys(stays) if stay not in there]
    house = (case.unit.of_kind(Unit.INSTITUTION) or case.unit).code
    CaseStay.objects.bulk_create([CaseStay(case=case, institution=house, stay_id=stay) for stay in new])


def do(
    actor: Actor, case: Case, move: str, *, version: int, values: Mapping[str, Any] | None = None, note: str = ""
) -> Case:
    """Make a move on a case as it was when the person saw it.

    ``values``: what was typed, by the move's fields. The same move sent twice by one person (a double click) is made
    once. Raises NotThere (404), Refused (403), :class:`Stale` (409), :class:`Guarded` (422); then nothing changed,
    and a refusal is in the trail.
    """
    typed_values = dict(values or {})
    try:
        with transaction.atomic():
            locked = Case.objects.select_for_update(of=("self",)).select_related("unit").get(pk=case.pk)
            found = _of(locked, move)
            _permit(actor, locked, found)
            if _again(actor, locked, move, version, note):
                return locked
            current(locked, version, actor)
            return _made(actor, locked, found, typed_values, note)
    except (Refused, Guarded, Stale) as error:
        said = {Refused: "refused", Guarded: "guarded", Stale: "stale"}[type(error)]
        trail.record(actor, f"{case.machine}.{move}", f"case:{case.number}", outcome="refused", reason=said)
        raise


def do_now(actor: Actor, case: Case, move: str, **values: Any) -> Case:
    """Make a move on a case as it is now: for a program, which has shown it to nobody before."""
    now = Case.objects.get(pk=case.pk)
    return do(actor, now, move, version=now.version, values=values)


def _machine(name: str) -> Machine:
    return machine(name)


def _of(case: Case, name: str) -> Move:
    found = next((move for move in case.rules.moves if move.name == name), None)
    if found is None:
        raise Guarded("flow.no_such_move")
    return found


def _permit(actor: Actor, case: Case, move: Move) -> None:
    if system(actor):
        actor.need(case.rules.see, case.unit)
        return
    actor.need(case.rules.see, case.unit)
    if kept_back(case, actor):
        raise NotThere
    if move.act is None:
        raise Guarded("flow.system_only")
    actor.need(move.act, case.unit)
    if (move.slot or actor.assigned_only(move.act)) and not given_in(actor, case, move.slot):
        unseen = actor.assigned_only(case.rules.see) and not given_in(actor, case)
        raise NotThere if unseen else Guarded("flow.not_given")


def _again(actor: Actor, case: Case, move: str, version: int, note: str) -> bool:
    """The very move this person has just made from that version."""
    if case.version != version + 1:
        return False
    last = case.steps.filter(version=case.version).first()
    return last is not None and (last.move, last.person_id, last.note) == (move, actor.person.pk, note)


def current(case: Case, version: int, actor: Actor) -> None:
    """Go on where a case is what the person saw, else raise :class:`Stale` with the steps since that he may see."""
    if case.version != version:
        since = case.steps.filter(version__gt=version).select_related("person")
        raise Stale(case, tuple(seen_of(case, actor, list(since))))


def _made(actor: Actor, case: Case, move: Move, values: dict[str, Any], note: str) -> Case:
    if case.state not in move.sources:
        raise Guarded("flow.not_from_here")
    if _same_person(actor, case, move):
        raise Guarded("flow.same_person")
    rules = case.rules
    if move.ready and (why := move.ready(case, actor)):
        raise why
    values = typed(rules.words, move.fields, values, options_of(case, actor, move))
    if move.guard and (why := move.guard(case, actor, values)):
        raise why
    before, today = case.state, clock.today()
    kept = _kept(case) if move.recallable else None
    case.state = move.goes(case, values) if move.goes else move.target or case.state
    case.version += 1
    case.closed_at = clock.now() if case.state in rules.ends else None
    if move.effect:
        move.effect(case, actor, values)
    if move.leads_to or move.deadline:
        case.deadline, case.silence = _due(move.deadline, case, today), _silence(rules, move, case.state)
    case.save()
    step(case, move.name, before, actor, values, note, kept)
    if move.freezes or not case.open:
        case.attachments.update(frozen=True)
    trail.record(
        actor, f"{case.machine}.{move.name}", f"case:{case.number}",
        before={"state": before}, after={"state": case.state, "version": case.version},
    )  # fmt: skip
    tell(case, move.notify, "flow.moved", but=actor.person, moved_key=f"{rules.words}.move.{move.name}")
    for handler in followers(case.machine, move.name):
        handler(case, actor, values)
    return case


def _silence(rules: Machine, move: Move, state: str) -> str:
    """What silence means after a move: nothing where it cannot be made from the state the move led to."""
    return move.silence if move.silence and state in rules[move.silence].sources else ""


def _kept(case: Case) -> dict[str, Any]:
    """What a case is before a step that may be taken back."""
    due = case.deadline.isoformat() if case.deadline else None
    return {"state": case.state, "data": deepcopy(case.data), "deadline": due, "silence": case.silence}


def recall(actor: Actor, case: Case, *, version: int) -> Case:
    """Take back the last step, while it is the last, by who made it. It stays on the timeline, and so does this."""
    with transaction.atomic():
        locked = Case.objects.select_for_update(of=("self",)).select_related("unit").get(pk=case.pk)
        actor.need(locked.rules.see, locked.unit)
        current(locked, version, actor)
        last = locked.steps.get(version=version)
        if last.before is None or last.person_id != actor.person.pk:
            raise Guarded("flow.not_recallable")
        kept, left = last.before, locked.state
        locked.state, locked.data, locked.silence = kept["state"], kept["data"], kept["silence"]
        locked.deadline = date.fromisoformat(kept["deadline"]) if kept["deadline"] else None
        locked.closed_at = None
        locked.version += 1
        locked.save()
        step(locked, "recall", left, actor, {"recalled": version}, "")
        trail.record(
            actor, f"{locked.machine}.recall", f"case:{locked.number}",
            before={"state": left}, after={"state": locked.state, "version": locked.version},
        )  # fmt: skip
        roles = next((m.notify for m in locked.rules.moves if m.name == last.move), ())
        tell(locked, roles, "flow.recalled", but=actor.person, moved_key=f"{locked.rules.words}.move.{last.move}")
    return locked


def do_many(
    actor: Actor, cases: Iterable[tuple[Case, int]], move: str, *, values: Mapping[str, Any] | None = None,
    note: str = "",
) -> list[tuple[Case, PageError | None]]:  # fmt: skip
    """Make a move on several cases, each as it was seen, each on its own: the case, and why it was not made."""

    def made(case: Case, version: int) -> Case:
        if not _of(case, move).many:
            raise Guarded("flow.one_by_one")
        return do(actor, case, move, version=version, values=values, note=note)

    return each(cases, made)


def each(cases: Iterable[tuple[Case, int]], make: Callable[[Case, int], Case]) -> list[tuple[Case, PageError | None]]:
    """Do the same with several cases, each as it was seen: the case, and why it was not done with it."""
    done: list[tuple[Case, PageError | None]] = []
    for case, version in cases:
        try:
            done.append((make(case, version), None))
        except (Guarded, Stale, Refused, NotThere) as error:
            done.append((case, error))
    return done


def _same_person(actor: Actor, case: Case, move: Move) -> bool:
    """This person has made an earlier move that keeps him from this one."""
    mine = {step.move for step in standing_steps(list(case.steps.all())) if step.person_id == actor.person.pk}
    return bool(mine & set(move.not_by))


def _due(said: Deadline | When | None, case: Case, today: date) -> date | None:
    if isinstance(said, Deadline):
        return add_days(today, said.days, said.working)
    return said(case) if said else None


def step(
    case: Case, move: str, source: str, actor: Actor, values: Mapping[str, Any], note: str, before: Any = None
) -> None:
    """Write a step of a case as it now is."""
    plain = {name: value.isoformat() if isinstance(value, date) else value for name, value in values.items()}
    Step.objects.create(
        case=case, version=case.version, move=move, source=source, target=case.state, person=actor.person,
        role=str(actor.role), day=clock.today(), at=clock.now(), values=plain, note=note,
        before=before,
    )  # fmt: skip


def _number(rules: Machine, year: int) -> str:
    name = f"{rules.letters}-{year}"
    Sequence.objects.get_or_create(name=name)
    row = Sequence.objects.select_for_update().get(name=name)
    row.last += 1
    row.save()
    return f"{name}-{row.last:05d}"


def comment(actor: Actor, case: Case, *, text: str) -> Comment:
    """Say something on a case one may see. Who works on it is told."""
    case = case_seen(actor, case.pk)
    actor.need(Act.CASE_COMMENT, case.unit)
    text = text.strip()
    if not text or len(text) > 2000:
        raise Guarded("flow.comment_length", most=2000)
    with transaction.atomic():
        said = Comment.objects.create(case=case, person=actor.person, role=str(actor.role), at=clock.now(), text=text)
        trail.record(actor, "case.comment", f"case:{case.number}", after={"comment": said.pk})
        involved = (
            case.steps.filter(person__is_active=True).exclude(person=actor.person).values_list("person", flat=True)
        )
        for person in sorted(set(involved)):
            Notice.objects.create(
                person_id=person, case=case, key="flow.commented", values={"number": case.number},
                href=f"/cases/{case.pk}", at=clock.now(),
            )  # fmt: skip
    return said


def attach(actor: Actor, case: Case, *, chunks: Iterable[bytes], name: str) -> Attachment:
    """Attach a file to an open case one may see: the file first, then the row. The same file again is the one that
    is there. Raises Guarded for a closed case or the eleventh file, inbox.NotKept for a file that is not taken."""
    case = case_seen(actor, case.pk)
    if not case.open:
        raise Guarded("flow.closed")
    actor.need(Act.CASE_ATTACH, case.unit)
    kept = inbox.keep(chunks, name, kinds=inbox.ATTACHMENTS, limit=ATTACHMENT_LIMIT)
    with transaction.atomic():
        locked = Case.objects.select_for_update().get(pk=case.pk)
        there = locked.attachments.filter(sha256=kept.sha256).first()
        full = locked.attachments.count() >= ATTACHMENTS_A_CASE
        if there is None and not full and locked.open:
            made = Attachment.objects.create(
                case=locked, person=actor.person, at=clock.now(), name=kept.name, kind=kept.kind,
                size=kept.size, sha256=kept.sha256, stored=kept.stored,
            )  # fmt: skip
            trail.record(actor, "case.attach", f"case:{case.number}", after={"sha256": kept.sha256})
            return made
    inbox.forget(kept)
    if there is None:
        raise Guarded("flow.attachments_full" if full else "flow.closed", most=ATTACHMENTS_A_CASE)
    return there


def read_notices(actor: Actor, *, ids: Iterable[int] | None = None) -> int:
    """Mark a person's notices as read: those named, or all."""
    mine = Notice.objects.filter(person=actor.person, read_at=None)
    if ids is not None:
        mine = mine.filter(pk__in=list(ids))
    return mine.update(read_at=clock.now())
