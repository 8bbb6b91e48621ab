"""A paper as PowerPoint slides for a meeting: the title, its facts, every chart as a native chart, tables over as
many slides as they need."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from drgpay.report.papers.layout import Room, laid_out, widths
from drgpay.report.papers.model import Chart, Line, Paper, Table, Text
from drgpay.report.papers.packed import write_packed
from drgpay.report.papers.texts import (
    GREY,
    INK,
    PALE,
    cell_text,
    font_of,
    is_number,
    lines_of,
)
from drgpay.report.views import NUMBERS
from drgpay.report.workbook import cell_number

ROWS = 14
"""rows of a table on a slide"""
PARAGRAPHS = 8
"""paragraphs of a text on a slide"""
_EMPTY = 6
"""the layout of the library's template without places"""
_WIDE, _HIGH = 33.87, 19.05
_ROOM = Room(_WIDE - 2.8, ((8, 11), (1_000, 9)), 0.0235, 0.34)
_COLOURS = ("0F5C63", "C0762B", "7A8FA0", "8A3F6B")


def to_pptx(paper: Paper, path: Path) -> None:
    """Write the paper to ``path`` (.pptx): the same paper gives the same bytes. ENGINE when python-pptx is not
    installed; USAGE for more rows than slides take."""
    write_packed(
        paper, path, lambda pptx, its: _Printer(pptx.Presentation(), its).print(),
        module="pptx", program="PowerPoint", package="python-pptx",
    )  # fmt: skip


class _Printer:
    def __init__(self, show: Any, paper: Paper) -> None:
        from pptx.util import Cm

        self.show, self.paper, self.cm = show, laid_out(paper, _ROOM), Cm
        show.slide_width, show.slide_height = Cm(_WIDE), Cm(_HIGH)
        show.core_properties.title = f"{paper.title} {paper.period}"
        show.core_properties.author = paper.issuer

    def print(self) -> Any:
        paper = self.paper
        first = self._slide("")
        self.box(first, 2, 4.2, _WIDE - 4, 1.4, [paper.issuer], 20, GREY, centred=True)
        self.box(first, 2, 6, _WIDE - 4, 2.6, [paper.title], 40, INK, centred=True, bold=True)
        self.box(first, 2, 9, _WIDE - 4, 1.4, [paper.period], 22, INK, centred=True)
        if paper.facts:
            said = [f"{name}  {value}" for name, value in paper.facts]
            half = -(-len(said) // 2)
            self.box(first, 4, 11.4, 12.5, 5, said[:half], 11, GREY)
            self.box(first, 17.5, 11.4, 13, 5, said[half:], 11, GREY)
        if paper.opening:
            self._texts(paper.title, paper.opening)
        for block in paper.blocks:
            if isinstance(block, Chart):
                self._chart(block)
            elif isinstance(block, Table):
                self._table(block)
            else:
                self._text(block)
        if paper.closing:
            self._texts(paper.title, paper.closing)
        return self.show

    def _slide(self, title: str) -> Any:
        slide = self.show.slides.add_slide(self.show.slide_layouts[_EMPTY])
        if title:
            self.box(slide, 1.4, 0.7, _WIDE - 2.8, 1.4, [title], 24, INK, bold=True)
        foot = [self.paper.trace, *([self.paper.mark] if self.paper.mark else [])]
        self.box(slide, 1.4, _HIGH - 1.5, _WIDE - 2.8, 1.2, foot, 8, GREY)
        if self.paper.mark:
            mark = self.box(slide, 3, 8.6, _WIDE - 6, 1.2, [self.paper.mark], 16, "E3E8EB", centred=True)
            mark.rotation = -20
        return slide

    def box(
        self, slide: Any, left: float, top: float, wide: float, high: float, said: Sequence[str], size: float,
        colour: str, *, centred: bool = False, bold: bool = False,
    ) -> Any:  # fmt: skip
        box = slide.shapes.add_textbox(*(self.cm(n) for n in (left, top, wide, high)))
        box.text_frame.word_wrap = True
        for at, text in enumerate(said):
            paragraph = box.text_frame.paragraphs[0] if at == 0 else box.text_frame.add_paragraph()
            self._run(paragraph, text, size, colour, bold=bold, centred=centred)
        return box

    def _run(
        self, paragraph: Any, text: str, size: float, colour: str, *, bold: bool = False, centred: bool = False,
        right: bool = False,
    ) -> None:  # fmt: skip
        from pptx.dml.color import RGBColor
        from pptx.enum.text import PP_ALIGN
        from pptx.util import Pt

        run = paragraph.add_run()
        run.text = text
        run.font.size, run.font.bold, run.font.name = Pt(size), bold, font_of(self.paper.lang)
        run.font.color.rgb = RGBColor.from_string(colour)
        paragraph.alignment = PP_ALIGN.CENTER if centred else PP_ALIGN.RIGHT if right else PP_ALIGN.LEFT

    def _text(self, block: Text) -> None:
        self._texts(block.title or self.paper.title, block.paragraphs)

    def _texts(self, title: str, paragraphs: Sequence[str]) -> None:
        for part, here in _parts(title, paragraphs, PARAGRAPHS):
            self.box(self._slide(part), 1.6, 2.8, _WIDE - 3.2, _HIGH - 5, here, 16, "1D2A30")

    def _chart(self, chart: Chart) -> None:
        from pptx.chart.data import CategoryChartData
        from pptx.dml.color import RGBColor
        from pptx.enum.chart import XL_CHART_TYPE, XL_LEGEND_POSITION
        from pptx.util import Pt

        decimals = NUMBERS[chart.kind][0] if chart.kind != "percent" else 2
        form = "0.00%" if chart.kind == "percent" else "#,##0" + ("." + "0" * decimals if decimals else "")
        data = CategoryChartData(number_format=form)
        data.categories = list(chart.labels)
        for one in chart.series:
            values = [None if v is None else cell_number(chart.kind, v) for v in one.values]
            data.add_series(one.name, values)
        kind = XL_CHART_TYPE.LINE_MARKERS if chart.lines else XL_CHART_TYPE.COLUMN_CLUSTERED
        places = (self.cm(n) for n in (1.4, 2.4, _WIDE - 2.8, _HIGH - 4.4))
        drawn = self._slide(chart.title).shapes.add_chart(kind, *places, data).chart
        drawn.has_legend = len(chart.series) > 1
        if drawn.has_legend:
            drawn.legend.position, drawn.legend.include_in_layout = XL_LEGEND_POSITION.BOTTOM, False
        drawn.font.size, drawn.font.name = Pt(11), font_of(self.paper.lang)
        axis = drawn.value_axis
        whole = "0%" if chart.kind == "percent" else form if chart.kind == "ratio" else "#,##0"
        axis.tick_labels.number_format, axis.tick_labels.number_format_is_linked = whole, False
        if not chart.lines and all(v is None or v >= 0 for one in chart.series for v in one.values):
            axis.minimum_scale = 0  # bars are compared by their lengths
        for at, series in enumerate(drawn.plots[0].series):
            colour = RGBColor.from_string(_COLOURS[at % len(_COLOURS)])
            if chart.lines:
                series.format.line.color.rgb, series.smooth = colour, False
            else:
                series.format.fill.solid()
                series.format.fill.fore_color.rgb = colour

    def _table(self, table: Table) -> None:
        for title, lines in _parts(table.title, lines_of(table), ROWS):
            self._rows(self._slide(title), table, lines)

    def _rows(self, slide: Any, table: Table, lines: Sequence[Line]) -> None:
        lang, count = self.paper.lang, len(table.columns)
        places = (self.cm(n) for n in (1.4, 2.4, _WIDE - 2.8, 1.0 * (1 + len(lines))))
        grid = slide.shapes.add_table(1 + len(lines), count, *places).table
        size = _ROOM.size(table)
        texts = [[c.head for c in table.columns], *([cell_text(table, i, line, lang) for i in range(count)]
                                                    for line in lines)]  # fmt: skip
        for i, wide in enumerate(widths(table, _ROOM, lang)):
            grid.columns[i].width = self.cm(wide)
        for row, said in enumerate(texts):
            strong = row > 0 and lines[row - 1].strong
            for i, text in enumerate(said):
                cell = grid.cell(row, i)
                cell.margin_left = cell.margin_right = self.cm(0.12)
                cell.margin_top = cell.margin_bottom = self.cm(0.06)
                self._fill(cell, INK if row == 0 else PALE if strong else "FFFFFF")
                self._run(cell.text_frame.paragraphs[0], text, size, "FFFFFF" if row == 0 else "1D2A30",
                          bold=row == 0 or strong, right=is_number(table, i))  # fmt: skip

    def _fill(self, cell: Any, colour: str) -> None:
        from pptx.dml.color import RGBColor

        cell.fill.solid()
        cell.fill.fore_color.rgb = RGBColor.from_string(colour)


def _parts(title: str, items: Sequence[Any], most: int) -> Iterator[tuple[str, Sequence[Any]]]:
    """The items by slides, the title with its number where there are several."""
    parts = [items[at : at + most] for at in range(0, len(items), most)]
    for number, part in enumerate(parts, 1):
        yield (f"{title} ({number}/{len(parts)})" if len(parts) > 1 else title), part
