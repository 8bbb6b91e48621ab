"""Late corrections (更正): stays of a sealed month whose points are others now, and their worth (design/12 §2)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from drgpay.engine import frame
from drgpay.tables import CORRECTIONS
from drgpay.units import half_up

CASES = ("stay_id", "institution_id", "insurance_scheme", "points", "personal_paid", "case_class")
"""columns of case points"""
EARLIER = ("stay_id", "institution_id", "insurance_scheme", "found_in", "points_before", "points_after",
           "personal_before", "personal_after", "due_before", "due_after", "class_after")  # fmt: skip
"""columns of earlier corrections of the same month"""
DUES = ("stay_id", "institution_id", "insurance_scheme", "due")
"""columns of stays under another payment mode"""

_KEY = ["stay_id", "institution_id", "insurance_scheme"]
_AMOUNTS = ("points", "personal", "due")


def corrections(
    now: Any,
    sealed: Any,
    earlier: Any,
    dues_now: Any,
    dues_sealed: Any,
    month: int,
    found_in: int,
    late: Any,
    decided: Any,
) -> Any:
    """Table ``corrections`` of a month, from batches that hold all rows of their stays: case points ``now`` and
    ``sealed`` (:data:`CASES`), ``earlier`` corrections (:data:`EARLIER`), prices of other modes now and sealed
    (:data:`DUES`). ``late``: stay ids of batches that came after the month was sealed (Arrow text), ``decided``: of
    decisions that are others now."""
    booked = frame(earlier).sort("found_in")
    moved = [(pl.col(f"{n}_after") - pl.col(f"{n}_before")).alias(f"{n}_before") for n in _AMOUNTS]
    parts = [
        _side(now, "after", points="points", personal="personal_paid", cls="case_class"),
        _side(sealed, "before", points="points", personal="personal_paid", cls="case_class"),
        _side(dues_now, "after", due="due"),
        _side(dues_sealed, "before", due="due"),
        booked.select(*_KEY, *moved, cls_before=pl.col("class_after"), again=pl.lit(True)),
    ]
    whole = pl.concat(parts, how="diagonal_relaxed")
    sums = whole.group_by(_KEY).agg(
        *(pl.col(f"{n}_{side}").sum() for n in _AMOUNTS for side in ("before", "after")),
        class_after=pl.col("cls_after").drop_nulls().last(),
        class_before=pl.col("cls_before").last(),
    )
    differs = pl.any_horizontal(pl.col(f"{n}_before") != pl.col(f"{n}_after") for n in _AMOUNTS)
    differs |= pl.col("class_before").ne_missing(pl.col("class_after"))
    by_batch, by_decision = (
        pl.col("stay_id").is_in(pl.Series(ids.to_pylist(), dtype=pl.String).implode()) for ids in (late, decided)
    )
    rows = (
        sums.filter(differs)
        .with_columns(
            month=pl.lit(month, pl.Int8),
            found_in=pl.lit(found_in, pl.Int8),
            cause=pl.when(by_batch)
            .then(pl.lit("batch"))
            .when(by_decision)
            .then(pl.lit("decision"))
            .otherwise(pl.lit("rule")),
        )
        .select(CORRECTIONS.names)
        .sort("stay_id", "institution_id")
    )
    return rows.to_arrow(compat_level=pl.CompatLevel.oldest()).cast(CORRECTIONS.schema)


def _side(batch: Any, side: str, **columns: str) -> pl.DataFrame:
    """One side of the comparison: the key, and columns under the names of the result."""
    rows = frame(batch)
    return rows.select(*_KEY, *(pl.col(theirs).alias(f"{ours}_{side}") for ours, theirs in columns.items()))


@dataclass(frozen=True)
class PoolOfMonth:
    """What a sealed month shared under an insurance scheme: ``distributable`` fen over ``points``; by rate a point is
    a fen and nothing is shared."""

    distributable: int
    points: int
    by_rate: bool = False


def worth(
    rows: Iterable[Mapping[str, Any]], pools: Mapping[tuple[str, int], PoolOfMonth], with_patients: bool
) -> dict[tuple[str, str, int], int]:
    """(insurance scheme, institution, month) → fen that corrections are worth if paid before the clearing:
    half up of Σ points × distributable ÷ points of the month, less what patients paid more on basis ``total``; by
    rate the payments themselves.
    ``rows``: insurance_scheme, institution_id, month, points, personal (differences).
    """
    found = {}
    for row in rows:
        scheme, month = row["insurance_scheme"], row["month"]
        pool = pools.get((scheme, month))
        if pool is None or not (pool.points or pool.by_rate):
            continue
        gross = row["points"] if pool.by_rate else half_up(row["points"] * pool.distributable, pool.points)
        amount = gross - (row["personal"] if with_patients else 0)
        if amount:
            found[scheme, row["institution_id"], month] = amount
    return found
