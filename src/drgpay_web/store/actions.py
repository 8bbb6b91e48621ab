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

__all__ = ["IMPORT", "UPLOAD_LIMIT", "NotRight", "Put", "known_of", "lock", "put_rows", "receive"]

IMPORT = "import"
"""origin of the rows an area begins with: they have no day of record but the one they bring"""
_BATCH = 500
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
                stored=kept.stored, at=clock.now(), by=actor.person,
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
        entry = _Entry(actor, area, owner, table, origin, case, reason)
        for row in oldest_first:
            entry.put(row)
        for key in removed:
            entry.take_out(key)
        put = entry.write()
        trail.record(
            actor, "register.write", f"register:{area}/{owner}/{table.name}", reason=reason,
            after={"added": put.added, "changed": put.changed, "removed": put.removed, "origin": origin},
        )  # fmt: skip
    return put


def lock(area: str) -> None:
    """Hold the area's record until the transaction ends."""
    Area.objects.get_or_create(code=area)
    Area.objects.select_for_update().get(code=area)


class _Entry:
    """Rows on their way into a register: each against the one of its key, then all written at once."""

    def __init__(
        self, actor: Actor, area: str, owner: str, table: Table, origin: str, case: Any, reason: str
    ) -> None:
        self.table, self.today, self.by = table, clock.today(), actor.person.username
        self.shared = {
            "area": area, "owner": owner, "table": table.name, "declaration": declaration_digest(table),
            "person": actor.person, "at": clock.now(), "origin": origin, "case": case, "reason": reason,
        }  # fmt: skip
        now = RegisterRow.objects.filter(area=area, owner=owner, table=table.name, current=True)
        self.standing = {row.key: row for row in now}
        self.new: list[RegisterRow] = []
        self.followed: list[tuple[RegisterRow, RegisterRow]] = []
        self.counts = dict.fromkeys(("added", "changed", "same", "removed"), 0)

    def put(self, row: Mapping[str, Any]) -> None:
        """A checked row: new, a change, or the same as before. One that says when it was recorded keeps that day."""
        key, values = key_of(self.table, row), coded(self.table, row)
        old = self.standing.get(key)
        if old is not None and old.values == values:
            self.counts["same"] += 1
            return
        self.counts["added" if old is None or old.values is None else "changed"] += 1
        said = row["recorded_on"] or row["recorded_by"] or self.shared["origin"] == IMPORT
        on, by = (row["recorded_on"], row["recorded_by"] or "") if said else (self.today, self.by)
        self._follow(key, values, on, by)

    def take_out(self, key: str) -> None:
        """A key that is no more."""
        old = self.standing.get(key)
        if old is not None and old.values is not None:
            self.counts["removed"] += 1
            self._follow(key, None, self.today, self.by)

    def _follow(self, key: str, values: Any, on: date | None, by: str) -> None:
        old = self.standing.get(key)
        row = RegisterRow(key=key, values=values, recorded_on=on, recorded_by=by, **self.shared)
        if old is not None:
            old.current = False
            self.followed.append((old, row))
        self.standing[key] = row
        self.new.append(row)

    def write(self) -> Put:
        """Write all of it, and what follows what."""
        RegisterRow.objects.bulk_update([old for old, _ in self.followed if old.pk], ["current"], batch_size=_BATCH)
        RegisterRow.objects.bulk_create(self.new, batch_size=_BATCH)
        for old, row in self.followed:
            old.superseded_by = row
        RegisterRow.objects.bulk_update([old for old, _ in self.followed], ["superseded_by"], batch_size=_BATCH)
        return Put(**self.counts)
