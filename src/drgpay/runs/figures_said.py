"""What a figure is: its name, its unit, how it comes about, and the parameters that decide it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from drgpay.runs.pages.measures import MEASURES
from drgpay.steps.settlement import MONTH_ITEMS, STATEMENT_ITEMS, Item
from drgpay.tables import ALL, INSTITUTION_MONTHS, MONTH_CASH, NUMBERS, STATEMENTS, VIEWS, Column, Table

_TABLES: dict[str, Table] = {table.name: table for table in (*ALL, *VIEWS)}
_ITEMS: dict[str, dict[str, Item]] = {
    STATEMENTS.name: STATEMENT_ITEMS, INSTITUTION_MONTHS.name: MONTH_ITEMS, MONTH_CASH.name: MONTH_ITEMS,
}  # fmt: skip


@dataclass(frozen=True)
class FigureSaid:
    """A figure: the column that it is, of which table (None: a sum over rows), how it comes about in Chinese and
    English (empty where the dictionary does not say it), and the parameters that decide it."""

    column: Column
    table: Table | None
    how: tuple[str, str]
    parameters: tuple[str, ...]


def figures_said(of: str) -> list[FigureSaid]:
    """The figures of a table by its name, or those of a name: a sum, and the columns that bear it, of the tables of
    statements first. None where there is no such name."""
    if of in _TABLES:
        table = _TABLES[of]
        return [_said(column, table) for column in table.columns if column.type in NUMBERS]
    return list(_named(of))


def _named(name: str) -> Iterator[FigureSaid]:
    if name in MEASURES:
        yield FigureSaid(MEASURES[name].column, None, ("", ""), ())
    for table in sorted(ALL, key=lambda one: one.name not in _ITEMS):
        if name in table.names and table[name].type in NUMBERS:
            yield _said(table[name], table)


def _said(column: Column, table: Table) -> FigureSaid:
    item = _ITEMS.get(table.name, {}).get(column.name)
    if item is None or (item.table is not table and table is not STATEMENTS):
        return FigureSaid(column, table, ("", ""), ())
    return FigureSaid(column, table, (item.zh, item.en), item.parameters)
