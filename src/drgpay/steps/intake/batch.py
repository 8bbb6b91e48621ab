"""The columns of a batch of stays as NumPy, for the checks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from drgpay.steps.intake.findings import Flags, Notes
from drgpay.steps.intake.known import KnownCodes
from drgpay.steps.intake.showing import shown
from drgpay.tables import INFANT_DAYS, STAYS
from drgpay.units import show_fen
from drgpay.units.vector import Ints

OpenDays = tuple[date | None, date | None]
"""first day of an institution, and the day from which it is no more"""


@dataclass(frozen=True)
class CheckContext:
    """What the checks need besides the stays.

    ``need``: ``grouping`` or ``settlement``; ``codes``: None = codes are not looked up; ``institutions``: codes of
    the register, None = not looked up; ``year``: of discharge, None = any; ``duplicates``: lines of the file whose
    stay_id occurred before; ``absent``: columns the file does not have, about which rows are not reproached;
    ``quality``: give the findings of level ``info``, on the quality of coding, too; ``open_days``: of institutions
    that were opened or ended, the first day and the day from which they are no more (None: no such day).
    """

    need: str
    codes: KnownCodes | None = None
    institutions: frozenset[str] | None = None
    year: int | None = None
    duplicates: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    absent: frozenset[str] = frozenset()
    quality: bool = False
    open_days: Mapping[str, OpenDays] = field(default_factory=dict)


@dataclass(frozen=True)
class AsRead:
    """What is left of the cells a batch was read from.

    ``silent``: cells that were already reproached on reading; ``cells``: column -> its cells as text; ``origins``:
    list column -> the number of the cell every code stood in.
    """

    silent: Mapping[str, Flags] = field(default_factory=dict)
    cells: Mapping[str, Any] = field(default_factory=dict)
    origins: Mapping[str, Ints] = field(default_factory=dict)


class Batch:
    """Columns of a batch as NumPy, and where rules may speak."""

    def __init__(self, batch: Any, context: CheckContext, notes: Notes, read: AsRead) -> None:
        self.batch, self.context, self.notes, self.silent, self.read = batch, context, notes, read.silent, read
        self.names = frozenset(batch.schema.names)
        self.rows = batch.num_rows

    def null(self, name: str) -> Flags:
        """Where a column is null."""
        column = self.batch.column(name)
        if not column.null_count:
            return np.zeros(self.rows, bool)
        return np.asarray(column.is_null().to_numpy(zero_copy_only=False))

    def ints(self, name: str) -> Ints:
        """A number or date column; 0 where null."""
        column = self.batch.column(name)
        if pa.types.is_date32(column.type):
            column = column.cast(pa.int32())
        plain = pc.fill_null(column, 0) if column.null_count else column
        return np.asarray(plain.to_numpy())

    @cached_property
    def years(self) -> Ints:
        """Age in whole years; from the age in days where it is missing, −1 where both are."""
        years, unknown = self.ints("age").astype(np.int64), self.null("age")
        if unknown.any():
            days = np.where(self.null("age_days"), -365, self.ints("age_days"))
            infant = (days >= 0) & (days <= INFANT_DAYS)
            years = np.where(unknown, np.where(infant, 0, days // 365), years)
        return years

    def note(self, rule: str, name: str, bad: Flags, *, value: bool = True) -> None:
        """A rule broken where ``bad``; ``value`` = show what stands in the column."""
        if name in self.context.absent or not bad.any():
            return
        if name in self.silent:
            bad = bad & ~self.silent[name]
        at = np.flatnonzero(bad)
        self.notes.add(rule, STAYS[name], at, self._there(name, at) if value else None)

    def _there(self, name: str, at: Ints) -> list[str]:
        """What stands at some rows of a column: as it was written, else as people write it (money in yuan)."""
        given = self.read.cells.get(name, self.batch.column(name)).take(pa.array(at))
        if STAYS[name].type == "fen" and pa.types.is_integer(given.type):
            return ["" if fen is None else show_fen(fen, group=False) for fen in given.to_pylist()]
        return [shown(text) for text in given.cast(pa.string()).to_pylist()]
