"""A workbook to fill in for a register: Chinese headers, drop-downs, limits, and a sheet that explains the columns
with two filled rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import xlsxwriter

from drgpay.steps.intake.export import renamed
from drgpay.steps.intake.registers import recorded
from drgpay.steps.intake.spellings import chinese
from drgpay.tables import REFERENCES, Column, Table
from drgpay.units import show_coefficient, show_fen

_CREATED = datetime(2000, 1, 1)
"""fixed, so that the same register gives the same bytes"""
_LAST_ROW = 1_048_575
_INLINE = 255
"""signs a drop-down may hold itself; a longer one points to a sheet of its own"""
_MESSAGE, _TITLE = 255, 32
_SCALED = ("ratio", "points")

_WORDS: dict[str, tuple[str, str]] = {
    "notes": ("填写说明", "notes"),
    "lists": ("选项", "lists"),
    "needed": ("必填", "required"),
    "free": ("可空", "may be empty"),
    "key": ("与其他关键列合起来不能重复", "with the other key columns unique"),
    "kept": ("须在“{}”中", "must be in {}"),
    "text": ("文字", "text"),
    "code": ("编号或代码", "code"),
    "codes": ("代码,几个之间用 | 分隔", "codes, separated by |"),
    "int": ("整数", "whole number"),
    "fen": ("金额", "amount"),
    "ratio": ("小数,也可写百分数", "decimal, or a percentage"),
    "points": ("小数", "decimal"),
    "date": ("日期,如 2024-03-31", "date, as 2024-03-31"),
    "flag": ("是或否", "yes or no"),
    "yuan": ("元", "yuan"),
    "example": ("(示例)", "(example)"),
}
_HEADS = (
    ("列名", "是否必填", "单位", "可填内容", "填写要求", "示例一", "示例二"),
    ("header", "required", "unit", "values", "what to write", "example 1", "example 2"),
)
_WIDTHS = (26, 10, 8, 44, 44, 26, 26)
_FLAGS = (("是", "否"), ("yes", "no"))
_FORMATS = {"fen": "#,##0.00", "ratio": "0.0000", "points": "0.0000", "date": "yyyy-mm-dd", "int": "0"}
_EXAMPLES: dict[str, tuple[Any, Any]] = {
    "institution_id": ("H001", "H002"), "successor": ("H003", "H004"), "signed_institution_id": ("H001", "H002"),
    "stay_id": ("S0001", "S0002"), "person_id": ("P0001", "P0002"), "department_id": ("D01", "D02"),
    "doctor_id": ("Y001", "Y002"), "staff_id": ("G001", "G002"), "community_id": ("C01", "C02"),
    "drg": ("GB11", "GB13"), "dx": (["I10.x00x002", "E11.900"], ["J18.900"]), "proc": (["45.1300x001"], None),
    "weight": ("1.25", "0.875"), "year": (2024, 2024), "file": ("批次一.csv", "批次二.csv"),
    "diseases": (["diabetes"], ["hypertension"]), "code": ("36.0700x004", "45.1300x001"),
}  # fmt: skip
"""values of columns in the two filled rows, where the type alone gives none that means something"""


def example_rows(table: Table, lang: str = "zh") -> list[dict[str, Any]]:
    """Two filled rows of a register, every value as the table keeps it; the second leaves out what may be empty."""
    columns = recorded(table).columns
    return [
        {c.name: None if at and c.null and c.name not in table.key else _example(c, at, lang) for c in columns}
        for at in (0, 1)
    ]


def _example(column: Column, at: int, lang: str) -> Any:
    if column.name in _EXAMPLES:
        said = _EXAMPLES[column.name][at]
        return said[0] if isinstance(said, list) and column.type != "codes" else said
    if column.choices:
        return column.choices[at % len(column.choices)]
    low, high = column.bounds or (0, 0)
    match column.type:
        case "fen":
            return min(high, max(low, (1_234_567, 20_000_000)[at]))
        case "ratio" | "points":
            return min(high, max(low, (9_500, 10_000)[at]))
        case "date":
            return (date(2024, 1, 15), date(2024, 2, 20))[at]
        case "flag":
            return at == 0
        case "text" | "code":
            if column.name == "month":
                return f"2024-0{at + 1}"
            id_like = column.name.endswith("_id")
            return f"00{at + 1}" if id_like else f"{_head(column, lang)}{_WORDS['example'][lang == 'en']}"
    return min(high, max(low, at + 1)) if column.bounds else at + 1


def write_register_template(table: Table, path: Path, lang: str = "zh") -> None:
    """Write the workbook of a register: a sheet with its headers (Chinese, or with ``en`` the names of the columns)
    and nothing below, every column with its format, drop-down or limits and a note; a sheet that explains the
    columns, with two filled rows that no reader takes for data. The same register gives the same bytes."""
    renamed(path, lambda draft: _write(table, draft, lang))


def _write(table: Table, path: Path, lang: str) -> None:
    columns = recorded(table).columns
    en = lang == "en"
    with xlsxwriter.Workbook(path, {"in_memory": True}) as book:
        book.set_properties({"title": table.name if en else table.zh, "created": _CREATED})
        sheet = book.add_worksheet((table.name if en else table.zh)[:31])
        notes = book.add_worksheet(_WORDS["notes"][en])
        lists = book.add_worksheet(_WORDS["lists"][en])
        lists.hide()
        heads = {
            null: book.add_format({"bold": True, "border": 1, "bg_color": "#EDF2F7" if null else "#BCD3E8"})
            for null in (False, True)
        }
        for at, column in enumerate(columns):
            told = _told(table, column, lang)
            sheet.write_string(0, at, told.head, heads[column.null])
            sheet.set_column(
                at, at, max(12, 2 * len(told.head) + 2), book.add_format({"num_format": _format(column)})
            )
            sheet.write_comment(0, at, "\n".join(told.lines()), {"x_scale": 2, "y_scale": 2})
            sheet.data_validation(1, at, _LAST_ROW, at, _validation(column, told, lists, at, lang))
        sheet.freeze_panes(1, 0)
        _explain(book, notes, table, lang)


@dataclass(frozen=True)
class _Told:
    """What a person is told of a column."""

    head: str
    needed: str
    unit: str
    values: str
    what: str

    def lines(self) -> list[str]:
        unit = f" ({self.unit})" if self.unit else ""
        return [part for part in (f"{self.needed}{unit}", self.what, self.values) if part]


def _head(column: Column, lang: str) -> str:
    return column.name if lang == "en" else column.zh


def _kind(column: Column) -> str:
    return "int" if column.type.startswith("int") else column.type


def _format(column: Column) -> str:
    return _FORMATS.get(_kind(column), "@")


def _told(table: Table, column: Column, lang: str) -> _Told:
    en = lang == "en"
    said = [_WORDS[_kind(column)][en]] if not column.choices else []
    kinds = [column.refers] if column.refers else [kind for _, _, kind in column.refers_when]
    if column in table.references():
        said += [_WORDS["kept"][en].format(REFERENCES[kind][2] if en else REFERENCES[kind][0]) for kind in kinds]
    if column.name in table.key and len(table.key) > 1:
        said.append(_WORDS["key"][en])
    zh_unit, _, en_unit = column.unit.partition(" (")
    unit = _WORDS["yuan"][en] if column.type == "fen" else (en_unit.rstrip(")") or zh_unit) if en else zh_unit
    needed = _WORDS["free" if column.null else "needed"][en]
    words = (", " if en else "、").join(_choices(column, lang))
    return _Told(_head(column, lang), needed, unit, words or _span(column), (", " if en else ",").join(said))


def _choices(column: Column, lang: str) -> list[str]:
    if column.type == "flag":
        return list(_FLAGS[lang == "en"])
    return [choice if lang == "en" else chinese(column, choice) for choice in column.choices]


def _shows(column: Column) -> Callable[[int], str]:
    """How a number of a column is typed."""
    if column.type == "fen":
        return lambda fen: show_fen(fen, group=False)
    return show_coefficient if column.type in _SCALED else str


def _span(column: Column) -> str:
    """The bounds a column declares, as people type them."""
    show = _shows(column)
    low, high = ("" if bound is None else show(bound) for bound in (column.low, column.high))
    return f"{low}–{high}" if low or high else ""


def _validation(column: Column, told: _Told, lists: Any, at: int, lang: str) -> dict[str, Any]:
    """What a spreadsheet asks of the cells of a column."""
    rule: dict[str, Any] = {
        "validate": "any",
        "input_title": told.head[:_TITLE],
        "input_message": "\n".join(told.lines())[:_MESSAGE],
        "ignore_blank": True,
    }
    words = _choices(column, lang)
    if words and column.type != "codes":
        source: Any = words
        if len(",".join(words)) > _INLINE:
            lists.write_column(0, at, words)
            source = f"='{lists.get_name()}'!{_cell(0, at)}:{_cell(len(words) - 1, at)}"
        return rule | {"validate": "list", "source": source}
    if column.bounds is not None and _kind(column) in ("int", "fen", *_SCALED):
        show = _shows(column)
        low, high = (f"={show(bound)}" for bound in column.bounds)
        kind = "integer" if _kind(column) == "int" else "decimal"
        # percentages are typed as text: the limits are said, and read as they are
        return rule | {"validate": kind, "criteria": "between", "minimum": low, "maximum": high,
                       "error_type": "warning" if column.type in _SCALED else "stop"}  # fmt: skip
    if column.type == "date":
        return rule | {"validate": "date", "criteria": ">=", "value": date(1900, 1, 1)}
    return rule


def _cell(row: int, column: int) -> str:
    """``$A$1``."""
    letters = ""
    number = column + 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return f"${letters}${row + 1}"


def _explain(book: Any, notes: Any, table: Table, lang: str) -> None:
    """The sheet that explains the columns, one on a line, with the filled rows beside them."""
    bold = book.add_format({"bold": True, "bg_color": "#DDE7F0", "border": 1})
    wrapped = book.add_format({"text_wrap": True, "valign": "top"})
    notes.write_row(0, 0, _HEADS[lang == "en"], bold)
    for at, width in enumerate(_WIDTHS):
        notes.set_column(at, at, width, wrapped)
    notes.freeze_panes(1, 1)
    examples = example_rows(table, lang)
    for line, column in enumerate(recorded(table).columns, 1):
        told = _told(table, column, lang)
        for at, text in enumerate((told.head, told.needed, told.unit, told.values, told.what)):
            notes.write_string(line, at, text, wrapped)
        shown = book.add_format({"num_format": _format(column), "align": "left", "valign": "top"})
        for at, row in enumerate(examples, len(_WIDTHS) - 2):
            value = shown_cell(column, row, lang)
            if value is not None:
                notes.write(line, at, value, shown)


def shown_cell(column: Column, row: Mapping[str, Any], lang: str = "zh") -> Any:
    """The value of a column as it stands in a filled workbook: amounts in yuan and ratios as numbers, dates as dates,
    coded values in words."""
    value = row[column.name]
    if value is None:
        return None
    if column.type == "fen" or column.type in _SCALED:
        return Decimal(_shows(column)(value))
    if column.type == "flag":
        return _FLAGS[lang == "en"][not value]
    if column.type == "codes":
        return "|".join(value)
    return chinese(column, value) if column.choices and lang == "zh" else value
