"""The same stays under two schemes: which change their group, counts from group to group, and mean cost per group."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import polars as pl
import pyarrow as pa

from drgpay.engine import frame

_PAIR = ("drg_a", "drg_b")


def paired_groups(stays: Any, a: Any, b: Any) -> pl.DataFrame:
    """Stay by stay: ``stay_id``, ``drg_a``, ``drg_b`` and, where the stays have it, ``total_cost`` in fen.

    ``stays`` is a record batch, ``a`` and ``b`` are what :func:`group_batch` made of it under the two schemes.
    """
    columns = {"stay_id": stays.column("stay_id"), "drg_a": a.column("drg"), "drg_b": b.column("drg")}
    if "total_cost" in stays.schema.names:
        columns["total_cost"] = stays.column("total_cost")
    return frame(pa.table(columns)).with_columns(pl.col(_PAIR).cast(pl.String))


def count_transitions(part: pl.DataFrame) -> pl.DataFrame:
    """Stays (``n``) and, where there is cost, ``cost`` of some :func:`paired_groups`, by pair of groups."""
    sums = [pl.len().cast(pl.Int64).alias("n")]
    if "total_cost" in part.columns:
        sums.append(pl.col("total_cost").sum().alias("cost"))
    return part.group_by(_PAIR).agg(sums)


def all_transitions(counts: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """Several :func:`count_transitions` as one, in the order of the groups."""
    whole = pl.concat(list(counts))
    return whole.group_by(_PAIR).agg(pl.exclude(_PAIR).sum()).sort(_PAIR)


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
