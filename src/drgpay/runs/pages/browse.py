"""Pages of any table of results: scope first, then filter, order and sums (design/12 §7)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from drgpay.engine import frame
from drgpay.runs.pages.scope import Scope
from drgpay.runs.pages.source import Source, reading
from drgpay.runs.pages.view import Page, View, column_of, test_of, wrong
from drgpay.tables import SETTLED_STAYS, Column, Table

MOST = 1_000
"""rows of a page at most"""
_BATCH = 10_000
"""rows handed on at a time for a file"""


@dataclass(frozen=True)
class TableSeen:
    """A table of a folder that the reader may see: its declaration, its rows as far as he sees them, and the columns
    masked for him."""

    table: Table
    rows: int
    masked: tuple[Column, ...]


def tables_of(folder: Path, scope: Scope) -> list[TableSeen]:
    """The tables of a folder of results that a reader may see, views first. What he may not see is not named."""
    source = Source(folder, scope)
    with reading(folder):
        return [
            TableSeen(table, source.rows(table).select(pl.len()).collect().item(), _masked(table, scope))
            for table in source.tables()
        ]


def browse(folder: Path, view: View, *, offset: int = 0, limit: int = 50, totals: bool = True) -> Page:
    """A page of a table of results as a reader sees it.

    The scope of the view applies before its filters, its order and the sums. ``offset`` rows of the selection are
    passed over, ``limit`` shown (at most 1,000). Sums are exact; without ``totals`` there are none.
    Raises DATA when the folder has no such table for this reader, USAGE when the view does not fit the table or asks
    for a column the reader does not see.
    """
    if offset < 0 or not 0 <= limit <= MOST:
        raise wrong("页的位置或大小不对", "no page begins or ends there", f"{offset}, {limit}",
                    f"每页最多 {MOST} 行", f"a page has at most {MOST} rows")  # fmt: skip
    source = Source(folder, view.scope)
    table = source.table(view.table)
    with reading(folder):
        rows, shown, order = _selection(source, table, view)
        adding = [c.name for c in shown if c.name in table.sight.adds] if totals else []
        page = order(rows).slice(offset, limit).select(_shown(shown))
        whole = rows.select(pl.len().alias(_COUNT), *(pl.col(n).cast(pl.Int128).sum() for n in adding))
        page_rows, sums = pl.collect_all([page, whole])
    row = sums.row(0, named=True)
    return Page(
        view, table, shown, page_rows.to_dicts(), row.pop(_COUNT), row, offset, limit, _masked(table, view.scope)
    )


def export_rows(folder: Path, view: View) -> Iterator[list[dict[str, Any]]]:
    """All rows of a view in their order, some at a time: what a file of the selection holds. Errors as
    :func:`browse`."""
    source = Source(folder, view.scope)
    with reading(folder):
        rows, shown, order = _selection(source, source.table(view.table), view)
        whole = order(rows).select(_shown(shown)).collect()
    for batch in whole.iter_slices(_BATCH):
        yield batch.to_dicts()


def columns_of(folder: Path, view: View) -> tuple[Column, ...]:
    """The columns of a view in order, as its pages show them. Errors as :func:`browse`."""
    source = Source(folder, view.scope)
    with reading(folder):
        return _selection(source, source.table(view.table), view)[1]


_COUNT = "rows of the selection"


def _selection(source: Source, table: Table, view: View) -> tuple[pl.LazyFrame, tuple[Column, ...], Any]:
    """The rows of a view, its columns, and what puts the rows in order. A column that the table had not yet when it
    was written is not shown; as a filter or an order it says nothing."""
    hidden = view.scope.hidden(table)
    rows = source.rows(table, _sought(view))
    there = set(rows.collect_schema().names())
    if lacking := [name for name in table.names if name not in there]:
        kinds = frame(table.schema.empty_table()).schema
        rows = rows.with_columns(pl.lit(None, kinds[name]).alias(name) for name in lacking)
    shown = tuple(column_of(table, n, hidden) for n in view.columns or [n for n in table.names if n not in hidden])
    shown = tuple(c for c in dict.fromkeys(shown) if c.name in there)
    tests = [test_of(table, where, hidden) for where in view.where]
    if tests:
        rows = rows.filter(tests)
    keys = [(column_of(table, s.column, hidden), s.down) for s in view.sort]
    for column, _ in keys:
        if column.type == "codes":
            raise wrong("这一列不能排序", "there is no order by this column", column.name, "换一列",
                        "choose another column", table.name)  # fmt: skip
    keys += [(table[name], False) for name in table.key if name in there]
    by = [pl.col(c.name).cast(pl.String) if c.type == "code" else pl.col(c.name) for c, _ in keys]

    def order(frame: pl.LazyFrame) -> pl.LazyFrame:
        if table is SETTLED_STAYS and not view.sort:
            return frame  # lies in the order of its key
        return frame.sort(by, descending=[down for _, down in keys], nulls_last=True, maintain_order=True)

    return rows, shown, order


def _sought(view: View) -> str:
    """The one stay that a view asks for; empty where it asks for others."""
    asked = [where.value for where in view.where if (where.column, where.op) == ("stay_id", "is")]
    return asked[0] if asked and isinstance(asked[0], str) else ""


def _shown(columns: tuple[Column, ...]) -> list[pl.Expr]:
    """The columns of a page, codes as text."""
    texts: dict[str, Any] = {"code": pl.String, "codes": pl.List(pl.String)}
    return [pl.col(c.name).cast(texts[c.type]) if c.type in texts else pl.col(c.name) for c in columns]


def _masked(table: Table, scope: Scope) -> tuple[Column, ...]:
    return tuple(table[name] for name in scope.hidden(table))
