"""Writes to the record: files handed over, and register rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import transaction

from drgpay.runs import RowFinding, check_rows, declaration_digest
from drgpay.tables import Table
from drgpay_web import clock, inbox, trail
from drgpay_web.people import Actor, Unit
from drgpay_web.store.coded import coded, key_of
from drgpay_web.store.known import known_of
from drgpay_web.store.models import Area, Received, RegisterRow
from drgpay_web.ui import w
from drgpay_web.ui.errors import PageError

__all__ = ["UPLOAD_LIMIT", "NotRight", "Put", "known_of", "lock", "put_rows", "receive"]

UPLOAD_LIMIT = 150 * inbox.MB
"""bytes of a file of stays or registers that is taken"""


class NotRight(PageError):
    """Rows that are not right; nothing was written. ``findings`` say what, by row and field."""

    status = 422

    def __init__(self, findings: Sequence[RowFinding]) -> None:
        super().__init__(f"{len(findings)} findings")
        self.findings = tuple(findings)

    def said(self, lang: str) -> str:
        """The first finding, with its place."""
        first = self.findings[0]
        what, fix = (first.en, first.fix_en) if lang == "en" else (first.zh, first.fix_zh)
        return w("store.not_right", lang, row=first.row, field=first.field, value=first.value, what=what, fix=fix)


@dataclass(frozen=True)
class Put:
    """What became of rows: how many keys were new, changed, the same as before, and taken out."""

    added: int
    changed: int
    same: int
    removed: int


def receive(actor: Actor, file: Iterable[bytes], name: str, unit: Unit | None = None) -> Received:
    """Keep a file that is handed over for a unit (default: the actor's). The same file of the same unit is the one
    that is there, with ``existing`` set. Raises inbox.NotKept."""
    whose = unit or actor.unit
    kept = inbox.keep(file, name, kinds=inbox.DATA, limit=UPLOAD_LIMIT)
    with transaction.atomic():
        lock(actor.area)
        there = Received.objects.filter(unit=whose, sha256=kept.sha256).first()
        if there is None:
            made = Received.objects.create(
                area=actor.area, unit=whose, name=kept.name, size=kept.size, sha256=kept.sha256, kind=kept.kind,
                stored=kept.stored, at=clock.real_now(), by=actor.person,
            )  # fmt: skip
            trail.record(actor, "store.receive", f"received:{made.pk}", after={"sha256": kept.sha256})
            return made
    inbox.forget(kept)
    there.existing = True
    return there


def put_rows(
    actor: Actor,
    *,
    area: str,
    table: Table,
    rows: Sequence[Mapping[str, Any]],
    origin: str,
    case: Any = None,
    reason: str = "",
    owner: str = "",
    removed: Sequence[str] = (),
) -> Put:
    """Enter rows into a register, all or none; ``removed`` are keys that are taken out.

    A row supersedes the one of its key; one that says the same is left. Raises :class:`NotRight` with every finding.
    The permission is the action's that calls this.
    """
    with transaction.atomic():
        lock(area)
        checked = check_rows(table, rows, known_of(area, table, rows, owner))
        wrong = [finding for finding in checked.findings if finding.level == "error"]
        if wrong:
            raise NotRight(wrong)
        oldest_first = sorted(checked.rows, key=lambda row: row["recorded_on"] or date.min)
        written = [_put(actor, area, owner, table, row, origin, case, reason) for row in oldest_first]
        gone = sum(_take_out(actor, area, owner, table, key, origin, case, reason) for key in removed)
        put = Put(written.count("added"), written.count("changed"), written.count("same"), gone)
        trail.record(
            actor, "register.write", f"register:{area}/{owner}/{table.name}", reason=reason,
            after={"added": put.added, "changed": put.changed, "removed": put.removed, "origin": origin},
        )  # fmt: skip
    return put


def lock(area: str) -> None:
    """Hold the area's record until the transaction ends."""
    Area.objects.get_or_create(code=area)
    Area.objects.select_for_update().get(code=area)


def _put(
    actor: Actor, area: str, owner: str, table: Table, row: Mapping[str, Any], origin: str, case: Any, reason: str
) -> str:
    key, values = key_of(table, row), coded(table, row)
    old = RegisterRow.objects.filter(area=area, owner=owner, table=table.name, key=key, current=True).first()
    if old is not None and old.values == values:
        return "same"
    on = row.get("recorded_on")
    by = row.get("recorded_by")
    _write(actor, area, owner, table, key, values, old, origin, case, reason, (on, by), bool(on or by))
    return "changed" if old is not None and old.values is not None else "added"


def _take_out(
    actor: Actor, area: str, owner: str, table: Table, key: str, origin: str, case: Any, reason: str
) -> int:
    old = RegisterRow.objects.filter(area=area, owner=owner, table=table.name, key=key, current=True).first()
    if old is None or old.values is None:
        return 0
    _write(actor, area, owner, table, key, None, old, origin, case, reason, (None, None), False)
    return 1


def _write(
    actor: Actor, area: str, owner: str, table: Table, key: str, values: Any, old: RegisterRow | None, origin: str,
    case: Any, reason: str, recorded: tuple[Any, Any], said: bool,
) -> None:  # fmt: skip
    on, by = recorded if said or origin == "import" else (clock.today(), actor.person.username)
    if old is not None:
        old.current = False
        old.save(update_fields=["current"])
    new = RegisterRow.objects.create(
        area=area, owner=owner, table=table.name, key=key, values=values, declaration=declaration_digest(table),
        recorded_on=on, recorded_by=by or "", person=actor.person, at=clock.real_now(), origin=origin, reason=reason,
        case=case,
    )  # fmt: skip
    if old is not None:
        old.superseded_by = new
        old.save(update_fields=["superseded_by"])
