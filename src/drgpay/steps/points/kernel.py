"""Case points of a batch of grouped stays (design/03 §4), vectorised and exact."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from drgpay.engine import coded, codes_in, frame, integers
from drgpay.policy import Policy
from drgpay.steps.points.base import Base
from drgpay.steps.points.coefficients import Coefficients
from drgpay.tables import CASE_POINTS, CLASSES
from drgpay.units import ONE, mul_div, mul_div_half_up

Ints = npt.NDArray[np.int64]

SCANNED = (
    "stay_id",
    "institution_id",
    "department_id",
    "doctor_id",
    "insurance_scheme",
    "year",
    "month",
    "drg",
    "status",
    "total_cost",
    "personal_paid",
    "fund_by_item",
)
"""columns of table ``grouped`` the kernel reads"""

_NORMAL, _LOW, _HIGH, _UNSTABLE, _UNGROUPED, _QY = range(len(CLASSES))


@dataclass(frozen=True)
class PointsTables:
    """The small tables of the kernel as arrays; index −1 (the last place) is "none"."""

    year: int
    months: tuple[int, ...]
    drgs: Any
    mean_cost: Ints
    base_points: Ints
    """0 = no base points: the stay is paid by its own cost"""
    high_multiple: Ints
    group_coefficient: Ints
    """−1 = the institution's own coefficient"""
    institutions: Any
    coefficient: Ints
    overall_mean: int
    scale: int
    low_multiple: int
    extra: bool
    unstable_discount: int
    ungrouped_discount: int
    qy_discount: int
    extra_allowed: Ints | None = None
    """with a cap: extra points allowed per institution, and ``extra_asked`` what the stays would get"""
    extra_asked: Ints | None = None


def points_tables(
    base: Base, coefficients: Coefficients, policy: Policy, year: int, months: tuple[int, ...]
) -> PointsTables:
    """The kernel's tables from the published base, the coefficients and the policy."""
    groups = list(base.groups.values())

    def column(values: list[int], none: int) -> Ints:
        return np.array([*values, none], np.int64)

    return PointsTables(
        year=year,
        months=months,
        drgs=pa.array([g.drg for g in groups], pa.string()),
        mean_cost=column([g.mean_cost for g in groups], 1),
        base_points=column([g.base_points or 0 for g in groups], 0),
        high_multiple=column([g.high_multiple or 0 for g in groups], 0),
        group_coefficient=column([coefficients.groups.get(g.drg, -1) for g in groups], -1),
        institutions=pa.array(coefficients.institutions, pa.string()),
        coefficient=column(list(coefficients.institutions.values()), ONE),
        overall_mean=base.mean_cost,
        scale=base.scale,
        low_multiple=policy.ratio("points.low_multiple"),
        extra=policy.choice("points.high_extra") == "auto",
        unstable_discount=policy.ratio("points.unstable_discount"),
        ungrouped_discount=policy.ratio("points.ungrouped_discount"),
        qy_discount=policy.ratio("points.qy_discount"),
    )


def case_points(batch: Any, tables: PointsTables) -> Any:
    """Points of the stays of the settlement year: a batch of table ``case_points`` from one of ``grouped``.

    One rounding, half up to 4 decimals, per stay; extra points of high stays are what exceeds the normal points.
    """
    keep = (integers(batch.column("year")) == tables.year) & np.isin(integers(batch.column("month")), tables.months)
    if not keep.all():
        batch = batch.filter(pa.array(keep))
    drg = codes_in(batch.column("drg"), tables.drgs)
    institution = codes_in(batch.column("institution_id"), tables.institutions)
    status = codes_in(batch.column("status"), pa.array(["grouped", "ungrouped", "qy"]))
    cost = integers(batch.column("total_cost"))
    base_points, mean = tables.base_points[drg], np.maximum(tables.mean_cost[drg], 1)
    k_hi = tables.high_multiple[drg]
    fixed = tables.group_coefficient[drg]
    k = np.where(fixed >= 0, fixed, tables.coefficient[institution])

    by_cost = base_points == 0
    case_class = np.full(len(cost), _NORMAL, np.int64)
    case_class[cost * ONE < tables.low_multiple * mean] = _LOW
    case_class[cost * ONE > k_hi * mean] = _HIGH
    case_class[by_cost] = _UNSTABLE
    case_class[status == 1] = _UNGROUPED
    case_class[status == 2] = _QY

    points = mul_div_half_up(base_points, k, ONE)
    extra = np.zeros_like(points)
    low = np.flatnonzero(case_class == _LOW)
    points[low] = np.minimum(points[low], mul_div_half_up(base_points[low], cost[low], mean[low]))
    high = np.flatnonzero(case_class == _HIGH)
    if tables.extra and len(high):
        # P·K + P·(c/A − k_hi) = P·(A·(K − k_hi) + c) / A, all over one denominator and rounded once.
        above = mean[high] * (k[high] - k_hi[high]) + cost[high] * ONE
        whole = mul_div_half_up(base_points[high], above, mean[high] * ONE)
        extra[high] = _within_cap(whole - points[high], institution[high], tables)
        points[high] += extra[high]
    for number, discount in (
        (_UNSTABLE, tables.unstable_discount),
        (_UNGROUPED, tables.ungrouped_discount),
        (_QY, tables.qy_discount),
    ):
        rows = np.flatnonzero(case_class == number)
        points[rows] = mul_div_half_up(cost[rows], tables.scale * discount, tables.overall_mean)
        k[rows] = discount
    columns = {
        "case_class": coded(case_class, pa.array(CLASSES)),
        "coefficient": pa.array(k),
        "extra": pa.array(extra),
        "points": pa.array(points),
    }
    return pa.RecordBatch.from_arrays(
        [columns[c.name] if c.name in columns else batch.column(c.name) for c in CASE_POINTS.columns],
        names=list(CASE_POINTS.names),
    )


def _within_cap(extra: Ints, institution: Ints, tables: PointsTables) -> Ints:
    """Extra points as far as the cap of the institution allows, the same share of each stay's, rounded down."""
    if tables.extra_allowed is None or tables.extra_asked is None:
        return extra
    allowed, asked = tables.extra_allowed[institution], np.maximum(tables.extra_asked[institution], 1)
    return mul_div(extra, np.minimum(allowed, asked), asked)[0]


def add_up(batch: Any, tables: PointsTables) -> Any:
    """Integer sums of a batch of case points by institution, insurance scheme and month: what fund and settlement
    share by. Columns ``n, points, extra, weight_points`` (Σ base points, for the CMI), ``cost, personal, actual``.
    """
    drg = codes_in(batch.column("drg"), tables.drgs)
    summed = ["points", "extra", "total_cost", "personal_paid", "fund_by_item"]
    by = ["institution_id", "insurance_scheme", "month"]
    return (
        frame(batch.select(by + summed).append_column("weight_points", pa.array(tables.base_points[drg])))
        .group_by(by)
        .agg(
            pl.len().cast(pl.Int64).alias("n"),
            pl.col("points", "extra", "weight_points").sum(),
            pl.col("total_cost").sum().alias("cost"),
            pl.col("personal_paid").sum().alias("personal"),
            pl.col("fund_by_item").sum().alias("actual"),
        )
        .to_arrow()
    )
