"""Stays handed in twice."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from drgpay.steps.intake.findings import Flags


def later_duplicates(batch: Any) -> Any:
    """The later occurrences of every stay_id: a batch of ``file_no``, ``row_no``, in their order.

    ``batch``: columns ``stay_id`` (text), ``file_no``, ``row_no`` (integers), all rows of a stay_id in one batch, in
    any order. The occurrence with the smallest (file_no, row_no) is the one that stands. Null stay_ids are passed
    over: they have their own rule.
    """
    batch = batch.filter(pc.is_valid(batch.column("stay_id")))
    keys = [(name, "ascending") for name in ("stay_id", "file_no", "row_no")]
    batch = batch.take(pc.sort_indices(batch, sort_keys=keys))
    ids = batch.column("stay_id")
    again = np.zeros(len(ids), bool)
    if len(ids):
        again[1:] = pc.equal(ids.slice(1), ids.slice(0, len(ids) - 1)).to_numpy(zero_copy_only=False)
    places = batch.select(["file_no", "row_no"]).filter(pa.array(again))
    return places.take(pc.sort_indices(places, sort_keys=keys[1:]))


class Repeats:
    """The stay_ids that occur more than once in a file, found with 8 bytes per row.

    A first pass over the ids keeps their 64-bit hashes. Only ids whose hash occurs twice are then compared as text,
    so two different ids with one hash are never taken for the same.
    """

    def __init__(self, ids: Iterable[Any]) -> None:
        hashes = np.sort(np.concatenate([np.zeros(0, np.uint64), *(_hashes(part) for part in ids)]))
        self._twice = np.unique(hashes[1:][hashes[1:] == hashes[:-1]])
        self._met: dict[str, set[str]] = {}

    def twice(self, ids: Any) -> Flags:
        """Which ids occur more than once in the file (or, very rarely, share the hash of one that does)."""
        return np.asarray(np.isin(_hashes(ids), self._twice)) if len(self._twice) else np.zeros(len(ids), bool)

    def other(self, ids: Any, content: Callable[[int], str]) -> tuple[Flags, Flags]:
        """Which of the next ids were met before: with the same content, and with other content. ``content``: what the
        row at a position says, in a form in which the same is equal."""
        same, other = np.zeros(len(ids), bool), np.zeros(len(ids), bool)
        for at in np.flatnonzero(self.twice(ids)).tolist():
            name = ids[at].as_py()
            if name is None:
                continue
            met, said = self._met.setdefault(name, set()), content(at)
            same[at], other[at] = said in met, bool(met) and said not in met
            met.add(said)
        return same, other

    def again(self, ids: Any) -> Flags:
        """Which of the next ids (Arrow text, in the order of the file) were met before."""
        same, _ = self.other(ids, lambda at: "")
        return same


def _hashes(ids: Any) -> Any:
    return pl.Series(ids, dtype=pl.String).hash(0).to_numpy()
