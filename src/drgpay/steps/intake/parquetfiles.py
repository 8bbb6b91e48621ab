"""Parquet files of rows, as other programs write them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from drgpay.errors import DrgpayError
from drgpay.steps.intake.chunks import Chunk, Source, fail, name_of, openable

_ROWS = 1 << 20
_PLAIN = (pa.types.is_null, pa.types.is_boolean, pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal,
          pa.types.is_date, pa.types.is_timestamp, pa.types.is_string, pa.types.is_large_string)  # fmt: skip


@dataclass(frozen=True)
class _Parquet:
    path: Path
    header: tuple[str, ...]
    floats: frozenset[int]

    @property
    def file(self) -> str:
        return name_of(self.path)

    def _batches(self, positions: Sequence[int], rows: int) -> Iterator[list[Any]]:
        """Columns at the header positions, as text where they are binary."""
        try:
            with pq.ParquetFile(openable(self.path)) as file:
                names = [self.header[i] for i in positions]
                for batch in _gathered(file, names, rows):
                    yield [self._usable(name, batch.column(name)) for name in names]
        except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
            raise _broken(self.file) from error

    def _usable(self, name: str, column: Any) -> Any:
        """A column of a type whose cells can be read, its text checked to be text."""
        if pa.types.is_string_view(column.type):
            column = column.cast(pa.string())
        if pa.types.is_binary(column.type) or pa.types.is_large_binary(column.type):
            try:
                return column.cast(pa.string())
            except pa.ArrowInvalid as error:
                raise _no_text(self.file, name) from error
        if not _readable(column.type):
            raise fail(
                f"列的类型 {column.type} 不能读",
                f"a column of type {column.type} cannot be read",
                "存为文本、数、日期或文本的列表",
                "store it as text, numbers, dates or lists of text",
                file=self.file,
                field=name,
            )
        if pa.types.is_uint64(column.type):
            return self._whole(name, column)
        try:
            column.validate(full=True)
        except pa.ArrowInvalid as error:
            raise _no_text(self.file, name) from error
        return column

    def _whole(self, name: str, column: Any) -> Any:
        """Numbers without a sign, as those with one."""
        try:
            return column.cast(pa.int64())
        except pa.ArrowInvalid as error:
            raise fail(
                "有超过 64 位整数的数",
                "a number is beyond 64 bits",
                "核对该列",
                "check the column",
                file=self.file,
                field=name,
            ) from error

    def chunks(self, wanted: Sequence[int], rows: int) -> Iterator[Chunk]:
        start = 1
        for columns in self._batches(wanted, rows):
            n = len(columns[0])
            cells = dict(zip(wanted, columns, strict=True))
            yield Chunk(cells, np.arange(start, start + n), np.zeros(n, np.int64))
            start += n

    def column(self, position: int) -> Iterator[Any]:
        for columns in self._batches([position], _ROWS):
            yield columns[0]


def _gathered(file: Any, names: list[str], rows: int) -> Iterator[Any]:
    """The rows as batches of about ``rows``, small row groups brought together: the reader itself cannot go from one
    row group to the next within lists of dictionary-coded text."""
    waiting: list[Any] = []
    count = 0
    for group in range(file.metadata.num_row_groups):
        for batch in file.iter_batches(batch_size=rows, row_groups=[group], columns=names):
            if waiting and count + batch.num_rows > rows:
                yield _one(waiting)
                waiting, count = [], 0
            waiting.append(batch)
            count += batch.num_rows
    if waiting:
        yield _one(waiting)


def _one(batches: list[Any]) -> Any:
    if len(batches) == 1:
        return batches[0]
    return pa.Table.from_batches(batches).unify_dictionaries().combine_chunks().to_batches()[0]


def _readable(kind: Any) -> bool:
    if pa.types.is_dictionary(kind):
        return _readable(kind.value_type)
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        of = kind.value_type.value_type if pa.types.is_dictionary(kind.value_type) else kind.value_type
        return bool(pa.types.is_string(of) or pa.types.is_large_string(of) or pa.types.is_null(of))
    return any(of(kind) for of in _PLAIN)


def open_parquet(path: Path) -> Source:
    """Open a Parquet file: see :func:`drgpay.steps.intake.files.open_source`."""
    try:
        with pq.ParquetFile(openable(path)) as file:
            schema = file.schema_arrow
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise _broken(path.name) from error
    again = next((name for at, name in enumerate(schema.names) if name in schema.names[:at]), None)
    if again is not None:
        raise fail(
            "两列同名",
            "two columns of one name",
            "只保留一列",
            "keep one of them",
            file=path.name,
            field=again,
        )
    floats = frozenset(i for i, kind in enumerate(schema.types) if pa.types.is_floating(kind))
    return _Parquet(path, tuple(schema.names), floats)


def _no_text(file: str, name: str) -> DrgpayError:
    return fail(
        "文本列里有不是 UTF-8 的字节",
        "a column of text has bytes that are not UTF-8",
        "以 UTF-8 重新导出",
        "export it again as UTF-8",
        file=file,
        field=name,
    )


def _broken(name: str) -> DrgpayError:
    return fail(
        "Parquet 文件不完整或已损坏",
        "the Parquet file is truncated or damaged",
        "重新导出或重新复制",
        "export or copy it again",
        file=name,
    )
