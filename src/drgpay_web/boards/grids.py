"""Small tables of a board: the same values on the screen and in a workbook."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from drgpay.report.papers import Column as PaperColumn
from drgpay.report.papers import Line, Table
from drgpay.tables import NUMBERS, Column
from drgpay_web.ui.tables import title_of, with_unit
from drgpay_web.ui.values import kind_of, printed

_PAPER = {"share": "percent", "fen": "fen", "points": "points", "ratio": "ratio"}
"""kinds of numbers on papers; other numbers are whole"""


@dataclass(frozen=True)
class Grid:
    """``columns``: head and kind (as in ``drgpay.tables``, or ``share``); ``rows``: raw values; ``links``: where the
    first value of each row leads; ``note``: what is to be known of it; ``of``: the names by which it is told how its
    figures are computed."""

    title: str
    columns: tuple[tuple[str, str], ...]
    rows: tuple[tuple[Any, ...], ...]
    links: tuple[str, ...] = ()
    note: str = ""
    of: str = ""


def grid_of(
    title: str, table: Iterable[Column], rows: Sequence[dict[str, Any]], lang: str, *, first: str = "",
    names: Sequence[str] = (), links: Sequence[str] = (), note: str = "",
) -> Grid:  # fmt: skip
    """Rows of a declared table; ``first`` and ``names``: a column before the others with a name for each row."""
    columns = tuple(table)
    heads = [(title_of(one, lang), kind_of(one)) for one in columns]
    of = ",".join(one.name for one in columns if one.type in NUMBERS)
    values = [tuple(row[one.name] for one in columns) for row in rows]
    if first:
        heads.insert(0, (first, "text"))
        values = [(name, *its) for name, its in zip(names, values, strict=True)]
    return Grid(title, tuple(heads), tuple(values), tuple(links), note, of)


def shown(grid: Grid | None, lang: str) -> dict[str, Any] | None:
    """What ``boards/grid.html`` shows."""
    if grid is None or not grid.rows:
        return None
    numbers = [_is_number(kind) for _, kind in grid.columns]
    return {
        "title": grid.title,
        "note": grid.note,
        "of": grid.of,
        "heads": [
            (with_unit(head, kind, lang), number) for (head, kind), number in zip(grid.columns, numbers, strict=True)
        ],
        "rows": [
            [
                (printed(value, kind, lang), number, grid.links[at] if not place and at < len(grid.links) else "")
                for place, (value, (_, kind), number) in enumerate(zip(row, grid.columns, numbers, strict=True))
            ]
            for at, row in enumerate(grid.rows)
        ],
    }


def _is_number(kind: str) -> bool:
    return kind in NUMBERS or kind == "share"


def table_of(grid: Grid, lang: str) -> Table:
    """The same on a paper, for a workbook: numbers as numbers."""
    heads = tuple(
        PaperColumn(with_unit(h, k, lang), _PAPER.get(k, "int") if _is_number(k) else "text") for h, k in grid.columns
    )
    lines = tuple(
        Line(tuple(v if _is_number(k) else printed(v, k, lang) for v, (_, k) in zip(row, grid.columns, strict=True)))
        for row in grid.rows
    )
    return Table(grid.title, heads, lines)
