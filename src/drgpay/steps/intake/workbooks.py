"""Workbooks as sheets of text: .xlsx, .xlsm, .xls, and what calls itself so (web pages, text).

A workbook is held whole (a sheet has at most 1,048,576 rows), so what it needs is looked at before it is read.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import fastexcel
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from drgpay.errors import DrgpayError
from drgpay.steps.intake.chunks import (
    Chunk,
    Head,
    Source,
    Where,
    blank,
    fail,
    name_of,
    openable,
    sliced,
    unwrapped,
)
from drgpay.steps.intake.heads import SEARCHED, chosen
from drgpay.steps.intake.textfiles import open_text
from drgpay.steps.intake.webpages import is_page, read_page

_MAX_BYTES = 4 << 30
"""bytes of a workbook, unpacked, above which it is not read"""
_BOMB = (200 << 20, 200)
"""unpacked bytes from which a file that was packed to less than one part in so many is no workbook"""
_LARGE_BOX = 50_000_000
"""cells of a sheet, from its first to its last, above which it must be filled to one part in ``_SPARSE``"""
_SPARSE = 50
_PIECE = 4 << 20
_DIGITS = 15
"""digits a spreadsheet keeps of a number"""
_WHOLE = 2**53
"""from here on a cell does not hold every whole number"""
_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


@dataclass(frozen=True)
class _Sheet:
    """A sheet as text, or the cells of a web page."""

    file: str
    header: tuple[str, ...]
    first_line: int
    data: Any = field(repr=False)
    floats: frozenset[int] = frozenset()

    def chunks(self, wanted: Sequence[int], rows: int) -> Iterator[Chunk]:
        for start in range(0, self.data.num_rows, rows):
            part = self.data.slice(start, rows)
            lines = np.arange(self.first_line + start, self.first_line + start + part.num_rows)
            yield from sliced(part, lines, np.zeros(part.num_rows, np.int64), wanted, rows, ())

    def column(self, position: int) -> Iterator[Any]:
        yield unwrapped(self.data.column(position))


def holds_sheets(start: bytes) -> bool:
    """Whether a file begins as a workbook does, or as a web page."""
    return start.startswith((_ZIP, _OLE)) or is_page(start)


def open_workbook(path: Path, known: frozenset[str], where: Where) -> Source:
    """Open a workbook: see :func:`drgpay.steps.intake.files.open_source`.

    A web page and a text file that are called .xls are read as what they are.
    """
    with path.open("rb") as file:
        start = file.read(1 << 16)
    if not start.startswith((_ZIP, _OLE)):
        if is_page(start):
            return _from_page(path, known, where)
        if b"<?xml" in start[:64] or b"\0" in start[:8]:
            raise _unreadable(path.name)
        return open_text(path, known, where)
    if start.startswith(_ZIP):
        _affordable(path)
    book = _guarded(path, lambda: _book(path))
    names = _guarded(path, lambda: book.sheet_names)
    candidates = _named(names, where.sheet, path.name) if where.sheet else list(range(len(names)))
    best: tuple[int, int, int, Any, Head, int] | None = None
    refused: DrgpayError | None = None
    for number in candidates:
        cells = _guarded(path, lambda number=number: _cells(book, number))
        filled = np.flatnonzero(~blank(cells)) if cells.num_columns else np.zeros(0, np.int64)
        if len(filled) == 0:
            continue
        top = int(filled[0])
        records, lines = _records(cells, top)
        try:
            head, score = chosen(records, lines, known, where.header_row, path.name)
        except DrgpayError as error:
            refused = refused or error
            continue
        rows = len(filled)
        if best is None or (score, score > 0 and rows > 1) > (best[0], best[0] > 0 and best[1] > 1):
            best = (score, rows, number, cells, head, top)
    if best is None:
        raise refused or _empty(path.name, names)
    _, _, number, cells, head, top = best
    first = top + head.before + 1
    data = _exact(path, book, number, cells, first)
    return _Sheet(name_of(path), head.cells, first + 1, data)


def _book(path: Path) -> Any:
    with path.open("rb") as file:
        packed = file.read(4) == _ZIP
    if packed == (path.suffix.lower() in (".xlsx", ".xlsm")) and isinstance(openable(path), Path):
        return fastexcel.read_excel(path)
    return fastexcel.read_excel(path.read_bytes())  # by name it would be taken for another kind


def _records(cells: Any, top: int) -> tuple[list[list[str]], list[int]]:
    """(the first rows of a sheet from ``top`` on, their lines)."""
    part = cells.slice(top, SEARCHED)
    columns = [[str(cell or "") for cell in column.to_pylist()] for column in part.columns]
    return [list(row) for row in zip(*columns, strict=True)], list(range(top + 1, top + 1 + part.num_rows))


def _cells(book: Any, number: int) -> Any:
    """A sheet as a record batch of text, from its first line on."""
    return pa.record_batch(book.load_sheet(number, header_row=None, skip_rows=0, dtypes="string").to_arrow())


def _exact(path: Path, book: Any, number: int, cells: Any, first: int) -> Any:
    """The rows below the header, numbers of more digits than a spreadsheet keeps as it shows them.

    Such a cell was an identifier, and its last digits are gone: 440301202401011234 comes as 4.40301202401011E+17,
    never with digits that nobody wrote. One of 16 digits that a program wrote is whole, and stays.
    """
    data = cells.slice(first)
    columns, kinds = list(data.columns), None
    for at, column in enumerate(columns):
        long = pc.fill_null(pc.match_substring_regex(column, rf"^-?[0-9]{{{_DIGITS + 1},}}$"), False)
        if not pc.any(long).as_py():
            continue
        if kinds is None:  # true or false for a number, nothing for text
            sheet = _guarded(path, lambda: book.load_sheet(number, header_row=None, skip_rows=0, dtypes="boolean"))
            kinds = pa.record_batch(sheet.to_arrow()).slice(first)
        numbers = pc.and_(long, pc.is_valid(kinds.column(at)))
        places = np.flatnonzero(numbers.to_numpy(zero_copy_only=False))
        if len(places):
            texts = column.to_pylist()
            for place in places.tolist():
                if abs(int(texts[place][:400])) >= _WHOLE or texts[place].endswith("0"):
                    texts[place] = f"{Decimal(texts[place]):.{_DIGITS - 1}E}"
            columns[at] = pa.array(texts, pa.string())
    return pa.record_batch(columns, names=[str(i) for i in range(len(columns))])


def _named(names: Sequence[str], sheet: str, file: str) -> list[int]:
    """The number of a sheet that is named, or numbered from 1."""
    if sheet in names:
        return [names.index(sheet)]
    if sheet.isascii() and sheet.isdigit() and len(sheet) < 6 and 1 <= int(sheet) <= len(names):
        return [int(sheet) - 1]
    raise fail(
        "没有这张工作表",
        "no such sheet",
        f"工作表有 {'、'.join(names[:20])};或写序号,从 1 起",
        f"the sheets are {', '.join(names[:20])}; or give its number, from 1",
        file=file,
        value=sheet,
    )


def _guarded(path: Path, read: Any) -> Any:
    """What a reading gives; the reader's many failures, a panic of its machine code among them, as one that says that
    the file cannot be read."""
    try:
        return read()
    except (KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except MemoryError as error:
        raise _too_large(path.name) from error
    except BaseException as error:  # a panic is no Exception
        raise _unreadable(path.name) from error


def _affordable(path: Path) -> None:
    """Fail for a workbook that unpacks to more than can be read, or has a cell far from all others."""
    try:
        with zipfile.ZipFile(path) as packed:
            parts = packed.infolist()
            size = sum(part.file_size for part in parts)
            from_size, ratio = _BOMB
            small = sum(part.compress_size for part in parts)
            if size > _MAX_BYTES or (size > from_size and size > ratio * small):
                raise _too_large(path.name)
            for part in parts:
                if re.fullmatch(r"xl/worksheets/[^/]+\.xml", part.filename):
                    _filled_enough(packed, part, path.name)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, RuntimeError, OSError, EOFError) as error:
        raise _unreadable(path.name) from error
    except ValueError as error:
        raise _unreadable(path.name) from error
    except Exception as error:
        if isinstance(error, DrgpayError):
            raise
        raise _unreadable(path.name) from error  # zlib.error and its kin


def _filled_enough(packed: zipfile.ZipFile, part: zipfile.ZipInfo, file: str) -> None:
    """Fail when a sheet reaches so far that it would be nearly empty: the reader holds it from corner to corner."""
    columns: set[bytes] = set()
    last_row = filled = read = 0
    tail = b""
    with packed.open(part) as sheet:
        while piece := sheet.read(_PIECE):
            read += len(piece)
            if read > part.file_size:
                raise _too_large(file)
            text = tail + piece
            filled += text.count(b"</c>") - tail.count(b"</c>")
            # of rows, those of six digits alone: most sheets have none
            columns.update(re.findall(rb'\sr="([A-Z]{1,8})[0-9]', text))
            rows = re.findall(rb'\sr="[A-Z]{1,8}([0-9]{6,20})"', text)
            last_row = max(last_row, max(map(int, set(rows)), default=0))
            tail = text[-64:]
    width = max((_place(name) for name in columns), default=1)
    if width * max(last_row, 99_999) > _LARGE_BOX and not last_row:
        last_row = _last_row(packed, part)
    box = width * last_row
    if box > _LARGE_BOX and box > _SPARSE * max(filled, 1):
        far = max(columns, key=_place).decode() + str(last_row)
        raise fail(
            f"工作表一直到 {far},几乎全是空格子,装不下",
            f"the sheet reaches to {far} and is nearly empty, too large to be held",
            "删除数据以外的行和列,再保存",
            "delete the rows and columns beyond the data and save it again",
            file=file,
        )


def _last_row(packed: zipfile.ZipFile, part: zipfile.ZipInfo) -> int:
    last, tail = 1, b""
    with packed.open(part) as sheet:
        while piece := sheet.read(_PIECE):
            text = tail + piece
            last = max(last, max(map(int, set(re.findall(rb'\sr="[A-Z]{1,8}([0-9]{1,20})"', text))), default=1))
            tail = text[-64:]
    return last


def _place(name: bytes) -> int:
    """The number of a column: A = 1, XFD = 16,384."""
    number = 0
    for letter in name:
        number = number * 26 + letter - 64
    return number


def _from_page(path: Path, known: frozenset[str], where: Where) -> Source:
    """The best table of a web page that is called a workbook."""
    best: tuple[int, int, list[list[str]], Head] | None = None
    tables = read_page(path)
    refused: DrgpayError | None = None
    for records in tables:
        lines = list(range(1, len(records) + 1))
        try:
            head, score = chosen(records[:SEARCHED], lines, known, where.header_row, path.name)
        except DrgpayError as error:
            refused = refused or error
            continue
        if best is None or (score, len(records)) > best[:2]:
            best = (score, len(records), records, head)
    if best is None:
        raise refused or _unreadable(path.name)
    _, _, records, head = best
    width = len(head.cells)
    rows = [[*cells[:width], *[""] * (width - len(cells))] for cells in records[head.before + 1 :]]
    columns = [pa.array([row[at] for row in rows], pa.string()) for at in range(width)]
    return _Sheet(
        name_of(path), head.cells, head.before + 2, pa.record_batch(columns, [str(i) for i in range(width)])
    )


def _empty(name: str, sheets: Sequence[str]) -> DrgpayError:
    return fail(
        "工作表是空的" if len(sheets) < 2 else "每张工作表都是空的",
        "the sheet is empty" if len(sheets) < 2 else "every sheet is empty",
        "把数据放在工作表里",
        "put the data on a sheet",
        file=name,
    )


def _too_large(name: str) -> DrgpayError:
    return fail(
        "工作簿解压后太大,不能读",
        "the workbook unpacks to more than can be read",
        "改存为 CSV UTF-8 或 Parquet,或分成几个文件",
        "save it as CSV UTF-8 or Parquet, or as several files",
        file=name,
    )


def _unreadable(name: str) -> DrgpayError:
    return fail(
        "不是可读的 Excel 文件(可能已损坏、有密码,或是改了扩展名的其他文件)",
        "not a readable Excel file (perhaps damaged, protected by a password, or another kind of file renamed)",
        "用 Excel 打开后另存为 .xlsx",
        "open it in Excel and save it as .xlsx",
        file=name,
    )
