"""Which results are of which period, and which come before which."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from drgpay.errors import DrgpayError, Kind
from drgpay.runs.pages.scope import Scope
from drgpay.runs.pages.source import Source
from drgpay.runs.pages.view import wrong

Period = tuple[int, int]
"""year and month, 0 for the whole year"""


def earlier(period: Period, compare: str) -> Period:
    """The period before, or the same of the year before."""
    year, month = period
    if compare == "previous" and month:
        return (year, month - 1) if month > 1 else (year - 1, 12)
    return year - 1, month


def _periods(folders: Sequence[Path], scope: Scope) -> list[tuple[str, Period, Path]]:
    found = []
    for folder in folders:
        manifest = Source(folder, scope).manifest
        found.append(
            (str((manifest.get("region") or {}).get("id")), (manifest["year"], manifest["month"] or 0), folder)
        )
    return sorted(found)


def overlapping(folders: Sequence[Path], scope: Scope) -> None:
    """USAGE when results of an area are about the same month, so that its stays would be counted twice."""
    seen: dict[tuple[str, int], set[int]] = {}
    for area, (year, month), folder in _periods(folders, scope):
        before = seen.setdefault((area, year), set())
        if before and (not month or 0 in before or month in before):
            raise wrong("这些结果的期间重叠,会重复计数", "results of one period: its stays would count twice",
                        folder.name, "每个期间只给一份结果", "name one of each period")  # fmt: skip
        before.add(month)


def times(
    folders: Sequence[Path], dims: Sequence[str], scope: Scope, compare: str
) -> tuple[list[Path], list[Path], list[pl.Expr]]:
    """The folders that are shown, those they are compared with, and what makes the year and month of these those they
    are compared to.

    By month, all folders are both. Else the latest are shown and those of the period before are what they are
    compared with; DATA when there are none.
    """
    year, month = pl.col("year"), pl.col("month")
    if "month" in dims:
        overlapping(folders, scope)
        if compare == "last_year":
            return list(folders), list(folders), [year + 1]
        turn = month == 12
        later = [year + turn.cast(pl.Int16), pl.when(turn).then(1).otherwise(month + 1).cast(pl.Int8).alias("month")]
        return list(folders), list(folders), later
    known = _periods(folders, scope)
    latest = max(period for _, period, _ in known)
    then = earlier(latest, compare)
    now, before = ([f for _, p, f in known if p == wanted] for wanted in (latest, then))
    if not before:
        raise DrgpayError(
            Kind.DATA, zh="没有可比的期间的结果", en="no results of the period to compare with",
            value=f"{then[0]}-{then[1]:02d}" if then[1] else str(then[0]), fix_zh="同时给出该期间的运行结果",
            fix_en="name the results of that period too",
        )  # fmt: skip
    for same in (now, before):
        overlapping(same, scope)
    return now, before, [year + (latest[0] - then[0])] if "year" in dims else []
