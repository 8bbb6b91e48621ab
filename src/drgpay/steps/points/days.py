"""Points under several laws: stays discharged on different days are scored by different tables (design/04 §7)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa

from drgpay.engine import integers, one_batch
from drgpay.steps.points import kernel
from drgpay.steps.points.kernel import PointsTables

DAY = "discharge_date"


@dataclass(frozen=True)
class ByDay:
    """Tables by day of discharge: ``tables[i]`` scores stays from day ``starts[i]`` (days since 1970) until the next
    start; the first also those before. ``caps``: the cap on extra points of each, None for no cap."""

    starts: tuple[int, ...]
    tables: tuple[PointsTables, ...]
    caps: tuple[int | None, ...]

    @property
    def last(self) -> PointsTables:
        """The tables of the last days."""
        return self.tables[-1]


Tables = PointsTables | ByDay
"""what a stay's points come from: one law's tables, or several by day of discharge"""


def by_day(firsts: Sequence[date], tables: Sequence[PointsTables], caps: Sequence[int | None]) -> ByDay:
    """Tables by their first day of discharge, in order."""
    return ByDay(tuple(day.toordinal() - _EPOCH for day in firsts), tuple(tables), tuple(caps))


_EPOCH = date(1970, 1, 1).toordinal()


def place_of(days: Any, starts: Sequence[int]) -> Any:
    """For every day of a column of dates: the place of the last start that is not after it, at least 0."""
    numbers = integers(days.cast(pa.int32()))
    return np.maximum(np.searchsorted(np.array(starts, np.int64), numbers, side="right") - 1, 0)


def score_by_day(batch: Any, tables: Tables) -> tuple[Any, Any]:
    """:func:`~.kernel.score_batch`, each stay by the tables of its day; the case points in the order of the batch."""
    if isinstance(tables, PointsTables):
        return kernel.score_batch(batch, tables)
    last = tables.last
    now = (integers(batch.column("year")) == last.year) & np.isin(integers(batch.column("month")), last.months)
    batch = batch.filter(pa.array(now))
    place = place_of(batch.column(DAY), tables.starts)
    rows = [np.flatnonzero(place == i) for i in range(len(tables.tables))]
    scored = [
        kernel.score_batch(batch.take(pa.array(its)), table) for its, table in zip(rows, tables.tables, strict=True)
    ]
    cases = one_batch(pa.Table.from_batches([case for case, _ in scored]))
    order = np.argsort(np.concatenate(rows))
    return cases.take(pa.array(order)), pa.concat_tables([adjusted for _, adjusted in scored])


def case_points(batch: Any, tables: Tables) -> Any:
    """The first result of :func:`score_by_day` alone."""
    return score_by_day(batch, tables)[0]


def add_up(batch: Any, tables: Tables) -> Any:
    """:func:`~.kernel.add_up`; base points are those of the last tables."""
    return kernel.add_up(batch, tables if isinstance(tables, PointsTables) else tables.last)


def each(tables: Tables) -> tuple[PointsTables, ...]:
    """All tables, in order of their days."""
    return (tables,) if isinstance(tables, PointsTables) else tables.tables
