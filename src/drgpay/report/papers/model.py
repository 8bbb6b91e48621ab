"""What a paper is, whatever it says: title, facts, tables, texts, and lines to sign. Printers know nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Column:
    """A column of a table. ``kind``: of :data:`drgpay.report.views.NUMBERS`, or text, month. ``share``: how
    much more of the width that is left on a printed page it gets than a column with 0."""

    head: str
    kind: str = "text"
    share: int = 0


@dataclass(frozen=True)
class Line:
    """A row of a table: raw values (whole fen, points and ratios in 1/10,000; None: nothing is said). ``kind``: of
    its numbers, where it is not that of their columns; ``strong``: a result."""

    values: tuple[Any, ...]
    kind: str = ""
    strong: bool = False


@dataclass(frozen=True)
class Table:
    """A table with its title. ``total``: exact sums below it. ``apart``: a sheet of its own in a workbook."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[Line, ...]
    total: Line | None = None
    apart: bool = False

    def kind(self, column: int, row: Line) -> str:
        """How a value is shown: a row of other numbers than its column's says so itself, and a text is a text."""
        own = "text" if isinstance(row.values[column], str) else self.columns[column].kind
        return row.kind if row.kind and own not in ("text", "month") else own


@dataclass(frozen=True)
class Text:
    """Paragraphs with a title."""

    title: str
    paragraphs: tuple[str, ...]


@dataclass(frozen=True)
class Series:
    """One row of figures of a chart, as raw as those of a :class:`Line`; None: there is none."""

    name: str
    values: tuple[int | None, ...]


@dataclass(frozen=True)
class Chart:
    """Figures side by side over ``labels``. ``kind``: of the numbers, of :data:`drgpay.report.views.NUMBERS`;
    ``lines``: a course over time, drawn as lines; else bars."""

    title: str
    labels: tuple[str, ...]
    series: tuple[Series, ...]
    kind: str = "int"
    lines: bool = False


Block = Table | Text | Chart


@dataclass(frozen=True)
class Signature:
    """Who signs, and the lines that are filled in by hand."""

    party: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Paper:
    """A paper in one language, ready to be printed.

    ``issuer``: whose it is; ``period``: what of; ``facts``: name and value, in two columns; ``result``: the one
    figure it is about, with its name, as a number and in words; ``trace``: what identifies the run, on every page;
    ``broad``: printed on landscape pages; ``opening`` and ``closing``: paragraphs before the first and after the last
    block; ``mark``: whose copy it is, behind every page.
    """

    lang: str
    issuer: str
    title: str
    period: str
    facts: tuple[tuple[str, str], ...]
    blocks: tuple[Block, ...]
    signatures: tuple[Signature, ...]
    trace: str
    result: tuple[str, str, str] | None = None
    broad: bool = False
    opening: tuple[str, ...] = ()
    closing: tuple[str, ...] = ()
    mark: str = ""
