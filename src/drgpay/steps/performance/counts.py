"""What is counted of a hospital's stays beside the sums: level-4 operations, groups treated, recovery plans met."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import polars as pl

from drgpay.engine import frame
from drgpay.steps.performance.results import grouped_stays
from drgpay.steps.performance.stays import of_institution
from drgpay.units import ONE

LEVEL4 = 4
"""the highest level of an operation"""
LEVEL4_SCANNED = ("stay_id", "institution_id", "year", "month", "department_id", "proc")


def level4_stays(batch: Any, institution: str, year: int, codes: Collection[str]) -> Any:
    """Stays with an operation of the codes by department and month: kernel of ``engine.sum`` over ``grouped``. A
    stay counts once."""
    rows = frame(of_institution(batch, institution)).filter(pl.col("year") == year)
    listed = rows.explode("proc").filter(pl.col("proc").cast(pl.String).is_in(sorted(codes)))
    each = listed.select("stay_id", pl.col("department_id").fill_null(""), "month").unique()
    return each.group_by("department_id", "month").agg(n=pl.len().cast(pl.Int64)).to_arrow()


def groups_treated(now: pl.DataFrame, before: pl.DataFrame, last: int) -> int:
    """Groups with a stay in the twelve months up to month ``last``: of this year's cells, and of last year's. Stays
    without a group and ambiguous ones are none."""
    year = now.filter(pl.col("month") <= last).select("drg")
    rest = before.filter(pl.col("month") > last).select("drg")
    return int(pl.concat([grouped_stays(year), grouped_stays(rest)])["drg"].n_unique())


def recovery_stays(stays: pl.DataFrame, months: Sequence[int], least: int) -> pl.DataFrame:
    """The stays of the months in groups that take long to recover from: groups of operations whose mean stay in the
    region is at least ``least`` days. ``stays``: columns of ``hospital_stays``."""
    return stays.filter(
        pl.col("month").is_in(months) & pl.col("operated") & (pl.col("expected_los") >= least * ONE)
    ).with_columns(pl.col("department_id").fill_null(""))


def recovery_rates(stays: pl.DataFrame, met: Collection[str]) -> dict[str, tuple[int, int]]:
    """Department → (plans met, stays) of :func:`recovery_stays`; a stay without a plan that was met is not met."""
    sums = stays.group_by("department_id").agg(
        pl.col("stay_id").is_in(sorted(met)).cast(pl.Int64).sum().alias("met"), pl.len().cast(pl.Int64).alias("n")
    )
    return {d: (good, n) for d, good, n in sums.sort("department_id").rows()}
