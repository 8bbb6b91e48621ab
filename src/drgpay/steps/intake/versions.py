"""Versions of stays: what a batch may hold, what it changes, and which rows a later batch replaces (design/12 §1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from drgpay.engine import frame, months_of, years_of
from drgpay.steps.intake.findings import Flags, Notes
from drgpay.tables import LATER, STAY_CHANGES, STAYS
from drgpay.units.vector import Ints

BATCH_RULES = ("batch_institution", "batch_month", "stay_id_elsewhere", "stay_id_other_month")
"""checks of a batch beside those of its stays"""

_JOIN = "\x1f"


def keep_batch(
    stays: Any,
    lines: Ints,
    file: str,
    institution: str,
    month: tuple[int, int] | None,
    elsewhere: Mapping[str, str],
    earlier: Mapping[str, tuple[int, int]],
) -> tuple[Any, Ints, Any]:
    """The stays of a batch that its institution may hand in for its month (None: of any), their lines, and findings
    on the others.

    ``stays``: a batch of STAYS; ``lines``: line of every row; ``elsewhere``: stay id -> the other institution
    that has it; ``earlier``: stay id -> year and month in which this institution has handed it in already: to move a
    stay to another month it is withdrawn there first.
    """
    ids = stays.column("stay_id")
    notes = Notes(file, "settlement", lines, ids)
    days = stays.column("discharge_date")
    own = stays.column("institution_id").cast(pa.string())
    of_others = np.asarray(pc.not_equal(own, institution).to_numpy(zero_copy_only=False), bool)
    notes.add("batch_institution", STAYS["institution_id"], np.flatnonzero(of_others),
              own.take(pa.array(np.flatnonzero(of_others))).to_pylist())  # fmt: skip
    if month is not None:
        off = (years_of(days) != month[0]) | (months_of(days) != month[1])
        at = np.flatnonzero(off & ~of_others)
        notes.add("batch_month", STAYS["discharge_date"], at, days.take(pa.array(at)).cast(pa.string()).to_pylist())
    for rule, taken in (("stay_id_elsewhere", elsewhere), ("stay_id_other_month", {
        s: f"{y}-{m:02d}" for s, (y, m) in earlier.items() if (y, m) != month
    })):  # fmt: skip
        if taken:
            found = pc.is_in(ids, value_set=pa.array(sorted(taken), pa.string()))
            at = np.flatnonzero(np.asarray(found.to_numpy(zero_copy_only=False), bool) & ~notes.out)
            told = [f"{institution} / {taken[ids[int(i)].as_py()]}" for i in at]
            notes.add(rule, STAYS["stay_id"], at, told)
    return stays.filter(pa.array(~notes.out)), lines[~notes.out], notes.table()


def changes_between(before: pl.DataFrame, now: Any, withdrawn: list[str]) -> Any:
    """STAY_CHANGES of a batch: ``before``: stays in force until then (as of :func:`comparable`), at least those it
    names; ``now``: its stays (STAYS)."""
    ours = comparable(now)
    theirs = before.select(ours.columns)
    old = theirs.filter(pl.col("stay_id").is_in(ours["stay_id"].to_list()))
    known = set(old["stay_id"].to_list())
    same = set(ours.join(old, on=ours.columns, how="semi", nulls_equal=True)["stay_id"].to_list())
    rows = [
        {"stay_id": s, "change": "added" if s not in known else "same" if s in same else "changed"}
        for s in ours["stay_id"].sort().to_list()
    ]
    rows += [{"stay_id": s, "change": "withdrawn"} for s in sorted(withdrawn)]
    return STAY_CHANGES.of(rows)


def comparable(stays: Any) -> pl.DataFrame:
    """Stays (STAYS) with their code lists as one text each, no list as an empty one: rows that can be compared."""
    lists = [pl.col(n).list.join("|", ignore_nulls=False).fill_null("") for n in ("dx", "proc")]
    whole = frame(stays)
    late = {name: pa.nulls(whole.height, kind) for name, kind in LATER.items() if name not in whole.columns}
    if late:  # a file older than these columns
        whole = whole.hstack(frame(pa.table(late))).select(STAYS.names)
    return whole.with_columns(*lists)


def replaced_rows(batch: Any, keys: Any) -> Flags:
    """Rows of stays that a later batch of the same institution replaces or withdraws.

    ``keys``: sorted Arrow text ``stay id ␟ institution``, None or empty = nothing. Ids are looked up first, and only
    where one is met the institution too.
    """
    flags = np.zeros(batch.num_rows, bool)
    if keys is None or not len(keys):
        return flags
    ids = batch.column("stay_id")
    hit = np.flatnonzero(pc.is_in(ids, value_set=_ids_of(keys)).to_numpy(zero_copy_only=False))
    if len(hit):
        at = pa.array(hit)
        own = batch.column("institution_id").take(at).cast(pa.string())
        whole = pc.binary_join_element_wise(ids.take(at), own, _JOIN)
        flags[hit] = pc.is_in(whole, value_set=keys).to_numpy(zero_copy_only=False)
    return flags


def _ids_of(keys: Any) -> Any:
    return pc.list_element(pc.split_pattern(keys, _JOIN, max_splits=1, reverse=True), 0)


def without_rows(findings: Any, rows: Ints) -> Any:
    """FINDINGS of a part without those on the given lines."""
    if not len(rows) or not findings.num_rows:
        return findings
    return findings.filter(pc.invert(pc.is_in(findings.column("row"), value_set=pa.array(rows, pa.int64()))))
