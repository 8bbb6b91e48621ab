"""Registers as rows in memory: read from a file as they were typed, checked as the file would be, and written so that
they read back as they are."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from drgpay.engine import drafted
from drgpay.steps.intake.files import open_source, refuse_floats
from drgpay.steps.intake.headers import header_key, known_headers, locate
from drgpay.steps.intake.references import Known
from drgpay.steps.intake.registers import Wrong, in_force, recorded, refused, typed_rows, unaligned
from drgpay.tables import RECORDING, Column, Table
from drgpay.units import show_coefficient, show_fen

LINE = "_row"
"""in a row that was read from a file: the line it stands on"""


@dataclass(frozen=True)
class RowFinding:
    """What is wrong with a row: its line in the file (or its place among the rows, from 1), the column (empty: the
    row as a whole), the value as it may be shown, what is wrong, what to do. ``level``: always ``error`` so far."""

    row: int
    field: str
    value: str
    zh: str
    en: str
    fix_zh: str
    fix_en: str
    level: str = "error"


class CheckedRows(NamedTuple):
    """Findings in the order of the rows, and every row with every column of the register and the two of recording:
    money in fen, points and ratios in 1/10,000, days as dates, None where a cell is empty or wrong."""

    findings: list[RowFinding]
    rows: list[dict[str, Any]]


def register_rows(path: Path, table: Table) -> list[dict[str, Any]]:
    """The rows of a file of a register (CSV, Excel, Parquet; a template that was filled), as they were typed: column
    → text, or the typed value of a Parquet file, and under :data:`LINE` the line. Columns that the file lacks are
    left out. Raises DrgpayError of kind DATA for a file that cannot be read, that lacks a column, or whose lines are
    no rows; what stands in the cells is for :func:`check_rows`."""
    wide = recorded(table)
    source = open_source(path, frozenset(known_headers(wide.columns)))
    required = frozenset(column.name for column in table.columns if not column.null)
    layout = locate(source.file, source.header, wide, wide.columns, required)
    refuse_floats(source, wide, layout.places)
    rows: list[dict[str, Any]] = []
    wrong: list[Wrong] = []
    for chunk in source.chunks([place for places in layout.places.values() for place in places], 1 << 16):
        wrong += unaligned(chunk, len(source.header))
        cells = {name: _joined([chunk.columns[at] for at in its]) for name, its in layout.places.items()}
        for line, *values in zip(chunk.lines.tolist(), *cells.values(), strict=True):
            rows.append({LINE: line, **dict(zip(cells, values, strict=True))})
    if wrong:
        raise refused(source.file, wrong)
    return rows


def _joined(columns: Sequence[Any]) -> list[Any]:
    """The cells of a column; those of several columns of one list as one text."""
    if len(columns) == 1:
        found: list[Any] = columns[0].to_pylist()
        return found
    return ["|".join(cell or "" for cell in cells) for cells in zip(*(c.to_pylist() for c in columns), strict=True)]


def check_rows(table: Table, rows: Sequence[Mapping[str, Any]], known: Known | None = None) -> CheckedRows:
    """Check rows of a register in memory as those of a file are checked: types, choices, bounds, empty cells, keys
    that occur again, and, with ``known``, what they name that is not there.

    A row is column → value, by English, Chinese or other known name of the column. Text is read as people type it
    (yuan, ``1,234.50``, ``95%``, 拒付, 是); other values are those of the table: whole fen and 1/10,000, dates,
    switches, lists. :data:`LINE` says the row's number.
    """
    wide = recorded(table)
    heads = known_headers(wide.columns)
    lines = np.array([int(row.get(LINE, at)) for at, row in enumerate(rows, 1)], np.int64)
    findings: list[RowFinding] = []
    named: list[dict[str, Any]] = []
    names = {head: heads.get(header_key(str(head))) for head in {head for row in rows for head in row}}
    for line, row in zip(lines.tolist(), rows, strict=True):
        named.append({})
        for head, value in row.items():
            name = names[head]
            if name is not None:
                named[-1][name] = value
            elif head != LINE:
                findings.append(_strange(line, str(head), heads))
    cells = {
        column.name: pa.array([as_typed(column, row.get(column.name)) for row in named], pa.string())
        for column in wide.columns
    }
    whole, wrong = typed_rows(wide, cells, lines, {})
    wrong += in_force(table, whole, known or Known(), {})[1]
    findings += [_finding(one) for one in wrong]
    return CheckedRows(sorted(findings, key=lambda f: (f.row, f.field)), whole.select(wide.names).to_pylist())


def _strange(line: int, head: str, heads: Mapping[str, str]) -> RowFinding:
    near = get_close_matches(header_key(head), heads, n=1)
    zh, en = (f"最接近的是 {near[0]}", f"the nearest is {near[0]}") if near else ("删去该列", "leave it out")
    return RowFinding(line, head, "", "登记表没有这一列", "the register has no such column", zh, en)


def _finding(wrong: Wrong) -> RowFinding:
    zh, _, fix_zh = wrong.zh.partition(";")
    en, _, fix_en = wrong.en.partition("; ")
    return RowFinding(wrong.line, wrong.field, wrong.value, zh, en, fix_zh, fix_en)


def refuse_rows(file: str, findings: Sequence[RowFinding]) -> None:
    """Raise DrgpayError of kind DATA that lists findings, when there are any; ``file``: what they are about."""
    if findings:
        raise refused(
            file, [Wrong(f.row, f.field, f.value, f"{f.zh};{f.fix_zh}", f"{f.en}; {f.fix_en}") for f in findings]
        )


def as_typed(column: Column, value: Any) -> str | None:
    """A value of a table as text that reads back as it is; text stays what it is."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, date):
        return value.isoformat()[:10]
    if isinstance(value, int):
        if column.type == "fen":
            return show_fen(value, group=False)
        return show_coefficient(value) if column.type in ("ratio", "points") else str(value)
    return "|".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)


def write_register(path: Path, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Rows as :func:`check_rows` gives them as a CSV file that reads back as they are, in their order; the columns of
    recording only where a row has one. Same rows, same bytes."""
    said = [c for c in RECORDING if any(row.get(c.name) is not None for row in rows)]
    columns = (*table.columns, *(c for c in said if c.name not in table.names))
    with drafted(path) as draft, draft.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(column.name for column in columns)
        writer.writerows([as_typed(column, row.get(column.name)) for column in columns] for row in rows)
