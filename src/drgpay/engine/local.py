"""The embedded engine: threads over Parquet row groups on one machine, with memory bounded by a few parts."""

from __future__ import annotations

import shutil
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import polars as pl
import pyarrow as pa

from drgpay.engine.buckets import bucket_count, dealt, gathered
from drgpay.engine.contract import Dataset, GroupKernel, Kernel, Part, PartKernel, Progress, Source, no_files
from drgpay.engine.rows import read_part, write_part
from drgpay.engine.sums import added, partial_sums, totals
from drgpay.engine.telling import tell

T = TypeVar("T")
R = TypeVar("R")

_FOLD_ROWS = 2_000_000
"""partial sums held before they are added up"""


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

        def work(part: Part) -> pl.DataFrame:
            return partial_sums(kernel(read_part(part, columns)), by, label)

        for partial in self._ordered(work, parts, label, len(parts)):
            held.append(partial)
            rows += partial.height
            if rows > _FOLD_ROWS:
                held = [added(held, by)]
                rows = held[0].height
        if not held:
            raise no_files(label)
        return totals(added(held, by), by, label)

    def write(self, rows: Any, path: Path) -> None:
        """See :class:`~drgpay.engine.contract.Engine`."""
        write_part(path, rows)

    def map_by(self, sources: Sequence[Source], key: str, kernel: GroupKernel, out: Path, label: str) -> Dataset:
        """See :class:`~drgpay.engine.contract.Engine`. Rows go to bucket files by a stable hash of the key, then
        one bucket at a time is sorted and handed to the kernel."""
        buckets = bucket_count(sources)
        steps = sum(len(s.parts) for s in sources) + buckets
        out.mkdir(parents=True)
        spill = out.with_name(out.name + ".spill")
        spill.mkdir()

        def bucket(i: int) -> None:
            batches = [_bucket(spill / f"{number}-{i}.arrow", source.order) for number, source in enumerate(sources)]
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
        buckets, parts = len(files), source.parts

        def cut(part: Part) -> list[Any]:
            return dealt(source, part, key, buckets)

        writers: list[Any] = []
        for pieces in self._ordered(cut, parts, label, steps, done):
            writers = writers or [pa.ipc.new_file(file, pieces[0].schema) for file in files]
            for writer, piece in zip(writers, pieces, strict=True):
                writer.write_table(piece)
        for writer in writers:
            writer.close()
        return done + len(parts)

    def _ordered(
        self, work: Callable[[T], R], items: Iterable[T], label: str, total: int, done: int = 0
    ) -> Iterator[R]:
        """Results in the order of the items, with at most a few in flight."""
        flight: deque[Future[R]] = deque()
        tell(None, label, done, total)
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
                    tell(self._progress, label, done, total)
            finally:
                for future in flight:
                    future.cancel()


def _bucket(path: Path, order: Sequence[str]) -> Any:
    with pa.memory_map(str(path)) as source:
        return gathered(pa.ipc.open_file(source).read_all(), order)
