"""Tables of the dictionary as a workbook for people: one language, numbers as numbers with formats, dates as dates,
coded values in words, names beside ids, shares as per cent."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import xlsxwriter

from drgpay import tables as dictionary
from drgpay.engine import drafted
from drgpay.report.labels import Both, check_language, column_words
from drgpay.report.workbook import unit_words
from drgpay.steps.oversight import ALERT_RULES, DEFAULTS
from drgpay.tables import Column, Table
from drgpay.words import in_word

Row = Mapping[str, Any]
Names = Mapping[str, Mapping[str, str]]
"""column of ids → name by id"""

_CREATED = datetime(2000, 1, 1)
_EXACT = 10**15
_ROWS = 1_000_000
_CELL = 32_000
_WIDEST = 48
_DECIMALS = {"fen": 2, "points": 4, "ratio": 4, "share": 4, "percent": 4}
_FORMATS = {"int": "#,##0", "fen": "#,##0.00", "points": "#,##0.0000", "ratio": "0.0000", "percent": "0.00%"}
_SHARE = re.compile(r"(比例|占比|比重|份额|率|增幅|完整性|准确性|覆盖面)$")
_NO_SHARE = re.compile(r"(费率|倍率|使用率限)$")
_PLAIN = frozenset({"year", "month", "number", "rank", "line", "next_year"})
_UNITS = {"fen": Both("(元)", " (yuan)"), "points": Both("(点)", " (points)")}
_NAMED = {"institution_id": Both("机构名称", "Institution"), "department_id": Both("科室名称", "Department")}
_GROUP = Both("病组名称", "Name of the group")
_PERCENT_ALERTS = frozenset(
    rule.id for rule in ALERT_RULES.values() if rule.limit and DEFAULTS.values[rule.limit].unit == "share"
)
_FIELD = re.compile(r"\b([a-z_]+)\.([a-z_0-9]+)\b")
_TABLE = re.compile(r"\b[a-z]+(?:_[a-z]+)+\b")
_TABLES = {t.name: t for t in vars(dictionary).values() if isinstance(t, Table)}


@dataclass(frozen=True)
class Sheet:
    """One table of a workbook. ``hidden`` columns are for builders and left out; ``percent`` says of a column and row
    whether its 1/10,000 are a share; ``texts`` put a column's value in words."""

    table: Table
    rows: Sequence[Row]
    hidden: frozenset[str] = frozenset()
    percent: Callable[[str, Row], bool] | None = None
    texts: Mapping[str, Callable[[Any], str]] = field(default_factory=dict)


Chart = Callable[[Any, Sequence[Row]], None]
"""draws a chart of a table's rows into the book"""


def write_tables(
    target: Path,
    sheets: Iterable[Sheet],
    lang: str,
    names: Names | None = None,
    charts: Mapping[str, Chart] | None = None,
) -> None:
    """Write ``target`` (.xlsx), a sheet for each table; the same rows give the same bytes. USAGE for a language."""
    check_language(lang)
    target.parent.mkdir(parents=True, exist_ok=True)
    options = {"strings_to_formulas": False, "strings_to_urls": False, "default_date_format": "yyyy-mm-dd"}
    with drafted(target) as draft, xlsxwriter.Workbook(draft, options) as book:
        book.set_properties({"created": _CREATED})
        writer = _Writer(book, lang, names or {})
        for sheet in sheets:
            writer.add(sheet)
            if charts and sheet.table.name in charts:
                charts[sheet.table.name](book, sheet.rows)


def head_words(column: Column, table: Table, lang: str) -> str:
    """Heading of a column, with the unit of money and points."""
    unit = _UNITS.get(column.type)
    return column_words(column.name, table)[0][lang] + (unit[lang] if unit else "")


def is_share(column: Column) -> bool:
    """Whether 1/10,000 of a column are read as per cent: its Chinese name says so."""
    return bool(_SHARE.search(column.zh)) and not _NO_SHARE.search(column.zh)


def alert_is_share(rule: str) -> bool:
    """Whether the values of an alert of this rule are shares, printed as per cent."""
    return rule in _PERCENT_ALERTS


def field_words(text: str, lang: str, *, unit: bool = False) -> str:
    """``visits.total_cost`` and the like in words: table and column, with ``unit`` that of amounts."""

    def said(found: re.Match[str]) -> str:
        table = _TABLES.get(found[1])
        if table is None or found[2] not in table.names:
            return found[0]
        head = column_words(found[2], table)[0][lang]
        head += unit_words("fen", lang) if unit and table[found[2]].type == "fen" else ""
        return f"{table.zh}·{head}" if lang == "zh" else f"{table.name.replace('_', ' ')}, {head.lower()}"

    return _TABLE.sub(lambda found: _table_words(found[0], lang), _FIELD.sub(said, text))


def _table_words(name: str, lang: str) -> str:
    table = _TABLES.get(name)
    return name if table is None else table.zh if lang == "zh" else name.replace("_", " ")


class _Writer:
    def __init__(self, book: Any, lang: str, names: Names) -> None:
        self.book, self.lang, self.names = book, lang, names
        font = {"font_name": "Microsoft YaHei" if lang == "zh" else "Calibri", "font_size": 10, "valign": "vcenter"}
        self.head = book.add_format(
            {**font, "bold": True, "font_color": "#FFFFFF", "bg_color": "#0B3954", "text_wrap": True}
        )
        self.text = book.add_format(font)
        self.date = book.add_format({**font, "num_format": "yyyy-mm-dd", "align": "left"})
        self.numbers = {k: book.add_format({**font, "num_format": f, "align": "right"}) for k, f in _FORMATS.items()}
        self.plain = book.add_format({**font, "num_format": "0", "align": "right"})

    def add(self, given: Sheet) -> None:
        """One sheet that prints on landscape A4 with its header repeated."""
        title = given.table.zh if self.lang == "zh" else given.table.name.replace("_", " ").capitalize()
        sheet = self.book.add_worksheet(title[:31])
        sheet.set_landscape()
        sheet.set_paper(9)
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(0)
        sheet.freeze_panes(1, 0)
        at = 0
        for column in given.table.columns:
            if column.name in given.hidden or self._of_other_language(column, given.table):
                continue
            at = self._column(sheet, at, column, given)
            named = self._names(column, given.table)
            if named is not None:
                at = self._names_column(sheet, at, named, [row[column.name] for row in given.rows])
        sheet.autofilter(0, 0, max(min(len(given.rows), _ROWS), 1), max(at - 1, 0))

    def _of_other_language(self, column: Column, table: Table) -> bool:
        other = "en" if self.lang == "zh" else "zh"
        mine = column.name.removesuffix(other) + self.lang
        return (column.name == other or column.name.endswith(f"_{other}")) and mine in table.names

    def _names(self, column: Column, table: Table) -> tuple[Both, Mapping[str, str]] | None:
        if column.name == "institution_id" and "name" in table.names:
            return None
        names = self.names.get("drg" if column.name.endswith("drg") else column.name)
        return (_NAMED.get(column.name, _GROUP), names) if names else None

    def _names_column(self, sheet: Any, at: int, named: tuple[Both, Mapping[str, str]], ids: Sequence[Any]) -> int:
        head, names = named
        sheet.write_string(0, at, head[self.lang], self.head)
        texts = [names.get(i, "") if i else "" for i in ids]
        for row, text in enumerate(texts[:_ROWS], 1):
            sheet.write_string(row, at, text, self.text)
        self._width(sheet, at, head[self.lang], texts)
        return at + 1

    def _column(self, sheet: Any, at: int, column: Column, given: Sheet) -> int:
        head = head_words(column, given.table, self.lang)
        sheet.write_string(0, at, head, self.head)
        texts = []
        for place, row in enumerate(given.rows[:_ROWS], 1):
            texts.append(self._cell(sheet, place, at, column, row, given))
        self._width(sheet, at, head, texts)
        return at + 1

    def _kind(self, column: Column, row: Row, given: Sheet) -> str:
        if column.type in ("fen", "points"):
            return column.type
        if column.type == "ratio" or column.unit.startswith("1/10,000"):
            share = given.percent(column.name, row) if given.percent else is_share(column)
            return "percent" if share else "ratio"
        if column.type.startswith("int"):
            return "plain" if column.name in _PLAIN else "int"
        return column.type

    def _cell(self, sheet: Any, row: int, at: int, column: Column, values: Row, given: Sheet) -> str:
        """Write one cell; returns its text for the width of the column."""
        value, kind = values[column.name], self._kind(column, values, given)
        if value is None or value == "":
            return ""
        if column.name in given.texts:
            text = given.texts[column.name](value)
        elif isinstance(value, date):
            sheet.write_datetime(row, at, datetime(value.year, value.month, value.day), self.date)
            return value.isoformat()
        elif isinstance(value, int) and not isinstance(value, bool) and abs(value) < _EXACT:
            number = float(Decimal(value).scaleb(-_DECIMALS.get(kind, 0)))
            sheet.write_number(row, at, number, self.plain if kind == "plain" else self.numbers[kind])
            return f"{number:,.2f}"
        elif kind == "flag" or isinstance(value, bool):
            text = in_word(str(bool(value)).lower(), self.lang)
        elif kind == "codes":
            text = ("、" if self.lang == "zh" else ", ").join(in_word(str(v), self.lang) for v in value)
        else:
            text = in_word(str(value), self.lang) if kind == "code" else str(value)
        sheet.write_string(row, at, text[:_CELL], self.text)
        return text

    def _width(self, sheet: Any, at: int, head: str, texts: Sequence[str]) -> None:
        widest = max((_wide(t) for t in texts[:2000]), default=0)
        sheet.set_column(at, at, min(_WIDEST, max(8, -(-_wide(head) // 2) + 4, widest + 2)))


def _wide(text: str) -> int:
    return len(text) if text.isascii() else sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
