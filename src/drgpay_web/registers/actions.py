"""Writes to registers: a row typed, a row taken out, a file imported."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from drgpay_web import jobs, store
from drgpay_web.people import Actor
from drgpay_web.registers.rules import Seen, need_write

FORM = "form"
IMPORT = "registers.import"


def write_row(actor: Actor, seen: Seen, *, typed: Mapping[str, str], reason: str = "") -> store.Put:
    """Enter a row as it was typed; it supersedes the one of its key. Raises store's NotRight."""
    need_write(actor, seen)
    row = {name: typed.get(name, "").strip() or None for name in seen.table.names}
    return store.put_rows(
        actor, area=actor.area, table=seen.table, rows=[row], origin=FORM, reason=reason, owner=seen.owner
    )


def take_out(actor: Actor, seen: Seen, *, key: str, reason: str) -> store.Put:
    """Take a row out of force; its history stays."""
    need_write(actor, seen)
    return store.put_rows(
        actor, area=actor.area, table=seen.table, rows=[], origin=FORM, reason=reason, owner=seen.owner, removed=[key]
    )


def import_file(actor: Actor, seen: Seen, *, chunks: Iterable[bytes], name: str, reason: str = "") -> jobs.Job:
    """Have a file of rows read, checked and entered, all or none, by a job."""
    need_write(actor, seen)
    received = store.receive(actor, chunks, name)
    return jobs.order(
        actor, kind=IMPORT, area=actor.area, key=f"{IMPORT}:{actor.area}:{seen.owner}:{seen.table.name}",
        payload={"received": received.pk, "table": seen.table.name, "reason": reason},
    )  # fmt: skip
