"""Stays of a part checked and grouped; where they stand, for the search of duplicates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from drgpay.engine import (
    Part,
    frame,
    months_of,
    years_of,
)
from drgpay.scheme import Scheme
from drgpay.steps import grouping, intake
from drgpay.tables import (
    GROUPED,
)


def placed_stays(batch: Any, part: Part, replaced: Mapping[int, Any]) -> Any:
    """Stay ids with where they stand, for the search of duplicates; rows that a later batch replaces are none."""
    n = batch.num_rows
    placed = pa.record_batch(
        {
            "stay_id": batch.column("stay_id"),
            "file_no": pa.array(np.full(n, part.file_number, np.int64)),
            "row_no": pa.array(np.arange(part.first_row, part.first_row + n, dtype=np.int64)),
        }
    )
    keys = replaced.get(part.file_number)
    return placed if keys is None else placed.filter(pa.array(~intake.replaced_rows(batch, keys)))


@dataclass(frozen=True)
class Grouping:
    """Checks the stays of a part, keeps the years in question, and groups them."""

    context: intake.CheckContext
    duplicates: dict[int, Any]
    """file number → lines whose stay id occurred before"""
    checked: frozenset[int]
    """files whose warnings were noted when they were read"""
    scheme: Scheme
    years: frozenset[int]
    replaced: Mapping[int, Any]
    """file number → keys of rows that a later batch replaces"""

    def __call__(self, batch: Any, part: Part) -> tuple[Any, Any]:
        """Batches of tables ``grouped`` and ``findings``."""
        again = self.duplicates.get(part.file_number)
        context = self.context if again is None else replace(self.context, duplicates=again)
        file = f"{part.path.parent.name}/{part.path.name}"
        accepted, findings = intake.check_batch(batch, file=file, first_row=part.first_row + 1, context=context)
        keys = self.replaced.get(part.file_number)
        if keys is not None:
            accepted = accepted.filter(pa.array(~intake.replaced_rows(accepted, keys)))
            gone = np.flatnonzero(intake.replaced_rows(batch, keys)) + part.first_row + 1
            findings = intake.without_rows(findings, gone)
        if part.file_number in self.checked:
            findings = findings.filter(pc.equal(findings.column("level").cast(pa.string()), "error"))
        return grouped_of(accepted, self.scheme, self.years), findings


def grouped_of(accepted: Any, scheme: Scheme, years: frozenset[int]) -> Any:
    days = accepted.column("discharge_date")
    year, month = years_of(days), months_of(days)
    wanted = np.isin(year, list(years))
    if not wanted.all():
        accepted = accepted.filter(pa.array(wanted))
        year, month = year[wanted], month[wanted]
    groups = grouping.group_batch(scheme, accepted)
    own = {"year": pa.array(year.astype(np.int16)), "month": pa.array(month.astype(np.int8))}
    own |= dict(zip(groups.schema.names, groups.columns, strict=True))
    return pa.table({n: own[n] if n in own else accepted.column(n) for n in GROUPED.names}).cast(GROUPED.schema)


def by_adrg(batch: Any) -> Any:
    """How many stays are in each ADRG."""
    return frame(batch).group_by(pl.col("adrg").cast(pl.String)).agg(n=pl.len()).to_arrow()


def resting(scheme: Scheme, counts: pl.DataFrame | None) -> tuple[int, int]:
    """How many stays there are by :func:`by_adrg`, and how many rest on lists not compared with the official text."""
    if counts is None:
        return 0, 0
    return int(counts["n"].sum()), int(counts.filter(pl.col("adrg").is_in(sorted(scheme.uncertain)))["n"].sum())


def rows_with_errors(batch: Any) -> Any:
    errors = frame(batch).filter(pl.col("level") == "error").unique(["file", "row"])
    return errors.group_by("file").agg(n=pl.len()).to_arrow()
