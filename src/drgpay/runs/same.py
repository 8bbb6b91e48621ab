"""Two runs compared table by table, whatever files and row groups their rows lie in."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from drgpay.engine import Dataset, Engine, key_hash, open_parquet, read_manifest
from drgpay.runs.manifest import TABLES

Bits = npt.NDArray[np.uint64]

_LIMBS = ("l0", "l1", "l2", "l3")
_SEEDS = (np.uint64(0x243F6A8885A308D3), np.uint64(0x13198A2E03707344))


@dataclass(frozen=True)
class SameTable:
    """A table of two runs: its rows and digest in each; None where a run does not have it."""

    name: str
    ours: tuple[int, str] | None
    theirs: tuple[int, str] | None

    @property
    def ok(self) -> bool:
        """Both have it, with the same rows."""
        return self.ours == self.theirs and self.ours is not None


def same_tables(run: Path, other: Path, engine: Engine) -> list[SameTable]:
    """Every table of two runs side by side, by name."""
    ours, theirs = table_digests(run, engine), table_digests(other, engine)
    return [SameTable(name, ours.get(name), theirs.get(name)) for name in sorted(ours.keys() | theirs.keys())]


def table_digests(run: Path, engine: Engine) -> dict[str, tuple[int, str]]:
    """Rows and digest of every table of a run.

    The digest is the sum over the rows of a 128-bit hash of the row, columns by name, so it does not depend on the
    order of rows, on files, row groups or coding, and reads a table once with little memory. It tells results apart;
    against forgery there are the digests of the files in the manifest.
    """
    read_manifest(run)
    folders = sorted((run / TABLES).iterdir())
    return {path.stem: _digest(Dataset.of(path), engine) for path in folders}


def _digest(data: Dataset, engine: Engine) -> tuple[int, str]:
    columns = tuple(sorted(open_parquet(data.paths[0]).schema_arrow.names))
    sums = engine.sum(data, partial(_hashed, columns=columns), ("table",), columns, "digest")
    rows = sums.to_pylist() or [dict.fromkeys(("n", *_LIMBS), 0)]
    low = sum(rows[0][limb] << 32 * i for i, limb in enumerate(_LIMBS[:2]))
    high = sum(rows[0][limb] << 32 * i for i, limb in enumerate(_LIMBS[2:]))
    return rows[0]["n"], f"{high % 2**64:016x}{low % 2**64:016x}"


def _hashed(batch: Any, columns: tuple[str, ...]) -> Any:
    """How many rows, and the sum of their hashes in pieces of 32 bits, which add up without overflow."""
    n = batch.num_rows
    found: dict[str, list[Any]] = {"table": [0], "n": [n]}
    for half, seed in enumerate(_SEEDS):
        rows = np.full(n, seed)
        for name in columns:
            rows = _mixed(rows * np.uint64(0x100000001B3) + _values(batch.column(name)))
        for piece in range(2):
            bits = (rows >> np.uint64(32 * piece)) & np.uint64(0xFFFFFFFF)
            found[_LIMBS[2 * half + piece]] = [int(bits.astype(np.int64).sum())]
    table = pa.table(found)
    return table if n else table.slice(0, 0)


def _values(column: Any) -> Bits:
    """One hash per value; the value of a code counts, not its number."""
    column = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    kind = column.type
    here = pc.is_valid(column).to_numpy(zero_copy_only=False)
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        values = _listed(column, here)
    elif pa.types.is_dictionary(kind) or pa.types.is_string(kind) or pa.types.is_large_string(kind):
        values = _mixed(key_hash(column) + np.uint64(1))
    else:
        whole = column.cast(pa.int32()) if pa.types.is_date32(kind) else column
        whole = pc.fill_null(whole.cast(pa.int64()), 0)
        values = _mixed(np.asarray(whole.to_numpy(zero_copy_only=False), np.int64).view(np.uint64) + np.uint64(3))
    return np.where(here, values, np.uint64(7))


def _listed(column: Any, here: npt.NDArray[np.bool_]) -> Bits:
    """A hash of each list: of its values with their places, and of its length."""
    lengths = np.where(here, pc.fill_null(pc.list_value_length(column), 0).to_numpy(zero_copy_only=False), 0)
    ends = np.cumsum(lengths)
    place = (np.arange(int(ends[-1]) if len(ends) else 0) - np.repeat(ends - lengths, lengths)).astype(np.uint64)
    flat = _mixed(_values(column.flatten()) * (np.uint64(2) * place + np.uint64(1)) + place)
    totals = np.concatenate([np.zeros(1, np.uint64), np.cumsum(flat, dtype=np.uint64)])
    return _mixed(totals[ends] - totals[ends - lengths] + lengths.astype(np.uint64))


def _mixed(values: Bits) -> Bits:
    """Every bit of the result depends on every bit of the value (splitmix64)."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))
