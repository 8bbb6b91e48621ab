"""What register rows may name: institutions, communities, departments, staff, as the record has them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from drgpay import runs
from drgpay.tables import REFERENCES, Table
from drgpay_web.store.places import record
from drgpay_web.store.reads import kept, rows

NAMED = sorted({table for _, _, table in REFERENCES.values()})


def _referred(table: Table) -> set[str]:
    """The registers whose rows a table's columns name, and the table itself."""
    kinds = [kind for c in table.references() for kind in (c.refers, *(kind for _, _, kind in c.refers_when)) if kind]
    return {table.name, *(REFERENCES[kind][2] for kind in kinds)}


def known_of(area: str, table: Table, entered: Sequence[Mapping[str, Any]], owner: str = "") -> Any:
    """What rows of ``table`` may name: the registers in force that its columns refer to, and of ``table`` itself the
    rows being entered."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for name in NAMED:
        one = kept(name) if name in _referred(table) else None
        if one is not None and (there := rows(area, one.table, owner if one.own else "")):
            found[name] = list(there)
    if table.name in NAMED:
        keys = {tuple(str(row.get(k)) for k in table.key) for row in entered}
        mine = [r for r in found.get(table.name, []) if tuple(str(r.get(k)) for k in table.key) not in keys]
        found[table.name] = [*mine, *entered]
    place = record(area)
    return runs.known_of(found, place if place.is_dir() and not owner else None)
