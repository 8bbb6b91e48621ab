"""A paper as an Excel workbook: the front sheet as it is signed, long tables on sheets of their own; numbers as
numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import xlsxwriter
from xlsxwriter.utility import xl_col_to_name

from drgpay.places import drafted
from drgpay.report.labels import word
from drgpay.report.papers.model import Block, Chart, Line, Paper, Signature, Table
from drgpay.report.views import NUMBERS, show
from drgpay.report.workbook import CREATED, NUMBER_FORMATS, Writer, cell_number, printed_width

_WIDEST = 46
_LONGEST_NAME = 31
_CHART = 15
"""rows that a chart covers"""
_EDGE = 200
"""signs that the head or foot of a printed sheet takes"""
_NO_NAME = str.maketrans(dict.fromkeys("[]:*?/\\", " "))


def to_xlsx(paper: Paper, path: Path) -> None:
    """Write the paper to ``path`` (.xlsx): the same paper gives the same bytes. Sheets print on A4, one page wide,
    with the heads of long tables on every page. Cells hold yuan and points as numbers."""
    options = {"strings_to_formulas": False, "strings_to_urls": False}
    with drafted(path) as draft, xlsxwriter.Workbook(draft, options) as book:
        book.set_properties({"title": f"{paper.title} {paper.period}", "created": CREATED})
        _Printer(book, paper).print()


def _edge(text: str) -> str:
    """A text for the head or foot of printed sheets."""
    return text[:_EDGE].replace("&", "&&")


class _Printer:
    def __init__(self, book: Any, paper: Paper) -> None:
        self.book, self.paper, self.writer = book, paper, Writer(book, paper.lang)
        font = {"font_name": "Microsoft YaHei" if paper.lang == "zh" else "Calibri", "font_size": 10}
        self.plain = book.add_format({**font, "valign": "vcenter", "text_wrap": True, "indent": 1})
        self.strong = book.add_format({**font, "valign": "vcenter", "text_wrap": True, "indent": 1,
                                       "bg_color": "#EAF1F6", "top": 1, "top_color": "#0B3954"})  # fmt: skip
        self.heading = book.add_format({**font, "bold": True, "font_size": 16, "font_color": "#0B3954",
                                        "valign": "vcenter", "text_wrap": True})  # fmt: skip
        self.label = book.add_format({**font, "valign": "vcenter", "font_color": "#5B6B77", "indent": 1})
        self.line = book.add_format({**font, "bottom": 1, "valign": "bottom"})
        self.small = book.add_format({**font, "font_size": 8, "font_color": "#5B6B77", "text_wrap": True})
        self.names: list[str] = []
        self.charted = 0
        """rows of the sheet of charts' figures that are written"""
        self.figures: Any = None
        self.figures_name = ""

    def print(self) -> None:
        tables = [block for block in self.paper.blocks if isinstance(block, Table)]
        front = [block for block in self.paper.blocks if not (isinstance(block, Table) and block.apart)]
        apart = [(self._name(table.title), table) for table in tables if table.apart]
        self._front(front, [name for name, _ in apart])
        for name, table in apart:
            self._alone(name, table)

    def _name(self, title: str) -> str:
        """A name for a sheet: short, without signs that Excel refuses, once."""
        name = title.translate(_NO_NAME)[:_LONGEST_NAME].strip()
        if name.casefold() in self.names:
            name = f"{name[: _LONGEST_NAME - 3]} {len(self.names)}"
        self.names.append(name.casefold())
        return name

    def _sheet(self, name: str) -> Any:
        sheet = self.book.add_worksheet(name)
        sheet.hide_gridlines(2)
        if self.paper.broad:
            sheet.set_landscape()
        sheet.set_paper(9)
        sheet.fit_to_pages(1, 0)
        sheet.set_margins(left=0.5, right=0.5, top=0.6, bottom=0.7)
        sheet.set_footer(f"&L&8{_edge(self.paper.trace)}&R&8&P / &N")
        if self.paper.mark:
            sheet.set_header(f"&R&8{_edge(self.paper.mark)}")
        return sheet

    def _front(self, blocks: list[Block], apart: list[str]) -> None:
        paper, writer = self.paper, self.writer
        sheet = self._sheet(self._name(paper.title))
        tables = [block for block in blocks if isinstance(block, Table)]
        columns = max([4, *(len(table.columns) for table in tables)])
        widths = [max([17, *(self._widths(t)[i] for t in tables if i < len(t.columns))]) for i in range(columns)]
        for i, width in enumerate(widths):
            sheet.set_column(i, i, width)
        heading = f"{paper.issuer}  {paper.title}"
        sheet.merge_range(0, 0, 0, columns - 1, heading, self.heading)
        sheet.set_row(0, 28 * -(-2 * printed_width(heading) // max(1, sum(widths))))
        sheet.write_string(1, 0, paper.period, writer.section)
        row = 3
        for at, (name, value) in enumerate(paper.facts):
            place = row + at // 2
            left = 0 if at % 2 == 0 else 2
            sheet.write_string(place, left, name, self.label)
            right = left + 1 if left == 0 else columns - 1
            if right > left + 1:
                sheet.merge_range(place, left + 1, place, right, value, self.plain)
            else:
                sheet.write_string(place, left + 1, value, self.plain)
            room = sum(widths[left + 1 : right + 1])
            if left == 0 or printed_width(value) > room:
                sheet.set_row(place, 17 * max(1, -(-printed_width(value) // max(1, int(room) - 2))))
        row += -(-len(paper.facts) // 2) + 1
        if paper.result:
            name, number, words = paper.result
            said = f"{name}  {number}" + (f"  ({word('paper_in_words')[paper.lang]} {words})" if words else "")
            sheet.merge_range(row, 0, row, columns - 1, said, writer.section)
            row += 2
        row = self._said(sheet, row, paper.opening, widths)
        for block in blocks:
            row = self._block(sheet, row, block, widths) + 1
        row = self._said(sheet, row, paper.closing, widths)
        if apart:
            sheet.merge_range(row, 0, row, columns - 1,
                              f"{word('paper_apart')[paper.lang]}: {'、'.join(apart)}" if paper.lang == "zh"
                              else f"{word('paper_apart')['en']}: {', '.join(apart)}", self.small)  # fmt: skip
            row += 2
        self._signatures(sheet, row, columns)

    def _signatures(self, sheet: Any, row: int, columns: int) -> None:
        for signature in self.paper.signatures:
            sheet.set_row(row, 26)
            sheet.write_string(row, 0, signature.party, self.writer.section)
            row += 1
            row = self._lines(sheet, row, columns, signature) + 1

    def _lines(self, sheet: Any, row: int, columns: int, signature: Signature) -> int:
        """Two lines to fill in side by side."""
        for at, said in enumerate(signature.lines):
            left = 0 if at % 2 == 0 else 2
            sheet.set_row(row, 26)
            sheet.write_string(row, left, said, self.label)
            sheet.write_blank(row, left + 1, None, self.line)
            if at % 2 == 1 or at == len(signature.lines) - 1:
                row += 1
        return row

    def _block(self, sheet: Any, row: int, block: Block, widths: list[int]) -> int:
        sheet.write_string(row, 0, block.title, self.writer.section)
        if isinstance(block, Table):
            return self._table(sheet, row + 1, block, widths)
        if isinstance(block, Chart):
            return self._chart(sheet, row + 1, block)
        return self._paragraphs(sheet, row + 1, block.paragraphs, widths)

    def _said(self, sheet: Any, row: int, paragraphs: tuple[str, ...], widths: list[int]) -> int:
        """The opening or the closing, with a row left free."""
        return self._paragraphs(sheet, row, paragraphs, widths) + 1 if paragraphs else row

    def _paragraphs(self, sheet: Any, row: int, paragraphs: tuple[str, ...], widths: list[int]) -> int:
        for text in paragraphs:
            sheet.merge_range(row, 0, row, len(widths) - 1, text, self.plain)
            sheet.set_row(row, 15 * -(-printed_width(text) // max(1, sum(widths) - 4)))
            row += 1
        return row

    def _chart(self, sheet: Any, row: int, chart: Chart) -> int:
        """A native chart of figures that stand on a sheet of their own; the row after it."""
        if not (chart.labels and chart.series):
            return row
        if self.figures is None:
            self.figures_name = self._name(word("paper_chart_figures")[self.paper.lang])
            self.figures = self._sheet(self.figures_name)
            self.figures.set_column(0, 0, 30)
            self.figures.set_column(1, 8, 18)
        top, figures, name = self.charted, self.figures, self.figures_name
        figures.write_string(top, 0, chart.title, self.writer.section)
        for column, one in enumerate(chart.series, 1):
            figures.write_string(top + 1, column, one.name, self.writer.head)
            for at, value in enumerate(one.values):
                self.writer.cell(figures, top + 2 + at, column, chart.kind, value)
        for at, label in enumerate(chart.labels):
            figures.write_string(top + 2 + at, 0, label, self.plain)
        last = top + 1 + len(chart.labels)
        drawn = self.book.add_chart({"type": "line" if chart.lines else "column"})
        for column, one in enumerate(chart.series, 1):
            said = {
                "name": one.name,
                "categories": [name, top + 2, 0, last, 0],
                "values": [name, top + 2, column, last, column],
            }
            drawn.add_series(said | ({"marker": {"type": "circle"}} if chart.lines else {}))
        drawn.set_legend({"position": "bottom"} if len(chart.series) > 1 else {"none": True})
        drawn.set_y_axis({"num_format": NUMBER_FORMATS[chart.kind], "major_gridlines": {"visible": True}})
        drawn.set_size({"width": 860, "height": 20 * _CHART})
        sheet.insert_chart(row, 0, drawn, {"description": chart.title})
        self.charted = last + 2
        return row + _CHART

    def _alone(self, name: str, table: Table) -> None:
        """A table on a sheet of its own; its title and head are printed on every page."""
        sheet = self._sheet(name)
        widths = self._widths(table)
        for i, width in enumerate(widths):
            sheet.set_column(i, i, width)
        paper = self.paper
        said = f"{paper.issuer}  {paper.facts[0][1] if paper.facts else ''}  {paper.period}  {table.title}"
        sheet.write_string(0, 0, said, self.writer.section)
        sheet.freeze_panes(2, 0)
        sheet.repeat_rows(0, 1)
        self._table(sheet, 1, table, widths, follow=True)
        sheet.autofilter(1, 0, 1 + len(table.rows), len(table.columns) - 1)

    def _table(self, sheet: Any, top: int, table: Table, widths: list[int], *, follow: bool = False) -> int:
        """Head, rows and total from row ``top``; returns the row after it. ``follow``: totals follow the filter and
        hold the exact sum as their stored result."""
        sheet.set_row(top, 30)
        for column, head in enumerate(table.columns):
            sheet.write_string(top, column, head.head, self.writer.head)
        at = top
        for line in table.rows:
            at += 1
            self._row(sheet, at, table, line, widths)
        if table.total:
            at += 1
            self._row(sheet, at, table, table.total, widths)
            if follow:
                self._sums(sheet, at, top, table, table.total)
        return at + 1

    def _row(self, sheet: Any, row: int, table: Table, line: Line, widths: list[int]) -> None:
        height = 1
        for column, value in enumerate(line.values):
            kind = table.kind(column, line)
            if kind in NUMBERS or kind == "month":
                if value is not None or not line.strong:
                    self.writer.cell(sheet, row, column, kind, value, line.strong)
                else:
                    sheet.write_blank(row, column, None, self.writer.total_text)
                continue
            text = "" if value is None else show(kind, value)[self.paper.lang]
            form = self.plain if not line.strong else self.writer.total_text if column == 0 else self.strong
            sheet.write_string(row, column, text, form)
            height = max(height, -(-printed_width(text) // max(1, widths[column] - 1)))
        sheet.set_row(row, 16 * height)

    def _sums(self, sheet: Any, row: int, top: int, table: Table, total: Line) -> None:
        for column, value in enumerate(total.values):
            kind = table.kind(column, total)
            if kind in NUMBERS and value is not None:
                name = xl_col_to_name(column)
                formula = f"=SUBTOTAL(109,{name}{top + 2}:{name}{row})"
                sheet.write_formula(row, column, formula, self.writer.total_numbers[kind], cell_number(kind, value))

    def _widths(self, table: Table) -> list[int]:
        found = []
        for i, column in enumerate(table.columns):
            lines = [*table.rows, *([table.total] if table.total else [])]
            texts = [show(table.kind(i, line), line.values[i])[self.paper.lang] for line in lines[:5000]]
            widest = max([0, *(printed_width(text) for text in texts)])
            found.append(min(_WIDEST, max(9, -(-printed_width(column.head) // 2) + 4, widest + 3)))
        return found
