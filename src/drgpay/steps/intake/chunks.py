"""What every file of rows gives: its header, and its rows as chunks of columns with the line each row stands on."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from drgpay.errors import DrgpayError, Kind
from drgpay.steps.intake.values import Fault
from drgpay.units.vector import Ints

Flags = npt.NDArray[np.bool_]

TOTALS = ("合计", "总计", "小计", "共计", "累计", "汇总", "合計", "总合计", "total", "subtotal", "grandtotal")
"""what stands at the beginning of a row that adds up the others, without blanks and colons, in lower case"""
_TOTAL_COLUMNS = 3
"""columns from the left in which such a word is looked for"""


@dataclass(frozen=True)
class Chunk:
    """Some rows of a file: one Arrow array per wanted header position, and the line of every row.

    ``inside``: line breaks inside the cells of every row. ``ragged``: (line, number of cells) of records in between
    that have more or fewer cells than the header. ``faults``: (column or header cell, fault) found on the way, by
    position in ``lines``. ``totals``: lines that add up the others and are no rows.
    """

    columns: dict[int, Any]
    lines: Ints
    inside: Ints
    ragged: tuple[tuple[int, int], ...] = ()
    faults: tuple[tuple[str, Fault], ...] = ()
    totals: tuple[int, ...] = ()


class Source(Protocol):
    """An open file: its name, its header cells, and its rows."""

    @property
    def file(self) -> str:
        """Name of the file, without its folder."""

    @property
    def header(self) -> tuple[str, ...]:
        """Header cells as they stand."""

    @property
    def floats(self) -> frozenset[int]:
        """Header positions whose cells are floating-point numbers."""

    def chunks(self, wanted: Sequence[int], rows: int) -> Iterator[Chunk]:
        """The columns at the wanted header positions, at most ``rows`` rows at a time; blank rows are left out."""

    def column(self, position: int) -> Iterator[Any]:
        """One column alone, as Arrow arrays, of the rows that :meth:`chunks` gives."""


@dataclass(frozen=True)
class Where:
    """Where the rows are in a file, when its user says so.

    ``sheet``: name of a sheet, or its number from 1; empty = the one whose header is known best. ``header_row``: line
    of the header, from 1; 0 = looked for.
    """

    sheet: str = ""
    header_row: int = 0


ANYWHERE = Where()


@dataclass(frozen=True)
class Head:
    """Where the header of a table was found: how many records stand before it, and its cells."""

    before: int
    cells: tuple[str, ...] = field(default=())


def fail(zh: str, en: str, fix_zh: str, fix_en: str, **where: Any) -> DrgpayError:
    """A failure of kind DATA."""
    return DrgpayError(Kind.DATA, zh=zh, en=en, fix_zh=fix_zh, fix_en=fix_en, **where)


def name_of(path: Path) -> str:
    """The name of a file as text that can be written anywhere: bytes that are no UTF-8 are made visible, whatever
    the language of the system."""
    return os.fsencode(path.name).decode("utf-8", "replace")


def openable(path: Path) -> Any:
    """A file as Arrow opens it: its path, or, when its name is no UTF-8, the open file itself."""
    try:
        str(path).encode("utf-8")
    except UnicodeEncodeError:
        return path.open("rb")
    return path


def blank(block: Any) -> Flags:
    """Which rows have nothing but blanks."""
    empty = np.ones(block.num_rows, bool)
    for cells in block.columns:
        if not empty.any():
            break
        text = pc.utf8_trim_whitespace(pc.fill_null(cells, ""))
        empty &= pc.equal(text, "").to_numpy(zero_copy_only=False)
    return empty


def totals(block: Any) -> Flags:
    """Which rows add up the others: one of the first cells says so, and nothing but blanks stands before it."""
    found, left = np.zeros(block.num_rows, bool), np.ones(block.num_rows, bool)
    words = pa.array(TOTALS)
    for cells in block.columns[:_TOTAL_COLUMNS]:
        text = pc.fill_null(cells, "")
        # a word of a total is short: only short cells are looked at, so that ordinary columns cost one comparison
        near = np.flatnonzero(left & pc.less_equal(pc.utf8_length(text), 12).to_numpy(zero_copy_only=False))
        if len(near):
            plain = pc.utf8_lower(
                pc.replace_substring_regex(text.take(pa.array(near)), r"[\s\x{3000}\x{A0}:\x{FF1A}]+", "")
            )
            found[near] |= pc.is_in(plain, value_set=words).to_numpy(zero_copy_only=False)
        left &= pc.equal(pc.utf8_trim_whitespace(text), "").to_numpy(zero_copy_only=False)
        if not left.any():
            break
    return found


def unwrapped(cells: Any) -> Any:
    """Cells without what a spreadsheet is told with: ``="0012"`` and a leading apostrophe say that 0012 is text."""
    for start, pattern in (("=", r'^\s*="(.*)"\s*$'), ("'", r"^\s*'(.*)$")):
        if pc.any(pc.match_substring(cells, start)).as_py():
            cells = pc.replace_substring_regex(cells, pattern, r"\1")
    return cells


def sliced(
    block: Any,
    lines: Ints,
    inside: Ints,
    wanted: Sequence[int],
    rows: int,
    ragged: tuple[tuple[int, int], ...],
) -> Iterator[Chunk]:
    """A block without its blank rows and totals, cut to at most ``rows`` rows; ragged records and totals go to the
    part they stand in."""
    sums = totals(block)
    adding = tuple(lines[sums].tolist())
    keep = ~(blank(block) | sums)
    if not keep.all():
        block, lines, inside = block.filter(pa.array(keep)), lines[keep], inside[keep]
    for start in range(0, max(len(lines), 1), rows):
        part = block.slice(start, rows)
        here = lines[start : start + rows]
        last = start + rows >= len(lines)
        mine = tuple(r for r in ragged if last or r[0] < here[-1])
        added = tuple(line for line in adding if last or line < here[-1])
        ragged, adding = ragged[len(mine) :], adding[len(added) :]
        columns = {i: unwrapped(part.column(i)) for i in wanted}
        yield Chunk(columns, here, inside[start : start + rows], mine, (), added)
