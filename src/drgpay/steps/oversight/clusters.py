"""Where leads of one rule gather: chance spreads honest look-alikes over houses by their size, habit does not."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

import polars as pl

from drgpay.steps.oversight.catalogue import RULES, Limits
from drgpay.steps.oversight.hits import CLUSTERED, HITS
from drgpay.steps.oversight.statistics import rounded, shrunken
from drgpay.units import ONE, half_up

_CASE = ("rule", "stay_id", "related", "institution_id")


def clustered(found: pl.DataFrame, stays: Mapping[str, int], limits: Limits) -> pl.DataFrame:
    """Hits without the leads that stay below the limit of their rule.

    Of every rule with the sign, an institution's leads are compared with those expected of its ``stays`` (a count by
    institution) at everybody's rate, the ratio drawn to the mean for small numbers. From ``cluster.times`` on, and
    ``cluster.leads`` leads, every lead of the institution has the sign, with both counts as its evidence."""
    rules = [rule for rule in RULES.values() if CLUSTERED in rule.signals]
    cases = found.filter(pl.col("rule").is_in([r.id for r in rules])).select(_CASE).unique()
    leads = {(r, h): n for r, h, n in cases.group_by("rule", "institution_id").len().rows()}
    everybody = sum(stays.values())
    lifted = []
    for rule in rules:
        own = {h: leads.get((rule.id, h), 0) for h in stays}
        total = sum(own.values())
        ratios = (
            shrunken({h: (own[h], Fraction(total * n, everybody)) for h, n in stays.items()}) if everybody else {}
        )
        weight = rule.signals[CLUSTERED].weight
        for h, ratio in sorted(ratios.items()):
            if own[h] >= limits.whole("cluster.leads") and rounded(ratio) >= limits.ratio("cluster.times"):
                expected = half_up(total * stays[h], everybody)
                lifted.append((rule.id, h, weight, str(own[h]), str(expected)))
    columns = {"rule": pl.String, "institution_id": pl.String, "more": pl.Int64, "own": pl.String, "usual": pl.String}
    table = pl.DataFrame(lifted, orient="row", schema=columns)
    joined = found.join(table, on=["rule", "institution_id"], how="left", maintain_order="left")
    limit = pl.col("rule").replace_strict({r.id: limits.score(r) for r in RULES.values()}, return_dtype=pl.Int64)
    joined = joined.with_columns((pl.col("score") + pl.col("more").fill_null(0)).clip(0, ONE).alias("score"))
    joined = joined.filter(pl.col("score") >= limit)
    signs = joined.filter(pl.col("more").is_not_null() & (pl.col("signal") == "base")).unique(
        _CASE, keep="first", maintain_order=True
    )
    signs = signs.with_columns(
        pl.lit(CLUSTERED).alias("signal"),
        pl.col("more").alias("weight"),
        pl.col("institution_id").alias("record"),
        pl.lit("suspicions").alias("field"),
        pl.col("own").alias("value"),
        pl.col("usual").alias("expected"),
    )
    return pl.concat([joined.select(list(HITS)), signs.select(list(HITS))])
