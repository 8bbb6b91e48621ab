"""Out-of-area care (异地就医): monthly clearing with every other area, and the watch list (design/06)."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import polars as pl

from drgpay.policy import Policy
from drgpay.units import ONE, half_up

Row = dict[str, Any]

_KEY = ("area", "month", "direction", "insurance_scheme", "setting")


def statements(claims: pl.DataFrame, year: int) -> list[Row]:
    """Rows of table ``out_of_area_statements`` of a year from rows of ``out_of_area_claims``."""
    its = claims.filter(pl.col("settled_on").dt.year() == year).with_columns(
        month=pl.col("settled_on").dt.month().cast(pl.Int64)
    )
    sums = its.group_by(_KEY).agg(
        n=pl.len().cast(pl.Int64),
        cost=pl.col("total_cost").sum(),
        personal=pl.col("personal_paid").sum(),
        fund=pl.col("fund_amount").sum(),
    )
    return sums.sort(_KEY).to_dicts()


def added(rows: list[Row], more: list[Row]) -> list[Row]:
    """Statements of both lists, added up by key."""
    total: dict[tuple[Any, ...], Row] = {}
    for row in (*rows, *more):
        key = tuple(row[n] for n in _KEY)
        if key not in total:
            total[key] = dict(row)
        else:
            for name in ("n", "cost", "personal", "fund"):
                total[key][name] += row[name]
    return [total[key] for key in sorted(total)]


def watch(claims: pl.DataFrame, year: int, policy: Policy) -> list[Row]:
    """Rows of table ``out_of_area_watch``: institutions with a reason to look at, each judged exactly.

    ``mean_cost``: mean cost above ``out_of_area.watch_cost_multiple`` × the mean of its setting; ``unregistered``:
    share of claims neither registered nor referred above ``out_of_area.watch_unregistered_share``; ``own_share``: one
    such claim of own insured whose own share is below the points that going without referral adds
    (``benefit.unreferred_extra``): the rule was not applied. A limit that is not set judges nothing, and
    institutions below ``out_of_area.watch_min_claims`` are not judged.
    """
    fewest = policy.integer_or_none("out_of_area.watch_min_claims") or 1
    multiple = policy.ratio_or_none("out_of_area.watch_cost_multiple")
    most = policy.ratio_or_none("out_of_area.watch_unregistered_share")
    extra = policy.ratio_or_none("benefit.unreferred_extra") or 0
    free = ~pl.col("registered") & ~pl.col("referred")
    low = free & (pl.col("direction") == "out") & (pl.col("personal_paid") * ONE < pl.col("total_cost") * extra)
    sums = (
        claims.filter(pl.col("settled_on").dt.year() == year)
        .group_by("institution_id", "setting")
        .agg(
            n=pl.len().cast(pl.Int64),
            cost=pl.col("total_cost").sum(),
            free=free.cast(pl.Int64).sum(),
            low=low.cast(pl.Int64).sum(),
        )
        .sort("institution_id", "setting")
    )
    whole: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for setting, n, cost in sums.select("setting", "n", "cost").rows():
        whole[setting] = [whole[setting][0] + n, whole[setting][1] + cost]
    rows = []
    for institution, setting, n, cost, unregistered, own in sums.rows():
        all_n, all_cost = whole[setting]
        reasons = {
            "mean_cost": multiple is not None and cost * all_n * ONE > multiple * all_cost * n,
            "unregistered": most is not None and unregistered * ONE > most * n,
            "own_share": own > 0,
        }
        if n >= fewest and any(reasons.values()):
            rows.append(
                {
                    "institution_id": institution,
                    "setting": setting,
                    "n": n,
                    "mean_cost": half_up(cost, n),
                    "mean_of_all": half_up(all_cost, all_n),
                    "unregistered_share": half_up(unregistered * ONE, n),
                    "low_own_share": own,
                    "reasons": [name for name, yes in reasons.items() if yes],
                }
            )
    return rows
