"""Passes over the grouped stays of the base years: which ones count, and sums by group and by what could split it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import polars as pl

from drgpay.engine import Dataset, Engine, frame, square_sum, squares
from drgpay.steps.study.moments import Moments
from drgpay.tables import MOST
from drgpay.units import ONE

SCANNED = (
    "institution_id", "year", "adrg", "drg", "severity", "status", "age", "los", "dx", "proc", "total_cost",
)  # fmt: skip
"""columns of table ``grouped`` that are read"""
PIECES = ("n", "cost", "q2", "q1", "q0")
_ALL = ""
"""the value of no factor: the whole group"""


@dataclass(frozen=True)
class Entering:
    """Which stays count: of the base years, with days of stay as in the base period, and no dearer than ``high``
    (fen) by ``year`` and ``unit``: the group, or of a stay without one its status and the category of its principal
    diagnosis."""

    years: tuple[int, ...]
    min_los: int
    max_los: int
    high: pl.DataFrame | None = None

    def of(self, batch: Any) -> pl.DataFrame:
        """The stays of a batch that count, with their ``unit``."""
        rows = frame(batch).filter(
            pl.col("year").is_in(self.years) & pl.col("los").is_between(self.min_los, self.max_los)
        )
        category = pl.col("dx").list.first().fill_null("").str.head(3)
        unit = pl.when(pl.col("status") == "grouped").then(pl.col("drg")).otherwise(pl.col("drg") + "|" + category)
        rows = rows.with_columns(pl.col("year").cast(pl.Int64), unit=unit)
        if self.high is None:
            return rows
        kept = rows.join(self.high, on=["year", "unit"], how="left", maintain_order="left")
        return kept.filter(pl.col("total_cost") <= pl.col("high"))


def summed(rows: pl.DataFrame, *by: str) -> pl.DataFrame:
    """``n, cost, q2, q1, q0`` of stays by some columns."""
    return rows.group_by(by).agg(n=pl.len().cast(pl.Int64), cost=pl.col("total_cost").sum(), **squares("total_cost"))


def unit_kernel(batch: Any, *, entering: Entering) -> Any:
    """``year, unit, n, cost`` of the stays that enter."""
    rows = entering.of(batch).group_by("year", "unit")
    return rows.agg(n=pl.len().cast(pl.Int64), cost=pl.col("total_cost").sum()).to_arrow()


def factor_kernel(batch: Any, *, entering: Entering) -> Any:
    """Sums of the grouped stays by ``drg, factor, value, year``: the whole group, and each value of what could split
    it. A stay counts once for every procedure it reports."""
    rows = entering.of(batch).filter(pl.col("status") == "grouped")
    single = {
        _ALL: pl.lit(_ALL),
        "severity": pl.col("severity"),
        "age": pl.col("age").cast(pl.String).fill_null(_ALL),
        "los": pl.col("los").cast(pl.String),
        "diagnosis": pl.col("dx").list.first().fill_null(_ALL),
    }
    parts = [rows.with_columns(factor=pl.lit(name), value=value) for name, value in single.items()]
    codes = rows.with_columns(factor=pl.lit("procedure"), value=pl.col("proc").list.unique()).explode("value")
    parts.append(codes.filter(pl.col("value").is_not_null()))
    by = ("drg", "factor", "value", "year")
    return pl.concat([summed(part, *by) for part in parts]).to_arrow()


class CodeSet(NamedTuple):
    """Codes that may split an ADRG: stays with one of them as a procedure, or as the principal diagnosis."""

    adrg: str
    factor: str
    codes: tuple[str, ...]


def set_kernel(batch: Any, *, entering: Entering, sets: Sequence[CodeSet]) -> Any:
    """Sums of the stays that are in each set of codes: ``number, drg, year``."""
    rows = entering.of(batch).filter(pl.col("status") == "grouped")
    by_adrg = {key[0]: its for key, its in rows.group_by("adrg")}
    parts = [summed(rows.clear().with_columns(number=pl.lit(0, pl.Int64)), "number", "drg", "year")]
    for number, its in enumerate(sets):
        mine = by_adrg.get(its.adrg)
        if mine is not None:
            codes = list(its.codes)
            first = pl.col("dx").list.first().is_in(codes)
            some = pl.col("proc").list.eval(pl.element().is_in(codes)).list.any()
            inside = mine.filter(first if its.factor == "diagnosis" else some)
            parts.append(summed(inside.with_columns(number=pl.lit(number, pl.Int64)), "number", "drg", "year"))
    return pl.concat(parts).to_arrow()


def entering_of(
    engine: Engine, grouped: Dataset, years: tuple[int, ...], days: tuple[int, int], multiple: int
) -> Entering:
    """Which stays of a data set count (``days``: fewest and most; ``multiple`` of the mean of their unit in the year,
    in 1/10,000)."""
    whole = Entering(years, *days)
    means = frame(
        engine.sum(grouped, partial(unit_kernel, entering=whole), ("year", "unit"), SCANNED, "study: groups")
    )
    rows = [(y, u, min(multiple * cost // (ONE * n), MOST)) for y, u, n, cost in means.iter_rows()]
    high = pl.DataFrame(rows, schema={"year": pl.Int64, "unit": pl.String, "high": pl.Int64}, orient="row")
    return Entering(years, *days, high)


Values = dict[str, dict[str, dict[str, Moments]]]
"""DRG → factor → value → its stays"""


def values_of(engine: Engine, grouped: Dataset, entering: Entering) -> Values:
    """What could split every group, by value."""
    by = ("drg", "factor", "value", "year")
    table = frame(engine.sum(grouped, partial(factor_kernel, entering=entering), by, SCANNED, "study: factors"))
    found: Values = {}
    for (drg, factor, value), its in moments_by(table, "drg", "factor", "value").items():
        found.setdefault(drg, {}).setdefault(factor, {})[value] = its
    return found


def sets_of(
    engine: Engine, grouped: Dataset, entering: Entering, sets: Sequence[CodeSet]
) -> dict[int, dict[str, Moments]]:
    """The stays of each set by group: number of the set → DRG → its stays."""
    if not sets:
        return {}
    kernel = partial(set_kernel, entering=entering, sets=tuple(sets))
    table = frame(engine.sum(grouped, kernel, ("number", "drg", "year"), SCANNED, "study: sets of codes"))
    found: dict[int, dict[str, Moments]] = {}
    for (number, drg), its in moments_by(table, "number", "drg").items():
        found.setdefault(number, {})[drg] = its
    return found


def moments_by(table: pl.DataFrame, *keys: str) -> dict[tuple[Any, ...], Moments]:
    """Sums of a table with ``year`` and the pieces, as moments by some of its columns."""
    rows: dict[tuple[Any, ...], list[tuple[int, int, int, int]]] = {}
    for *key, year, n, cost, q2, q1, q0 in table.select(*keys, "year", *PIECES).iter_rows():
        rows.setdefault(tuple(key), []).append((year, n, cost, square_sum(q2, q1, q0)))
    return {key: Moments.of(its) for key, its in sorted(rows.items())}
