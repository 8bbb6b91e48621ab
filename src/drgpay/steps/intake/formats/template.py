"""A workbook to fill in for a format, with a sheet that explains its fields."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import xlsxwriter

from drgpay.steps.intake.export import renamed
from drgpay.steps.intake.formats.catalogue import CANONICAL, Entry, named
from drgpay.steps.intake.formats.cells import DAYS
from drgpay.tables import STAYS

_CREATED = datetime(2000, 1, 1)
"""fixed, so that the same format gives the same bytes"""
_HEADS = ("列名 header", "中文", "English", "用处 use", "单位 unit", "取值 values", "说明 note")
_WIDTHS = (34, 28, 34, 34, 20, 44, 60)
_NOT_READ = "不读 not read"
_SUMMED = "合计用 added up"
_USES = {
    "record": "病例号的一部分 part of the stay_id", "times": "病例号的一部分 part of the stay_id",
    "fee": "费用核对 checked against the total", "duration": "时长核对 checked", "duration.stay": "时长核对 checked",
    "fund.kind": _SUMMED, "beside": "校验 checked", "": _NOT_READ,
}  # fmt: skip


@dataclass(frozen=True)
class _Line:
    headers: tuple[str, ...]
    explained: tuple[str, ...]
    read: bool


def write_template(name: str, path: Path) -> None:
    """Write the template of a format (or ``canonical``): a sheet with the headers that are read, all cells text, and
    a sheet with every known field in Chinese and English. The same format gives the same bytes. Raises DrgpayError of
    kind USAGE when there is no such format."""
    form = named(name)
    lines = list(_canonical() if form is None else map(_line, form.entries))
    title = CANONICAL if form is None else form.id

    def write(temporary: Path) -> None:
        with xlsxwriter.Workbook(temporary) as book:
            book.set_properties({"title": title, "created": _CREATED})
            bold = book.add_format({"bold": True, "bg_color": "#DDE7F0", "border": 1})
            text = book.add_format({"num_format": "@"})  # else a spreadsheet takes 01 for 1 and a code for a number
            sheet = book.add_worksheet("数据 data")
            headers = [header for line in lines if line.read for header in line.headers]
            sheet.set_column(0, len(headers) - 1, 14, text)
            sheet.write_row(0, 0, headers, bold)
            sheet.freeze_panes(1, 0)
            notes = book.add_worksheet("说明 fields")
            for at, width in enumerate(_WIDTHS):
                notes.set_column(at, at, width)
            notes.write_row(0, 0, _HEADS, bold)
            notes.freeze_panes(1, 0)
            for at, line in enumerate(lines, 1):
                notes.write_row(at, 0, line.explained)

    renamed(path, write)


def _line(entry: Entry) -> _Line:
    headers = entry.spelled()
    shown = headers[0] if len(headers) == 1 else f"{headers[0]} … {headers[-1]}"
    shown = " / ".join((shown, *(header for header in entry.headers[1:])))
    explained = (shown, entry.zh, entry.field.replace("_", " "), _use(entry), entry.unit, entry.values, entry.note)
    # an age in days is asked for; the other ways to give it are only read
    asked = entry.use not in ("", "beside") and (entry.use != "age_days" or entry.unit == DAYS)
    return _Line(headers, explained, asked)


def _use(entry: Entry) -> str:
    if entry.use in _USES:
        return _USES[entry.use]
    if entry.use.startswith("sum."):
        return _SUMMED
    return STAYS[entry.use.split(".")[0]].name


def _canonical() -> Iterator[_Line]:
    for column in STAYS.columns:
        values = column.constraint() or ("用 | 分隔 separated by |" if column.type == "codes" else "")
        needed = ("结算必填 settlement" if not column.null else "") + (" 分组 grouping" if column.grouping else "")
        unit = "元 yuan" if column.type == "fen" else column.unit
        explained = (
            column.name,
            column.zh,
            column.en,
            needed.strip() or "可选 optional",
            unit,
            values,
            " / ".join(column.aliases),
        )
        yield _Line((column.name,), explained, True)
