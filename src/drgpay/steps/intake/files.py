"""Files as chunks of columns: CSV (UTF-8 or GB18030), Excel and Parquet, with the line every row stands on.

Other kinds of files are in :mod:`.formats`.

Text files are never guessed at: every cell comes out as text, and :mod:`.values` gives it its type. CSV and Parquet
are read block by block; a workbook is held whole (a sheet has at most 1,048,576 rows).
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import fastexcel
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pcsv
import pyarrow.parquet as pq

from drgpay.errors import DrgpayError, Kind
from drgpay.steps.intake.headers import header_key
from drgpay.steps.intake.values import Fault
from drgpay.tables import Table
from drgpay.units.vector import Ints

_BLOCK = 1 << 20
_CSV_BLOCK = 1 << 22
"""bytes of a CSV read at a time; the reader holds up to 32 such blocks ahead, and no record may be longer"""
_SEPARATORS = (",", "\t", ";")
SUFFIXES = (".csv", ".txt", ".tsv", ".xlsx", ".xlsm", ".xls", ".parquet")
"""kinds of files :func:`open_source` reads"""


@dataclass(frozen=True)
class Chunk:
    """Some rows of a file: one Arrow array per wanted header position, and the line of every row.

    ``inside``: line breaks inside the cells of every row. ``ragged``: (line, number of cells) of records in between
    that have more or fewer cells than the header. ``faults``: (column or header cell, fault) found on the way, by
    position in ``lines``.
    """

    columns: dict[int, Any]
    lines: Ints
    inside: Ints
    ragged: tuple[tuple[int, int], ...] = ()
    faults: tuple[tuple[str, Fault], ...] = ()


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
        """One column alone, as Arrow arrays."""


def fail(zh: str, en: str, fix_zh: str, fix_en: str, **where: Any) -> DrgpayError:
    """A failure of kind DATA."""
    return DrgpayError(Kind.DATA, zh=zh, en=en, fix_zh=fix_zh, fix_en=fix_en, **where)


def open_source(path: Path, known: frozenset[str] = frozenset()) -> Source:
    """Open a CSV (.csv .txt .tsv), Excel (.xlsx .xlsm .xls) or Parquet file.

    ``known``: header cells the caller knows; the separator of a CSV is the one that shows most of them.
    Raises DrgpayError of kind DATA for a missing, empty, truncated, misnamed or wrongly encoded file.
    """
    present(path)
    suffix = path.suffix.lower()
    if suffix in (".csv", ".txt", ".tsv"):
        return _open_csv(path, known)
    if suffix in (".xlsx", ".xlsm", ".xls"):
        return _open_excel(path)
    if suffix == ".parquet":
        return _open_parquet(path)
    raise fail(
        f"不认识的文件类型 {suffix}",
        f"unknown kind of file {suffix}",
        "请用 .csv、.xlsx 或 .parquet",
        "use .csv, .xlsx or .parquet",
        file=path.name,
    )


def present(path: Path) -> None:
    """Fail unless the path is a file with something in it."""
    name = path.name
    if path.is_dir():
        raise fail(
            "这是文件夹,不是文件", "a folder, not a file", "给出其中一个文件", "name one file in it", file=name
        )
    if not path.exists():
        raise fail("找不到文件", "no such file", "核对路径和文件名", "check the path and the name", file=name)
    if path.stat().st_size == 0:
        raise fail("文件是空的", "the file is empty", "重新导出", "export it again", file=name)


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
    floats: frozenset[int] = frozenset()

    @property
    def file(self) -> str:
        return self.path.name

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
                self.path,
                read_options=pcsv.ReadOptions(
                    column_names=names,
                    skip_rows_after_names=1,
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
        record, done = 2, 0  # the next record, and how many ragged ones are dealt with
        breaks = sum(cell.count("\n") for cell in self.header)  # line breaks inside records so far
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
            keep = ~_blank(block)
            yield from _sliced(block, lines, inside, keep, wanted, rows, tuple(ragged))
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
            yield block.column(0)


def _line_breaks(block: Any) -> Ints:
    """How many line breaks stand inside the cells of every row."""
    total: Ints = np.zeros(block.num_rows, np.int64)
    for cells in block.columns:
        total += pc.count_substring(cells, "\n").to_numpy()
    return total


def _blank(block: Any) -> Any:
    """Which rows have nothing but blanks."""
    blank = np.ones(block.num_rows, bool)
    for cells in block.columns:
        if not blank.any():
            break
        text = pc.utf8_trim_whitespace(pc.fill_null(cells, ""))
        blank &= pc.equal(text, "").to_numpy(zero_copy_only=False)
    return blank


def _sliced(
    block: Any,
    lines: Ints,
    inside: Ints,
    keep: Any,
    wanted: Sequence[int],
    rows: int,
    ragged: tuple[tuple[int, int], ...],
) -> Iterator[Chunk]:
    """A block without its blank rows, cut to at most ``rows`` rows; ragged records go to the part they stand in."""
    if not keep.all():
        block, lines, inside = block.filter(pa.array(keep)), lines[keep], inside[keep]
    for start in range(0, max(len(lines), 1), rows):
        part = block.slice(start, rows)
        here = lines[start : start + rows]
        last = start + rows >= len(lines)
        mine = tuple(r for r in ragged if last or r[0] < here[-1])
        ragged = ragged[len(mine) :]
        yield Chunk({i: part.column(i) for i in wanted}, here, inside[start : start + rows], mine)


def _open_csv(path: Path, known: frozenset[str]) -> Source:
    encoding, quotes = _encoding(path)
    with path.open(encoding=encoding, newline="") as lines:
        start = lines.read(_BLOCK)
    lone = not {"\n", "\r"} & set(start)
    heads = [next(csv.reader(io.StringIO(start, newline=""), delimiter=s), []) for s in _SEPARATORS]
    best = max(range(len(_SEPARATORS)), key=lambda i: (_recognised(heads[i], known), len(heads[i]), -i))
    if not any(cell.strip() for cell in heads[best]):
        raise fail(
            "第一行是空的,没有表头",
            "the first line is blank, there is no header",
            "第一行写列名",
            "write the column names on the first line",
            file=path.name,
            row=1,
        )
    return _Csv(path, encoding, _SEPARATORS[best], tuple(heads[best]), quotes, lone)


def _recognised(cells: list[str], known: frozenset[str]) -> int:
    return sum(header_key(cell) in known for cell in cells)


def encoding_of(path: Path) -> str:
    """``utf-8`` or ``gb18030``. Raises DrgpayError of kind DATA when it is neither."""
    return _encoding(path)[0]


def _encoding(path: Path) -> tuple[str, int]:
    """(``utf-8`` or ``gb18030``, number of quotation marks), by decoding the whole file strictly."""
    with path.open("rb") as file:
        mark = file.read(4)
    if mark[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise fail(
            "编码是 UTF-16(Excel 的“Unicode 文本”)",
            "the encoding is UTF-16 (Excel's “Unicode text”)",
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


@dataclass(frozen=True)
class _Excel:
    file: str
    header: tuple[str, ...]
    first_line: int
    data: Any = field(repr=False)
    floats: frozenset[int] = frozenset()

    def chunks(self, wanted: Sequence[int], rows: int) -> Iterator[Chunk]:
        for start in range(0, self.data.num_rows, rows):
            part = self.data.slice(start, rows)
            lines = np.arange(self.first_line + start, self.first_line + start + part.num_rows)
            inside = np.zeros(part.num_rows, np.int64)
            yield from _sliced(part, lines, inside, ~_blank(part), wanted, rows, ())

    def column(self, position: int) -> Iterator[Any]:
        yield self.data.column(position)


def _open_excel(path: Path) -> Source:
    try:
        sheet = fastexcel.read_excel(path).load_sheet(0, header_row=None, skip_rows=0, dtypes="string")
        cells = pa.record_batch(sheet.to_arrow())
    except Exception as error:  # the reader has one class per cause, all meaning that the file cannot be read
        raise fail(
            "不是可读的 Excel 文件(可能是改了扩展名的网页或文本,或有密码)",
            "not a readable Excel file (perhaps a renamed web page or text, or protected by a password)",
            "用 Excel 打开后另存为 .xlsx",
            "open it in Excel and save it as .xlsx",
            file=path.name,
        ) from error
    filled = np.flatnonzero(~_blank(cells))
    if len(filled) == 0:
        raise fail(
            "第一张工作表是空的",
            "the first sheet is empty",
            "把数据放在第一张工作表",
            "put the data on the first sheet",
            file=path.name,
        )
    top = int(filled[0])
    header = tuple(str(column[top].as_py() or "") for column in cells.columns)
    return _Excel(path.name, header, top + 2, cells.slice(top + 1))


@dataclass(frozen=True)
class _Parquet:
    path: Path
    header: tuple[str, ...]
    floats: frozenset[int]

    @property
    def file(self) -> str:
        return self.path.name

    def _batches(self, positions: Sequence[int], rows: int) -> Iterator[Any]:
        names = [self.header[i] for i in positions]
        try:
            with pq.ParquetFile(self.path) as file:
                for batch in file.iter_batches(batch_size=rows, columns=names):
                    yield batch.select(names)
        except (pa.ArrowException, OSError) as error:
            raise _broken_parquet(self.file) from error

    def chunks(self, wanted: Sequence[int], rows: int) -> Iterator[Chunk]:
        start = 1
        for batch in self._batches(wanted, rows):
            lines = np.arange(start, start + batch.num_rows)
            yield Chunk(dict(zip(wanted, batch.columns, strict=True)), lines, np.zeros(batch.num_rows, np.int64))
            start += batch.num_rows

    def column(self, position: int) -> Iterator[Any]:
        for batch in self._batches([position], _BLOCK):
            yield batch.column(0)


def _open_parquet(path: Path) -> Source:
    try:
        with pq.ParquetFile(path) as file:
            schema = file.schema_arrow
    except (pa.ArrowException, OSError) as error:
        raise _broken_parquet(path.name) from error
    floats = frozenset(i for i, kind in enumerate(schema.types) if pa.types.is_floating(kind))
    return _Parquet(path, tuple(schema.names), floats)


def _broken_parquet(name: str) -> DrgpayError:
    return fail(
        "Parquet 文件不完整或已损坏",
        "the Parquet file is truncated or damaged",
        "重新导出或重新复制",
        "export or copy it again",
        file=name,
    )


def refuse_floats(source: Source, table: Table, places: Mapping[str, Sequence[int]]) -> None:
    """Fail when a money column of a Parquet file is floating point. ``places``: column -> header positions."""
    for name, positions in places.items():
        if table[name].type == "fen" and source.floats.intersection(positions):
            raise fail(
                "金额列是浮点数,不能精确到分",
                "a money column is floating point, which is not exact to the fen",
                "改存为整数分、decimal 或文本(元)",
                "store it as whole fen, or as decimal or text in yuan",
                file=source.file,
                field=name,
            )
