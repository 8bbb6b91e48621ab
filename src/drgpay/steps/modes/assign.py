"""The mode, rule and price of every stay, and what goes on to DRG points (design/06)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from drgpay.engine import coded, codes_in, frame, integers
from drgpay.policy import ModeRule, Policy
from drgpay.steps.modes.rules import (
    BED_DAY,
    DEFAULT,
    DRG,
    NONE,
    QUOTA,
    SINGLE_DISEASE,
    Decided,
    Ints,
    Places,
    RateTable,
    decide,
    rate_table,
)
from drgpay.tables import EXITS, GROUPED, LEVELS, MODES, STAY_MODES

SCANNED = GROUPED.names
"""columns of table ``grouped`` the kernel reads"""

AMOUNT = "mode_amount"
"""column that tells the points which price, in fen, a bed-day stay in the pool has; null for DRG stays (the step of
the points reads it under the same name)"""


@dataclass(frozen=True)
class ModeTables:
    """Rules, rates and what they ask of institutions."""

    rules: tuple[ModeRule, ...]
    places: Places
    bed_day: RateTable
    prices: RateTable
    quota: RateTable
    per_day: tuple[str, ...]
    lower: bool
    with_patients: bool
    in_points: bool
    good_ways: tuple[int, ...]
    refused: Any = field(default_factory=lambda: pa.nulls(0, pa.string()))
    """stays that are not paid"""


def mode_tables(policy: Policy, places: Places, refused: Iterable[str] = ()) -> ModeTables:
    """The kernel's tables from the policy and the registers. ``refused``: stays that are not paid."""
    rules = policy.rules("modes.rules")
    categories = tuple(sorted({r.category for r in rules if r.category}))

    def rates(name: str) -> RateTable:
        return rate_table(policy, name, categories, LEVELS)

    return ModeTables(
        rules, places, rates("bed_day.rates"), rates("single_disease.prices"), rates("quota.amounts"),
        policy.codes_or_none("quota.per_day") or (),
        policy.choice_or_none("single_disease.pays") == "lower",
        policy.choice("fund.basis") == "total",
        policy.flag("modes.bed_day_in_points"),
        tuple(int(w) for w in policy.names_or_none("bed_day.good_ways") or ()),
        pa.array(sorted(refused), pa.string()),
    )  # fmt: skip


@dataclass(frozen=True)
class Priced:
    """Columns of a batch after its modes: see table ``stay_modes``; prices are −1 under DRG points."""

    decided: Decided
    category: Ints
    price: Ints
    due: Ints


def price(batch: Any, tables: ModeTables, *, visits: bool = False) -> Priced:
    """Decide the modes of a batch and price them.

    Bed-day: Σ days of a segment × its rate. Single disease: its price, or the lower of price and cost. Quota: per
    stay, visit, or day. By item, capitation and out of area: the cost. On basis ``total`` a price counts what the
    patient pays, so the fund owes the rest, at least nothing; by item it owes what the item rules say. No rounding:
    every amount is a sum of whole fen.
    """
    decided = decide(batch, tables.rules, tables.places, visits=visits)
    names = pa.array([r.category for r in tables.rules] or [""], pa.string())
    place = codes_in(names, tables.bed_day.categories)
    category = np.append(place, -1)[decided.rule]
    level = codes_in(batch.column("institution_id"), pa.array(sorted(tables.places.levels), pa.string()))
    of_institution = codes_in(
        pa.array([tables.places.levels[h] for h in sorted(tables.places.levels)], pa.string()), pa.array(LEVELS)
    )
    level = np.append(of_institution, -1)[level]
    cost, personal = integers(batch.column("total_cost")), integers(batch.column("personal_paid"))
    by_item = integers(batch.column("fund_by_item"))
    days = np.ones(len(cost), np.int64) if visits else integers(batch.column("los"), 0)
    amount, mode = cost.copy(), decided.mode
    rows = np.flatnonzero(mode == BED_DAY)
    # A stay of less than a day is a day of care.
    amount[rows] = tables.bed_day.by_days(category, level, np.maximum(days, 1), rows)
    rows = np.flatnonzero(mode == SINGLE_DISEASE)
    amount[rows] = tables.prices.single(category, level, rows)
    if tables.lower:
        amount[rows] = np.minimum(amount[rows], cost[rows])
    rows = np.flatnonzero(mode == QUOTA)
    amount[rows] = tables.quota.single(category, level, rows)
    per_day = np.isin(category, codes_in(pa.array(tables.per_day, pa.string()), tables.quota.categories))
    daily = np.flatnonzero((mode == QUOTA) & per_day & (category >= 0))
    amount[daily] *= np.maximum(days[daily], 1)
    priced = np.isin(mode, (BED_DAY, SINGLE_DISEASE, QUOTA))
    due = np.where(priced, np.maximum(amount - personal, 0) if tables.with_patients else amount, by_item)
    amount[mode == DRG], due[mode == DRG] = -1, -1
    return Priced(decided, category, amount, due)


def labels(decided: Decided, rules: tuple[ModeRule, ...]) -> dict[str, Any]:
    """Columns mode, rule, category of a batch."""
    vocabulary = pa.array([*(r.id for r in rules), DEFAULT], pa.string())
    rule = np.where(decided.rule < 0, len(rules), decided.rule)
    categories = [*(r.category or NONE for r in rules), NONE]
    named = sorted(set(categories))
    return {
        "mode": coded(decided.mode, pa.array(MODES)),
        "rule": coded(rule, vocabulary),
        "category": coded(np.array([named.index(c) for c in categories], np.int64)[rule], pa.array(named)),
    }


def assign_batch(batch: Any, tables: ModeTables, year: int, months: tuple[int, ...]) -> tuple[Any, Any, Any]:
    """Three batches from one of ``grouped``: table ``stay_modes`` of the settled months; the stays that go on to the
    points, of all years, with column ``mode_amount``; and the settled ones whose DRG price is only reported.

    A refused stay is owed nothing; what it would be owed stands beside it.
    """
    result = price(batch, tables)
    mode = result.decided.mode
    now = (integers(batch.column("year")) == year) & np.isin(integers(batch.column("month")), months)
    ways = integers(batch.column("discharge_way"), -1)
    refused = (codes_in(batch.column("stay_id"), tables.refused) >= 0) & (mode != DRG)
    due = np.where(refused, 0, result.due)
    own = labels(result.decided, tables.rules) | {
        "left_rule": coded(result.decided.left, pa.array([r.id for r in tables.rules], pa.string())),
        "exit": coded(result.decided.exit, pa.array(EXITS)),
        "days": pa.array(integers(batch.column("los"), 0)),
        "good_outcome": pa.array(np.isin(ways, tables.good_ways)),
        "price": pa.array(result.price, mask=mode == DRG),
        "due": pa.array(due, mask=mode == DRG),
        "refused": pa.array(result.due, mask=~refused),
    }
    modes = pa.table({n: own[n] if n in own else batch.column(n) for n in STAY_MODES.names})
    pooled_days = (mode == BED_DAY) & tables.in_points & now
    pooled = pa.table(batch).append_column(AMOUNT, pa.array(result.price, mask=~pooled_days))
    shadow = np.array([*(r.shadow for r in tables.rules), False])[result.decided.rule] & now
    priced = pa.table(batch).append_column(AMOUNT, pa.nulls(batch.num_rows, pa.int64()))
    priced = priced.append_column("due", pa.array(np.maximum(due, 0)))
    return (
        modes.cast(STAY_MODES.schema).filter(pa.array(now)),
        pooled.filter(pa.array((mode == DRG) | pooled_days)),
        priced.filter(pa.array(shadow & (mode != DRG))),
    )


SUM_KEYS = ("insurance_scheme", "month", "institution_id", "setting", "mode", "category")


def added_up(batch: Any, setting: str) -> Any:
    """Integer sums of a batch of ``stay_modes`` (or ``visit_payments``) by :data:`SUM_KEYS`.

    Refused stays count in all but ``actual``: ``before`` is what would be owed with them, ``refused`` their part.
    """
    rows = frame(batch)
    if setting == "inpatient":
        rows = rows.with_columns(good=pl.col("good_outcome").cast(pl.Int64))
    else:
        nothing = pl.lit(0, pl.Int64)
        rows = rows.with_columns(days=nothing, good=nothing, refused=pl.lit(None, pl.Int64))
    return (
        rows.with_columns(setting=pl.lit(setting))
        .group_by(SUM_KEYS)
        .agg(
            pl.len().cast(pl.Int64).alias("n"),
            pl.col("total_cost").sum().alias("cost"),
            pl.col("personal_paid").sum().alias("personal"),
            pl.col("fund_by_item").filter(pl.col("refused").is_null()).sum().alias("actual"),
            pl.col("price").fill_null(0).sum(),
            (pl.col("due").fill_null(0) + pl.col("refused").fill_null(0)).sum().alias("before"),
            pl.col("refused").fill_null(0).sum(),
            pl.col("days", "good").sum(),
        )
        .select(*SUM_KEYS, "n", "days", "cost", "personal", "actual", "price", "before", "refused", "good")
        .to_arrow()
    )
