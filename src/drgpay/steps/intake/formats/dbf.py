"""dBASE III/IV tables (.dbf) with GBK text, as hospitals export the front page.

An own reader, because none on the registry fits: ``dbfread`` had its last release in 2016; ``dbf``, which is kept,
makes a Python object of every record and a floating-point number of every amount. A record has a fixed width, so a
column is a slice of the file, and every cell comes out as the text that stands there.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from drgpay.errors import DrgpayError
from drgpay.steps.intake.chunks import Chunk, fail, name_of

_HEAD = 32
_END = 0x0D
_DELETED = ord("*")
_TEXT = "CNFDL"
"""types of columns whose cells are text: character, number, date, logical"""


@dataclass(frozen=True)
class _Field:
    name: str
    kind: str
    start: int
    width: int


@dataclass(frozen=True)
class Dbf:
    """An open table; ``row`` of a finding is the record, from 1. Records marked as deleted are left out."""

    file: str
    fields: tuple[_Field, ...]
    records: Any
    floats: frozenset[int] = frozenset()

    @property
    def header(self) -> tuple[str, ...]:
        """Names of the columns."""
        return tuple(field.name for field in self.fields)

    def chunks(self, wanted: Sequence[int], rows: int) -> Iterator[Chunk]:
        """See :class:`drgpay.steps.intake.files.Source`."""
        for start in range(0, len(self.records), rows):
            block = np.asarray(self.records[start : start + rows])
            keep = (block[:, 0] != _DELETED) & (block[:, 1:] != ord(" ")).any(axis=1)
            lines = np.flatnonzero(keep) + start + 1
            columns = {i: self._cells(self.fields[i], block[keep]) for i in wanted}
            yield Chunk(columns, lines, np.zeros(len(lines), np.int64))

    def column(self, position: int) -> Iterator[Any]:
        """See :class:`drgpay.steps.intake.files.Source`."""
        for chunk in self.chunks([position], 1 << 16):
            yield chunk.columns[position]

    def _cells(self, field: _Field, block: Any) -> Any:
        if field.kind not in _TEXT:
            raise self._fail(
                field, f"类型 {field.kind} 不能读", f"type {field.kind} cannot be read", "character or number"
            )
        raw = np.ascontiguousarray(block[:, field.start : field.start + field.width])
        cells = pa.array(raw.view(f"S{field.width}").ravel(), pa.binary())
        if not (raw > 127).any():
            return cells.cast(pa.string())
        coded = cells.dictionary_encode()
        try:
            texts = [_decoded(value) for value in coded.dictionary.to_pylist()]
        except UnicodeDecodeError as error:
            raise self._fail(field, "不是 GBK 文字", "the text is not GBK", "text in GBK") from error
        return pa.array(texts, pa.string()).take(coded.indices)

    def _fail(self, field: _Field, zh: str, en: str, wanted: str) -> DrgpayError:
        fix_zh = "导出时把该列设为字符型或数值型、编码 GBK,或改用 CSV"
        fix_en = f"export it as {wanted}, or use CSV"
        return fail(zh, en, fix_zh, fix_en, file=self.file, field=field.name)


def _name(value: bytes, file: str) -> str:
    try:
        return _decoded(value)
    except UnicodeDecodeError as error:
        raise fail(
            "列名不是 GBK 文字",
            "the name of a column is not GBK",
            "导出时编码选 GBK,或改用 CSV",
            "export it in GBK, or use CSV",
            file=file,
        ) from error


@lru_cache(1 << 16)
def _decoded(value: bytes) -> str:
    # a character cut in two by the width of its column is left out, as the program that wrote it meant
    return codecs.getincrementaldecoder("gb18030")("strict").decode(value.rstrip(b"\0 "))


def open_dbf(path: Path) -> Dbf:
    """Open a dBASE III/IV table. Raises DrgpayError of kind DATA when it is none or is truncated."""
    head = np.memmap(path, np.uint8, "r") if path.stat().st_size else np.zeros(0, np.uint8)
    size = int.from_bytes(head[8:10].tobytes(), "little")
    width = int.from_bytes(head[10:12].tobytes(), "little")
    count = int.from_bytes(head[4:8].tobytes(), "little")
    fields: list[_Field] = []
    start, at = 1, _HEAD
    while at + _HEAD <= min(size, len(head)) and head[at] != _END:
        field = head[at : at + _HEAD].tobytes()
        kind = chr(field[11])
        # a character column wider than 255 keeps the rest of its width where a number has its decimals
        long = field[16] + (field[17] << 8 if kind == "C" else 0)
        fields.append(_Field(_name(field[:11].split(b"\0")[0], path.name), kind, start, long))
        start, at = start + long, at + _HEAD
    if (
        not fields
        or any(not field.width for field in fields)
        or start != width
        or size < at
        or len(head) < size + count * width
    ):
        raise fail(
            "不是可读的 DBF 文件,或不完整",
            "not a readable DBF file, or truncated",
            "重新导出为 dBASE III/IV,或改用 CSV",
            "export it again as dBASE III/IV, or use CSV",
            file=path.name,
        )
    return Dbf(name_of(path), tuple(fields), head[size : size + count * width].reshape(count, width))
