"""Small counts of others in a table that leaves the bureau: hidden, with a second cell where one alone could be
worked out from the others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

HIDDEN = "*"
_COUNTS = ("例数", "人数", "人次", "次数", "件数", "病例", "stays", "persons", "cases", "patients", "count")
_TOTALS = ("合计", "总计", "全区", "total", "all")


def columns_of_counts(heads: Sequence[str], said: Iterable[int] | None = None) -> list[int]:
    """The columns that count persons or stays: those that are said, else those whose head says so."""
    if said is not None:
        return [column for column in said if 0 <= column < len(heads)]
    return [at for at, head in enumerate(heads) if any(word in head.lower() for word in _COUNTS)]


def without_small(
    rows: Sequence[Sequence[str]], columns: Iterable[int], smallest: int
) -> tuple[list[list[str]], int]:
    """The rows with counts from 1 to below ``smallest`` hidden, and the next larger one of the column where only one
    is hidden; a row of totals keeps its count where that is large enough. And how many cells are hidden."""
    shown = [list(row) for row in rows]
    hidden = 0
    for column in columns:
        counts = {at: number for at, row in enumerate(rows) if (number := _count(row, column))}
        small = {at for at, number in counts.items() if number < smallest}
        parts = sorted((at for at in counts if not _is_total(rows[at])), key=lambda at: (counts[at], at))
        if len(small & set(parts)) == 1:
            small |= set(next(([at] for at in parts if at not in small), []))
        for at in small:
            shown[at][column] = HIDDEN
        hidden += len(small)
    return shown, hidden


def _count(row: Sequence[str], column: int) -> int:
    text = str(row[column]).replace(",", "").strip() if column < len(row) else ""
    return int(text) if text.isdecimal() else 0


def _is_total(row: Sequence[str]) -> bool:
    return str(row[0]).strip().lower().startswith(_TOTALS)
