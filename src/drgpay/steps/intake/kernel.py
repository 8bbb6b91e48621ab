"""The checks on typed stays, whole columns at a time. The same checks for one stay: :mod:`.reference`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from drgpay.errors import DrgpayError, Kind
from drgpay.steps.intake.batch import AsRead, Batch, CheckContext, OpenDays
from drgpay.steps.intake.coding import NEWBORN_DAYS, judge_codes
from drgpay.steps.intake.findings import Flags, Notes
from drgpay.steps.intake.rules import NEEDS, limits
from drgpay.tables import INFANT_DAYS, STAYS, Column, with_years
from drgpay.units.vector import Ints

_REQUIRED = ("institution_id", "insurance_scheme", "admission_date", "discharge_date", "total_cost", "personal_paid",
             "fund_by_item")  # fmt: skip
REQUIRED = {"settlement": _REQUIRED, "grouping": _REQUIRED, "estimate": ("total_cost",)}
"""columns that must be filled, where the need has them at all"""
_WISHED = ("person_id", "department_id", "doctor_id")
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


_EPOCH = date(1970, 1, 1).toordinal()
_EARLIEST, _LATEST = -(2**62), 2**62


def stays_columns(need: str) -> tuple[Column, ...]:
    """The columns of checked stays: those with ``grouping`` for ``grouping``, all of STAYS otherwise."""
    if need not in NEEDS:
        raise ValueError(f"need is one of {NEEDS}")
    return tuple(c for c in STAYS.columns if c.grouping) if need == "grouping" else STAYS.columns


def stays_schema(need: str) -> Any:
    """Arrow schema of checked stays. For ``grouping`` all columns but stay_id may be null, for ``estimate`` all but
    stay_id and total_cost."""
    if need == "settlement":
        return STAYS.schema
    filled = ("stay_id", *(REQUIRED["estimate"] if need == "estimate" else ()))
    return pa.schema([pa.field(c.name, c.arrow, nullable=c.name not in filled) for c in stays_columns(need)])


def check_batch(batch: Any, *, file: str, first_row: int, context: CheckContext) -> tuple[Any, Any]:
    """Judge typed stays: (rows without an error, FINDINGS).

    ``batch``: Arrow record batch with at least the columns of :func:`stays_schema`, in its types; ``first_row``: line
    of its first row. Accepted rows keep every value as it is, but for the years of infants who have days only, and
    come in the columns of the schema. Raises DrgpayError of kind DATA when a column is missing or of another type.
    """
    batch, notes = judged(batch, file, first_row, context)
    return accepted(batch, notes, context.need), notes.table()


def judged(batch: Any, file: str, first_row: int, context: CheckContext) -> tuple[Any, Notes]:
    """A batch as :func:`check_batch` takes it, in the columns of the need, and what is found in it."""
    for column in stays_columns(context.need):
        if column.name not in batch.schema.names:
            raise _wrong(file, column, "缺少该列", "column is missing")
        if batch.schema.field(column.name).type != column.arrow:
            found = batch.schema.field(column.name).type
            raise _wrong(file, column, f"类型是 {found},应为 {column.arrow}", f"type {found}, not {column.arrow}")
    batch = batch.select([column.name for column in stays_columns(context.need)])
    lines = np.arange(first_row, first_row + batch.num_rows)
    notes = Notes(file, context.need, lines, batch.column("stay_id"), quality=context.quality)
    judge(batch, context, notes, AsRead())
    return batch, notes


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
    """The rows that are not kept out, in the schema of the need; infants' ages as :mod:`drgpay.tables.ages` says."""
    if notes.out.any():
        batch = batch.filter(pa.array(~notes.out))
    batch = with_years(batch)
    return pa.RecordBatch.from_arrays(batch.columns, schema=stays_schema(need))


def judge(batch: Any, context: CheckContext, notes: Notes, read: AsRead) -> None:
    """Run every check of the need on a batch and write what is found to ``notes``."""
    b = Batch(batch, context, notes, read)
    if b.rows == 0:
        return
    b.note("stay_id_missing", "stay_id", b.null("stay_id"), value=False)
    if len(context.duplicates):
        b.note("stay_id_repeated", "stay_id", np.isin(notes.lines, context.duplicates), value=False)
    for name in REQUIRED[context.need]:
        if name in b.names:
            b.note("missing", name, b.null(name), value=False)
    for name, rule in _BOUNDS.items():
        if name in b.names:
            _bounds(b, name, rule)
    b.note("los_missing", "los", b.null("los"), value=False)
    b.note("sex_missing", "sex", b.null("sex"), value=False)
    b.note("discharge_way_missing", "discharge_way", b.null("discharge_way"), value=False)
    if context.quality and context.need == "settlement":
        for name in _WISHED:
            b.note("unfilled", name, b.null(name), value=False)
    for name in ("sex", "insurance_scheme"):
        if name in b.names:
            _listed(b, "not_listed", name, STAYS[name].choices)
    if context.institutions is not None and "institution_id" in b.names:
        _listed(b, "institution_unknown", "institution_id", context.institutions)
    if context.open_days and "discharge_date" in b.names:
        _open(b, context.open_days)
    _ages(b)
    _admission_weight(b)
    judge_codes(b)
    if context.need == "settlement":
        _dates(b)
        _parts(b)


def _bounds(b: Batch, name: str, rule: str) -> None:
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


def _listed(b: Batch, rule: str, name: str, allowed: Iterable[str]) -> None:
    indices, known = _lookup(b.batch.column(name), pa.array(sorted(allowed), pa.string()))
    if not known.all():
        b.note(rule, name, ~known[indices])


def _open(b: Batch, open_days: Mapping[str, OpenDays]) -> None:
    """Stays discharged on a day on which their institution was not open."""
    codes = b.batch.column("institution_id")
    ends = [open_days.get(h, (None, None)) for h in codes.dictionary.to_pylist()] + [(None, None)]
    first = np.array([_EARLIEST if a is None else a.toordinal() - _EPOCH for a, _ in ends], np.int64)
    over = np.array([_LATEST if z is None else z.toordinal() - _EPOCH for _, z in ends], np.int64)
    at = np.asarray(pc.fill_null(codes.indices, len(ends) - 1).to_numpy())
    left = b.ints("discharge_date").astype(np.int64)
    shut = ~b.null("discharge_date") & ((left < first[at]) | (left >= over[at]))
    b.note("institution_not_open", "institution_id", shut)


def _ages(b: Batch) -> None:
    age, days, weight = b.ints("age"), b.ints("age_days"), b.null("birth_weight")
    no_age, no_days = b.null("age"), b.null("age_days")
    unknown = no_age & (no_days | (days > INFANT_DAYS))
    b.note("age_missing", "age_days" if "age" in b.context.absent else "age", unknown, value=False)
    b.note("age_days_missing", "age_days", ~no_age & (age == 0) & no_days, value=False)
    years = age.astype(np.int64)
    b.note("age_conflict", "age_days", ~no_age & ~no_days & ((days < years * 365) | (days >= (years + 1) * 366)))
    newborn = ~no_days & (days <= NEWBORN_DAYS) & (no_age | (age == 0))
    b.note("birth_weight_missing", "birth_weight", newborn & weight, value=False)
    b.note("birth_weight_age", "birth_weight", ~weight & (b.years >= 1))


def _admission_weight(b: Batch) -> None:
    """A newborn's weight at admission: within bounds, of no older patient, and on the day of birth not more than a
    tenth from the weight at birth."""
    name = "admission_weight"
    given = ~b.null(name)
    if not given.any():
        return
    grams, days, no_days = b.ints(name).astype(np.int64), b.ints("age_days"), b.null("age_days")
    born, no_birth = b.ints("birth_weight").astype(np.int64), b.null("birth_weight")
    low, high = limits(STAYS[name])
    older = (b.years >= 1) | (~no_days & (days > NEWBORN_DAYS) & (b.years == 0))
    readable = (grams >= low) & (grams <= high)
    b.note("admission_weight_bounds", name, given & ~older & ~readable)
    b.note("admission_weight_age", name, given & older)
    first_day = ~no_days & (days == 0) & (b.years == 0)
    apart = given & first_day & readable & ~no_birth & (np.abs(grams - born) * 10 > born)
    both = [f"{born[at]} / {grams[at]}" for at in np.flatnonzero(apart).tolist()]
    b.notes.add("admission_weight_birth", STAYS[name], np.flatnonzero(apart), both)


def _dates(b: Batch) -> None:
    admitted, left = b.ints("admission_date"), b.ints("discharge_date")
    dated = ~b.null("admission_date") & ~b.null("discharge_date")
    reversed_ = dated & (left < admitted)
    b.note("dates_reversed", "discharge_date", reversed_)
    apart = np.abs(b.ints("los").astype(np.int64) - (left - admitted)) > 1
    b.note("los_dates", "los", apart & dated & ~reversed_ & ~b.null("los"))
    if b.context.year is not None:
        start, end = (int(np.datetime64(f"{b.context.year + i}-01-01", "D").astype(int)) for i in (0, 1))
        b.note("other_year", "discharge_date", ~b.null("discharge_date") & ((left < start) | (left >= end)))


def _parts(b: Batch) -> None:
    total, personal, fund = (b.ints(name) for name in ("total_cost", "personal_paid", "fund_by_item"))
    sane = ~(b.null("total_cost") | b.null("personal_paid") | b.null("fund_by_item"))
    for name, amounts in zip(("total_cost", "personal_paid", "fund_by_item"), (total, personal, fund), strict=True):
        low, high = limits(STAYS[name])
        sane &= (amounts >= low) & (amounts <= high)  # so that the sum below cannot overflow
    b.note("parts_exceed_total", "total_cost", sane & (np.where(sane, personal, 0) + np.where(sane, fund, 0) > total))
