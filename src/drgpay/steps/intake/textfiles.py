"""Text files of rows: CSV and its kin, in UTF-8, GB18030 or UTF-16, whatever separates the cells.

Nothing is guessed at: every cell comes out as text. Files are read block by block.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pcsv

from drgpay.errors import DrgpayError
from drgpay.steps.intake.chunks import Chunk, Source, Where, fail, name_of, openable, sliced, unwrapped
from drgpay.steps.intake.heads import SEARCHED, chosen
from drgpay.units.vector import Ints

_BLOCK = 1 << 20
_CSV_BLOCK = 1 << 22
"""bytes of a CSV read at a time; the reader holds up to 32 such blocks ahead, and no record may be longer"""
_SEPARATORS = (",", "\t", ";", "|")
_MARKS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}


@dataclass(frozen=True)
class _Csv:
    path: Path
    encoding: str
    separator: str
    header: tuple[str, ...]
    quotes: int
    """number of quotation marks; with some, a record may run over several lines"""
    lone: bool
    """there is nothing after the header, not even a line break"""
    before: int = 0
    """records before the header"""
    breaks: int = 0
    """line breaks inside the header and the records before it"""
    floats: frozenset[int] = frozenset()

    @property
    def file(self) -> str:
        return name_of(self.path)

    def _blocks(self, wanted: Sequence[int], ragged: list[tuple[int, int, int]]) -> Iterator[Any]:
        """Record batches of text. ``ragged`` gets (record, cells, line breaks inside) as such records are met."""

        def skip(row: Any) -> str:
            ragged.append((row.number, row.actual_columns, str(row.text).count("\n")))
            return "skip"

        if self.lone:
            return
        names = [str(i) for i in range(len(self.header))]
        chosen = [names[i] for i in wanted]
        try:
            yield from pcsv.open_csv(
                openable(self.path),
                read_options=pcsv.ReadOptions(
                    column_names=names,
                    skip_rows_after_names=self.before + 1,
                    block_size=_CSV_BLOCK,
                    encoding=self.encoding,
                    use_threads=False,  # only then the reader knows the number of a record
                ),
                parse_options=pcsv.ParseOptions(
                    delimiter=self.separator,
                    newlines_in_values=self.quotes > 0,
                    ignore_empty_lines=False,
                    invalid_row_handler=skip,
                ),
                convert_options=pcsv.ConvertOptions(
                    check_utf8=False,  # the whole file was decoded strictly before
                    column_types=dict.fromkeys(chosen, pa.string()),
                    include_columns=chosen,
                    strings_can_be_null=False,
                ),
            )
        except pa.ArrowInvalid as error:
            raise self._unpaired() from error

    def _unpaired(self) -> DrgpayError:
        return fail(
            "CSV 结构有误,多半是引号没有成对",
            "broken CSV, most likely a quotation mark without its pair",
            "用表格软件重新另存为 CSV UTF-8",
            "save it again as CSV UTF-8",
            file=self.file,
        )

    def chunks(self, wanted: Sequence[int], rows: int) -> Iterator[Chunk]:
        met: list[tuple[int, int, int]] = []
        record, done = self.before + 2, 0  # the next record, and how many ragged ones are dealt with
        breaks = self.breaks  # line breaks inside records so far
        last = 0  # line breaks inside the last record
        everything = range(len(self.header))  # a row is blank only if its unwanted cells are blank too
        for block in self._blocks(everything, met):
            inside = _line_breaks(block) if self.quotes else np.zeros(block.num_rows, np.int64)
            lines, ragged = np.empty(block.num_rows, np.int64), []
            at = 0
            while at < block.num_rows or (done < len(met) and met[done][0] == record):
                if done < len(met) and met[done][0] == record:
                    ragged.append((record + breaks, met[done][1]))
                    last = met[done][2]
                    breaks += last
                    record, done = record + 1, done + 1
                    continue
                until = block.num_rows if done == len(met) else min(block.num_rows, at + met[done][0] - record)
                before = np.cumsum(inside[at:until]) - inside[at:until]
                lines[at:until] = record + breaks + np.arange(until - at) + before
                breaks += int(inside[at:until].sum())
                last = int(inside[until - 1])
                record, at = record + until - at, until
            yield from sliced(block, lines, inside, wanted, rows, tuple(ragged))
        tail = []
        for number, cells, last in met[done:]:
            tail.append((number + breaks, cells))
            breaks += last
        if self.quotes % 2 and last:  # an open quotation mark takes the rest of the file for one cell
            raise self._unpaired()
        if tail:
            yield Chunk(
                {i: pa.array([], pa.string()) for i in wanted},
                np.zeros(0, np.int64),
                np.zeros(0, np.int64),
                tuple(tail),
            )

    def column(self, position: int) -> Iterator[Any]:
        for block in self._blocks([position], []):
            yield unwrapped(block.column(0))


def _line_breaks(block: Any) -> Ints:
    """How many line breaks stand inside the cells of every row."""
    total: Ints = np.zeros(block.num_rows, np.int64)
    for cells in block.columns:
        total += pc.count_substring(cells, "\n").to_numpy()
    return total


def open_text(path: Path, known: frozenset[str], where: Where) -> Source:
    """Open a text file: see :func:`drgpay.steps.intake.files.open_source`."""
    encoding, quotes = _encoding(path)
    with path.open(encoding=encoding, newline="") as lines:
        start = lines.read(_BLOCK)
    start = start.removeprefix("\ufeff")
    tables = [_first_records(start, separator) for separator in _SEPARATORS]
    heads = [chosen(records, lines, known, where.header_row, path.name) for records, lines in tables if records]
    if not heads:
        raise fail(
            "开头不是表格文字", "the beginning is no text of a table", "另存为“CSV UTF-8”", "save it as “CSV UTF-8”",
            file=path.name, row=1,
        )  # fmt: skip
    separators = [separator for separator, (records, _) in zip(_SEPARATORS, tables, strict=True) if records]
    best = max(range(len(heads)), key=lambda i: (heads[i][1], len(heads[i][0].cells), -i))
    head, records = heads[best][0], tables[_SEPARATORS.index(separators[best])][0]
    breaks = sum(cell.count("\n") for cells in records[: head.before + 1] for cell in cells)
    lone = head.before + 1 == len(records) and len(start) < _BLOCK and not start.endswith(("\n", "\r"))
    return _Csv(path, encoding, separators[best], head.cells, quotes, lone, head.before, breaks)


def _first_records(start: str, separator: str) -> tuple[list[list[str]], list[int]]:
    """(the first records of a text, the line that each begins on); none when they cannot be taken apart.

    The last one of a text that was cut is left out, unless it is the only one.
    """
    reader = csv.reader(io.StringIO(start, newline=""), delimiter=separator)
    records: list[list[str]] = []
    lines: list[int] = []
    line = 1
    try:
        for record in reader:
            records.append(record)
            lines.append(line)
            line = reader.line_num + 1
            if len(records) == SEARCHED:
                break
    except csv.Error:  # a cell longer than the module takes
        pass
    return records, lines


def encoding_of(path: Path) -> str:
    """``utf-8``, ``gb18030`` or ``utf-16``. Raises DrgpayError of kind DATA when it is none of them."""
    return _encoding(path)[0]


def _encoding(path: Path) -> tuple[str, int]:
    """(``utf-8``, ``gb18030`` or ``utf-16``, number of quotation marks), by decoding the whole file strictly."""
    with path.open("rb") as file:
        wide = _utf16(file.read(_BLOCK))
    if wide:
        place, quotes = _undecodable(path, wide)
        if place is None:
            return wide, quotes
        raise fail(
            f"编码是 UTF-16,但第 {place + 1} 字节起不符",
            f"the encoding is UTF-16, but wrong from byte {place + 1}",
            "另存为“CSV UTF-8”",
            "save it as “CSV UTF-8”",
            file=path.name,
        )
    utf8, quotes = _undecodable(path, "utf-8")
    if utf8 is None:
        return "utf-8", quotes
    gb18030, quotes = _undecodable(path, "gb18030")
    if gb18030 is None:
        return "gb18030", quotes
    raise fail(
        f"编码既不是 UTF-8(第 {utf8 + 1} 字节起不符)也不是 GB18030(第 {gb18030 + 1} 字节起不符)",
        f"the encoding is neither UTF-8 (wrong from byte {utf8 + 1}) nor GB18030 (wrong from byte {gb18030 + 1})",
        "另存为“CSV UTF-8”",
        "save it as “CSV UTF-8”",
        file=path.name,
    )


def _utf16(start: bytes) -> str:
    """The name of the encoding when it is UTF-16, marked or not: no other text has zero bytes."""
    if start[:2] in _MARKS:
        return _MARKS[start[:2]]
    zeros = start[:4096]
    even, odd = zeros[::2].count(0), zeros[1::2].count(0)
    if not even + odd:
        return ""
    return "utf-16-be" if even > odd else "utf-16-le"


def _undecodable(path: Path, encoding: str) -> tuple[int | None, int]:
    """(position of the first byte that cannot be decoded or None, number of quotation marks)."""
    decoder, place, quotes = codecs.getincrementaldecoder(encoding)("strict"), 0, 0
    with path.open("rb") as file:
        while True:
            block = file.read(_BLOCK)
            waiting = len(decoder.getstate()[0])  # bytes of a character cut by the last block
            try:
                decoder.decode(block, final=not block)
            except UnicodeDecodeError as error:
                return place - waiting + error.start, quotes
            quotes += block.count(b'"')
            place += len(block)
            if not block:
                return None, quotes
