"""Points (点数): base period, base points, coefficients, case points. Source: design/03."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from drgpay.engine import Dataset, Engine, Part, frame
from drgpay.policy import Policy
from drgpay.steps.points.base import Base, Group, base_period
from drgpay.steps.points.coefficients import TOTAL, Coefficients, coefficients
from drgpay.steps.points.kernel import SCANNED, PointsTables, add_up, case_points, points_tables
from drgpay.steps.points.reference import Line, StayPoints, stay_points
from drgpay.units import ONE

WRITES = ("base_years", "base_groups", "coefficients", "case_points")
"""tables this step writes"""

SUM_KEYS = ("institution_id", "insurance_scheme", "month")


def _mapped(batch: Any, part: Part, tables: PointsTables) -> Any:
    return case_points(batch, tables)


def score(
    engine: Engine, grouped: Dataset, tables: PointsTables, policy: Policy, out: Path
) -> tuple[Dataset, pl.DataFrame]:
    """Write table ``case_points`` and return it with its sums by institution, insurance scheme and month.

    With a cap on extra points (``points.high_extra_cap``), what every institution asks for is added up first, and
    each of its high stays then gets the same share of its extra, rounded down.
    """
    cap = policy.ratio_or_none("points.high_extra_cap")
    if cap is not None and tables.extra:
        asked = engine.sum(
            grouped, lambda b: add_up(case_points(b, tables), tables), SUM_KEYS, SCANNED, "points: cap"
        )
        by_institution = {
            h: (points - extra, extra)
            for h, points, extra in frame(asked)
            .group_by("institution_id")
            .agg(pl.col("points", "extra").sum())
            .rows()
        }
        pairs = [by_institution.get(h, (0, 0)) for h in tables.institutions.to_pylist()] + [(0, 0)]
        tables = replace(
            tables,
            extra_allowed=np.array([cap * normal // ONE for normal, _ in pairs], np.int64),
            extra_asked=np.array([extra for _, extra in pairs], np.int64),
        )
    (written,) = engine.map(grouped, partial(_mapped, tables=tables), [out], SCANNED, "points")
    sums = engine.sum(
        written,
        partial(add_up, tables=tables),
        SUM_KEYS,
        ("institution_id", "insurance_scheme", "month", "drg", "points", "extra",
         "total_cost", "personal_paid", "fund_by_item"),
        "points: sums",
    )  # fmt: skip
    return written, frame(sums)


__all__ = [
    "SCANNED",
    "SUM_KEYS",
    "TOTAL",
    "WRITES",
    "Base",
    "Coefficients",
    "Group",
    "Line",
    "PointsTables",
    "StayPoints",
    "add_up",
    "base_period",
    "case_points",
    "coefficients",
    "points_tables",
    "score",
    "stay_points",
]
