"""All writes of cases. A move is one transaction: row locked, permission, version, guard, state, deadline, effect,
audit event, notices (13 §2)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from django.db import transaction

from drgpay_web import clock, inbox, trail
from drgpay_web.flow.calendar import add_days
from drgpay_web.flow.machine import Deadline, Guarded, Machine, Move, Stale, When, machine
from drgpay_web.flow.models import Attachment, Case, Comment, Notice, Sequence, Step
from drgpay_web.flow.reads import case_seen, system
from drgpay_web.flow.told import tell
from drgpay_web.flow.typed import typed
from drgpay_web.people import Act, Actor, Refused

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
) -> Case:
    """Open a case of a unit in the machine's first state. The permission is the action's that opens it."""
    rules = _machine(machine)
    now, today = clock.now(), clock.today()
    with transaction.atomic():
        case = Case.objects.create(
            machine=machine, number=_number(rules, today.year), area=unit.area, unit=unit, period=period,
            subject=subject, state=rules.start, silence=rules.silence, opened_by=actor.person, opened_at=now,
            data=dict(data or {}),
        )  # fmt: skip
        case.deadline = _due(rules.deadline, case, today)
        case.save(update_fields=["deadline"])
        _step(case, "open", "", actor, {}, note)
        trail.record(actor, f"{machine}.open", f"case:{case.number}", after={"state": case.state})
    return case


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
            _current(locked, version)
            return _made(actor, locked, found, typed_values, note)
    except (Refused, Guarded, Stale) as error:
        said = {Refused: "refused", Guarded: "guarded", Stale: "stale"}[type(error)]
        trail.record(actor, f"{case.machine}.{move}", f"case:{case.number}", outcome="refused", reason=said)
        raise


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
    if move.act is None:
        raise Guarded("flow.system_only")
    actor.need(case.rules.see, case.unit)
    actor.need(move.act, case.unit)


def _again(actor: Actor, case: Case, move: str, version: int, note: str) -> bool:
    """The very move this person has just made from that version."""
    if case.version != version + 1:
        return False
    last = case.steps.filter(version=case.version).first()
    return last is not None and (last.move, last.person_id, last.note) == (move, actor.person.pk, note)


def _current(case: Case, version: int) -> None:
    if case.version != version:
        since = case.steps.filter(version__gt=version).select_related("person")
        raise Stale(case, tuple(since))


def _made(actor: Actor, case: Case, move: Move, values: dict[str, Any], note: str) -> Case:
    if case.state not in move.sources:
        raise Guarded("flow.not_from_here")
    if _same_person(actor, case, move):
        raise Guarded("flow.same_person")
    values = typed(case.rules.words, move.fields, values)
    if move.guard and (why := move.guard(case, actor, values)):
        raise why
    before, today = case.state, clock.today()
    rules = case.rules
    case.state = move.target or case.state
    case.version += 1
    case.closed_at = clock.now() if case.state in rules.ends else None
    if move.effect:
        move.effect(case, actor, values)
    if move.target or move.deadline:
        case.deadline, case.silence = _due(move.deadline, case, today), move.silence
    case.save()
    _step(case, move.name, before, actor, values, note)
    if not case.open:
        case.attachments.update(frozen=True)
    trail.record(
        actor, f"{case.machine}.{move.name}", f"case:{case.number}",
        before={"state": before}, after={"state": case.state, "version": case.version},
    )  # fmt: skip
    tell(case, move.notify, "flow.moved", but=actor.person, moved_key=f"{rules.words}.move.{move.name}")
    return case


def _same_person(actor: Actor, case: Case, move: Move) -> bool:
    """This person has made an earlier move that keeps him from this one."""
    return bool(move.not_by) and case.steps.filter(move__in=move.not_by, person=actor.person).exists()


def _due(said: Deadline | When | None, case: Case, today: date) -> date | None:
    if isinstance(said, Deadline):
        return add_days(today, said.days, said.working)
    return said(case) if said else None


def _step(case: Case, move: str, source: str, actor: Actor, values: Mapping[str, Any], note: str) -> None:
    plain = {name: value.isoformat() if isinstance(value, date) else value for name, value in values.items()}
    Step.objects.create(
        case=case, version=case.version, move=move, source=source, target=case.state, person=actor.person,
        role=str(actor.role), day=clock.today(), at=clock.now(), values=plain, note=note,
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
