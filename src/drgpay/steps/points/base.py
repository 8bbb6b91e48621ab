"""Base period: sums, trimming, stability, base points (design/03 §1–2)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from drgpay.engine import Dataset, Engine, codes_in, frame, integers, square_sum, squares
from drgpay.errors import DrgpayError, Kind
from drgpay.policy import Policy, band_of
from drgpay.units import ONE, half_up, show_coefficient, variation

_MOST_POINTS = 10**13
"""most base points of a group, 1/10,000: a billion points"""

BASE_LAW = (
    "points.base_years", "points.scale", "points.min_los", "points.max_los", "points.trim_passes",
    "points.low_multiple", "points.high_multiple", "points.max_cv", "points.min_cases", "points.unstable_rule",
)  # fmt: skip
"""the parameters that decide groups and means of a base period"""

SCANNED = ("institution_id", "year", "drg", "status", "los", "total_cost")


@dataclass(frozen=True)
class Limits:
    """Inclusive cost bounds (fen) of the stays that stay in, by year and group."""

    years: tuple[int, ...]
    drgs: tuple[str, ...]
    low: Any
    high: Any


@dataclass(frozen=True)
class Group:
    """One group of the base period as published; fields as in table ``base_groups``."""

    drg: str
    n: int
    mean_cost: int
    cv: int | None
    stable: bool
    base_points: int | None
    high_multiple: int | None
    basic: bool


@dataclass(frozen=True)
class Base:
    """The published result of the base period: everything later is computed from it."""

    mean_cost: int
    """overall mean M, fen"""
    scale: int
    groups: Mapping[str, Group]
    years: list[dict[str, Any]]
    """rows of table ``base_years``"""
    institution_sums: pl.DataFrame
    """institution_id, drg, n, cost of the trimmed stays of all base years"""
    levels: Mapping[str, str] = field(default_factory=dict)
    """of a base that areas share: the levels of all institutions in it, by code"""


def entering(batch: Any, years: tuple[int, ...], min_los: int, max_los: int) -> Any:
    """Rows of complete stays of the base years, as a table of plain columns with codes as text."""
    year, los = integers(batch.column("year")), integers(batch.column("los"), -1)
    grouped = codes_in(batch.column("status"), pa.array(["grouped"])) == 0
    keep = grouped & np.isin(year, years) & (los >= min_los) & (los <= max_los)
    return batch.filter(pa.array(keep))


def sums_kernel(batch: Any, *, years: tuple[int, ...], min_los: int, max_los: int) -> Any:
    """Sums before trimming: ``year, drg, n, cost`` of the entering stays of a batch."""
    rows = entering(batch, years, min_los, max_los).select(["year", "drg", "total_cost"])
    return (
        frame(rows).group_by("year", "drg").agg(n=pl.len().cast(pl.Int64), cost=pl.col("total_cost").sum()).to_arrow()
    )


def trimmed_kernel(batch: Any, *, limits: Limits, min_los: int, max_los: int) -> Any:
    """Sums inside the limits: ``institution_id, year, drg, n, cost, q2, q1, q0`` (Σcost² in three pieces)."""
    batch = entering(batch, limits.years, min_los, max_los)
    year = np.searchsorted(np.array(limits.years), integers(batch.column("year")))
    drg = codes_in(batch.column("drg"), pa.array(limits.drgs, pa.string()))
    cost = integers(batch.column("total_cost"))
    inside = (cost >= limits.low[year, drg]) & (cost <= limits.high[year, drg])
    kept = batch.filter(pa.array(inside)).select(["institution_id", "year", "drg", "total_cost"])
    return (
        frame(kept)
        .group_by("institution_id", "year", "drg")
        .agg(n=pl.len().cast(pl.Int64), cost=pl.col("total_cost").sum(), **squares("total_cost"))
        .to_arrow()
    )


def costs_kernel(batch: Any, *, years: tuple[int, ...], drgs: Any, min_los: int, max_los: int) -> Any:
    """How often each cost occurs in the named groups, untrimmed: ``drg, total_cost, n``; medians come from it."""
    batch = entering(batch, years, min_los, max_los)
    named = codes_in(batch.column("drg"), drgs) >= 0
    kept = batch.filter(pa.array(named)).select(["drg", "total_cost"])
    return frame(kept).group_by("drg", "total_cost").agg(n=pl.len().cast(pl.Int64)).to_arrow()


Sums = dict[tuple[int, str], tuple[int, int]]
"""(year, drg) → n, cost"""


def trim_limits(sums: Sums, policy: Policy) -> dict[tuple[int, str], tuple[int, int]]:
    """Inclusive cost bounds by year and group. A stay goes when cost·n < k_lo·S or cost·n > k_hi·S; the band of
    k_hi is that of the group's provisional base points in the year, compared exactly. Source: design/03 §2.1–2.2.
    """
    low, bands, scale = policy.ratio("points.low_multiple"), policy.bands("points.high_multiple"), _scale(policy)
    whole: dict[int, list[int]] = defaultdict(lambda: [0, 0])
    for (year, _), (n, cost) in sums.items():
        whole[year][0] += n
        whole[year][1] += cost
    limits = {}
    for (year, drg), (n, cost) in sums.items():
        all_n, all_cost = whole[year]
        # The band is the first with P⁰ <= upto; the ceiling of P⁰ in 1/10,000 decides exactly.
        provisional = -(-cost * all_n * scale * ONE // (n * all_cost)) if all_cost else 0
        k_hi = band_of(bands, provisional).value
        limits[year, drg] = (-(-low * cost // (ONE * n)), k_hi * cost // (ONE * n))
    return limits


def is_stable(n: int, s: int, q: int, policy: Policy) -> bool:
    """n ≥ min_cases and CV ≤ max_cv, decided on exact sums. Source: design/03 §2.3."""
    c = policy.ratio("points.max_cv")
    return n >= policy.integer("points.min_cases") and n * (n * q - s * s) * ONE**2 <= c * c * (n - 1) * s * s


def weighted_mean(by_year: Mapping[int, tuple[int, int]], weights: Mapping[int, int]) -> int | None:
    """Σ w·(S/n) / Σ w over the years that have stays, half up to fen; None without any. Source: design/03 §2.4."""
    present = {y: Fraction(s, n) for y, (n, s) in by_year.items() if n and weights.get(y)}
    if not present:
        return None
    total = sum((weights[y] * m for y, m in present.items()), Fraction(0))
    return half_up(total.numerator, total.denominator * sum(weights[y] for y in present))


def _scale(policy: Policy) -> int:
    return policy.integer("points.scale")


def _no_base(years: tuple[int, ...]) -> DrgpayError:
    return DrgpayError(
        Kind.DATA,
        zh=f"基期 {years} 没有可用的入组病例,无法测算基准点数",
        en=f"no complete grouped stay in the base years {years}: no base points",
        field="points.base_years",
        fix_zh="补充基期数据,或在政策中改 points.base_years 或裁剪界限",
        fix_en="bring stays of those years, or change points.base_years or the trimming bounds in the policy",
    )


def base_period(engine: Engine, grouped: Dataset, policy: Policy, opening: Policy | None = None) -> Base:
    """Base points of the practice from the grouped stays of its base years. ``opening``: the law of 1 January, whose
    multiples trim; without it those of ``policy``. A group's high multiple, by which stays are judged, is always that
    of ``policy``.

    Reads columns :data:`SCANNED` of table ``grouped``; raises DATA when no complete stay is in the base period.
    """
    weights = dict(policy.years("points.base_years"))
    years = tuple(sorted(weights))
    stays: dict[str, int] = {
        "min_los": policy.integer("points.min_los"),
        "max_los": policy.integer("points.max_los"),
    }
    before = _year_sums(
        engine.sum(grouped, partial(sums_kernel, years=years, **stays), ("year", "drg"), SCANNED, "base period: sums")
    )
    if not any(cost for _, cost in before.values()):
        raise _no_base(years)
    drgs = tuple(sorted({drg for _, drg in before}))
    low = np.zeros((len(years), len(drgs)), np.int64)
    high = np.full((len(years), len(drgs)), np.iinfo(np.int64).max)
    place = {drg: i for i, drg in enumerate(drgs)}
    sums, detail = before, pl.DataFrame()
    for step in range(max(1, policy.integer("points.trim_passes"))):
        if policy.integer("points.trim_passes"):
            for (year, drg), (lo, hi) in trim_limits(sums, policy if opening is None else opening).items():
                at = (years.index(year), place[drg])
                low[at], high[at] = max(lo, low[at]), min(hi, high[at])
        kernel = partial(trimmed_kernel, limits=Limits(years, drgs, low.copy(), high.copy()), **stays)
        by = ("institution_id", "year", "drg")
        detail = frame(engine.sum(grouped, kernel, by, SCANNED, f"base period: trimming {step + 1}"))
        sums = _year_sums(detail.group_by("year", "drg").agg(pl.col("n").sum(), pl.col("cost").sum()).to_arrow())
    mean = weighted_mean(_years_of(sums), weights)
    if not mean:
        raise _no_base(years)
    groups = _groups(detail, sums, mean, policy, partial(_medians, engine, grouped, years, stays), drgs)
    rows = [
        {
            "year": year,
            "drg": drg,
            "n_before": n,
            "cost_before": cost,
            "n": sums.get((year, drg), (0, 0))[0],
            "cost": sums.get((year, drg), (0, 0))[1],
        }
        for (year, drg), (n, cost) in sorted(before.items())
    ]
    by_institution = detail.group_by("institution_id", "drg").agg(pl.col("n").sum(), pl.col("cost").sum())
    return Base(mean, _scale(policy), groups, rows, by_institution.sort("institution_id", "drg"))


def kept_base(
    mean_cost: int,
    scale: int,
    groups: Iterable[Mapping[str, Any]],
    years: list[dict[str, Any]],
    sums: pl.DataFrame,
    policy: Policy,
) -> Base:
    """A base period as it was published (rows of ``base_groups``, ``base_years`` and ``base_sums``): groups and means
    stand, high multiples and basic groups are those of ``policy``. Source: design/12 §2."""
    bands, basics = policy.bands("points.high_multiple"), set(policy.codes("coefficient.basic_groups"))
    fields = Group.__dataclass_fields__
    found = {}
    for row in groups:
        group = Group(**{name: row[name] for name in fields})
        multiple = None if group.base_points is None else band_of(bands, group.base_points).value
        found[group.drg] = replace(group, high_multiple=multiple, basic=group.drg in basics)
    return Base(mean_cost, scale, found, years, sums.sort("institution_id", "drg"))


def _year_sums(table: Any) -> Sums:
    columns = (table.column(c).to_pylist() for c in ("year", "drg", "n", "cost"))
    return {(year, drg): (n, cost) for year, drg, n, cost in zip(*columns, strict=True)}


def _years_of(sums: Sums, drg: str | None = None) -> dict[int, tuple[int, int]]:
    totals: dict[int, tuple[int, int]] = defaultdict(lambda: (0, 0))
    for (year, d), (n, cost) in sums.items():
        if drg is None or d == drg:
            totals[year] = (totals[year][0] + n, totals[year][1] + cost)
    return totals


def _groups(
    detail: pl.DataFrame,
    sums: Sums,
    mean: int,
    policy: Policy,
    medians: Callable[[list[str]], dict[str, int]],
    drgs: tuple[str, ...],
) -> dict[str, Group]:
    weights, rule = dict(policy.years("points.base_years")), policy.choice("points.unstable_rule")
    bands, basics = policy.bands("points.high_multiple"), set(policy.codes("coefficient.basic_groups"))
    by_drg: dict[str, dict[int, tuple[int, int]]] = defaultdict(dict)
    for (year, drg), pair in sums.items():
        by_drg[drg][year] = pair
    pooled = {
        drg: (n, s, square_sum(q2, q1, q0))
        for drg, n, s, q2, q1, q0 in detail.group_by("drg").agg(pl.col("n", "cost", "q2", "q1", "q0").sum()).rows()
    }
    means = {drg: weighted_mean(by_drg[drg], weights) or 0 for drg in drgs}
    stable = {drg: drg in pooled and is_stable(*pooled[drg], policy) for drg in drgs}
    if rule == "median":
        means |= medians([drg for drg in drgs if not stable[drg]])
    groups = {}
    for drg in drgs:
        n, s, q = pooled.get(drg, (0, 0, 0))
        by_points = (stable[drg] or rule != "cost") and means[drg] > 0
        # Base points that round to nothing are none: such a stay is paid by its own cost.
        points = (half_up(means[drg] * _scale(policy) * ONE, mean) or None) if by_points else None
        if points is not None and points > _MOST_POINTS:
            raise DrgpayError(
                Kind.DATA, zh=f"病组 {drg} 的基准点数过大,基期费用悬殊", field=drg, value=show_coefficient(points),
                en=f"the base points of {drg} are too large: costs of the base period are far apart",
                fix_zh="核对基期病例的费用", fix_en="check the costs of the base period",
            )  # fmt: skip
        groups[drg] = Group(
            drg,
            n,
            means[drg],
            variation(n, s, q),
            stable[drg],
            points,
            None if points is None else band_of(bands, points).value,
            drg in basics,
        )
    return groups


def _medians(
    engine: Engine, grouped: Dataset, years: tuple[int, ...], stays: dict[str, int], drgs: list[str]
) -> dict[str, int]:
    """Lower median cost of the untrimmed stays of the pooled years. Source: design/03 §2.6."""
    if not drgs:
        return {}
    kernel = partial(costs_kernel, years=years, drgs=pa.array(drgs, pa.string()), **stays)
    by = ("drg", "total_cost")
    counts = frame(engine.sum(grouped, kernel, by, SCANNED, "base period: medians of unstable groups"))
    below = pl.col("n").cum_sum().over("drg")
    middle = (pl.col("n").sum().over("drg") + 1) // 2
    return dict(counts.filter(below >= middle).group_by("drg").agg(pl.col("total_cost").min()).rows())
