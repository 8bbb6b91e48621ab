"""Checks on what a front page or settlement list says of intensive care, and no column of STAYS holds: hours on a
ventilator and in intensive care; and that it gives a newborn's weight at admission. One stay at a time:
:func:`.reference.check_care`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from drgpay.steps.intake.batch import AsRead, Batch, CheckContext
from drgpay.steps.intake.coding import NEWBORN_DAYS
from drgpay.steps.intake.findings import Flags, Notes
from drgpay.units.vector import Ints

LONG_VENTILATION = 96 * 60
"""minutes from which ventilation is coded as long (96.72); below it is 96.71. ICD-9-CM-3 96.7"""
LONG, SHORT, ANY = "96.72", "96.71", "96.7"
SLACK = 60
"""minutes by which the hours in intensive care may differ from the times of entry and exit"""

VENTILATOR, ICU = "ventilator_minutes", "icu"
"""what a view of a format gives beside the columns of STAYS: minutes, and a struct of ``given`` and ``timed`` minutes
(null where unknown), ``reversed`` and ``incomplete`` flags"""


def judge_care(
    batch: Any,
    context: CheckContext,
    notes: Notes,
    extras: Mapping[str, tuple[str, Any]],
    read: AsRead,
    *,
    weighed: bool = False,
) -> None:
    """``batch``: typed stays; ``extras``: name -> (header cell, values); ``weighed``: the file has a field for the
    weight at admission, so that a newborn's must stand there."""
    if not batch.num_rows:
        return
    b = Batch(batch, context, notes, read)
    if VENTILATOR in extras:
        _ventilator(b, *extras[VENTILATOR])
    if weighed:
        b.note("admission_weight_missing", "admission_weight", newborn(b) & b.null("admission_weight"), value=False)
    if ICU in extras:
        head, cells = extras[ICU]
        given, timed, reversed_, incomplete = (cells.field(i) for i in range(4))
        apart = np.abs(_ints(given) - _ints(timed)) > SLACK
        both = np.asarray(pc.and_(given.is_valid(), timed.is_valid()).to_numpy(zero_copy_only=False))
        _note(b, "icu_hours", head, (apart & both) | _flags(reversed_))
        _note(b, "icu_incomplete", head, _flags(incomplete))


def _ints(values: Any) -> Ints:
    return np.asarray(pc.fill_null(values, 0).to_numpy(zero_copy_only=False)).astype(np.int64)


def _flags(values: Any) -> Flags:
    return np.asarray(pc.fill_null(values, False).to_numpy(zero_copy_only=False), bool)


def _note(b: Batch, rule: str, head: str, bad: Flags, values: Any = None) -> None:
    at = np.flatnonzero(bad)
    b.notes.add(rule, None, at, None if values is None else [values(row) for row in at.tolist()], field=head)


def _having(b: Batch, start: str) -> Flags:
    """Stays with a procedure that begins so."""
    lists = b.batch.column("proc")
    flat = lists.flatten()
    lengths = np.asarray(pc.fill_null(pc.list_value_length(lists), 0).to_numpy())
    starts = pc.fill_null(pc.starts_with(flat.dictionary, start), False).to_numpy(zero_copy_only=False)
    found = np.append(starts, False)[pc.fill_null(flat.indices, len(starts)).to_numpy()]
    having = np.zeros(b.rows, bool)
    having[np.repeat(np.arange(b.rows), lengths)[found]] = True
    return having


def _ventilator(b: Batch, head: str, minutes: Any) -> None:
    used = _ints(minutes)
    long, short = (_having(b, start) for start in (LONG, SHORT))
    wrong = np.where(used >= LONG_VENTILATION, ~long, (used > 0) & long)
    procedures = b.batch.column("proc")

    def value(row: int) -> str:
        codes = [code for code in procedures[row].as_py() or () if code and code.startswith(ANY)]
        return f"{used[row] // 60}h {'|'.join(codes)}".strip()

    _note(b, "ventilator_code", head, wrong, value)
    _note(b, "ventilator_hours_missing", head, (used == 0) & (long | short))


def newborn(b: Batch) -> Flags:
    """Stays of patients of at most 28 days."""
    young: Flags = ~b.null("age_days") & (b.ints("age_days") <= NEWBORN_DAYS) & (b.years == 0)
    return young


def icu_struct(given: Any, timed: Any, reversed_: Any, incomplete: Any) -> Any:
    """The values of :data:`ICU`."""
    parts = [given, timed, reversed_, incomplete]
    return pa.StructArray.from_arrays(parts, names=["given", "timed", "reversed", "incomplete"])
