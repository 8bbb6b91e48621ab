"""The same stays under two schemes: which change their group, counts from group to group, and mean cost per group."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import polars as pl
import pyarrow as pa

from drgpay.engine import frame

_PAIR = ("drg_a", "drg_b")
PLACES = ("institution_id", "department_id")
"""where a stay was, as far as a file says it"""


def paired_groups(stays: Any, a: Any, b: Any, places: Mapping[str, Any] | None = None) -> pl.DataFrame:
    """Stay by stay: ``stay_id``, ``drg_a``, ``drg_b`` and, where the stays have it, ``total_cost`` in fen.

    ``stays`` is a record batch, ``a`` and ``b`` are what :func:`group_batch` made of it under the two schemes;
    ``places`` are columns of :data:`PLACES` beside it.
    """
    columns = {"stay_id": stays.column("stay_id"), "drg_a": a.column("drg"), "drg_b": b.column("drg")}
    if "total_cost" in stays.schema.names:
        columns["total_cost"] = stays.column("total_cost")
    named = [pl.Series(name, column).cast(pl.String) for name, column in (places or {}).items()]
    return frame(pa.table(columns)).with_columns(pl.col(_PAIR).cast(pl.String), *named)


def count_transitions(part: pl.DataFrame) -> pl.DataFrame:
    """Stays (``n``) and, where there is cost, ``cost`` of some :func:`paired_groups`, by place and pair of groups."""
    sums = [pl.len().cast(pl.Int64).alias("n")]
    if "total_cost" in part.columns:
        sums.append(pl.col("total_cost").sum().alias("cost"))
    return part.group_by(*(name for name in PLACES if name in part.columns), *_PAIR).agg(sums)


def all_transitions(counts: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """Several :func:`count_transitions` as one, whatever the place, in the order of the groups."""
    whole = pl.concat(list(counts), how="diagonal")
    return whole.group_by(_PAIR).agg(pl.exclude(*_PAIR, *PLACES).sum()).sort(_PAIR)


def places_before_after(counts: Iterable[pl.DataFrame], by: Sequence[str]) -> pl.DataFrame | None:
    """Institutions, or departments (``by``): stays, how many ``changed`` their group and, where there is cost, what
    their stays are worth at the mean cost of their groups before and after (fen), the largest loss first.

    A mean is rounded half up; stays of one group over all places are worth what they cost. None where the counts do
    not have the place.
    """
    whole = pl.concat(list(counts), how="diagonal")
    if any(name not in whole.columns for name in by):
        return None
    sums = [pl.col("n").sum(), pl.col("n").filter(pl.col("drg_a") != pl.col("drg_b")).sum().alias("changed")]
    if "cost" in whole.columns:
        for side, code in zip("ab", _PAIR, strict=True):
            n, cost = (pl.col(name).sum().over(code) for name in ("n", "cost"))
            whole = whole.with_columns((pl.col("n") * ((2 * cost + n) // (2 * n))).alias(f"worth_{side}"))
        sums += [pl.col(name).sum() for name in ("worth_a", "worth_b")]
    table = whole.group_by(by).agg(sums)
    if "worth_a" not in table.columns:
        return table.sort("changed", *by, descending=[True, *(False for _ in by)], nulls_last=True)
    table = table.with_columns((pl.col("worth_b") - pl.col("worth_a")).alias("worth_diff"))
    return table.sort("worth_diff", *by, nulls_last=True)


def groups_before_after(whole: pl.DataFrame) -> pl.DataFrame:
    """Every group's stays before and after (``n_a``, ``n_b``) and, where there is cost, the mean of each in fen.

    Means are rounded half up; they are null where the group has no stay.
    """
    sides = []
    for side, code in zip("ab", _PAIR, strict=True):
        sums = whole.group_by(pl.col(code).alias("drg")).agg(pl.exclude(_PAIR).sum().name.suffix(f"_{side}"))
        if f"cost_{side}" in sums.columns:
            n, cost = pl.col(f"n_{side}"), pl.col(f"cost_{side}")
            sums = sums.with_columns(((2 * cost + n) // (2 * n)).alias(f"mean_{side}")).drop(f"cost_{side}")
        sides.append(sums)
    joined = sides[0].join(sides[1], on="drg", how="full", coalesce=True).sort("drg")
    return joined.with_columns(pl.col("n_a", "n_b").fill_null(0))
