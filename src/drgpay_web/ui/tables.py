"""A page of a table of results on the screen: filter and order are in the address, and Excel asks with the same.

``?<column>.<op>=value`` filters (``op`` of ``drgpay.runs.OPS``; values as people type them), ``sort=column`` or
``sort=-column`` orders, ``page=2`` turns.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from django.http import HttpRequest, QueryDict

from drgpay.errors import DrgpayError, Kind
from drgpay.runs import Scope, Sort, View, Where, browse, columns_of
from drgpay.runs.pages import OPS
from drgpay.tables import NUMBERS, Column
from drgpay_web.ui.values import Names, kind_of, printed, text_of, typed
from drgpay_web.ui.words import lang_of, w

ROWS = 50
SHORT = 12
"""signs of a text that is not broken"""
UNITS = ("institution_id", "department_id", "doctor_id")


@dataclass(frozen=True)
class Head:
    """A column's head: its name in the reader's language, and the address that orders by it."""

    column: Column
    title: str
    number: bool
    sort: str
    state: str
    """``ascending``, ``descending`` or ``none``"""


@dataclass(frozen=True)
class Cell:
    """A value as text; ``link`` is where it leads, ``tone`` how it stands out."""

    text: str
    number: bool
    link: str = ""
    tone: str = ""

    @property
    def short(self) -> bool:
        """Short enough to stand on one line."""
        return len(self.text) <= SHORT


def view_of(
    request: HttpRequest,
    folder: Path,
    table: str,
    scope: Scope,
    columns: Sequence[str] = (),
    where: Sequence[Where] = (),
) -> View:
    """The view that the address asks for, within ``where`` and the scope; the same for page, Excel and API."""
    return view_from(request.GET, folder, table, scope, columns, where)


def view_from(
    asked: QueryDict,
    folder: Path,
    table: str,
    scope: Scope,
    columns: Sequence[str] = (),
    where: Sequence[Where] = (),
) -> View:
    """:func:`view_of` for an address alone. ``columns=a,b`` of the address names the columns where no others do."""
    known = {column.name: column for column in columns_of(folder, View(table, scope=scope))}
    named = tuple(columns) or tuple(name for name in asked.get("columns", "").split(",") if name)
    order = asked.get("sort", "")
    sort = (Sort(order.lstrip("-"), order.startswith("-")),) if order.lstrip("-") in known else ()
    return View(table, named, (*where, *_filters(asked, known)), sort, scope=scope)


def page_of(
    request: HttpRequest,
    folder: Path,
    table: str,
    scope: Scope,
    *,
    columns: Sequence[str] = (),
    where: Sequence[Where] = (),
    filters: Sequence[str] = (),
    links: Any = None,
    names: Names | None = None,
) -> dict[str, Any]:
    """What ``ui/table.html`` shows: heads, rows of cells, totals of the whole selection, filters, pages.

    ``filters``: the columns for which fields are shown; ``links(column name, row)``: where a cell leads, or ``""``;
    ``names``: the names of what codes name.
    Raises DrgpayError for a filter that fits no column.
    """
    view = view_of(request, folder, table, scope, columns, where)
    number = max(int(request.GET.get("page", "1")) if request.GET.get("page", "1").isdigit() else 1, 1)
    page = browse(folder, view, offset=_before(number), limit=ROWS)
    lang = lang_of(request)
    return {
        "view": view,
        "heads": [_head(column, view, lang) for column in page.columns],
        "rows": [[cell(column, row, lang, links, names) for column in page.columns] for row in page.rows],
        "sums": [printed(page.sums.get(c.name), kind_of(c), lang) for c in page.columns] if page.sums else [],
        "total": page.total,
        "first": page.offset + 1 if page.rows else 0,
        "last": page.offset + len(page.rows),
        "previous": number - 1,
        "next": number + 1 if page.total > page.offset + len(page.rows) else 0,
        "fields": [_field(request.GET, column, lang) for column in page.columns if column.name in filters],
        "filtered": len(view.where) > len(where),
    }


def _before(number: int) -> int:
    return (number - 1) * ROWS


def _filters(asked: QueryDict, known: dict[str, Column]) -> list[Where]:
    found = []
    for name, texts in asked.lists():
        column, _, op = name.partition(".")
        if not op or not texts[-1].strip():
            continue
        if column not in known or op not in OPS:
            raise DrgpayError(
                Kind.USAGE, zh="不能按此筛选", en="this cannot be filtered by", value=name,
                fix_zh="清除筛选后重新选择", fix_en="clear the filters and choose again",
            )  # fmt: skip
        found.append(Where(column, cast(Any, op), _value(texts, op, known[column].type)))
    return found


def _value(texts: list[str], op: str, kind: str) -> Any:
    if op == "empty":
        return texts[-1] == "1"
    values = [typed(text.strip(), kind) for text in texts]
    return tuple(values) if op == "in" else values[-1]


def _head(column: Column, view: View, lang: str) -> Head:
    return head(column, view.sort[0] if view.sort else None, lang)


def head(column: Column, by: Sort | None, lang: str) -> Head:
    """The head of a column in a table that is ordered ``by`` one."""
    now = by if by and by.column == column.name else None
    state = "none" if now is None else "descending" if now.down else "ascending"
    order = f"-{column.name}" if state == "ascending" else column.name
    return Head(column, headed(column, lang), column.type in NUMBERS, order, state)


def cell(
    column: Column, row: dict[str, Any], lang: str, links: Any = None, names: Names | None = None, tones: Any = None
) -> Cell:
    """A cell of the screen."""
    text, name = text_of(column, row, lang, names), column.name
    return Cell(
        text, column.type in NUMBERS, links(name, row) if links else "", tones(name, row) if tones else ""
    )  # fmt: skip


def title_of(column: Column, lang: str) -> str:
    """The head of a column: of the English one what stands before its explanation; a unit's without the word code,
    for its name stands in the cells."""
    zh = column.zh.removesuffix("编号").removesuffix("代码") if column.name in UNITS else column.zh
    return re.split(r"[:;]", column.en)[0] if lang == "en" else zh


def headed(column: Column, lang: str) -> str:
    """The title of a column above or before its figures."""
    return with_unit(title_of(column, lang), column.type, lang)


def with_unit(title: str, kind: str, lang: str) -> str:
    """A title, of amounts with their unit."""
    return f"{title}{w('ui.in_yuan', lang)}" if kind == "fen" else title


def _field(asked: QueryDict, column: Column, lang: str) -> dict[str, Any]:
    """A field of the filters: a choice of a closed list, from–to for numbers and days, else text."""
    kind = "choice" if column.choices else "range" if column.type in NUMBERS or column.type == "date" else "text"
    return {
        "column": column,
        "title": headed(column, lang),
        "kind": kind,
        "choices": [(code, printed(code, "text", lang)) for code in column.choices],
        "value": {op: asked.get(f"{column.name}.{op}", "") for op in ("is", "has", "from", "to")},
        "day": column.type == "date",
    }
