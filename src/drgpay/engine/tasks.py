"""What runs in a Spark task: the engine's verbs on one slice of the parts.

A job (kernel, parts, small tables) is sent to the workers once, as a broadcast of bytes, and unpickled once in every
process of a worker. Tasks get the numbers of their parts and read these parts themselves, so that a kernel sees the
same batches, types and parts as anywhere else; what must move between workers moves as Arrow bytes.
"""

from __future__ import annotations

import base64
import pickle
import re
import sys
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from zipimport import zipimporter

import pyarrow as pa

from drgpay.engine.buckets import dealt, gathered
from drgpay.engine.contract import GroupKernel, Kernel, Part, PartKernel, Source
from drgpay.engine.rows import read_part, write_part
from drgpay.engine.sums import partial_sums

_MARK = "drgpay-failure:"
_CARRIED = re.compile(_MARK + r"([A-Za-z0-9+/=]+)")
_JOBS: OrderedDict[str, Any] = OrderedDict()
_KEPT_JOBS = 4

DONE = pa.schema([("number", pa.int64()), ("rows", pa.int64())])
DEALT = pa.schema([("bucket", pa.int64()), ("source", pa.int64()), ("part", pa.int64()), ("rows", pa.binary())])


@dataclass(frozen=True)
class MapJob:
    """``map`` on a slice of parts."""

    parts: Sequence[Part]
    columns: Sequence[str]
    kernel: PartKernel
    outs: Sequence[Path]
    home: Path
    """folder that relative paths are below"""

    def run(self, numbers: Iterable[int], attempt: str) -> Iterator[Any]:
        """Write the outputs of these parts; how many rows each of them had."""
        for number in numbers:
            part = self.parts[number]
            results = self.kernel(read_part(_found(part, self.home), self.columns), part)
            for out, result in zip(self.outs, results if isinstance(results, tuple) else (results,), strict=True):
                write_part(self.home / out / f"part-{part.number:05d}.parquet", result, attempt)
            yield _done(number, part.rows)


@dataclass(frozen=True)
class SumJob:
    """The partial sums of ``sum`` on a slice of parts."""

    parts: Sequence[Part]
    columns: Sequence[str]
    kernel: Kernel
    by: Sequence[str]
    schema: Any
    """keys ``k0``…, values ``v0``…, of the types they travel in"""
    label: str
    home: Path

    def run(self, numbers: Iterable[int], _attempt: str) -> Iterator[Any]:
        """One batch of partial sums per part."""
        for number in numbers:
            rows = self.kernel(read_part(_found(self.parts[number], self.home), self.columns))
            sums = partial_sums(rows, self.by, self.label).to_arrow()
            yield from sums.rename_columns(self.schema.names).cast(self.schema).to_batches()


@dataclass(frozen=True)
class DealJob:
    """The first half of ``map_by``: rows of a slice of parts, cut up by bucket, as Arrow bytes.

    The first part gives a piece for every bucket, be it empty, so that no bucket is without the columns of a source.
    """

    parts: Sequence[Part]
    source: Source
    number: int
    key: str
    buckets: int
    home: Path

    def run(self, numbers: Iterable[int], _attempt: str) -> Iterator[Any]:
        """Batches of :data:`DEALT`, one per part."""
        for number in numbers:
            part = self.parts[number]
            pieces = dealt(self.source, part, self.key, self.buckets, _found(part, self.home))
            kept = [(i, _packed(piece)) for i, piece in enumerate(pieces) if piece.num_rows or number == 0]
            columns = [[i for i, _ in kept], [self.number] * len(kept), [number] * len(kept), [b for _, b in kept]]
            yield pa.record_batch([pa.array(c, f.type) for c, f in zip(columns, DEALT, strict=True)], schema=DEALT)


@dataclass(frozen=True)
class GatherJob:
    """The second half of ``map_by``: a kernel on a whole bucket."""

    orders: Sequence[Sequence[str]]
    kernel: GroupKernel
    out: Path
    home: Path

    def run(self, pieces: Any, attempt: str) -> Any:
        """Write the part of one bucket; its number and how many rows it was made of."""
        pieces = pieces.sort_by([("source", "ascending"), ("part", "ascending")])
        of_source = pieces.column("source").to_pylist()
        tables = [pa.ipc.open_stream(piece.as_buffer()).read_all() for piece in pieces.column("rows")]
        batches = [
            gathered(pa.concat_tables([t for t, s in zip(tables, of_source, strict=True) if s == number]), order)
            for number, order in enumerate(self.orders)
        ]
        bucket = pieces.column("bucket")[0].as_py()
        write_part(self.home / self.out / f"part-{bucket:05d}.parquet", self.kernel(*batches), attempt)
        return _done(bucket, sum(b.num_rows for b in batches))


@dataclass(frozen=True)
class Mapped:
    """A job as ``mapInArrow`` calls it: with batches of part numbers."""

    name: str
    job: Any
    """a broadcast of the pickled job"""

    def __call__(self, batches: Iterable[Any]) -> Iterator[Any]:
        with _carrying():
            job = _loaded(self.name, self.job)
            for batch in batches:
                yield from job.run(batch.column(0).to_pylist(), _attempt())


@dataclass(frozen=True)
class Grouped:
    """A job as ``applyInArrow`` calls it: with all rows of a group."""

    name: str
    job: Any

    def __call__(self, rows: Any) -> Any:
        with _carrying():
            return pa.Table.from_batches([_loaded(self.name, self.job).run(rows, _attempt())])


def carried(text: str) -> Exception | None:
    """The exception a worker raised, from the text Spark made of it."""
    found = _CARRIED.search(text)
    error = pickle.loads(base64.b64decode(found[1])) if found else None
    return error if isinstance(error, Exception) else None


class CarriedError(Exception):
    """An exception of a kernel on its way through Spark, which passes on nothing but text."""


@contextmanager
def _carrying() -> Iterator[None]:
    try:
        yield
    except Exception as error:
        try:
            packed = pickle.dumps(error)
            pickle.loads(packed)
        except Exception:
            raise error from None
        raise CarriedError(_MARK + base64.b64encode(packed).decode()) from error
    finally:
        _forget_archives()


def _forget_archives() -> None:
    """Drop the finders of zip files, which are made anew when an import needs them.

    Spark tells Python before every task to look for new modules, and up to Python 3.12 the finders of pyspark.zip and
    of Spark's own jars then read the whole list of their files: more work than a small task itself.
    """
    for place, finder in list(sys.path_importer_cache.items()):
        if isinstance(finder, zipimporter):
            sys.path_importer_cache.pop(place, None)


def _loaded(name: str, broadcast: Any) -> Any:
    if name not in _JOBS:
        _JOBS[name] = pickle.loads(broadcast.value)
        while len(_JOBS) > _KEPT_JOBS:
            _JOBS.popitem(last=False)
    return _JOBS[name]


def _attempt() -> str:
    """A name no other attempt at the same task has."""
    from pyspark import TaskContext

    context = TaskContext.get()
    return f".{context.taskAttemptId()}" if context else ""


def _found(part: Part, home: Path) -> Part:
    return replace(part, path=home / part.path)


def _done(number: int, rows: int) -> Any:
    return pa.record_batch([pa.array([number], pa.int64()), pa.array([rows], pa.int64())], schema=DONE)


def _packed(table: Any) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as out:
        out.write_table(table)
    packed: bytes = sink.getvalue().to_pybytes()
    return packed
