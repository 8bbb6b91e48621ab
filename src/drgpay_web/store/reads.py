"""Register rows as they stand, and as they came to stand."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import QuerySet

from drgpay.runs import register_tables
from drgpay.tables import BATCHES, PERFORMANCE_REGISTERS, Table
from drgpay_web.store.coded import decoded
from drgpay_web.store.models import RegisterRow


@dataclass(frozen=True)
class Kept:
    """A register kept row by row; ``own``: each hospital keeps its own."""

    table: Table
    own: bool


def kept_tables() -> tuple[Kept, ...]:
    """Every register kept as rows in the data base, in the order of the dictionary: those of the area that are, and
    all of a hospital's own, which has no folder of files here."""
    inside = {table.name for table in PERFORMANCE_REGISTERS}
    kept = [t for t in register_tables() if (t.kept == "rows" or t.name in inside) and t != BATCHES]
    return tuple(Kept(table, table.name in inside) for table in kept)


def kept(table: str) -> Kept | None:
    """One of them by its name."""
    return next((one for one in kept_tables() if one.table.name == table), None)


def current(area: str, table: Table, owner: str = "") -> QuerySet[RegisterRow]:
    """The rows in force, in the order in which their keys were first recorded."""
    return RegisterRow.objects.filter(
        area=area, owner=owner, table=table.name, current=True, values__isnull=False
    ).order_by("key")


def rows(area: str, table: Table, owner: str = "") -> list[dict[str, Any]]:
    """The rows of a register in force, as the core takes them (money in fen, days as dates), by key."""
    return [decoded(table, row.values) for row in current(area, table, owner)]


def keyed_rows(area: str, table: Table, owner: str = "") -> list[tuple[str, dict[str, Any]]]:
    """:func:`rows` with their keys as one text."""
    return [(row.key, decoded(table, row.values)) for row in current(area, table, owner)]


def row_count(area: str, table: Table, owner: str = "") -> int:
    """How many rows of a register are in force."""
    return current(area, table, owner).count()


def last_written(area: str, table: Table, owner: str = "") -> RegisterRow | None:
    """The row of a register that was written last, with who wrote it."""
    return RegisterRow.objects.filter(area=area, owner=owner, table=table.name).select_related("person").last()


def history(area: str, table: Table, key: str, owner: str = "") -> list[RegisterRow]:
    """Every row a key ever had, the latest first."""
    found = RegisterRow.objects.filter(area=area, owner=owner, table=table.name, key=key)
    return list(found.select_related("person", "case").order_by("-pk"))


def rows_until(area: str, last_row: int, tables: Iterable[Table] = ()) -> dict[str, list[dict[str, Any]]]:
    """The area's registers as they were with the row ``last_row``, with the days of their rows, by table.

    A key has its last row of each day, so that what was known on an earlier day can still be read; a key that was
    taken out has none. Rows are in the order of key and time.
    """
    found: dict[str, list[dict[str, Any]]] = {}
    wanted = {table.name: table for table in tables or [one.table for one in kept_tables()]}
    by_key: dict[str, dict[str, dict[date | None, RegisterRow]]] = {name: {} for name in wanted}
    kept_rows = RegisterRow.objects.filter(area=area, owner="", table__in=list(wanted), pk__lte=last_row)
    for row in kept_rows.order_by("key", "pk"):
        by_key[row.table].setdefault(row.key, {})[row.recorded_on] = row
    for table in wanted.values():
        keys = by_key[table.name].values()
        standing = [days for days in keys if max(days.values(), key=lambda r: r.pk).values is not None]
        table_rows = [_dated(table, row) for days in standing for row in days.values() if row.values is not None]
        if table_rows:
            found[table.name] = table_rows
    return found


def _dated(table: Table, row: RegisterRow) -> dict[str, Any]:
    return decoded(table, row.values) | {
        "recorded_on": row.recorded_on, "recorded_by": row.recorded_by or None,
    }  # fmt: skip
