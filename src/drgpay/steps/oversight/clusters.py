"""Where leads gather: chance spreads honest look-alikes over houses by their size, habit does not."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

import polars as pl

from drgpay.steps.oversight.catalogue import RULES, Limits, Rule
from drgpay.steps.oversight.hits import CLUSTERED, CROWDED, HITS, RARE
from drgpay.steps.oversight.statistics import rounded, shrunken
from drgpay.units import ONE, half_up

_CASE = ("rule", "stay_id", "related", "institution_id")
_SIGNS = {
    "rule": pl.String,
    "institution_id": pl.String,
    "signal": pl.String,
    "weight": pl.Int64,
    "value": pl.String,
    "expected": pl.String,
}


def clustered(found: pl.DataFrame, stays: Mapping[str, int], limits: Limits) -> pl.DataFrame:
    """Hits without those that stay below the limit of their rule.

    An institution's leads are compared with those expected of its ``stays`` (a count by institution) at everybody's
    rate, the ratio drawn to the mean for small numbers. From ``cluster.times`` on, and ``cluster.leads`` leads, every
    lead of the institution has the sign; from ``cluster.many`` on a second one; up to ``cluster.few`` one that speaks
    against; each with both counts as its evidence. A type of violation of which unclear cases are listed too is
    counted as a whole, since who does it in one way does it in others; any other rule by itself."""
    cases = found.select("score", *_CASE).unique()
    signs: list[tuple[str, str, str, int, str, str]] = []
    for group in _groups(limits):
        near = {rule.id: limits.score(rule) - rule.signals[CLUSTERED].weight for rule in group}
        least = pl.col("rule").replace_strict(near, default=None, return_dtype=pl.Int64)
        leads = cases.filter(pl.col("score") >= least).select("stay_id", "related", "institution_id")
        named = leads.with_columns(pl.coalesce("stay_id", "related").alias("case")).unique(["institution_id", "case"])
        counts = dict(named.group_by("institution_id").len().rows())
        own = {house: counts.get(house, 0) for house in stays}
        for house, names in _gathered(own, stays, limits).items():
            expected = half_up(sum(own.values()) * stays[house], sum(stays.values()))
            signs += [
                (rule.id, house, name, rule.signals[name].weight, str(own[house]), str(expected))
                for rule in group
                for name in names
                if name in rule.signals
            ]
    table = pl.DataFrame(signs, orient="row", schema=_SIGNS)
    more = table.group_by("rule", "institution_id").agg(pl.col("weight").sum().alias("more"))
    joined = found.join(more, on=["rule", "institution_id"], how="left", maintain_order="left")
    joined = joined.with_columns((pl.col("score") + pl.col("more").fill_null(0)).clip(0, ONE).alias("score"))
    least = pl.col("rule").replace_strict({r.id: limits.least(r) for r in RULES.values()}, return_dtype=pl.Int64)
    joined = joined.filter(pl.col("score") >= least)
    once = joined.filter(pl.col("more").is_not_null() & (pl.col("signal") == "base")).unique(
        _CASE, keep="first", maintain_order=True
    )
    shown = once.drop("signal", "weight", "value", "expected").join(
        table, on=["rule", "institution_id"], maintain_order="left_right"
    )
    shown = shown.with_columns(pl.col("institution_id").alias("record"), pl.lit("suspicions").alias("field"))
    return pl.concat([joined.select(list(HITS)), shown.select(list(HITS))])


def _groups(limits: Limits) -> list[list[Rule]]:
    """Rules with the sign, those counted together in one list."""
    groups: dict[str, list[Rule]] = {}
    for rule in RULES.values():
        if CLUSTERED in rule.signals:
            whole = limits.least(rule) < limits.score(rule)
            groups.setdefault(rule.violation if whole else rule.id, []).append(rule)
    return list(groups.values())


def _gathered(own: Mapping[str, int], stays: Mapping[str, int], limits: Limits) -> dict[str, list[str]]:
    """The signs of every house with any."""
    total, everybody = sum(own.values()), sum(stays.values())
    if not everybody:
        return {}
    found = {}
    for house, ratio in sorted(
        shrunken({h: (own[h], Fraction(total * n, everybody)) for h, n in stays.items()}).items()
    ):
        enough, times = own[house] >= limits.whole("cluster.leads"), rounded(ratio)
        held = {
            CLUSTERED: enough and times >= limits.ratio("cluster.times"),
            CROWDED: enough and times >= limits.ratio("cluster.many"),
            RARE: times <= limits.ratio("cluster.few"),
        }
        if any(held.values()):
            found[house] = [name for name, holds in held.items() if holds]
    return found
