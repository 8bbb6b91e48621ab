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

from drgpay.steps.intake.findings import Flags, Notes, shown
from drgpay.steps.intake.known import KnownCodes
from drgpay.tables import STAYS
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


class Batch:
    """Columns of a batch as NumPy, and where rules may speak: ``silent`` cells were already reproached on reading."""

    def __init__(self, batch: Any, context: CheckContext, notes: Notes, silent: Mapping[str, Flags]) -> None:
        self.batch, self.context, self.notes, self.silent = batch, context, notes, silent
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
            years = np.where(unknown, days // 365, years)
        return years

    def note(self, rule: str, name: str, bad: Flags, *, value: bool = True) -> None:
        """A rule broken where ``bad``; ``value`` = show what stands in the column."""
        if name in self.context.absent or not bad.any():
            return
        if name in self.silent:
            bad = bad & ~self.silent[name]
        at = np.flatnonzero(bad)
        there = self.batch.column(name).take(pa.array(at)).cast(pa.string()) if value else None
        if there is not None and STAYS[name].type == "code":
            there = [shown(code) for code in there.to_pylist()]
        self.notes.add(rule, STAYS[name], at, there)
