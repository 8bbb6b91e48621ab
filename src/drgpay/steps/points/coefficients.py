"""Coefficients of institutions, each with its derivation (design/03 §3)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from typing import Any

import polars as pl

from drgpay.errors import DrgpayError, Kind
from drgpay.policy import Policy
from drgpay.steps.points.base import Base
from drgpay.units import ONE, half_up

TOTAL = "total"


@dataclass(frozen=True)
class Coefficients:
    """K of every institution, and the groups for which K is something else."""

    institutions: Mapping[str, int]
    groups: Mapping[str, int]
    """groups with one coefficient for everybody: basic groups and exceptions"""
    reasons: Mapping[str, str]
    """why such a group has it: the policy parameter"""
    rows: list[dict[str, Any]]
    """derivation, rows of table ``coefficients``"""


@dataclass(frozen=True)
class _Component:
    value: int
    unbounded: int
    bound: str


def _bounded(exact: Fraction, low: int | None = None, high: int | None = None) -> _Component:
    value = half_up(exact.numerator * ONE, exact.denominator)
    if low is not None and value < low:
        return _Component(low, value, "min")
    if high is not None and value > high:
        return _Component(high, value, "max")
    return _Component(value, value, "none")


@dataclass
class _Sums:
    """Base-period stays: how many, their cost, and what they would have cost at the region's group means."""

    n: int = 0
    cost: int = 0
    expected: int = 0
    """fen times ``shares``, a common denominator of all group means, so that nothing is rounded"""
    shares: int = 1

    def ratio(self, otherwise: Fraction) -> Fraction:
        """Case-mix-standardised cost ratio Σ n_hg·c̄_hg / Σ n_hg·c̄_g; ``otherwise`` without a stay."""
        return Fraction(self.cost * self.shares, self.expected) if self.expected else otherwise

    def expected_fen(self) -> int:
        """Expected cost for the derivation table, half up."""
        return half_up(self.expected, self.shares)


def _standardised(base: Base, levels: Mapping[str, str]) -> tuple[dict[str, _Sums], dict[str, _Sums]]:
    """Sums by institution and by level over the trimmed stays of the base period; c̄_g is the mean of the region's
    same stays, all base years together, exact. Source: design/03 §3."""
    rows = base.institution_sums.select("institution_id", "drg", "n", "cost").rows()
    groups: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for _, drg, n, cost in rows:
        groups[drg][0] += n
        groups[drg][1] += cost
    shares = lcm(*(n for n, _ in groups.values()))
    mean = {drg: cost * (shares // n) for drg, (n, cost) in groups.items()}
    own: dict[str, _Sums] = defaultdict(lambda: _Sums(shares=shares))
    by_level: dict[str, _Sums] = defaultdict(lambda: _Sums(shares=shares))
    for institution, drg, n, cost in rows:
        if institution in levels:
            for sums in (own[institution], by_level[levels[institution]]):
                sums.n += n
                sums.cost += cost
                sums.expected += n * mean[drg]
    return own, by_level


def coefficients(base: Base, institutions: pl.DataFrame, policy: Policy) -> Coefficients:
    """K(h, g) of the policy from data. ``institutions``: columns institution_id, level.

    Components are rounded half up to 4 decimals and bounded one by one, combined, rounded, and clipped to
    [coefficient.min, coefficient.max].
    """
    levels = dict(institutions.select("institution_id", "level").rows())
    by_institution, by_level = _standardised(base, levels)
    named = [c for c in policy.names("coefficient.components") if c != "basic_group"]
    rows, result = [], {}
    for institution, level in sorted(levels.items()):
        own, same_level = by_institution[institution], by_level[level]
        parts = {name: _component(name, level, own, same_level, policy) for name in named}
        exact = _combined({name: c.value for name, c in parts.items()}, policy)
        parts[TOTAL] = _bounded(exact, policy.ratio("coefficient.min"), policy.ratio("coefficient.max"))
        result[institution] = parts[TOTAL].value
        rows += [
            {
                "institution_id": institution,
                "component": name,
                "n": own.n,
                "own_cost": own.cost,
                "own_expected": own.expected_fen(),
                "level_cost": same_level.cost,
                "level_expected": same_level.expected_fen(),
                "unbounded": c.unbounded,
                "value": c.value,
                "bound": c.bound,
            }
            for name, c in parts.items()
        ]
    groups, reasons = _group_values(base, policy)
    return Coefficients(result, groups, reasons, rows)


def _component(name: str, level: str, own: _Sums, same_level: _Sums, policy: Policy) -> _Component:
    level_ratio = same_level.ratio(Fraction(1))
    if name == "level":
        if policy.choice("coefficient.level_method") == "table":
            return _bounded(Fraction(policy.table("coefficient.level_table")[level], ONE))
        return _bounded(level_ratio, policy.ratio("coefficient.level_min"), policy.ratio("coefficient.level_max"))
    if name == "cost_difference":
        share = Fraction(policy.ratio("coefficient.own_share"), ONE)
        return _bounded(
            share * own.ratio(level_ratio) + (1 - share) * level_ratio,
            policy.ratio("coefficient.cost_difference_min"),
            policy.ratio("coefficient.cost_difference_max"),
        )
    raise DrgpayError(
        Kind.POLICY,
        zh="未知的系数组成",
        en="unknown component of the coefficient",
        field="coefficient.components",
        value=name,
    )


def _combined(values: Mapping[str, int], policy: Policy) -> Fraction:
    """Product, or weighted mean, of the components; 1 without any."""
    if not values:
        return Fraction(1)
    if policy.choice("coefficient.combine") == "product":
        product = Fraction(1)
        for value in values.values():
            product *= Fraction(value, ONE)
        return product
    weights = policy.table("coefficient.weights")
    whole = sum(weights.get(name, 0) for name in values)
    if whole == 0:
        raise DrgpayError(
            Kind.POLICY,
            zh="加权合成,但各组成的权重之和为 0",
            en="a weighted sum whose weights add up to 0",
            field="coefficient.weights",
            fix_zh="为 coefficient.components 中的组成给出权重",
            fix_en="give weights to the components named in coefficient.components",
        )
    return Fraction(sum(weights.get(name, 0) * value for name, value in values.items()), whole * ONE)


def _group_values(base: Base, policy: Policy) -> tuple[dict[str, int], dict[str, str]]:
    values, reasons = {}, {}
    if "basic_group" in policy.names("coefficient.components"):
        for group in base.groups.values():
            if group.basic:
                values[group.drg] = policy.ratio("coefficient.basic_group_value")
                reasons[group.drg] = "coefficient.basic_group_value"
    least, share = policy.integer_or_none("coefficient.min_cases"), policy.ratio_or_none("coefficient.dominant_share")
    dominant = dict(base.institution_sums.group_by("drg").agg(pl.col("n").max()).rows())
    for group in base.groups.values():
        if group.drg in values:
            continue
        if least is not None and group.n < least:
            values[group.drg], reasons[group.drg] = ONE, "coefficient.min_cases"
        elif share is not None and group.n and dominant.get(group.drg, 0) * ONE >= share * group.n:
            values[group.drg], reasons[group.drg] = ONE, "coefficient.dominant_share"
    return values, reasons
