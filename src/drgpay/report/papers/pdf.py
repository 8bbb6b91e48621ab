"""A paper as PDF, by typst: the templates ``chart.typ`` and ``paper.typ`` print whatever the document model holds."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from functools import cache
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any, Literal

from drgpay.errors import DrgpayError, Kind
from drgpay.places import drafted
from drgpay.report.labels import word
from drgpay.report.papers.layout import Room, laid_out, widths
from drgpay.report.papers.model import Block, Chart, Paper, Table, Text
from drgpay.report.papers.texts import cell_text, is_number, lines_of
from drgpay.report.views import show
from drgpay.report.workbook import cell_number

_STANDARD: Literal["a-2b"] = "a-2b"
"""PDF/A, the archive's: it refuses a character that no font has, so that none is lost in silence"""
MOST_ROWS = 10_000
"""a row takes 170 KB of memory while it is printed"""
_SIZES = ((8, 8.5), (1_000, 7.5))
_SIGN, _MARGIN = 0.0204, 0.3
"""centimetres of a narrow sign of the font by the points of its size, and left and right of a cell's text"""
_GETA = "〓"
"""what printers put where a character is missing"""


def to_pdf(paper: Paper, path: Path) -> tuple[str, ...]:
    """Write the paper to ``path`` (.pdf, PDF/A-2b): the same paper gives the same bytes.

    The font comes with the program; characters it lacks are taken from the fonts of the machine, and those that none
    has are printed as 〓, named on the paper and returned. ENGINE when typst is not installed; USAGE for a paper of
    more than :data:`MOST_ROWS` rows, which nobody prints.
    """
    missing = typst_missing() or _too_long(paper)
    if missing:
        raise missing
    content = _content(paper)
    lost: tuple[str, ...] = ()
    with as_file(files("drgpay") / "data" / "fonts") as fonts:
        printed = _try(content, fonts, ours=True) or _try(content, fonts, ours=False)
        if printed is None:
            lost = tuple(_lacking(sorted(set(content)), fonts))
            content = _without(paper, lost)
            printed = _try(content, fonts, ours=False)
        if printed is None:
            printed = _compile(content, fonts, ours=False)  # says what is wrong with it
    with drafted(path) as draft:
        draft.write_bytes(printed)
    return lost


def _too_long(paper: Paper) -> DrgpayError | None:
    rows = sum(len(block.rows) for block in paper.blocks if isinstance(block, Table))
    if rows <= MOST_ROWS:
        return None
    return DrgpayError(
        Kind.USAGE, zh=f"PDF 最多打印 {MOST_ROWS} 行", en=f"a PDF takes {MOST_ROWS} rows at most", value=rows,
        fix_zh="改用 .xlsx", fix_en="write .xlsx",
    )  # fmt: skip


def typst_missing() -> DrgpayError | None:
    """The failure to raise where typst is not installed."""
    try:
        import typst  # noqa: F401
    except ImportError:
        return DrgpayError(
            Kind.ENGINE, zh="没有安装 typst,写不了 PDF", en="typst is not installed: no PDF can be written",
            fix_zh="pip install 'drgpay[paper]',或改用 .xlsx", fix_en="pip install 'drgpay[paper]', or write .xlsx",
        )  # fmt: skip
    return None


def _try(content: str, fonts: Path, *, ours: bool) -> bytes | None:
    """The printed paper; None when something of it cannot be shown."""
    import typst

    try:
        return _compile(content, fonts, ours=ours)
    except typst.TypstError:
        return None


def _compile(content: str, fonts: Path, *, ours: bool) -> bytes:
    import typst

    template = _template("chart.typ") + _template("paper.typ")
    return typst.compile(template, format="pdf", font_paths=_fonts(fonts, ours), sys_inputs={"paper": content},
                         pdf_standards=_STANDARD, pdf_tags=False, timestamp=0)  # fmt: skip


def _template(name: str) -> bytes:
    return (files(__package__) / name).read_bytes()


_PICTURE = b"""
#set page(width: 170mm, height: auto, margin: 2mm)
#set text(font: "Noto Sans SC Papers")
#shown-chart(json(bytes(sys.inputs.chart)))
"""


def to_png(chart: Chart, lang: str) -> bytes:
    """A chart as a picture, drawn as in the PDF. ENGINE when typst is not installed."""
    if missing := typst_missing():
        raise missing
    import typst

    with as_file(files("drgpay") / "data" / "fonts") as fonts:
        drawn = typst.compile(_template("chart.typ") + _PICTURE, format="png", ppi=200,
                              font_paths=_fonts(fonts, False), timestamp=0,
                              sys_inputs={"chart": json.dumps(_drawn(chart, lang), ensure_ascii=False)})  # fmt: skip
    return bytes(drawn)


@cache
def _fonts(fonts: Path, ours: bool) -> Any:
    """The font that comes with the program, and, unless it is enough, those of the machine."""
    import typst

    return typst.Fonts(include_system_fonts=not ours, include_embedded_fonts=False, font_paths=[fonts])


def _lacking(characters: Sequence[str], fonts: Path) -> list[str]:
    """Characters that no font of the machine has, by halves."""
    if _shows("".join(characters), fonts):
        return []
    if len(characters) == 1:
        return list(characters)
    half = len(characters) // 2
    return _lacking(characters[:half], fonts) + _lacking(characters[half:], fonts)


def _shows(text: str, fonts: Path) -> bool:
    plain = Paper("zh", "", "", "", (), (Text("", (text,)),), (), "")
    return _try(_content(plain), fonts, ours=False) is not None


def _without(paper: Paper, lost: Sequence[str]) -> str:
    """The content with the geta for every lost character, and a block that names them by their numbers."""
    those = "、".join(f"U+{ord(c):04X}" for c in lost)
    said = Text("", (word("paper_missing")[paper.lang].format(those=those),))
    return _content(replace(paper, blocks=(*paper.blocks, said))).translate({ord(c): _GETA for c in lost})


def _content(paper: Paper) -> str:
    """What the template reads: texts only, numbers as they are printed."""
    room = Room(26.7 if paper.broad else 18.0, _SIZES, _SIGN, _MARGIN)
    paper, page = laid_out(paper, room), word("paper_page")[paper.lang]
    whole: dict[str, Any] = asdict(replace(paper, blocks=()))
    whole |= {
        "blocks": [_block(block, paper.lang, room) for block in paper.blocks],
        "page": page,
        "in_words": word("paper_in_words")[paper.lang],
    }
    return json.dumps(whole, ensure_ascii=False)


def _block(block: Block, lang: str, room: Room) -> dict[str, Any]:
    if isinstance(block, Text):
        return {"type": "text", "title": block.title, "paragraphs": block.paragraphs}
    if isinstance(block, Chart):
        return _drawn(block, lang)
    return {
        "type": "table",
        "title": block.title,
        "columns": [
            {"head": c.head, "wide": wide, "number": is_number(block, at)}
            for at, (c, wide) in enumerate(zip(block.columns, widths(block, room, lang), strict=True))
        ],
        "size": room.size(block),
        "rows": [
            {
                "strong": line.strong,
                "cells": [cell_text(block, at, line, lang) for at in range(len(line.values))],
            }
            for line in lines_of(block)
        ],
    }


def _drawn(chart: Chart, lang: str) -> dict[str, Any]:
    """Lengths for drawing, and beside them the figures as they are printed."""
    series = [
        {
            "name": one.name,
            "values": [None if v is None else float(cell_number(chart.kind, v)) for v in one.values],
            "shown": ["" if v is None else show(chart.kind, v)[lang] for v in one.values],
        }
        for one in chart.series
    ]
    return {"type": "chart", "title": chart.title, "labels": chart.labels, "lines": chart.lines, "series": series}
