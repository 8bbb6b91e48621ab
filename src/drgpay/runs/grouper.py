"""The grouper for programs, reading codes and sexes as the files are read, with the findings of both."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from drgpay.errors import DrgpayError, Kind
from drgpay.runs.group_stays import findings_of, in_unmeasured, scheme_finding
from drgpay.runs.region import known_codes
from drgpay.steps import grouping, intake
from drgpay.steps.grouping import Reading
from drgpay.tables import FINDINGS, STAYS

_NEED = "grouping"
_SPARED = ("unneeded", "admission_weight_age")
"""rules of cells that a stay does not need"""
_LOADED_IN = os.getpid()
"""columns of text are read with threads, which a forked process does not have"""


def _measures(cells: Mapping[str, Any]) -> tuple[dict[str, Any], list[tuple[str, int, str]]]:
    """Numbers as files have them, and the cells that are none; what a stay does not need is left out in silence."""
    if os.getpid() != _LOADED_IN:
        raise DrgpayError(
            Kind.USAGE,
            zh="分叉出的进程不能读文字形式的数",
            en="a forked process cannot read numbers written as text",
            fix_zh="给出整数,或用 spawn 启动进程",
            fix_en="give whole numbers, or start the processes by spawn",
            field=next(iter(cells)),
        )
    read = intake.measures(cells)
    faults = [(name, fault) for name, one in read.items() for fault in one.faults if fault.rule not in _SPARED]
    wrong = [
        (name, int(at), value) for name, fault in faults for at, value in zip(fault.at, fault.values, strict=True)
    ]
    return {name: one.values for name, one in read.items()}, wrong


class Grouper(grouping.Grouper):
    """:class:`drgpay.steps.grouping.Grouper` with the one reading of the files: a stay given here has the group that
    a file with it has. ``findings`` are those of ``drgpay group``."""

    reading = Reading(
        intake.spell_code,
        intake.split_codes,
        intake.sex_of,
        sound=lambda name, code: code in known_codes().plain[name],
        mend=lambda name, lists: intake.mended(name, lists, known_codes()).values,
        measures=_measures,
    )

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        known_codes()  # before any fork: loading takes threads

    def findings(self, stays: Any) -> list[dict[str, Any]]:
        """What is to be said of stays (in any form :meth:`group` takes): reading, checks and grouping.

        One dict per finding: row (from 1; 0 is about all of them), field, value, rule, level, zh, en. Raises as
        :meth:`group` does.
        """
        batch, raw = self._read_all(stays)
        lines = np.arange(1, batch.num_rows + 1)
        ids = pa.array([str(line) for line in lines], pa.string())
        columns = {"stay_id": ids, **{name: batch.column(name) for name in batch.schema.names}}
        whole = pa.RecordBatch.from_arrays(
            [_fitting(columns.get(field.name), field.type, batch.num_rows) for field in intake.stays_schema(_NEED)],
            schema=intake.stays_schema(_NEED),
        )
        absent = frozenset(name for name in whole.schema.names if name not in columns)
        context = intake.CheckContext(_NEED, known_codes(), absent=absent)
        whole, notes = intake.judged(whole, "", 1, context)
        for name, cells in raw.items():
            given = intake.read_codes(STAYS[name], [cells])
            for fault in (*given.faults, *intake.mended(name, given.values, known_codes()).faults):
                notes.add(fault.rule, STAYS[name], fault.at, list(fault.values), fault.texts)
        groups = grouping.group_batch(self.scheme, whole)
        remarks = grouping.remarks(self.scheme, whole, groups)
        about = scheme_finding(self.scheme, whole.num_rows, in_unmeasured(self.scheme, groups), "")
        found = intake.merge_findings([about, notes.table(), findings_of(remarks, whole, lines, "")])
        shown = [name for name in FINDINGS.names if name not in ("file", "stay_id")]
        return [{name: row[name] for name in shown} for row in found.to_pylist()]

    def _read_all(self, stays: Any) -> tuple[Any, dict[str, Any]]:
        """Stays as one batch, and the cells of their codes as they were given."""
        if isinstance(stays, Mapping):
            stays = [stays]
        if isinstance(stays, list | tuple):
            read = [self._read(stay, row) for row, stay in enumerate(stays, start=1)]
            cells = {}
            for name in grouping.CODES:
                given = [stay[key] if (key := grouping.key_of(stay, name)) else None for stay in stays]
                cells[name] = pa.array([_parts(value) for value in given], pa.list_(pa.string()))
            brought = {name for stay in stays for name in grouping.fields(stay)}
            batch = grouping.as_batch(read)
            return batch.select([name for name in batch.schema.names if name in brought | {"dx", "proc"}]), cells
        table = grouping.arrow_of(stays)
        names = grouping.fields(grouping.names_of(stays))
        cells = {name: table.column(names[name]).combine_chunks() for name in grouping.CODES if name in names}
        parts = table.select(list(names.values())).combine_chunks().to_batches()
        if not parts:
            return grouping.as_batch([]), {}
        return grouping.read_batch(parts[0], names, 1, self.reading), {
            name: column for name, column in cells.items() if not pa.types.is_null(column.type)
        }


def _parts(value: Any) -> list[str | None] | None:
    if isinstance(value, str):
        return list(intake.split_codes(value))
    if not isinstance(value, list | tuple | np.ndarray):
        return None
    return [code if isinstance(code, str) else None for code in value]


def _fitting(column: Any, of_type: Any, rows: int) -> Any:
    if column is None or pa.types.is_null(column.type):
        return pa.nulls(rows, of_type)
    if pa.types.is_list(of_type) and pa.types.is_dictionary(of_type.value_type):
        values = column.flatten().cast(pa.string()).dictionary_encode()
        lengths = column.value_lengths().fill_null(0).to_numpy(zero_copy_only=False)
        offsets = pa.array(np.concatenate(([0], np.cumsum(lengths))), pa.int32())
        empty = pa.array(lengths == 0)
        return pa.ListArray.from_arrays(offsets, values, mask=empty).cast(of_type)
    if pa.types.is_dictionary(of_type):
        return column.cast(pa.string()).dictionary_encode().cast(of_type)
    return column.cast(of_type)
