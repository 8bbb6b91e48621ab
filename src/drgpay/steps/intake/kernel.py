"""The checks on typed stays, whole columns at a time. The same checks for one stay: :mod:`.reference`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from drgpay.errors import DrgpayError, Kind
from drgpay.steps.intake.findings import Flags, Notes, shown
from drgpay.steps.intake.rules import NEEDS, limits
from drgpay.tables import STAYS, Column
from drgpay.units.vector import Ints

NEWBORN_DAYS = 28
"""a newborn is at most 28 days old"""

_REQUIRED = ("institution_id", "insurance_scheme", "admission_date", "discharge_date", "total_cost", "personal_paid",
             "fund_by_item")  # fmt: skip
_BOUNDS = {
    "los": "los_bounds",
    "age": "age_bounds",
    "age_days": "age_bounds",
    "birth_weight": "birth_weight_bounds",
    "discharge_way": "discharge_way_bounds",
    "total_cost": "money_bounds",
    "personal_paid": "money_bounds",
    "fund_by_item": "money_bounds",
}


@dataclass(frozen=True)
class KnownCodes:
    """The codes of an edition, as Arrow text arrays: ``dx`` all diagnoses (gray ones too), ``dx_gray`` those that
    may not be reported, ``proc`` all procedures."""

    dx: Any = field(repr=False)
    dx_gray: Any = field(repr=False)
    proc: Any = field(repr=False)

    @classmethod
    def of(cls, dx: Iterable[str], dx_gray: Iterable[str], proc: Iterable[str]) -> KnownCodes:
        """From plain codes."""
        return cls(*(pa.array(sorted(set(codes)), pa.string()) for codes in (dx, dx_gray, proc)))


@dataclass(frozen=True)
class CheckContext:
    """What the checks need besides the stays.

    ``need``: ``grouping`` or ``settlement``; ``codes``: None = codes are not looked up; ``institutions``: codes of
    the register, None = not looked up; ``year``: of discharge, None = any; ``duplicates``: lines of the file whose
    stay_id occurred before; ``absent``: columns the file does not have, about which rows are not reproached.
    """

    need: str
    codes: KnownCodes | None = None
    institutions: frozenset[str] | None = None
    year: int | None = None
    duplicates: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    absent: frozenset[str] = frozenset()


def stays_columns(need: str) -> tuple[Column, ...]:
    """The columns of checked stays: all of STAYS for ``settlement``, those with ``grouping`` for ``grouping``."""
    if need not in NEEDS:
        raise ValueError(f"need is one of {NEEDS}")
    return STAYS.columns if need == "settlement" else tuple(c for c in STAYS.columns if c.grouping)


def stays_schema(need: str) -> Any:
    """Arrow schema of checked stays. For ``grouping`` all columns but stay_id may be null."""
    if need == "settlement":
        return STAYS.schema
    return pa.schema([pa.field(c.name, c.arrow, nullable=c.name != "stay_id") for c in stays_columns(need)])


def check_batch(batch: Any, *, file: str, first_row: int, context: CheckContext) -> tuple[Any, Any]:
    """Judge typed stays: (rows without an error, FINDINGS).

    ``batch``: Arrow record batch with at least the columns of :func:`stays_schema`, in its types; ``first_row``: line
    of its first row. Accepted rows keep every value as it is, and come in the columns of the schema. Raises
    DrgpayError of kind DATA when a column is missing or of another type. Source: design/01 (bad data is a finding).
    """
    for column in stays_columns(context.need):
        if column.name not in batch.schema.names:
            raise _wrong(file, column, "缺少该列", "column is missing")
        if batch.schema.field(column.name).type != column.arrow:
            found = batch.schema.field(column.name).type
            raise _wrong(file, column, f"类型是 {found},应为 {column.arrow}", f"type {found}, not {column.arrow}")
    batch = batch.select([column.name for column in stays_columns(context.need)])
    notes = Notes(file, context.need, np.arange(first_row, first_row + batch.num_rows), batch.column("stay_id"))
    judge(batch, context, notes, {})
    return accepted(batch, notes, context.need), notes.table()


def _wrong(file: str, column: Column, zh: str, en: str) -> DrgpayError:
    return DrgpayError(
        Kind.DATA,
        zh=zh,
        en=en,
        fix_zh="先用 intake.convert 转成标准表",
        fix_en="bring it into the canonical table with intake.convert first",
        file=file,
        field=column.name,
    )


def accepted(batch: Any, notes: Notes, need: str) -> Any:
    """The rows that are not kept out, in the schema of the need."""
    if notes.out.any():
        batch = batch.filter(pa.array(~notes.out))
    return pa.RecordBatch.from_arrays(batch.columns, schema=stays_schema(need))


class _Batch:
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


def judge(batch: Any, context: CheckContext, notes: Notes, silent: Mapping[str, Flags]) -> None:
    """Run every check of the need on a batch and write what is found to ``notes``."""
    b = _Batch(batch, context, notes, silent)
    if b.rows == 0:
        return
    b.note("stay_id_missing", "stay_id", b.null("stay_id"), value=False)
    if len(context.duplicates):
        b.note("stay_id_repeated", "stay_id", np.isin(notes.lines, context.duplicates), value=False)
    for name in _REQUIRED:
        if name in b.names:
            b.note("missing", name, b.null(name), value=False)
    for name, rule in _BOUNDS.items():
        if name in b.names:
            _bounds(b, name, rule)
    b.note("los_missing", "los", b.null("los"), value=False)
    b.note("sex_missing", "sex", b.null("sex"), value=False)
    for name in ("sex", "insurance_scheme"):
        if name in b.names:
            _listed(b, "not_listed", name, STAYS[name].choices)
    if context.institutions is not None and "institution_id" in b.names:
        _listed(b, "institution_unknown", "institution_id", context.institutions)
    _ages(b)
    _codes(b)
    if context.need == "settlement":
        _dates(b)
        _parts(b)


def _bounds(b: _Batch, name: str, rule: str) -> None:
    low, high = limits(STAYS[name])
    span = pc.min_max(b.batch.column(name)).as_py()
    if span["min"] is None or (span["min"] >= low and span["max"] <= high):
        return
    values = b.ints(name)
    b.note(rule, name, ((values < low) | (values > high)) & ~b.null(name))


def _lookup(codes: Any, allowed: Any) -> tuple[Ints, Flags]:
    """(index into the flags, flags) of dictionary-coded text: is the value among the allowed ones; null counts."""
    flags = pc.is_in(codes.dictionary, value_set=allowed).to_numpy(zero_copy_only=False)
    indices = pc.fill_null(codes.indices, len(flags)) if codes.null_count else codes.indices
    return np.asarray(indices.to_numpy()), np.append(flags, True)


def _listed(b: _Batch, rule: str, name: str, allowed: Iterable[str]) -> None:
    indices, known = _lookup(b.batch.column(name), pa.array(sorted(allowed), pa.string()))
    if not known.all():
        b.note(rule, name, ~known[indices])


def _ages(b: _Batch) -> None:
    age, days, weight = b.ints("age"), b.ints("age_days"), b.null("birth_weight")
    no_age, no_days = b.null("age"), b.null("age_days")
    b.note("age_missing", "age_days" if "age" in b.context.absent else "age", no_age & no_days, value=False)
    b.note("age_days_missing", "age_days", ~no_age & (age == 0) & no_days, value=False)
    years = age.astype(np.int64)
    b.note("age_conflict", "age_days", ~no_age & ~no_days & ((days < years * 365) | (days >= (years + 1) * 366)))
    newborn = ~no_days & (days <= NEWBORN_DAYS) & (no_age | (age == 0))
    b.note("birth_weight_missing", "birth_weight", newborn & weight, value=False)


def _dates(b: _Batch) -> None:
    admitted, left = b.ints("admission_date"), b.ints("discharge_date")
    dated = ~b.null("admission_date") & ~b.null("discharge_date")
    reversed_ = dated & (left < admitted)
    b.note("dates_reversed", "discharge_date", reversed_)
    apart = np.abs(b.ints("los").astype(np.int64) - (left - admitted)) > 1
    b.note("los_dates", "los", apart & dated & ~reversed_ & ~b.null("los"))
    if b.context.year is not None:
        start, end = (int(np.datetime64(f"{b.context.year + i}-01-01", "D").astype(int)) for i in (0, 1))
        b.note("other_year", "discharge_date", ~b.null("discharge_date") & ((left < start) | (left >= end)))


def _parts(b: _Batch) -> None:
    total, personal, fund = (b.ints(name) for name in ("total_cost", "personal_paid", "fund_by_item"))
    sane = ~(b.null("total_cost") | b.null("personal_paid") | b.null("fund_by_item"))
    for name, amounts in zip(("total_cost", "personal_paid", "fund_by_item"), (total, personal, fund), strict=True):
        low, high = limits(STAYS[name])
        sane &= (amounts >= low) & (amounts <= high)  # so that the sum below cannot overflow
    b.note("parts_exceed_total", "total_cost", sane & (np.where(sane, personal, 0) + np.where(sane, fund, 0) > total))


def _codes(b: _Batch) -> None:
    dx, proc = b.batch.column("dx"), b.batch.column("proc")
    flat, lengths = dx.flatten(), _lengths(dx)
    first = (np.cumsum(lengths) - lengths)[lengths > 0]
    missing = lengths == 0
    if flat.null_count:
        missing[np.flatnonzero(lengths)] |= flat.is_null().to_numpy(zero_copy_only=False)[first]
    b.note("dx_missing", "dx", missing, value=False)
    codes = b.context.codes
    if codes is None:
        return
    is_first = np.zeros(len(flat), bool)
    is_first[first] = True
    indices, known = _lookup(flat, codes.dx)
    if not known.all():
        unknown = ~known[indices]
        _name_codes(b, "dx_unknown", "dx", flat, lengths, unknown & is_first)
        _name_codes(b, "dx_other_unknown", "dx", flat, lengths, unknown & ~is_first)
    indices, gray = _lookup(flat, codes.dx_gray)
    gray[-1] = False
    if gray.any():
        _name_codes(b, "dx_gray", "dx", flat, lengths, gray[indices] & is_first)
    flat, lengths = proc.flatten(), _lengths(proc)
    indices, known = _lookup(flat, codes.proc)
    if not known.all():
        _name_codes(b, "proc_unknown", "proc", flat, lengths, ~known[indices])


def _lengths(lists: Any) -> Ints:
    return np.asarray(pc.fill_null(pc.list_value_length(lists), 0).to_numpy(), np.int64)


def _name_codes(b: _Batch, rule: str, name: str, flat: Any, lengths: Ints, bad: Flags) -> None:
    """A rule broken by some codes of the lists; the finding shows those codes."""
    places = np.flatnonzero(bad)
    if len(places) == 0:
        return
    owner = np.repeat(np.arange(b.rows), lengths)[places]
    at, start = np.unique(owner, return_index=True)
    named = flat.take(pa.array(places)).cast(pa.string()).to_pylist()
    ends = [*start[1:].tolist(), len(named)]
    values = [shown("|".join(named[i:j])) for i, j in zip(start.tolist(), ends, strict=True)]
    b.notes.add(rule, STAYS[name], at, values)
