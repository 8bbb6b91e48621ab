"""The embedded engine: threads over Parquet row groups on one machine, with memory bounded by a few parts."""

from __future__ import annotations

import shutil
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from drgpay.engine.columns import frame
from drgpay.engine.contract import (
    Dataset,
    GroupKernel,
    Kernel,
    Part,
    PartKernel,
    Progress,
    Source,
    open_parquet,
)
from drgpay.engine.files import ROW_GROUP, WRITE_OPTIONS
from drgpay.errors import DrgpayError, Kind

T = TypeVar("T")
R = TypeVar("R")

BUCKET_ROWS = 100_000
"""rows one bucket of ``map_by`` aims at"""
_FOLD_ROWS = 2_000_000
"""partial sums held before they are added up"""


def one_batch(table: Any) -> Any:
    """A table as a single batch, its dictionaries made one."""
    table = table.unify_dictionaries().combine_chunks()
    batches = table.to_batches()
    return batches[0] if batches else pa.RecordBatch.from_pylist([], schema=table.schema)


def read_part(part: Part, columns: Sequence[str] | None) -> Any:
    """The rows of a part as one batch."""
    file = open_parquet(part.path)
    if columns is not None:
        missing = [c for c in columns if c not in file.schema_arrow.names]
        if missing:
            raise DrgpayError(
                Kind.DATA,
                zh="缺少列",
                en="a column is missing",
                file=part.path.name,
                field=", ".join(missing),
                fix_zh="列名见 docs/tables.md",
                fix_en="docs/tables.md lists the columns",
            )
    try:
        # One at a time: pyarrow cannot read lists of dictionary-coded text across row groups.
        groups = [file.read_row_group(g, columns=columns, use_threads=False) for g in part.row_groups]
    except (OSError, ValueError) as error:
        raise DrgpayError(
            Kind.DATA,
            zh="Parquet 数据损坏",
            en="the Parquet data are damaged",
            file=part.path.name,
            fix_zh="重新导出或重新复制该文件",
            fix_en="export or copy the file again",
        ) from error
    return one_batch(pa.concat_tables(groups))


def key_hash(values: Any) -> Any:
    """A hash of text keys that is the same on every machine and version: ``uint64`` per row."""
    if pa.types.is_dictionary(values.type):
        codes = pc.fill_null(values.indices, len(values.dictionary)).to_numpy(zero_copy_only=False)
        return np.append(key_hash(values.dictionary), np.uint64(0))[codes]
    values = pc.fill_null(values.cast(pa.large_string()), "")
    offsets = np.frombuffer(values.buffers()[1], np.int64)[values.offset : values.offset + len(values) + 1]
    if len(values) == 0 or offsets[-1] == offsets[0]:
        return np.zeros(len(values), np.uint64)
    data = np.frombuffer(values.buffers()[2], np.uint8)[offsets[0] : offsets[-1]].astype(np.uint64)
    lengths = np.diff(offsets)
    place = np.arange(len(data), dtype=np.int64) - np.repeat(offsets[:-1] - offsets[0], lengths)
    with np.errstate(over="ignore"):
        mixed = (data + np.uint64(1)) * ((place.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15))
        mixed ^= mixed >> np.uint64(29)
        totals = np.concatenate([np.zeros(1, np.uint64), np.cumsum(mixed)])
        result = totals[offsets[1:] - offsets[0]] - totals[offsets[:-1] - offsets[0]]
        return (result ^ (result >> np.uint64(32))) * np.uint64(0xBF58476D1CE4E5B9) >> np.uint64(8)


class LocalEngine:
    """Threads over Parquet. ``threads`` changes the speed and nothing else."""

    def __init__(self, threads: int = 2, progress: Progress | None = None) -> None:
        self.threads = max(1, threads)
        self._progress = progress

    def scan(self, data: Dataset, columns: Sequence[str] | None = None) -> Iterator[Any]:
        """The batches of a data set, in order."""
        for part in data.parts():
            yield read_part(part, columns)

    def map(
        self, data: Dataset, kernel: PartKernel, outs: Sequence[Path], columns: Sequence[str], label: str
    ) -> list[Dataset]:
        """See :class:`~drgpay.engine.contract.Engine`. One output file per part, named by its number."""
        parts = data.parts()
        for out in outs:
            out.mkdir(parents=True)

        def work(part: Part) -> None:
            results = kernel(read_part(part, columns), part)
            for out, result in zip(outs, results if isinstance(results, tuple) else (results,), strict=True):
                write_part(out / f"part-{part.number:05d}.parquet", result)

        for _ in self._ordered(work, parts, label, len(parts)):
            pass
        return [Dataset(tuple(sorted(out.glob("*.parquet")))) for out in outs]

    def sum(self, data: Dataset, kernel: Kernel, by: Sequence[str], columns: Sequence[str], label: str) -> Any:
        """See :class:`~drgpay.engine.contract.Engine`."""
        parts = data.parts()
        held: list[pl.DataFrame] = []
        rows = 0
        for partial in self._ordered(lambda part: frame(kernel(read_part(part, columns))), parts, label, len(parts)):
            held.append(partial)
            rows += partial.height
            if rows > _FOLD_ROWS:
                held = [_add(held, by)]
                rows = held[0].height
        if not held:
            raise DrgpayError(Kind.DATA, zh="没有数据可汇总", en="no data to add up", field=label)
        return _add(held, by).sort(by).to_arrow()

    def map_by(self, sources: Sequence[Source], key: str, kernel: GroupKernel, out: Path, label: str) -> Dataset:
        """See :class:`~drgpay.engine.contract.Engine`. Rows go to bucket files by a stable hash of the key, then
        one bucket at a time is sorted and handed to the kernel."""
        buckets = max(1, -(-sum(s.data.rows() for s in sources) // BUCKET_ROWS))
        steps = sum(len(s.data.parts()) for s in sources) + buckets
        out.mkdir(parents=True)
        spill = out.with_name(out.name + ".spill")
        spill.mkdir()

        def bucket(i: int) -> None:
            batches = [
                one_batch(_plain(_bucket_rows(spill / f"{number}-{i}.arrow").sort(source.order)))
                for number, source in enumerate(sources)
            ]
            write_part(out / f"part-{i:05d}.parquet", kernel(*batches))

        try:
            done = 0
            for number, source in enumerate(sources):
                done = self._spill(
                    source, key, [spill / f"{number}-{i}.arrow" for i in range(buckets)], label, done, steps
                )
            for _ in self._ordered(bucket, range(buckets), label, steps, done):
                pass
        finally:
            shutil.rmtree(spill, ignore_errors=True)
        return Dataset(tuple(sorted(out.glob("*.parquet"))))

    def _spill(self, source: Source, key: str, files: Sequence[Path], label: str, done: int, steps: int) -> int:
        """Deal the rows of a source out to bucket files by their key; returns how much is done."""
        buckets, parts = len(files), source.data.parts()

        def cut(part: Part) -> list[Any]:
            batch = read_part(part, source.columns)
            if source.prepare is not None:
                batch = source.prepare(batch, part)
            place = (key_hash(batch.column(key)) % np.uint64(buckets)).astype(np.int64)
            ordered = np.argsort(place, kind="stable")
            bounds = np.searchsorted(place[ordered], np.arange(buckets + 1))
            table = batch.take(pa.array(ordered)) if buckets > 1 else batch
            return [table.slice(a, b - a) for a, b in pairwise(bounds)]

        writers: list[Any] = []
        for pieces in self._ordered(cut, parts, label, steps, done):
            plain = [_plain(frame(piece)) for piece in pieces]
            writers = writers or [pa.ipc.new_file(file, plain[0].schema) for file in files]
            for writer, piece in zip(writers, plain, strict=True):
                writer.write_table(piece)
        for writer in writers:
            writer.close()
        return done + len(parts)

    def _ordered(
        self, work: Callable[[T], R], items: Iterable[T], label: str, total: int, done: int = 0
    ) -> Iterator[R]:
        """Results in the order of the items, with at most a few in flight."""
        flight: deque[Future[R]] = deque()
        with ThreadPoolExecutor(self.threads) as pool:
            queue = iter(items)
            try:
                while True:
                    while len(flight) < self.threads + 1:
                        item = next(queue, None)
                        if item is None:
                            break
                        flight.append(pool.submit(work, item))
                    if not flight:
                        return
                    yield flight.popleft().result()
                    done += 1
                    if self._progress:
                        self._progress(label, done, total)
            finally:
                for future in flight:
                    future.cancel()


def write_part(path: Path, batch: Any) -> None:
    """One Parquet part; an empty one is written too, so that the schema is never lost."""
    table = batch if isinstance(batch, pa.Table) else pa.Table.from_batches([batch])
    try:
        pq.write_table(table, path, row_group_size=ROW_GROUP, **WRITE_OPTIONS)
    except OSError as error:
        raise DrgpayError(
            Kind.ENGINE,
            zh="写文件失败",
            en="a file could not be written",
            file=path.name,
            fix_zh="检查磁盘空间和权限",
            fix_en="check disk space and permissions",
        ) from error


def _plain(rows: pl.DataFrame) -> Any:
    return rows.to_arrow(compat_level=pl.CompatLevel.oldest())


def _bucket_rows(path: Path) -> pl.DataFrame:
    with pa.memory_map(str(path)) as source:
        return frame(pa.ipc.open_file(source).read_all())


def _add(frames: list[pl.DataFrame], by: Sequence[str]) -> pl.DataFrame:
    return pl.concat(frames).group_by(by).agg(pl.all().sum())
