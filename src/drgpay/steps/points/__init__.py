"""Points (点数): base period, base points, coefficients, case points. Source: design/03."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from drgpay.engine import Dataset, Engine, Part, frame
from drgpay.policy import Policy
from drgpay.steps.points.adjust import Adjusting, adjusting
from drgpay.steps.points.base import BASE_LAW, Base, Group, base_period, kept_base
from drgpay.steps.points.coefficients import TOTAL, Coefficients, Marks, check_components, coefficients
from drgpay.steps.points.comorbid import Comorbidities, comorbidities, comorbidities_of
from drgpay.steps.points.days import DAY, ByDay, Tables, add_up, by_day, case_points, each, place_of, score_by_day
from drgpay.steps.points.kernel import (
    MODE_AMOUNT,
    SCANNED,
    PointsTables,
    points_tables,
)
from drgpay.steps.points.published import (
    CANNOT_KNOW,
    REMARKS,
    Published,
    Terms,
    estimate_batch,
    published,
    read_terms,
    value_of,
)
from drgpay.steps.points.rate import CLASSES as RATE_CLASSES
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
from drgpay.steps.points.technical import Operated, operated
from drgpay.tables import ADJUSTMENTS
from drgpay.units import ONE

WRITES = ("base_years", "base_groups", "base_sums", "coefficients", "case_points", "adjustments", "stay_estimates",
          "house_stays", "estimate_totals")  # fmt: skip
"""tables this step writes"""

SUM_KEYS = ("institution_id", "insurance_scheme", "month")


def _mapped(batch: Any, part: Part, tables: Tables) -> tuple[Any, Any]:
    return score_by_day(batch, tables)


def points_added_up(batch: Any, tables: Tables) -> Any:
    """Sums of the case points of a batch of grouped stays; nothing is written."""
    return add_up(case_points(batch, tables), tables)


def within_cap(engine: Engine, grouped: Dataset, tables: Tables, policy: Policy) -> Tables:
    """The tables with the cap on extra points (``points.high_extra_cap``), where the policy has one.

    What every institution asks for is added up first, beside the points its stays have after all adjustments without
    any extra: the cap is a share of these. Each of its high stays then gets the same share of its extra, rounded
    down. Tables by day have caps of their own; all their stays are added up together.
    """
    caps = tables.caps if isinstance(tables, ByDay) else (policy.ratio_or_none("points.high_extra_cap"),)
    if all(
        cap is None or its.high_extra == "none" or its.extra_allowed is not None
        for cap, its in zip(caps, each(tables), strict=True)
    ):
        return tables
    bare = partial(points_added_up, tables=_bare(tables))
    asked = frame(engine.sum(grouped, bare, SUM_KEYS, scanned(tables), "points: cap"))
    sums = asked.group_by("institution_id").agg(pl.col("points", "extra").sum()).rows()
    by_institution = {h: (points, extra) for h, points, extra in sums}
    if isinstance(tables, ByDay):
        capped = tuple(_capped(its, cap, by_institution) for cap, its in zip(caps, tables.tables, strict=True))
        return replace(tables, tables=capped)
    return _capped(tables, caps[0], by_institution)


def _bare(tables: Tables) -> Tables:
    """The tables that leave the extra points out of the points."""
    if isinstance(tables, ByDay):
        return replace(tables, tables=tuple(replace(its, bare=True) for its in tables.tables))
    return replace(tables, bare=True)


def _capped(tables: PointsTables, cap: int | None, by_institution: Mapping[str, tuple[int, int]]) -> PointsTables:
    """The tables with what the cap allows an institution. ``by_institution``: points without extra, and extra asked
    for."""
    if cap is None:
        return tables
    pairs = [by_institution.get(h, (0, 0)) for h in tables.institutions.to_pylist()] + [(0, 0)]
    return replace(
        tables,
        extra_allowed=np.array([cap * normal // ONE for normal, _ in pairs], np.int64),
        extra_asked=np.array([extra for _, extra in pairs], np.int64),
    )


def scanned(tables: Tables) -> tuple[str, ...]:
    """Columns of ``grouped`` that the points of these tables need."""
    further = [name for its in each(tables) for name in (*its.adjusting.columns, *((MODE_AMOUNT,) * its.priced))]
    day = (DAY,) if isinstance(tables, ByDay) else ()
    return tuple(dict.fromkeys((*SCANNED, *further, *day)))


def score(
    engine: Engine, grouped: Dataset, tables: Tables, policy: Policy, out: Path
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
        ("institution_id", "insurance_scheme", "month", "drg", "case_class", "points", "extra",
         "total_cost", "personal_paid", "fund_by_item"),
        "points: sums",
    )  # fmt: skip
    return written, frame(sums)


def tally(engine: Engine, grouped: Dataset, tables: Tables, policy: Policy) -> pl.DataFrame:
    """The sums :func:`score` returns, without writing anything: what a simulation needs."""
    tables = within_cap(engine, grouped, tables, policy)
    return frame(engine.sum(grouped, partial(points_added_up, tables=tables), SUM_KEYS, scanned(tables), "points"))


__all__ = [
    "BASE_LAW",
    "CANNOT_KNOW",
    "MODE_AMOUNT",
    "RATE_CLASSES",
    "REMARKS",
    "SCANNED",
    "SUM_KEYS",
    "TOTAL",
    "WRITES",
    "Adjusting",
    "Base",
    "ByDay",
    "Coefficients",
    "Comorbidities",
    "Facts",
    "Group",
    "Line",
    "Marks",
    "Operated",
    "PointsTables",
    "Published",
    "RateRule",
    "StayPoints",
    "Tables",
    "Terms",
    "add_up",
    "adjusted_points",
    "adjusting",
    "base_period",
    "by_day",
    "case_points",
    "check_components",
    "coefficients",
    "comorbidities",
    "comorbidities_of",
    "each",
    "estimate_batch",
    "kept_base",
    "operated",
    "parse_rate",
    "parse_rate_coefficient",
    "parse_weight",
    "payment_standard",
    "place_of",
    "points_added_up",
    "points_tables",
    "published",
    "rate_payment",
    "rate_payments",
    "rate_rule",
    "rate_tables",
    "read_terms",
    "readmissions",
    "scanned",
    "score",
    "stay_points",
    "tally",
    "value_of",
    "within_cap",
]
