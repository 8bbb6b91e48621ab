"""What registers take over from results: whose rows they are, and the list of what was taken (design/12 §3)."""

from __future__ import annotations

from dataclasses import replace

from drgpay.tables.model import RECORDING, Column, Table

EVIDENCE_OF_ROW = (
    Column("evidence", "text", "依据", "what in the result the row rests on", null=True),
    Column("decided_by", "text", "决定人", "who decided it", null=True),
    Column("decided_on", "date", "决定日期", "day on which it was decided", null=True),
)  # fmt: skip
"""columns of an offered row besides those of its register"""

_ORIGIN = Column("origin", "text", "来源", "kind of the result and sha256 of its manifest, / between them")
_RESULT = Column("result", "text", "结果", "name of the folder of the result when it was taken")

TAKING = (
    Column("take", "int32", "接收序号", "which taking it belongs to", low=1),
    _ORIGIN,
    *EVIDENCE_OF_ROW,
    Column("row_digest", "text", "行摘要", "digest of the row as it was taken: a row that was edited is known by it"),
    Column("replaces", "text", "所替代行", "digest of the row that was in force before it", null=True),
)  # fmt: skip
"""columns of ``<register>.taken.csv`` besides those of the register"""

TAKES = Table(
    "takes", "结果接收", "results a region has taken, in order; rows of a taking that is not listed do not count",
    "register", ("take",),
    (
        Column("take", "int32", "接收序号", "number of the taking", low=1),
        _ORIGIN, _RESULT,
    ),
    files=("接收记录",),
    kept="apart",
)  # fmt: skip

TAKEN_ROWS = Table(
    "taken_rows", "登记行来源", "rows of a run's registers that came from results, and what they rest on", "intake",
    ("register", "row_key"),
    (
        Column("register", "text", "登记表", "register"),
        Column("row_key", "text", "键", "key of the row, / between its parts"),
        _ORIGIN, _RESULT, *EVIDENCE_OF_ROW, *RECORDING,
    ),
)  # fmt: skip


def taken_table(table: Table) -> Table:
    """``<register>.taken.csv``: the register's columns, who recorded a row and when, and what it was taken from."""
    own = [c for c in (*RECORDING, *TAKING) if c.name not in table.names]
    return replace(table, columns=(*table.columns, *own))


def offered_table(table: Table) -> Table:
    """Rows a result offers to a register: the register's columns, and what each rests on."""
    return replace(table, columns=(*table.columns, *EVIDENCE_OF_ROW))
