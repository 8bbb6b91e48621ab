"""Coefficients of institutions, each with its derivation (design/03 §3)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from math import lcm
from typing import Any

import polars as pl

from drgpay.errors import DrgpayError, Kind
from drgpay.policy import Policy, band_of
from drgpay.steps.points.base import Base
from drgpay.steps.points.technical import Operated, Technical, heavy_weight, technical_levels
from drgpay.units import ONE, half_up, show_coefficient

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
class Marks:
    """What is known of institutions besides costs: last year's grades, indicator values by (institution, indicator)
    in 1/10,000, and their operated stays of the base period."""

    grades: Mapping[str, str] = field(default_factory=dict)
    indicators: Mapping[tuple[str, str], int] = field(default_factory=dict)
    operated: Operated = field(default_factory=dict)


@dataclass(frozen=True)
class _Component:
    value: int
    unbounded: int
    bound: str
    inputs: str = ""


def _bounded(exact: Fraction, low: int | None = None, high: int | None = None, inputs: str = "") -> _Component:
    value = half_up(exact.numerator * ONE, exact.denominator)
    if low is not None and value < low:
        return _Component(low, value, "min", inputs)
    if high is not None and value > high:
        return _Component(high, value, "max", inputs)
    return _Component(value, value, "none", inputs)


@dataclass
class _Sums:
    """Base-period stays: how many, their cost, and what they would have cost at the region's group means."""

    n: int = 0
    cost: int = 0
    weight: int = 0
    """Σ n × base points"""
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
    base_points = {g.drg: g.base_points or 0 for g in base.groups.values()}
    own: dict[str, _Sums] = defaultdict(lambda: _Sums(shares=shares))
    by_level: dict[str, _Sums] = defaultdict(lambda: _Sums(shares=shares))
    for institution, drg, n, cost in rows:
        if institution in levels:
            for sums in (own[institution], by_level[levels[institution]]):
                sums.n += n
                sums.cost += cost
                sums.expected += n * mean[drg]
                sums.weight += n * base_points.get(drg, 0)
    return own, by_level


def coefficients(base: Base, institutions: pl.DataFrame, policy: Policy, marks: Marks | None = None) -> Coefficients:
    """K(h, g) of the policy from data. ``institutions``: columns institution_id, level; ``marks``: last year's grades
    and indicator values, for the components management, guidance and capacity.

    Components are rounded half up to 4 decimals and bounded one by one, combined, rounded, and clipped to
    [coefficient.min, coefficient.max].
    """
    levels = dict(institutions.select("institution_id", "level").rows())
    by_institution, by_level = _standardised(base, {**base.levels, **levels})
    named = [c for c in policy.names("coefficient.components") if c != "basic_group"]
    region = _Sums()
    for sums in by_level.values():
        region.n, region.weight = region.n + sums.n, region.weight + sums.weight
    marks = marks or Marks()
    technical = technical_levels(base, marks.operated, policy) if "capacity" in named else None
    rows, result = [], {}
    for institution, level in sorted(levels.items()):
        own, same_level = by_institution[institution], by_level[level]
        facts = _Facts(institution, level, own, same_level, region, marks, technical)
        parts = {name: _COMPONENTS[name](facts, policy) for name in named}
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
                "inputs": c.inputs,
            }
            for name, c in parts.items()
        ]
    groups, reasons = _group_values(base, policy)
    return Coefficients(result, groups, reasons, rows)


@dataclass(frozen=True)
class _Facts:
    """All that a component of one institution may look at."""

    institution: str
    level: str
    own: _Sums
    same_level: _Sums
    region: _Sums
    marks: Marks
    technical: Mapping[str, Technical] | None


def _level(facts: _Facts, policy: Policy) -> _Component:
    """Table by level (published or negotiated), or the level's standardised cost ratio."""
    if policy.choice("coefficient.level_method") == "table":
        return _bounded(Fraction(policy.table("coefficient.level_table")[facts.level], ONE), inputs=facts.level)
    ratio = facts.same_level.ratio(Fraction(1))
    return _bounded(ratio, policy.ratio("coefficient.level_min"), policy.ratio("coefficient.level_max"), facts.level)


def _cost_difference(facts: _Facts, policy: Policy) -> _Component:
    """own_share × own ratio + (1 − own_share) × the level's."""
    share = Fraction(policy.ratio("coefficient.own_share"), ONE)
    level_ratio = facts.same_level.ratio(Fraction(1))
    return _bounded(
        share * facts.own.ratio(level_ratio) + (1 - share) * level_ratio,
        policy.ratio("coefficient.cost_difference_min"),
        policy.ratio("coefficient.cost_difference_max"),
    )


def _capacity(facts: _Facts, policy: Policy) -> _Component:
    """1 + a·(CMI_h ÷ CMI_region − 1) + b·technical level + bonus of high-level institutions. The technical level is
    computed from the stays where the policy has weights for its parts, else what the register of indicators says."""
    own, region = facts.own, facts.region
    relative = Fraction(1)
    if own.n and region.weight:
        relative = Fraction(own.weight * region.n, own.n * region.weight)
    technical, parts = _technical(facts)
    named = facts.institution in (policy.codes_or_none("coefficient.high_level_institutions") or ())
    bonus = (policy.ratio_or_none("coefficient.high_level_bonus") or 0) if named else 0
    exact = (
        1
        + Fraction(policy.ratio_or_none("coefficient.capacity_cmi_share") or 0, ONE) * (relative - 1)
        + Fraction(policy.ratio_or_none("coefficient.capacity_technical_share") or 0, ONE) * technical
        + Fraction(bonus, ONE)
    )
    said = half_up(relative.numerator * ONE, relative.denominator)
    level = half_up(technical.numerator * ONE, technical.denominator)
    named_inputs = (("cmi_relative", said), ("technical_level", level), *parts, ("high_level_bonus", bonus))
    inputs = "; ".join(f"{name} {show_coefficient(value)}" for name, value in named_inputs)
    low, high = (
        policy.ratio_or_none("coefficient.capacity_min") or 0,
        policy.ratio_or_none("coefficient.capacity_max"),
    )
    return _bounded(exact, low, high, inputs)


def _technical(facts: _Facts) -> tuple[Fraction, tuple[tuple[str, int], ...]]:
    """Technical level, and the parts it was computed from."""
    if facts.technical is None:
        return Fraction(facts.marks.indicators.get((facts.institution, "technical_level"), 0), ONE), ()
    found = facts.technical.get(facts.institution)
    return (Fraction(0), ()) if found is None else (found.score, found.inputs)


_GUIDED = (
    "cost_index", "time_index", "visits_per_head", "out_of_policy_share", "readmission_rate", "record_completeness",
    "record_accuracy",
)  # fmt: skip


def _guidance(facts: _Facts, policy: Policy) -> _Component:
    """1 + the steps of the indicators the policy looks at; an indicator without a value takes no step."""
    total, said = 0, []
    for name in _GUIDED:
        bands = policy.bands_or_none(f"coefficient.guidance_{name}")
        value = facts.marks.indicators.get((facts.institution, name))
        if bands is None or value is None:
            continue
        step = band_of(bands, value).value
        total += step
        said.append(f"{name} {show_coefficient(value)} → {show_coefficient(step)}")
    low, high = (
        policy.ratio_or_none("coefficient.guidance_min") or 0,
        policy.ratio_or_none("coefficient.guidance_max"),
    )
    return _bounded(1 + Fraction(total, ONE), low, high, "; ".join(said))


def _management(facts: _Facts, policy: Policy) -> _Component:
    """Table by last year's evaluation grade."""
    table = _management_table(policy)
    grade = facts.marks.grades.get(facts.institution, policy.choice("settlement.grade_when_missing"))
    return _bounded(Fraction(table[grade], ONE), inputs=grade)


def _management_table(policy: Policy) -> Mapping[str, int]:
    table = policy.table_or_none("coefficient.management_table")
    if table is None:
        raise DrgpayError(
            Kind.POLICY,
            zh="系数组成含分级管理,但没有给出分级管理系数表",
            en="management is a component, but its table is not given",
            field="coefficient.management_table",
            fix_zh="在政策文件中给出 coefficient.management_table",
            fix_en="give coefficient.management_table in the policy file",
        )
    return table


def check_components(policy: Policy) -> None:
    """Raise POLICY when the components named cannot be computed or combined, whatever the region."""
    named = [name for name in policy.names("coefficient.components") if name in _COMPONENTS]
    if "management" in named:
        _management_table(policy)
    if "capacity" in named:
        heavy_weight(policy)
    _combined(dict.fromkeys(named, ONE), policy)


_COMPONENTS: dict[str, Callable[[_Facts, Policy], _Component]] = {
    "level": _level,
    "cost_difference": _cost_difference,
    "capacity": _capacity,
    "guidance": _guidance,
    "management": _management,
}


def _combined(values: Mapping[str, int], policy: Policy) -> Fraction:
    """Product, or weighted sum, of the components; 1 without any."""
    if not values:
        return Fraction(1)
    if policy.choice("coefficient.combine") == "product":
        product = Fraction(1)
        for value in values.values():
            product *= Fraction(value, ONE)
        return product
    weights = policy.table_or_none("coefficient.weights") or {}
    whole = sum(weights.get(name, 0) for name in values)
    if whole != ONE:
        raise DrgpayError(
            Kind.POLICY,
            zh="加权合成:所用组成的权重之和必须为 1",
            en="a weighted sum: the weights of the components used must add up to 1",
            field="coefficient.weights",
            value=show_coefficient(whole),
            fix_zh="为 coefficient.components 中的每个组成给出权重",
            fix_en="give a weight to every component named in coefficient.components",
        )
    return Fraction(sum(weights.get(name, 0) * value for name, value in values.items()), ONE * ONE)


def _group_values(base: Base, policy: Policy) -> tuple[dict[str, int], dict[str, str]]:
    values, reasons = {}, {}
    if "basic_group" in policy.names("coefficient.components"):
        for group in base.groups.values():
            if group.basic:
                values[group.drg] = policy.ratio("coefficient.basic_group_value")
                reasons[group.drg] = "coefficient.basic_group_value"
    least, share = policy.integer_or_none("coefficient.min_cases"), policy.ratio_or_none("coefficient.dominant_share")
    if base.institution_sums.is_empty():  # no base period (rate method): nothing to except
        return values, reasons
    dominant = dict(base.institution_sums.group_by("drg").agg(pl.col("n").max()).rows())
    for group in base.groups.values():
        if group.drg in values:
            continue
        if least is not None and group.n < least:
            values[group.drg], reasons[group.drg] = ONE, "coefficient.min_cases"
        elif policy.flag("coefficient.one_when_unstable") and not group.stable:
            values[group.drg], reasons[group.drg] = ONE, "coefficient.one_when_unstable"
        elif share is not None and group.n and dominant.get(group.drg, 0) * ONE >= share * group.n:
            values[group.drg], reasons[group.drg] = ONE, "coefficient.dominant_share"
    return values, reasons
