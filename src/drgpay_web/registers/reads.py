"""The rows of a register that somebody sees, found by what stands in them: the same on the page, in a file, for
systems."""

from __future__ import annotations

from typing import Any

from drgpay_web import store
from drgpay_web.registers import cells
from drgpay_web.registers.rules import Seen


def rows(area: str, seen: Seen) -> list[tuple[str, dict[str, Any]]]:
    """The rows in force with their keys, in the order in which the keys were first recorded."""
    return [(key, row) for key, row in store.keyed_rows(area, seen.table, seen.owner) if seen.shows(row)]


def found(area: str, seen: Seen, asked: str, lang: str) -> list[tuple[str, dict[str, Any]]]:
    """Those in which a text stands, as people read them; all without one."""
    return [
        (key, row)
        for key, row in rows(area, seen)
        if not asked or any(asked in cells.shown(c, row.get(c.name), lang) for c in seen.table.columns)
    ]


def count(area: str, seen: Seen) -> int:
    """How many there are."""
    return len(rows(area, seen)) if seen.house else store.row_count(area, seen.table, seen.owner)
