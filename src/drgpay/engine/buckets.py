"""How ``map_by`` brings rows of a key together: the same buckets, with the same rows in the same order, on every
engine. A bucket is named by a stable hash of the key; how its rows travel is the engine's affair."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from drgpay.engine.columns import frame
from drgpay.engine.contract import Part, Source
from drgpay.engine.rows import one_batch, plain, read_part

BUCKET_ROWS = 100_000
"""rows one bucket aims at"""
BUCKET_FILES = 768
"""the most buckets of all sources together: an engine may keep a file open for each, and a process has 1,024"""


def bucket_count(sources: Sequence[Source]) -> int:
    """Buckets for these sources: depends on the number of rows only."""
    wanted = -(-sum(part.rows for s in sources for part in s.parts) // BUCKET_ROWS)
    return max(1, min(wanted, BUCKET_FILES // len(sources)))


def dealt(source: Source, part: Part, key: str, buckets: int, read_from: Part | None = None) -> list[Any]:
    """The rows of a part, one plain table per bucket, in the order of the part. ``read_from``: the same part as this
    process finds it."""
    batch = read_part(read_from or part, source.columns)
    if source.prepare is not None:
        batch = source.prepare(batch, part)
    narrow = np.int16 if buckets < 2**15 else np.int64  # NumPy sorts short integers in linear time
    place = (key_hash(batch.column(key)) % np.uint64(buckets)).astype(narrow)
    ordered = np.argsort(place, kind="stable")
    bounds = np.searchsorted(place[ordered], np.arange(buckets + 1))
    table = plain(frame(batch.take(pa.array(ordered)) if buckets > 1 else batch)).combine_chunks()
    return [table.slice(a, b - a) for a, b in pairwise(bounds)]


def gathered(rows: Any, order: Sequence[str]) -> Any:
    """All rows of a bucket as one sorted batch, nulls first."""
    return one_batch(plain(frame(rows).sort(order)))


def key_hash(values: Any) -> Any:
    """A hash of text keys that is the same on every machine and version: ``uint64`` per row."""
    if pa.types.is_dictionary(values.type):
        codes = pc.fill_null(values.indices, len(values.dictionary)).to_numpy(zero_copy_only=False)
        return np.append(key_hash(values.dictionary), np.uint64(0))[codes]
    coded = pc.dictionary_encode(values)
    if len(coded.dictionary) * 2 < len(values):  # keys that repeat are hashed once
        return key_hash(coded)
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
