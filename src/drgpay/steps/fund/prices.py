"""Stays at other prices (医疗服务价格调整): fees by category raised and lowered, the stay's cost and who paid it with
them. Groups do not move: they follow from codes."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from drgpay.engine import frame
from drgpay.tables import CATEGORIES, FEES, GROUPED
from drgpay.units import ONE, mul_div_half_up

DETAILS = ("stay_id", *(f"{kind}_fee" for kind in FEES))
SUMS = (
    "n", "without", "cost_old", "cost_new", "personal_old", "personal_new", "fund_old", "fund_new",
    *(f"{kind}_{side}" for kind in CATEGORIES for side in ("old", "new")),
)  # fmt: skip
"""columns of :func:`fee_sums`: stays, those without fees, and fen before and after"""
_PAID = (("total_cost", "cost"), ("personal_paid", "personal"), ("fund_by_item", "fund"))


def repriced(
    stays: Any, details: Any, *, year: int, levels: dict[str, str], rates: dict[tuple[str, str], int]
) -> Any:
    """Whole stays (GROUPED) beside their fees (:data:`DETAILS`) → GROUPED with the costs at the new prices, and with
    columns ``<kind>_old``, ``<kind>_new`` and the costs before (fen).

    ``rates``: (level, category) → change of the price in 1/10,000. Every fee is rounded half up to fen once; what the
    patient and the fund paid moves as the cost does, half up. Stays of other years, or whose fees are not known,
    keep their cost.
    """
    known = frame(details).select(DETAILS).with_columns(known=pl.lit(True))
    joined = frame(stays).join(known, on="stay_id", how="left", maintain_order="left")
    level = joined["institution_id"].cast(pl.String).replace_strict(levels, default="", return_dtype=pl.String)
    moved = (joined["known"].fill_null(False) & (joined["year"] == year)).to_numpy()
    total = joined["total_cost"].to_numpy()
    old: list[Any] = [np.where(moved, joined[f"{kind}_fee"].fill_null(0).to_numpy(), 0) for kind in FEES]
    old.append(np.where(moved, np.maximum(total - sum(old), 0), 0))
    by_level = {name: (level == name).to_numpy() for name in set(levels.values())}
    new: list[Any] = []
    for kind, fees in zip(CATEGORIES, old, strict=True):
        rate = np.zeros(len(total), np.int64)
        for name, there in by_level.items():
            rate[there] = rates.get((name, kind), 0)
        new.append(mul_div_half_up(fees, ONE + rate, ONE))
    cost = np.maximum(total + sum(new) - sum(old), 0)
    columns = {"total_cost": cost}
    for name, _ in _PAID[1:]:
        paid = joined[name].to_numpy()
        columns[name] = np.where(total > 0, mul_div_half_up(paid, cost, np.maximum(total, 1)), paid)
    own = {name: pa.array(values) for name, values in columns.items()}
    whole = pa.table({n: own[n] if n in own else stays.column(n) for n in GROUPED.names}).cast(GROUPED.schema)
    beside = {f"{short}_before": joined[name] for name, short in _PAID}
    fees = {f"{kind}_{side}": pl.Series(values) for side, its in (("old", old), ("new", new))
            for kind, values in zip(CATEGORIES, its, strict=True)}  # fmt: skip
    for name, series in {**beside, **fees, "fees_known": pl.Series(moved)}.items():
        whole = whole.append_column(name, series.to_arrow())
    return whole


def fee_sums(batch: Any, year: int) -> Any:
    """:data:`SUMS` of a year's repriced stays by institution and group."""
    rows = frame(batch).filter(pl.col("year") == year)
    sums = [pl.len().cast(pl.Int64).alias("n"), (~pl.col("fees_known")).sum().cast(pl.Int64).alias("without")]
    for name, short in _PAID:
        sums += [pl.col(f"{short}_before").sum().alias(f"{short}_old"), pl.col(name).sum().alias(f"{short}_new")]
    sums += [pl.col(f"{kind}_{side}").sum() for kind in CATEGORIES for side in ("old", "new")]
    by = [pl.col(name).cast(pl.String) for name in ("institution_id", "drg")]
    return rows.group_by(by).agg(sums).select("institution_id", "drg", *SUMS).to_arrow()


COLUMNS = (
    "year", "institution_id", "drg", "fees_known", "total_cost", "personal_paid", "fund_by_item",
    *(f"{short}_before" for _, short in _PAID), *(f"{kind}_{side}" for kind in CATEGORIES for side in ("old", "new")),
)  # fmt: skip
"""columns :func:`fee_sums` reads"""
