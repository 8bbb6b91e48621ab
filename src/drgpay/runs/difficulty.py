"""How many of the stays of a run were raised for difficulty: a share the manifest keeps and the reports print."""

from __future__ import annotations

from typing import Any

import polars as pl

from drgpay.engine import Dataset, Engine, frame
from drgpay.runs.money import Scoring

DIFFICULTY = "difficulty"


def reach(engine: Engine, adjustments: Dataset, scoring: Scoring, sums: pl.DataFrame) -> dict[str, int] | None:
    """``raised``: stays raised, ``stays``: all that have points; None where no law of the period raises any."""
    rules = (its.tables.adjusting for its in scoring.by_law)
    if not any(r.difficulty_age is not None or r.difficulty_comorbidities is not None for r in rules):
        return None
    found = frame(engine.sum(adjustments, _raised, ("adjustment",), ("adjustment",), "difficulty"))
    return {"raised": int(found["n"].sum()), "stays": int(sums["n"].sum())}


def _raised(batch: Any) -> Any:
    rows = frame(batch.select(["adjustment"])).with_columns(pl.col("adjustment").cast(pl.String))
    return (
        rows.filter(pl.col("adjustment") == DIFFICULTY)
        .group_by("adjustment")
        .agg(n=pl.len().cast(pl.Int64))
        .to_arrow()
    )
