"""Exact sums over the rows of several folders of results that a reader sees."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl

from drgpay.engine import read_table
from drgpay.runs.manifest import TABLES, law_of
from drgpay.runs.pages.measures import DIMENSIONS, Measure
from drgpay.runs.pages.scope import Scope
from drgpay.runs.pages.source import Source
from drgpay.runs.pages.view import Where, test_of, wrong
from drgpay.tables import INSTITUTIONS, Table
from drgpay.units import half_up

Key = tuple[Any, ...]
"""the values of the dimensions"""
Sum = tuple[int, int]
"""what stands above, and below (0: nothing does)"""
Sums = dict[Key, dict[str, Sum]]
"""the sums of every measure, by key"""


@dataclass(frozen=True)
class Folders:
    """Folders of results of one area or several, as a reader sees them."""

    folders: tuple[Path, ...]
    scope: Scope

    @cached_property
    def sources(self) -> tuple[Source, ...]:
        """The folders."""
        return tuple(Source(folder, self.scope) for folder in self.folders)

    @cached_property
    def levels(self) -> dict[str, str]:
        """Levels of the institutions, as the last folder has them."""
        found: dict[str, str] = {}
        for source in self.sources:
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

    def sums(self, by: Sequence[str], measures: Iterable[Measure], where: Sequence[Where]) -> Sums:
        """The sums of measures, by dimensions; a key that a table has no row for has 0 of its measures."""
        by_table: dict[str, list[Measure]] = {}
        for measure in measures:
            by_table.setdefault(measure.table.name, []).append(measure)
        nothing = {m.name: (0, 0) for its in by_table.values() for m in its}
        found: Sums = {}
        for its in by_table.values():
            for key, values in self._of_table(its[0].table, by, its, where).items():
                found.setdefault(key, dict(nothing)).update(values)
        return found

    def _of_table(self, table: Table, by: Sequence[str], measures: list[Measure], where: Sequence[Where]) -> Sums:
        sums = pl.concat([self._of_folder(s, table, by, measures, where) for s in self.sources])
        added = [pl.exclude(by).sum()] if by else [pl.all().sum()]
        whole = (sums.group_by(by).agg(added) if by else sums.select(added)).collect()
        found: Sums = {}
        for row in whole.iter_rows(named=True):
            key = tuple(row[name] for name in by)
            found[key] = {m.name: (row[f"{m.name} above"], row[f"{m.name} below"]) for m in measures}
        return found

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
        if not by:
            return rows.select(adding)
        texts = [pl.col(n).cast(pl.String) for n in by if DIMENSIONS[n].type in ("code", "text")]
        return rows.group_by(by).agg(adding).with_columns(texts)


def _sides(measure: Measure) -> list[pl.Expr]:
    """What stands above and below, added up without a bound of 64 bits."""
    below = pl.lit(0, pl.Int64) if measure.below is None else measure.below
    return [
        side.cast(pl.Int128).sum().alias(f"{measure.name} {where}")
        for side, where in ((measure.above, "above"), (below, "below"))
    ]


def value_of(measure: Measure, sums: Sum, folders: Folders) -> int | None:
    """A sum, or the quotient rounded half up; None when there is nothing below."""
    above, below = sums
    if measure.below is None:
        return above
    below *= folders.scale if measure.by_scale else 1
    return half_up(above * measure.unit, below) if below > 0 else None


def added(parts: Iterable[Mapping[str, Sum]]) -> dict[str, Sum]:
    """The sums of several keys together."""
    found: dict[str, Sum] = {}
    for part in parts:
        for name, (above, below) in part.items():
            before = found.get(name, (0, 0))
            found[name] = (before[0] + above, before[1] + below)
    return found
