"""Exact sums over the rows of several folders of results that a reader sees."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import polars as pl

from drgpay.engine import read_table
from drgpay.runs.manifest import TABLES, law_of
from drgpay.runs.pages.measures import DIMENSIONS, Measure, quotient
from drgpay.runs.pages.scope import Scope
from drgpay.runs.pages.source import Source, reading
from drgpay.runs.pages.view import Where, test_of, wrong
from drgpay.tables import INSTITUTIONS, Table

ABOVE, BELOW = " above", " below"
"""after the name of a measure: the column with what stands above, and with what below"""
_THIN = "groups of few institutions"
"""the column with how many groups a cell has that fewer others treat than a reader of one institution may know"""


@dataclass(frozen=True)
class Folders:
    """Folders of results of one area or several, as a reader sees them. ``below``: of how many others at least a
    figure must come that such a reader sees, and of how many groups where others are fewer."""

    folders: tuple[Path, ...]
    scope: Scope
    below: int = 5

    @cached_property
    def sources(self) -> tuple[Source, ...]:
        """The folders."""
        return tuple(Source(folder, self.scope) for folder in self.folders)

    @cached_property
    def levels(self) -> dict[str, str]:
        """Levels of the institutions, as the last folder has them."""
        found: dict[str, str] = {}
        for source in self.sources:
            source.table(INSTITUTIONS.name)
            found |= dict(read_table(source.folder / TABLES, INSTITUTIONS).select("institution_id", "level").rows())
        return found

    @cached_property
    def scale(self) -> int:
        """Points of a base case. USAGE when the folders have several."""
        found = {law_of(s.folder, s.manifest).integer("points.scale") for s in self.sources}
        if len(found) > 1:
            raise wrong("这些结果的点数基准不同,不能合计", "these results are not of one scale of points",
                        "、".join(map(str, sorted(found))), "分别汇总", "sum them up one by one")  # fmt: skip
        return found.pop()

    def sums(self, by: Sequence[str], measures: Iterable[Measure], where: Sequence[Where]) -> pl.DataFrame:
        """The sums of measures by dimensions, above and below; where a table has no row for a key, 0."""
        by_table: dict[str, list[Measure]] = {}
        for measure in measures:
            by_table.setdefault(measure.table.name, []).append(measure)
        whole: pl.DataFrame | None = None
        for its in by_table.values():
            parts = pl.concat([self._of_folder(s, its[0].table, by, its, where) for s in self.sources])
            found = parts.group_by(by).agg(pl.exclude(by).sum()) if by else parts.sum()
            with reading(self.folders[0]):
                here = found.collect()
            whole = here if whole is None else _beside(whole, here, by)
        assert whole is not None
        return whole

    def _of_folder(
        self, source: Source, table: Table, by: Sequence[str], measures: list[Measure], where: Sequence[Where]
    ) -> pl.LazyFrame:
        source.table(table.name)
        more = {
            "level": pl.col("institution_id").cast(pl.String).replace_strict(self.levels, default=None),
            "year": pl.lit(source.manifest["year"], pl.Int16),
        }
        missing = [name for name in more if name not in table.names]
        whole = replace(table, columns=(*table.columns, *(DIMENSIONS[name] for name in missing)))
        for name in by:
            if name not in whole.names:
                raise wrong(
                    "这项指标不能按此维度汇总", "this measure is not known by that dimension",
                    f"{measures[0].name}, {name}", "去掉该维度或该指标", "leave out the dimension or the measure",
                )  # fmt: skip
        rows = source.rows(table).with_columns(more[name].alias(name) for name in missing)
        tests = [test_of(whole, test, self.scope.hidden(table)) for test in where]
        rows = rows.filter(tests) if tests else rows
        adding = [expr for m in measures for expr in _sides(m)]
        if self.scope.limited and any(m.beside_all for m in measures):
            thin = pl.col("drg").filter(pl.col("houses") <= self.below).n_unique()
            adding.append(thin.cast(pl.Int128).alias(_THIN))
        if not by:
            return rows.select(adding)
        texts = [pl.col(n).cast(pl.String) for n in by if DIMENSIONS[n].type in ("code", "text")]
        return rows.group_by(by).agg(adding).with_columns(texts)


def _sides(measure: Measure) -> list[pl.Expr]:
    """What stands above and below, added up without a bound of 64 bits."""
    below = pl.lit(0, pl.Int64) if measure.below is None else measure.below
    return [
        side.cast(pl.Int128).sum().alias(measure.name + where)
        for side, where in ((measure.above, ABOVE), (below, BELOW))
    ]


def _beside(one: pl.DataFrame, other: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
    if not by:
        return pl.concat([one, other], how="horizontal")
    both = one.join(other, on=by, how="full", coalesce=True, nulls_equal=True)
    return both.with_columns(pl.exclude(by).fill_null(0))


def value_of(measure: Measure, folders: Folders) -> pl.Expr:
    """A sum, or the quotient rounded half up as :func:`drgpay.units.half_up` does; null when nothing is below, and
    where the stays of few others could be worked out of it."""
    above = pl.col(measure.name + ABOVE)
    if measure.below is None:
        return above.alias(measure.name)
    below = pl.col(measure.name + BELOW) * (folders.scale if measure.by_scale else 1)
    value = quotient(above * measure.unit, below)
    if measure.beside_all and folders.scope.limited:
        value = pl.when((pl.col(_THIN) == 0) | (pl.col(_THIN) >= folders.below)).then(value)
    return value.alias(measure.name)
