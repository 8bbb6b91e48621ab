"""Canonical Parquet parts: written under temporary names, named when all are there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from drgpay.engine import ROW_GROUP

PART_ROWS = 8 * ROW_GROUP
"""rows of one canonical Parquet part"""


class Parts:
    """Parquet parts under temporary names, until they are all there."""

    def __init__(self, folder: Path, stem: str) -> None:
        self._folder, self._stem = folder, stem
        self._waiting: list[Any] = []
        self._rows_waiting = self._rows_written = 0
        self._writer: Any = None
        self._temporary: list[Path] = []

    def add(self, batch: Any) -> None:
        """Take rows; whole row groups are written at once."""
        self._waiting.append(batch)
        self._rows_waiting += batch.num_rows
        if self._rows_waiting >= ROW_GROUP:
            self._write(self._rows_waiting // ROW_GROUP * ROW_GROUP)

    def _write(self, rows: int) -> None:
        table = pa.Table.from_batches(self._waiting).combine_chunks()
        for start in range(0, rows, ROW_GROUP):
            if self._rows_written % PART_ROWS == 0:
                self._open(table.schema)
            group = table.slice(start, min(ROW_GROUP, rows - start))
            self._writer.write_table(group, row_group_size=ROW_GROUP)
            self._rows_written += group.num_rows
        self._waiting = table.slice(rows).to_batches()
        self._rows_waiting -= rows

    def _open(self, schema: Any) -> None:
        self._close()
        self._folder.mkdir(parents=True, exist_ok=True)
        self._temporary.append(self._folder / f".{self._name(len(self._temporary))}.tmp")
        self._writer = pq.ParquetWriter(self._temporary[-1], schema, compression="zstd")

    def _name(self, number: int) -> str:
        return f"{self._stem}-{number:05d}.parquet"

    def _close(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def finish(self) -> tuple[Path, ...]:
        """Write what is left and give all parts their names."""
        if self._rows_waiting:
            self._write(self._rows_waiting)
        self._close()
        old = {p for p in self._folder.glob("*.parquet") if re.fullmatch(re.escape(self._stem) + r"-\d{5}", p.stem)}
        names = tuple(self._folder / self._name(number) for number in range(len(self._temporary)))
        for temporary, name in zip(self._temporary, names, strict=True):
            temporary.replace(name)
        for stale in old - set(names):
            stale.unlink()
        self._temporary = []
        return names

    def discard(self) -> None:
        """Remove what did not get its name."""
        self._close()
        for temporary in self._temporary:
            temporary.unlink(missing_ok=True)
