"""Kernels the engines are tried with. Workers of Spark import them from here."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from drgpay.engine import Part, frame
from drgpay.errors import DrgpayError, Kind


def same(batch: Any, _part: Part) -> Any:
    """Hands on what it gets."""
    return batch


def halves(batch: Any, _part: Part) -> tuple[Any, Any]:
    """Two outputs: the first row, and the others."""
    return batch.slice(0, 1), batch.slice(1)


def place(batch: Any, part: Part) -> Any:
    """Where every row stands, as findings say it."""
    rows = np.arange(part.first_row, part.first_row + batch.num_rows, dtype=np.int64)
    n = batch.num_rows
    return pa.record_batch(
        {
            "file": pa.array([part.path.name] * n, pa.string()),
            "file_number": pa.array([part.file_number] * n, pa.int64()),
            "part": pa.array([part.number] * n, pa.int64()),
            "row": pa.array(rows),
        }
    )


def by_code(batch: Any) -> Any:
    """How many rows and Σ number by code."""
    return frame(batch).group_by("code").agg(n=pl.len(), total=pl.col("number").sum()).to_arrow()


def by_types(batch: Any) -> Any:
    """Keys of every kind a sum can have."""
    return frame(batch).group_by("small", "day", "flag", "name").agg(n=pl.len()).to_arrow()


def numbers(batch: Any) -> Any:
    """Every number under its code, as it is."""
    return frame(batch).select("code", "number").to_arrow()


def codes_only(batch: Any) -> Any:
    """Keys without any integer beside them."""
    return frame(batch).select("code").unique().to_arrow()


def ratios(batch: Any) -> Any:
    """No integers: an engine must refuse to add these."""
    return frame(batch).select("code", ratio=pl.col("number").cast(pl.Float64)).to_arrow()


def first_of_key(batch: Any) -> Any:
    """Rows with their place among those of the same name: needs whole keys in order."""
    rows = frame(batch).with_columns(at=pl.int_range(pl.len()).over("name"))
    return rows.select("name", "number", "at").to_arrow(compat_level=pl.CompatLevel.oldest())


def positioned(batch: Any, part: Part) -> Any:
    """Names with the file and row they stand in; what is odd is left out."""
    n = batch.num_rows
    rows = np.arange(part.first_row, part.first_row + n, dtype=np.int64)
    made = pa.record_batch(
        {
            "name": batch.column("name"),
            "number": batch.column("number"),
            "file": pa.array(np.full(n, part.file_number, np.int64)),
            "row": pa.array(rows),
        }
    )
    return made.filter(pa.array(rows % 2 == 0))


def met(left: Any, right: Any, third: Any) -> Any:
    """How many rows each of three sources has by name."""
    counts = [frame(b).group_by("name").agg(pl.len().cast(pl.Int64).alias(f"n{i}"))
              for i, b in enumerate((left, right, third))]  # fmt: skip
    found = counts[0]
    for other in counts[1:]:
        found = found.join(other, on="name", how="full", coalesce=True, nulls_equal=True)
    return found.sort("name").to_arrow(compat_level=pl.CompatLevel.oldest())


@dataclass(frozen=True)
class Failing:
    """Raises on one part, every time: a value error, or a failure a user can mend."""

    part: int
    mendable: bool

    def __call__(self, batch: Any, part: Part) -> Any:
        if part.number != self.part:
            return batch
        if self.mendable:
            raise DrgpayError(Kind.DATA, zh="坏", en="bad", fix_zh="改", fix_en="mend it", file="x", row=3, field="f")
        raise ValueError("kernel")


@dataclass(frozen=True)
class Once:
    """Does something bad the first time it meets a part: ``raise``, or ``die`` with the whole process."""

    how: str
    marks: Path
    part: int = 1

    def __call__(self, batch: Any, part: Part) -> Any:
        mark = self.marks / f"{self.how}-{part.number}"
        if part.number == self.part and not mark.exists():
            mark.touch()
            if self.how == "die":
                os._exit(9)
            raise OSError("a passing fault")
        return batch

    def group(self, batch: Any) -> Any:
        """The same as a kernel of ``map_by``."""
        mark = self.marks / f"{self.how}-group"
        if not mark.exists():
            mark.touch()
            if self.how == "die":
                os._exit(9)
            raise OSError("a passing fault")
        return first_of_key(batch)


@dataclass(frozen=True)
class Full:
    """Gives a batch that cannot be written: its folder was taken away."""

    folder: Path

    def __call__(self, batch: Any, part: Part) -> Any:
        if part.number == 1 and self.folder.exists():
            time.sleep(0.2)  # let the part before be written
            self.folder.rename(self.folder.with_name("moved"))
        return batch


@dataclass(frozen=True)
class DyingFirst:
    """Takes its process with it the first time it is called, then is another kernel."""

    kernel: Any
    mark: Path

    def __call__(self, *args: Any) -> Any:
        if not self.mark.exists():
            self.mark.touch()
            os._exit(9)
        return self.kernel(*args)


def slow(batch: Any, _part: Part) -> Any:
    """Takes longer than anybody waits."""
    time.sleep(60)
    return batch


def dying(batch: Any, part: Part) -> Any:
    """Takes its process with it."""
    if part.number == 3:
        os._exit(9)
    return batch
