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
from drgpay.steps.points.adjust import Adjusting, adjusting
from drgpay.steps.points.base import Base, Group, base_period
from drgpay.steps.points.coefficients import TOTAL, Coefficients, Marks, check_components, coefficients
from drgpay.steps.points.kernel import (
    MODE_AMOUNT,
    SCANNED,
    PointsTables,
    add_up,
    case_points,
    points_tables,
    score_batch,
)
from drgpay.steps.points.rate import (
    RateRule,
    parse_rate,
    parse_rate_coefficient,
    parse_weight,
    payment_standard,
    rate_payment,
    rate_payments,
    rate_rule,
    rate_tables,
)
from drgpay.steps.points.readmit import readmissions
from drgpay.steps.points.reference import Facts, Line, StayPoints, adjusted_points, stay_points
from drgpay.tables import ADJUSTMENTS
from drgpay.units import ONE

WRITES = ("base_years", "base_groups", "coefficients", "case_points", "adjustments")
"""tables this step writes"""

SUM_KEYS = ("institution_id", "insurance_scheme", "month")


def _mapped(batch: Any, part: Part, tables: PointsTables) -> tuple[Any, Any]:
    return score_batch(batch, tables)


def points_added_up(batch: Any, tables: PointsTables) -> Any:
    """Sums of the case points of a batch of grouped stays; nothing is written."""
    return add_up(case_points(batch, tables), tables)


def within_cap(engine: Engine, grouped: Dataset, tables: PointsTables, policy: Policy) -> PointsTables:
    """The tables with the cap on extra points (``points.high_extra_cap``), where the policy has one.

    What every institution asks for is added up first; each of its high stays then gets the same share of its extra,
    rounded down.
    """
    cap = policy.ratio_or_none("points.high_extra_cap")
    if cap is None or tables.high_extra == "none":
        return tables
    asked = frame(
        engine.sum(grouped, partial(points_added_up, tables=tables), SUM_KEYS, scanned(tables), "points: cap")
    )
    sums = asked.group_by("institution_id").agg(pl.col("points", "extra").sum()).rows()
    by_institution = {h: (points - extra, extra) for h, points, extra in sums}
    pairs = [by_institution.get(h, (0, 0)) for h in tables.institutions.to_pylist()] + [(0, 0)]
    return replace(
        tables,
        extra_allowed=np.array([cap * normal // ONE for normal, _ in pairs], np.int64),
        extra_asked=np.array([extra for _, extra in pairs], np.int64),
    )


def scanned(tables: PointsTables) -> tuple[str, ...]:
    """Columns of ``grouped`` that the points of these tables need."""
    return (*SCANNED, *tables.adjusting.columns, *((MODE_AMOUNT,) if tables.priced else ()))


def score(
    engine: Engine, grouped: Dataset, tables: PointsTables, policy: Policy, out: Path
) -> tuple[Dataset, pl.DataFrame]:
    """Write table ``case_points`` to ``out`` and ``adjustments`` beside it, and return the first with its sums by
    institution, insurance scheme and month."""
    tables = within_cap(engine, grouped, tables, policy)
    outs = [out, out.with_name(ADJUSTMENTS.name)]
    written, _ = engine.map(grouped, partial(_mapped, tables=tables), outs, scanned(tables), "points")
    sums = engine.sum(
        written,
        partial(add_up, tables=tables),
        SUM_KEYS,
        ("institution_id", "insurance_scheme", "month", "drg", "points", "extra",
         "total_cost", "personal_paid", "fund_by_item"),
        "points: sums",
    )  # fmt: skip
    return written, frame(sums)


def tally(engine: Engine, grouped: Dataset, tables: PointsTables, policy: Policy) -> pl.DataFrame:
    """The sums :func:`score` returns, without writing anything: what a simulation needs."""
    tables = within_cap(engine, grouped, tables, policy)
    return frame(engine.sum(grouped, partial(points_added_up, tables=tables), SUM_KEYS, scanned(tables), "points"))


__all__ = [
    "MODE_AMOUNT",
    "SCANNED",
    "SUM_KEYS",
    "TOTAL",
    "WRITES",
    "Adjusting",
    "Base",
    "Coefficients",
    "Facts",
    "Group",
    "Line",
    "Marks",
    "PointsTables",
    "RateRule",
    "StayPoints",
    "add_up",
    "adjusted_points",
    "adjusting",
    "base_period",
    "case_points",
    "check_components",
    "coefficients",
    "parse_rate",
    "parse_rate_coefficient",
    "parse_weight",
    "payment_standard",
    "points_added_up",
    "points_tables",
    "rate_payment",
    "rate_payments",
    "rate_rule",
    "rate_tables",
    "readmissions",
    "scanned",
    "score",
    "stay_points",
    "tally",
    "within_cap",
]
