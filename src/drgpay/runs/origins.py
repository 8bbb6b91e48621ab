"""Where the rows of registers behind a figure come from: the result, what it rests on, who decided and recorded."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import polars as pl

from drgpay.runs.manifest import REGISTERS
from drgpay.runs.region import Registers, key_of
from drgpay.runs.taking import ORIGINS
from drgpay.steps.points import Line
from drgpay.tables import TAKEN_ROWS, Table

Row = dict[str, Any]


def origins(run: Path, wanted: Iterable[tuple[Table, dict[str, Any]]]) -> tuple[Line, ...]:
    """One line for each row of a run's registers that was taken from a result: its value is the digest of the result.
    ``wanted``: registers, and the values of columns of the rows meant."""
    registers = Registers.read(run / REGISTERS, (TAKEN_ROWS,))
    taken = {(r["register"], r["row_key"]): r for r in registers[TAKEN_ROWS].to_dicts()}
    lines: list[Line] = []
    if not taken:
        return ()
    asked = list(wanted)
    registers = Registers.read(run / REGISTERS, {table: None for table, _ in asked})
    for table, values in asked:
        chosen = [pl.col(name) == value for name, value in values.items()]
        for row in registers[table].filter(*chosen).sort(table.key).to_dicts():
            said = taken.get((table.name, key_of(table, row)))
            if said is not None:
                lines.append(_line(table, said))
    return tuple(lines)


def _line(table: Table, said: Row) -> Line:
    kind, _, digest = said["origin"].partition("/")
    zh, en = ORIGINS.get(kind, (kind, kind))
    decided, recorded = (
        " ".join(str(said[name]) for name in names if said[name] is not None)
        for names in (("decided_by", "decided_on"), ("recorded_by", "recorded_on"))
    )
    parts = [
        (f"{zh}结果 {said['result']}", f"{en} {said['result']}"),
        (f"依据 {said['evidence']}", f"on {said['evidence']}") if said["evidence"] else None,
        (f"决定 {decided}", f"decided by {decided}") if decided else None,
        (f"登记 {recorded}", f"recorded {recorded}") if recorded else None,
    ]
    texts = [part for part in parts if part]
    return Line(
        f"{table.zh} {said['row_key']}:{';'.join(z for z, _ in texts)}",
        f"{table.name} {said['row_key']}: {'; '.join(e for _, e in texts)}",
        digest[:12],
    )
