"""Case points of a batch of grouped stays (design/03 §4), vectorised and exact."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from drgpay.engine import coded, codes_in, frame, integers
from drgpay.errors import DrgpayError, Kind
from drgpay.policy import Policy
from drgpay.steps.points.adjust import Adjusting, adjust
from drgpay.steps.points.base import Base
from drgpay.steps.points.coefficients import Coefficients
from drgpay.tables import CASE_POINTS, CLASSES, STAYS
from drgpay.units import ONE, mul_div, mul_div_half_up, show_coefficient, show_fen

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

MODE_AMOUNT = "mode_amount"
"""price of a bed-day stay in the pool, beside the columns of ``grouped`` where payment modes share it"""

MOST_POINTS = 10**13
"""most points of a stay or group, 1/10,000: a billion; a batch of such stays still adds up in 64 bits"""
_MOST_COST = STAYS["total_cost"].bounds[1] if STAYS["total_cost"].bounds else 0

_NORMAL, _LOW, _HIGH, _UNSTABLE, _UNGROUPED, _QY, _SHORT, _BED_DAY, _SPECIAL, _EXCLUDED = range(len(CLASSES))


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
    high_extra: str
    unstable_discount: int
    ungrouped_discount: int
    qy_discount: int
    adjusting: Adjusting = field(default_factory=Adjusting)
    standards: Ints | None = None
    """rate method: payment standards in fen, [group, institution]; a point is then 10,000 fen"""
    extra_allowed: Ints | None = None
    """with a cap: extra points allowed per institution, and ``extra_asked`` what the stays would get"""
    extra_asked: Ints | None = None
    bare: bool = False
    """extra points are reckoned but not added: what the cap measures"""
    priced: bool = False
    """column ``mode_amount`` holds the price (fen) of bed-day stays that share the pool"""


def points_tables(
    base: Base,
    coefficients: Coefficients,
    policy: Policy,
    year: int,
    months: tuple[int, ...],
    adjusting: Adjusting | None = None,
) -> PointsTables:
    """The kernel's tables from the published base, the coefficients, the policy and people's decisions."""
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
        high_extra=policy.choice("points.high_extra"),
        unstable_discount=policy.ratio("points.unstable_discount"),
        ungrouped_discount=policy.ratio("points.ungrouped_discount"),
        qy_discount=policy.ratio("points.qy_discount"),
        adjusting=adjusting or Adjusting(),
    )


def case_points(batch: Any, tables: PointsTables) -> Any:
    """The first result of :func:`score_batch` alone."""
    return score_batch(batch, tables)[0]


def score_batch(batch: Any, tables: PointsTables) -> tuple[Any, Any]:
    """:func:`_scored`, with every figure inside its bounds. Raises BROKEN that names the stay whose cost is beyond
    what a stay may cost, or whose points are beyond a billion, so that no product or sum leaves 64 bits unseen."""
    cost = integers(batch.column("total_cost"))
    if len(cost) and (int(cost.max()) > _MOST_COST or int(cost.min()) < 0):
        at = int(np.argmax((cost > _MOST_COST) | (cost < 0)))
        raise _too_large(batch, at, "总费用", "cost", show_fen(int(cost[at]), group=False))
    try:
        result, adjustments = _scored(batch, tables)
    except OverflowError:
        if batch.num_rows == 1:
            raise _too_large(batch, 0, "点数", "points", show_fen(int(cost[0]), group=False)) from None
        half = batch.num_rows // 2  # look for the stay; only here
        for part in (batch.slice(0, half), batch.slice(half)):
            score_batch(part, tables)
        raise
    points = integers(result.column("points"))
    if len(points) and int(points.max()) > MOST_POINTS:
        at = int(np.argmax(points > MOST_POINTS))
        raise _too_large(result, at, "点数", "points", show_coefficient(int(points[at])))
    return result, adjustments


def _too_large(batch: Any, at: int, zh: str, en: str, value: str) -> DrgpayError:
    stay = batch.column("stay_id")[at].as_py()
    return DrgpayError(
        Kind.BROKEN,
        zh=f"病例 {stay} 的{zh}过大,算不下去",
        en=f"the {en} of stay {stay} are too large to go on",
        fix_zh="核对该病例的费用、评审金额、基期和政策参数",
        fix_en="check its cost, the amounts of its reviews, the base period and the policy",
        field=f"stay_id {stay}",
        value=value,
    )


def _scored(batch: Any, tables: PointsTables) -> tuple[Any, Any]:
    """Points of the stays of the settlement year: a batch of table ``case_points`` from one of ``grouped``, and the
    rows of table ``adjustments``.

    One rounding, half up to 4 decimals, per stay and per adjustment; extra points of high stays are what exceeds the
    normal points. A special review, a stay over the long-stay bound and one under the short-stay bound leave their
    group in this order. A refused stay is called ``excluded`` and keeps all its points, so that nobody else's payment
    moves; settlement pays it nothing.
    """
    keep = (integers(batch.column("year")) == tables.year) & np.isin(integers(batch.column("month")), tables.months)
    if not keep.all():
        batch = batch.filter(pa.array(keep))
    settings = tables.adjusting
    drg = codes_in(batch.column("drg"), tables.drgs)
    institution = codes_in(batch.column("institution_id"), tables.institutions)
    cost = integers(batch.column("total_cost"))
    k_hi, fixed = tables.high_multiple[drg], tables.group_coefficient[drg]
    k = np.where(fixed >= 0, fixed, tables.coefficient[institution])
    factor = k
    if tables.standards is None:
        base_points, mean = tables.base_points[drg], np.maximum(tables.mean_cost[drg], 1)
    else:  # the coefficient is in the standard already
        base_points, factor = tables.standards[drg, institution], np.full_like(k, ONE)
        mean = np.maximum(base_points, 1)

    case_class = np.full(len(cost), _NORMAL, np.int64)
    case_class[cost * ONE < tables.low_multiple * mean] = _LOW
    case_class[cost * ONE > k_hi * mean] = _HIGH
    case_class[base_points == 0] = _UNSTABLE
    status = codes_in(batch.column("status"), pa.array(["grouped", "ungrouped", "qy"]))
    case_class[status == 1] = _UNGROUPED
    case_class[status == 2] = _QY
    price = integers(batch.column(MODE_AMOUNT), -1) if tables.priced else np.full(len(cost), -1, np.int64)
    special = _leave_group(batch, case_class, price >= 0, settings)
    discount = np.full(len(cost), -1, np.int64)

    points = mul_div_half_up(base_points, factor, ONE)
    extra = np.zeros_like(points)
    low = np.flatnonzero(case_class == _LOW)
    points[low] = np.minimum(points[low], mul_div_half_up(base_points[low], cost[low], mean[low]))
    high, counted = _extra_rows(batch, np.flatnonzero(case_class == _HIGH), cost, k_hi * mean, tables)
    if len(high):
        # P·K + P·(c/A − k_hi) = P·(A·(K − k_hi) + c) / A, all over one denominator and rounded once.
        above = mean[high] * (factor[high] - k_hi[high]) + counted * ONE
        whole = mul_div_half_up(base_points[high], above, mean[high] * ONE)
        extra[high] = _within_cap(whole - points[high], institution[high], tables)
        if not tables.bare:
            points[high] += extra[high]
    decided = np.append(settings.of("special").amount, -1)[special]
    recognised = np.where(decided >= 0, decided, cost)
    for number, share, amount in (
        (_UNSTABLE, tables.unstable_discount, cost),
        (_UNGROUPED, tables.ungrouped_discount, cost),
        (_QY, tables.qy_discount, cost),
        (_SHORT, ONE, cost),
        (_SPECIAL, ONE, recognised),
    ):
        rows = np.flatnonzero(case_class == number)
        points[rows] = mul_div_half_up(amount[rows], tables.scale * share, tables.overall_mean)
        discount[rows] = share if number <= _QY else -1
    days = np.flatnonzero(case_class == _BED_DAY)
    if len(days):
        length = integers(batch.column("los"), 0) if settings.long_days is not None else np.zeros(len(cost), np.int64)
        by_days = length[days] * settings.day_points
        by_price = mul_div_half_up(np.maximum(price[days], 0), tables.scale * ONE, tables.overall_mean)
        points[days] = np.where(price[days] >= 0, by_price, by_days)
    points, adjustments = adjust(batch, points, case_class <= _HIGH, settings)
    case_class[settings.of("refuse").find(batch) >= 0] = _EXCLUDED
    columns = {
        "case_class": coded(case_class, pa.array(CLASSES)),
        "coefficient": pa.array(k),
        "discount": pa.array(discount, mask=discount < 0),
        "extra": pa.array(extra),
        "points": pa.array(points),
    }
    result = pa.RecordBatch.from_arrays(
        [columns[c.name] if c.name in columns else batch.column(c.name) for c in CASE_POINTS.columns],
        names=list(CASE_POINTS.names),
    )
    return result, adjustments


def _leave_group(batch: Any, case_class: Ints, priced: Any, settings: Adjusting) -> Ints:
    """Set the classes of stays not paid by their group; returns each stay's place among the special reviews."""
    if settings.short_days is not None:
        case_class[integers(batch.column("los"), -1) <= settings.short_days] = _SHORT
    if settings.long_days is not None:
        case_class[integers(batch.column("los"), -1) > settings.long_days] = _BED_DAY
    case_class[priced] = _BED_DAY
    special = settings.of("special").find(batch)
    case_class[special >= 0] = _SPECIAL
    return special


def _extra_rows(batch: Any, high: Ints, cost: Ints, bound: Ints, tables: PointsTables) -> tuple[Ints, Ints]:
    """High stays that get extra points, and their cost without what the review found unreasonable.

    ``auto``: all of them; ``after_review``: those a review approved; ``none``: none. Source: design/03 §4 and the
    extra points formula [(cost − unreasonable cost) ÷ group mean − bound] × base points.
    """
    if tables.high_extra == "none" or len(high) == 0:
        return high[:0], high[:0]
    reviews = tables.adjusting.of("high_extra")
    place = reviews.find(batch)[high]
    if tables.high_extra == "after_review":
        high, place = high[place >= 0], place[place >= 0]
    counted = cost[high] - np.append(np.maximum(reviews.amount, 0), 0)[place]
    above = counted * ONE > bound[high]
    return high[above], counted[above]


def _within_cap(extra: Ints, institution: Ints, tables: PointsTables) -> Ints:
    """Extra points as far as the cap of the institution allows, the same share of each stay's, rounded down."""
    if tables.extra_allowed is None or tables.extra_asked is None:
        return extra
    allowed, asked = tables.extra_allowed[institution], np.maximum(tables.extra_asked[institution], 1)
    return mul_div(extra, np.minimum(allowed, asked), asked)[0]


def add_up(batch: Any, tables: PointsTables) -> Any:
    """Integer sums of a batch of case points by institution, insurance scheme and month: what fund and settlement
    share by. Columns ``n, points, extra, weight_points`` (Σ base points, for the CMI), ``cost, personal, actual``,
    ``refused_n``. Refused stays count in all but ``actual``.
    """
    drg = codes_in(batch.column("drg"), tables.drgs)
    refused = codes_in(batch.column("case_class"), pa.array(["excluded"])) == 0
    summed = ["points", "extra", "total_cost", "personal_paid", "fund_by_item"]
    by = ["institution_id", "insurance_scheme", "month"]
    return (
        frame(
            batch.select(by + summed)
            .append_column("weight_points", pa.array(tables.base_points[drg]))
            .append_column("refused_n", pa.array(refused.astype(np.int64)))
        )
        .group_by(by)
        .agg(
            pl.len().cast(pl.Int64).alias("n"),
            pl.col("points", "extra", "weight_points", "refused_n").sum(),
            pl.col("total_cost").sum().alias("cost"),
            pl.col("personal_paid").sum().alias("personal"),
            pl.col("fund_by_item").filter(pl.col("refused_n") == 0).sum().alias("actual"),
        )
        .to_arrow()
    )
