"""Stays of one person side by side: two at a time, or one after death; and one stay handed in twice."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from drgpay.steps.intake.findings import Flags, Notes
from drgpay.tables import STAYS
from drgpay.units.vector import Ints

SIDE_BY_SIDE = ("person_id", "admission_date", "discharge_date", "discharge_way", "stay_id")
"""columns of STAYS that stays are compared by"""
PLACED = (*SIDE_BY_SIDE, "file", "row")
PERSON_ORDER = ("person_id", "admission_date", "discharge_date", "stay_id", "file", "row")
STAY_ORDER = ("stay_id", "file", "row")
"""orders in which :func:`overlaps` and :func:`repetitions` want their rows"""
DIED = 5
_DAYS = 1 << 24
"""more than there are days between any two dates"""


def placed(stays: Any, file: str, rows: Ints) -> Any:
    """The columns stays are compared by, with file and line. ``stays``: checked stays of the need ``settlement``."""
    columns = [stays.column(name) for name in SIDE_BY_SIDE]
    n = stays.num_rows
    return pa.record_batch([*columns, pa.repeat(file, n), pa.array(rows)], names=list(PLACED))


def _plain(batch: Any) -> Any:
    """The batch with its texts as plain Arrow text, as findings want them."""
    texts = {name: pa.string() for name in ("person_id", "stay_id", "file")}
    schema = pa.schema([(field.name, texts.get(field.name, field.type)) for field in batch.schema])
    return batch.cast(schema)


def _notes(batch: Any) -> Notes:
    return Notes(batch.column("file"), "settlement", batch.column("row").to_numpy(), batch.column("stay_id"))


def overlaps(batch: Any) -> Any:
    """Stays of one person that do not go together, as FINDINGS: ``stays_overlap`` for a stay admitted before an
    earlier one ended (the day itself does not count), ``after_death`` for one admitted after the person died.

    ``batch``: as :func:`placed`, whole persons, sorted by :data:`PERSON_ORDER`. The value is the id of the other
    stay. Rows without a person are passed over, and so is a stay that was handed in twice. Source: design/07 §2.
    """
    batch = _plain(batch.filter(pc.is_valid(batch.column("person_id"))))
    person = _runs(batch.column("person_id"))
    batch, person = _once(batch, person)
    n = batch.num_rows
    notes = _notes(batch)
    if n == 0:
        return notes.table()
    ids = batch.column("stay_id")
    admitted, left = (batch.column(name).cast(pa.int32()).to_numpy().astype(np.int64) for name in SIDE_BY_SIDE[1:3])
    key = person * _DAYS + (left - left.min())
    latest = np.maximum.accumulate(key)
    other = np.searchsorted(latest, latest, side="left")
    other = np.append(0, other[:-1])
    over = np.flatnonzero((person[other] == person) & (np.arange(n) > 0) & (admitted < left[other]))
    notes.add("stays_overlap", STAYS["stay_id"], over, ids.take(pa.array(other[over])))
    died = np.flatnonzero(pc.fill_null(batch.column("discharge_way"), 0).to_numpy() == DIED)
    died = died[np.argsort(key[died], kind="stable")]
    people, first = np.unique(person[died], return_index=True)
    if len(people):
        at = np.minimum(np.searchsorted(people, person), len(people) - 1)
        death = died[first][at]
        after = np.flatnonzero((people[at] == person) & (admitted > left[death]))
        notes.add("after_death", STAYS["stay_id"], after, ids.take(pa.array(death[after])))
    return notes.table()


def repetitions(batch: Any) -> Any:
    """Stays handed in before, under the same id in any file, as FINDINGS. ``batch``: as :func:`placed`, whole ids,
    sorted by :data:`STAY_ORDER`; the first one stands."""
    batch = _plain(batch)
    notes = _notes(batch)
    notes.add("stay_id_repeated", STAYS["stay_id"], np.flatnonzero(_same(batch.column("stay_id"))))
    return notes.table()


def _same(values: Any) -> Flags:
    """Where a value is that of the row before."""
    same = np.zeros(len(values), bool)
    if len(values) > 1:
        equal = pc.fill_null(pc.equal(values.slice(1), values.slice(0, len(values) - 1)), False)
        same[1:] = equal.to_numpy(zero_copy_only=False)
    return same


def _runs(values: Any) -> Ints:
    """Number of the run of equal values every row is in."""
    return np.cumsum(~_same(values)).astype(np.int64)


def _once(batch: Any, person: Ints) -> tuple[Any, Ints]:
    """Without the later occurrences of a person's stay_id."""
    ids = batch.column("stay_id").dictionary_encode().indices.to_numpy().astype(np.int64)
    _, first = np.unique(person * (len(ids) + 1) + ids, return_index=True)
    kept = np.sort(first)
    return (batch, person) if len(kept) == len(ids) else (batch.take(pa.array(kept)), person[kept])
