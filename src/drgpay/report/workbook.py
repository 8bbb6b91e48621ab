"""The run as an Excel workbook: one sheet per table, numbers as numbers."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import xlsxwriter
from xlsxwriter.utility import xl_col_to_name

from drgpay.places import drafted
from drgpay.report import views
from drgpay.report.labels import check_language, word, words
from drgpay.report.source import Source, read_source
from drgpay.report.views import NUMBERS, Figure, View, show

_EXACT = 10**15
"""An Excel cell holds 15 digits; a longer whole number is written as text so that nothing is lost."""

NUMBER_FORMATS = {
    "int": "#,##0",
    "fen": "#,##0.00",
    "points": "#,##0.0000",
    "price": "#,##0.0000",
    "ratio": "0.0000",
    "percent": "0.00%",
}
CREATED = datetime(2000, 1, 1, tzinfo=UTC).replace(tzinfo=None)
"""Constant, so that the same run gives the same bytes."""

_INK, _PALE, _LINE = "#0B3954", "#EAF1F6", "#C9D6DF"
_WIDEST = 44


def write_workbook(run: Path, target: Path, lang: str = "zh") -> None:
    """Write the workbook of the run in folder ``run`` to ``target`` (.xlsx); the same run gives the same bytes.

    Sheets: summary, institutions, groups, months, institution-months, coefficients, payment modes,
    communities, bed-day assessment, other areas, findings, notes; a table the
    run does not have is left out. Amounts are written as numbers in yuan and points: cells are doubles, for reading
    only, exact up to 15 digits, and longer numbers are written as text. The run's tables hold the whole fen.
    ``lang`` is ``zh`` or ``en``. Raises :class:`~drgpay.errors.DrgpayError` USAGE (language), DATA (no run).
    """
    check_language(lang)
    source = read_source(run)
    sheets: tuple[tuple[str, Sequence[View]], ...] = (
        ("institutions", [views.institutions(source)]),
        ("groups", [views.groups(source)]),
        ("months", [views.months(source)]),
        ("institution_months", [views.institution_months(source)]),
        ("coefficients", [views.coefficients(source)]),
        ("modes", [views.modes(source)]),
        ("institution_modes", [views.institution_modes(source)]),
        ("communities", [views.communities(source)]),
        ("bed_days", [views.bed_days(source)]),
        ("other_areas", [views.other_areas(source)]),
        ("findings", [views.rule_counts(source), views.findings(source)]),
    )
    kept = [(key, shown) for key, shown in sheets if key == "findings" or shown[0].rows]
    options = {"default_date_format": "yyyy-mm-dd", "strings_to_formulas": False, "strings_to_urls": False}
    with drafted(target) as draft, xlsxwriter.Workbook(draft, options) as book:
        book.set_properties({"title": f"{source.title[lang]} {word('title')[lang]}", "created": CREATED})
        writer = Writer(book, lang)
        writer.summary(source)
        for key, shown in kept:
            writer.tables(key, shown)
        writer.notes([(key, view) for key, shown in kept for view in shown])


class Writer:
    """Writes sheets in one language; keeps the cell formats."""

    def __init__(self, book: Any, lang: str) -> None:
        self.book, self.lang = book, lang
        font = {"font_name": "Microsoft YaHei" if lang == "zh" else "Calibri", "font_size": 10, "valign": "vcenter"}

        def make(**more: Any) -> Any:
            return book.add_format({**font, **more})

        self.text = make(indent=1)
        self.wrapped = make(text_wrap=True, valign="top")
        self.title = make(bold=True, font_size=16, font_color=_INK)
        self.section = make(bold=True, font_size=12, font_color=_INK)
        self.head = make(bold=True, font_color="#FFFFFF", bg_color=_INK, text_wrap=True, align="center", border=1,
                         border_color=_LINE)  # fmt: skip
        self.numbers = {kind: make(num_format=form, align="right") for kind, form in NUMBER_FORMATS.items()}
        total = {"bold": True, "bg_color": _PALE, "top": 1, "top_color": _INK}
        self.total_text = make(indent=1, **total)
        self.total_numbers = {k: make(num_format=f, align="right", **total) for k, f in NUMBER_FORMATS.items()}

    def sheet(self, key: str) -> Any:
        """A new sheet that prints on landscape A4, one page wide, its header repeated."""
        sheet = self.book.add_worksheet(word(key)[self.lang])
        sheet.hide_gridlines(2)
        sheet.set_landscape()
        sheet.set_paper(9)
        sheet.fit_to_pages(1, 0)
        sheet.set_footer("&C&P / &N")
        return sheet

    def cell(self, sheet: Any, row: int, column: int, kind: str, value: Any, total: bool = False) -> None:
        """One value. Text is always written as text: a name that begins with = is no formula."""
        if kind in NUMBERS and value is not None and abs(value) < _EXACT:
            form = (self.total_numbers if total else self.numbers)[kind]
            sheet.write_number(row, column, cell_number(kind, value), form)
        elif kind == "month" and value:
            sheet.write_number(row, column, value, self.numbers["int"])
        else:
            text = "" if value is None else show(kind, value)[self.lang]
            sheet.write_string(row, column, text, self.total_text if total else self.text)

    def summary(self, source: Source) -> None:
        """The first sheet: figures per insurance scheme, the conservation of the fund, then what the run is."""
        sheet = self.sheet("summary")
        sheet.set_row(0, 28)
        sheet.write_string(0, 0, f"{source.title[self.lang]} · {word('title')[self.lang]}", self.title)
        row = self._figures(sheet, 2, "figures", source, views.summary(source))
        balance = views.conservation(source)
        if balance:
            row = self._figures(sheet, row, "check", source, balance)
            good = all(value == 0 for value in balance[-1].values)
            sheet.write_string(row - 1, 0, word("check")[self.lang], self.total_text)
            sheet.write_string(row - 1, 1, word("balanced" if good else "unbalanced")[self.lang], self.total_text)
            row += 1
        sheet.write_string(row, 0, word("run")[self.lang], self.section)
        for offset, (name, value) in enumerate(views.facts(source), 1):
            sheet.write_string(row + offset, 0, name[self.lang], self.text)
            sheet.write_string(row + offset, 1, value[self.lang], self.text)
        sheet.set_column(0, 0, 26)
        sheet.set_column(1, len(source.schemes) + 1, 22)

    def _figures(self, sheet: Any, row: int, title: str, source: Source, figures: Iterable[Figure]) -> int:
        sheet.write_string(row, 0, word(title)[self.lang], self.section)
        row += 1
        for column, key in enumerate(("item", *source.schemes, "total")):
            sheet.write_string(row, column, word(key)[self.lang], self.head)
        for figure in figures:
            row += 1
            sheet.write_string(row, 0, figure.head[self.lang] + unit_words(figure.kind, self.lang), self.text)
            for column, value in enumerate((*figure.values, figure.total), 1):
                self.cell(sheet, row, column, figure.kind, value)
        return row + 2

    def tables(self, key: str, shown: Sequence[View]) -> None:
        """A sheet of one or more tables below each other; the last one has the filter, the first the frozen head."""
        sheet = self.sheet(key)
        top, widths = 0, [0] * max(len(view.fields) for view in shown)
        for view in shown:
            if len(shown) > 1:
                sheet.write_string(top, 0, word(view.key)[self.lang], self.section)
                top += 1
            top = self._table(sheet, top, view, with_filter=view is shown[-1]) + 2
            for i, width in enumerate(self._widths(view)):
                widths[i] = max(widths[i], width)
        for i, width in enumerate(widths):
            sheet.set_column(i, i, width)
        if len(shown) == 1:
            fixed = 1 + next((i for i, f in enumerate(shown[0].fields) if f.name in ("name", "drg_name")), 0)
            sheet.freeze_panes(1, fixed)
            sheet.repeat_rows(0)

    def _table(self, sheet: Any, top: int, view: View, *, with_filter: bool) -> int:
        """One table from row ``top``; returns the row after it. Totals follow the filter and hold the exact sum as
        their stored result."""
        sheet.set_row(top, 34)
        for column, f in enumerate(view.fields):
            sheet.write_string(top, column, f.head[self.lang] + unit_words(f.kind, self.lang), self.head)
            for row, values in enumerate(view.rows, top + 1):
                self.cell(sheet, row, column, f.kind, values[f.name])
        last = top + len(view.rows)
        if with_filter:
            sheet.autofilter(top, 0, last, len(view.fields) - 1)
        if not view.totals or not view.rows:
            return last + 1
        sums = view.total(view.rows)
        for column, f in enumerate(view.fields):
            value = sums.get(f.name)
            if value is None or abs(value) >= _EXACT:
                label = word("total")[self.lang] if column == 0 else ""
                self.cell(sheet, last + 1, column, "text" if value is None else f.kind, value or label, total=True)
                continue
            name = xl_col_to_name(column)
            formula = f"=SUBTOTAL(109,{name}{top + 2}:{name}{last + 1})"
            sheet.write_formula(last + 1, column, formula, self.total_numbers[f.kind], cell_number(f.kind, value))
        return last + 2

    def _widths(self, view: View) -> list[int]:
        """Column widths that fit heads (over two lines) and what is printed; a Chinese character is two wide."""
        sums = view.total(view.rows)
        widths = []
        for f in view.fields:
            head = printed_width(f.head[self.lang] + unit_words(f.kind, self.lang))
            values = (*(r[f.name] for r in view.rows), sums.get(f.name))
            widest = max(printed_width(show(f.kind, v)[self.lang]) for v in values)
            widths.append(min(_WIDEST, max(9, -(-head // 2) + 4, widest + 2)))
        return widths

    def notes(self, shown: Iterable[tuple[str, View]]) -> None:
        """The last sheet: how to verify, and what each column of each sheet means."""
        sheet = self.sheet("notes")
        sheet.set_column(0, 1, 22)
        sheet.set_column(2, 2, 80)
        sheet.set_column(3, 3, 14)
        sheet.write_string(0, 0, word("how_to_verify")[self.lang], self.section)
        lines = [text[self.lang] for key, text in words().items() if key.startswith("verify_")]
        for row, text in enumerate(lines, 1):
            sheet.merge_range(row, 0, row, 3, text, self.wrapped)
            sheet.set_row(row, 16 * -(-printed_width(text) // 130))
        row = len(lines) + 2
        sheet.write_string(row, 0, word("column_definitions")[self.lang], self.section)
        for column, key in enumerate(("sheet", "column", "definition", "unit")):
            sheet.write_string(row + 1, column, word(key)[self.lang], self.head)
        first = row + 2
        rows = [
            (word(key)[self.lang], f.head[self.lang], f.note[self.lang], unit_words(f.kind, self.lang).strip())
            for key, view in shown
            for f in view.fields
        ]
        for row, texts in enumerate(dict.fromkeys(rows), first):
            for column, text in enumerate(texts):
                sheet.write_string(row, column, text, self.wrapped)


def cell_number(kind: str, value: int) -> float:
    """The double nearest to the exact decimal: the one place where an amount becomes a float, for an Excel cell."""
    return float(Decimal(value).scaleb(-NUMBERS[kind][0]))


def unit_words(kind: str, lang: str) -> str:
    unit = words().get(f"unit_{kind}")
    if unit is None:
        return ""
    return f"({unit.zh})" if lang == "zh" else f" ({unit.en})"


def printed_width(text: str) -> int:
    if text.isascii():
        return len(text)
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
