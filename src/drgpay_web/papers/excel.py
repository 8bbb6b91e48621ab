"""A selection as a workbook: the same columns, order, values and sums as on the screen; numbers as numbers."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import xlsxwriter
from django.http import HttpResponse

from drgpay.tables import NUMBERS, Column
from drgpay.units import show_coefficient, show_fen, show_points
from drgpay_web.ui import downloads
from drgpay_web.ui.tables import headed
from drgpay_web.ui.values import Names, kind_of, text_of

FORMATS = {"fen": "#,##0.00", "points": "#,##0.0000", "ratio": "0.0000", "share": "0.00%"}
HEAD = 3
"""rows above the table: its title, whose it is, and one left free"""
_EXACT = 10**15
"""a cell holds 15 digits; what is longer is written as text"""
_WIDTH = {"date": 12, "fen": 16, "points": 16}
MOST = 1_048_000
"""rows of a sheet"""


def at_once(
    name: str, *, title: str, mark: str, columns: Sequence[Column], rows: Iterable[Mapping[str, Any]],
    sums: Mapping[str, Any], total: str, lang: str, names: Names | None,
) -> tuple[HttpResponse, int]:  # fmt: skip
    """A workbook as :func:`write` writes it, for a browser to save under ``name`` (without its ending), and how many
    rows it has."""
    with tempfile.TemporaryDirectory() as scratch:
        target = Path(scratch) / "table.xlsx"
        count = write(
            target, title=title, mark=mark, columns=columns, rows=rows, sums=sums, total=total, lang=lang, names=names
        )
        return downloads.attached(target.read_bytes(), downloads.KINDS["xlsx"], f"{name}.xlsx"), count


def write(
    target: Path,
    *,
    title: str,
    mark: str,
    columns: Sequence[Column],
    rows: Iterable[Mapping[str, Any]],
    sums: Mapping[str, Any],
    total: str,
    lang: str,
    names: Names | None,
) -> int:
    """Write the workbook and say how many rows it has. ``mark``: whose it is, above the table and on every printed
    page; ``sums``: by column, with ``total`` as their word."""
    options = {"strings_to_formulas": False, "strings_to_urls": False, "constant_memory": True}
    with xlsxwriter.Workbook(str(target), options) as book:
        sheet = _Sheet(book, title, mark, lang, names)
        sheet.heads(columns)
        count = 0
        for row in rows:
            sheet.row(HEAD + 1 + count, columns, row)
            count += 1
        if any(value is not None for value in sums.values()):
            sheet.foot(HEAD + 1 + count, columns, sums, total)
        return count


class _Sheet:
    def __init__(self, book: Any, title: str, mark: str, lang: str, names: Names | None) -> None:
        self.lang, self.names = lang, names
        font = {"font_name": "Microsoft YaHei" if lang == "zh" else "Calibri", "font_size": 10}
        self.text = book.add_format(font)
        self.strong = book.add_format({**font, "bold": True, "bg_color": "#E6F1F2"})
        self.quiet = book.add_format({**font, "font_color": "#5B6B73", "font_size": 9})
        self.title = book.add_format({**font, "bold": True, "font_size": 13})
        self.day = book.add_format({**font, "num_format": "yyyy-mm-dd", "align": "left"})
        self.plain = book.add_format({**font, "num_format": "0"})
        self.numbers = {kind: book.add_format({**font, "num_format": form}) for kind, form in FORMATS.items()}
        self.sheet = book.add_worksheet("".join(" " if sign in "[]:*?/\\" else sign for sign in title[:31]))
        self.sheet.set_landscape()
        self.sheet.set_paper(9)
        self.sheet.fit_to_pages(1, 0)
        self.sheet.repeat_rows(HEAD)
        self.sheet.set_footer(f"&L&8{mark.replace('&', '&&')[:200]}&R&P / &N")
        self.sheet.freeze_panes(HEAD + 1, 0)
        self.sheet.write_string(0, 0, title, self.title)
        self.sheet.write_string(1, 0, mark, self.quiet)

    def heads(self, columns: Sequence[Column]) -> None:
        for at, column in enumerate(columns):
            self.sheet.set_column(at, at, _WIDTH.get(column.type, 14 if column.type in NUMBERS else 22))
            self.sheet.write_string(HEAD, at, headed(column, self.lang), self.strong)

    def row(self, line: int, columns: Sequence[Column], row: Mapping[str, Any]) -> None:
        for at, column in enumerate(columns):
            self.cell(line, at, column, row, self.names)

    def cell(self, line: int, at: int, column: Column, row: Mapping[str, Any], names: Names | None) -> None:
        """A number as a number, a day as a day; every text as text, also where it begins like a formula."""
        value, kind = row.get(column.name), kind_of(column)
        if isinstance(value, date):
            self.sheet.write_datetime(line, at, datetime.combine(value, time()), self.day)
        elif column.type in NUMBERS and isinstance(value, int) and -_EXACT < value < _EXACT:
            self.sheet.write_number(line, at, _number(value, kind), self.numbers.get(kind, self.plain))
        elif value is not None:
            self.sheet.write_string(line, at, text_of(column, row, self.lang, names), self.text)

    def foot(self, line: int, columns: Sequence[Column], sums: Mapping[str, Any], total: str) -> None:
        for at, column in enumerate(columns):
            if sums.get(column.name) is not None:
                self.cell(line, at, column, sums, None)
            elif at == 0:
                self.sheet.write_string(line, at, total, self.strong)


def _number(value: int, kind: str) -> Decimal:
    """What stands in the cell: yuan, points, a ratio, or the whole number."""
    texts = {"fen": show_fen(value, group=False), "points": show_points(value, group=False)}
    if kind in ("ratio", "share"):
        return Decimal(show_coefficient(value))
    return Decimal(texts.get(kind, str(value)))
