"""A view of a table: columns, filters, order, and whose eyes it is for. Page, Excel and API print the same view."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import KW_ONLY, dataclass, field
from datetime import date
from difflib import get_close_matches
from typing import Any, Literal

import polars as pl

from drgpay.errors import DrgpayError, Kind
from drgpay.runs.pages.scope import Scope
from drgpay.tables import Column, Table

Op = Literal["is", "not", "in", "from", "to", "has", "empty"]
OPS: tuple[Op, ...] = ("is", "not", "in", "from", "to", "has", "empty")
"""equal to, other than (an empty cell is other), one of, at least, at most, contains (a text a part of it, a list one
of its codes), empty (True) or not (False)"""


@dataclass(frozen=True)
class Where:
    """A filter: the rows whose ``column`` is to ``value`` as ``op`` says. Money, points and ratios are whole numbers
    of the table's unit, dates are dates or ISO texts, flags True or False."""

    column: str
    op: Op
    value: Any = None


@dataclass(frozen=True)
class Sort:
    """An order: by a column, the largest first when ``down``; empty cells come last either way."""

    column: str
    down: bool = False


@dataclass(frozen=True)
class View:
    """What of a table is shown. ``columns``: none named is all the reader sees. Rows that are equal in ``sort`` come
    by the key of the table, so that pages never overlap."""

    table: str
    columns: tuple[str, ...] = ()
    where: tuple[Where, ...] = ()
    sort: tuple[Sort, ...] = ()
    _: KW_ONLY
    scope: Scope


@dataclass(frozen=True)
class Page:
    """Rows of a view. ``rows`` hold raw values under the names of ``columns``; ``total`` counts the rows of the whole
    selection, ``sums`` adds up those of its columns that add up; ``masked``: columns the reader does not see."""

    view: View
    table: Table
    columns: tuple[Column, ...]
    rows: list[dict[str, Any]]
    total: int
    sums: dict[str, int]
    offset: int
    limit: int
    masked: tuple[Column, ...] = field(default=())


def wrong(zh: str, en: str, value: object, fix_zh: str, fix_en: str, field: str | None = None) -> DrgpayError:
    """A view that asks for what is not there (USAGE)."""
    return DrgpayError(Kind.USAGE, zh=zh, en=en, field=field, value=value, fix_zh=fix_zh, fix_en=fix_en)


def column_of(table: Table, name: str, hidden: Collection[str]) -> Column:
    """A column by its name or Chinese name; USAGE when there is none, or the reader does not see it."""
    found = next((c for c in table.columns if name in (c.name, c.zh)), None)
    if found is None:
        known = [n for c in table.columns if c.name not in hidden for n in (c.name, c.zh)]
        near = (get_close_matches(name, known, 1, 0.4) or known)[0]
        raise wrong("表里没有这一列", "the table has no such column", name, f"最接近的是 {near}",
                    f"the nearest is {near}", table.name)  # fmt: skip
    if found.name in hidden:
        raise wrong(
            "这一列不对您显示,不能列出、筛选或排序",
            "this column is not shown to you: it can be neither listed nor a filter nor an order",
            name, "换一列,或由有权限的人查看", "choose another column, or ask somebody who may see it", table.name,
        )  # fmt: skip
    return found


def test_of(table: Table, where: Where, hidden: Collection[str]) -> pl.Expr:
    """A filter as an expression; USAGE when it does not fit its column."""
    column = column_of(table, where.column, hidden)
    if where.op not in OPS:
        raise wrong("没有这种筛选", "no such filter", where.op, "用 " + "、".join(OPS), "use " + ", ".join(OPS),
                    column.name)  # fmt: skip
    its = pl.col(column.name)
    if where.op == "empty":
        said = _flag(column, where.value)
        return its.is_null() if said else its.is_not_null()
    if where.op == "has":
        return _contains(column, where.value)
    if column.type == "codes":
        raise _unfit(column, where.op)
    its = its.cast(pl.String) if column.type in ("text", "code") else its
    if where.op == "in":
        if isinstance(where.value, str) or not isinstance(where.value, Collection):
            raise _unfit(column, where.value)
        values = pl.Series([value_of(column, v) for v in where.value], dtype=_DTYPES[column.type])
        return its.is_in(values.implode())
    value = value_of(column, where.value)
    test: Callable[[], pl.Expr] = {
        "is": lambda: its == value,
        "not": lambda: its.ne_missing(value),
        "from": lambda: its >= value,
        "to": lambda: its <= value,
    }[where.op]
    return test()


_DTYPES: dict[str, Any] = {
    "text": pl.String, "code": pl.String, "date": pl.Date, "flag": pl.Boolean, "int8": pl.Int64, "int16": pl.Int64,
    "int32": pl.Int64, "int64": pl.Int64, "fen": pl.Int64, "points": pl.Int64, "ratio": pl.Int64,
}  # fmt: skip


def value_of(column: Column, value: Any) -> Any:
    """A value to compare a cell with; USAGE when the column holds nothing of its kind."""
    if column.type in ("text", "code") and isinstance(value, str):
        return value
    if column.type == "flag" and isinstance(value, bool):
        return value
    if column.type == "date":
        return _day(column, value)
    if column.type in ("text", "code", "codes", "flag") or isinstance(value, bool) or not isinstance(value, int):
        raise _unfit(column, value)
    if not -(2**63) <= value < 2**63:
        raise _unfit(column, value)
    return value


def _day(column: Column, value: Any) -> date:
    try:
        return value if isinstance(value, date) else date.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise _unfit(column, value) from error


def _flag(column: Column, value: Any) -> bool:
    if value is None or isinstance(value, bool):
        return value is not False
    raise _unfit(column, value)


def _contains(column: Column, value: Any) -> pl.Expr:
    if not isinstance(value, str) or column.type not in ("text", "code", "codes"):
        raise _unfit(column, value)
    if column.type == "codes":
        return pl.col(column.name).cast(pl.List(pl.String)).list.contains(value)
    return pl.col(column.name).cast(pl.String).str.contains(value, literal=True)


def _unfit(column: Column, value: object) -> DrgpayError:
    return wrong(
        "筛选的值与这一列的类型不符", "the value of the filter does not fit its column", value,
        f"{column.zh}的类型是 {column.type}", f"{column.name} is of type {column.type}", column.name,
    )  # fmt: skip
