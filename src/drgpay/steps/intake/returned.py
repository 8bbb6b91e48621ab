"""Files read row by row, whatever their headers are called this month: a bad cell is a finding, and empty."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from drgpay.steps.intake.files import Where, fail, open_source, refuse_floats
from drgpay.steps.intake.findings import Notes, merge, whole_file
from drgpay.steps.intake.headers import header_key, known_headers, locate
from drgpay.steps.intake.rules import limits
from drgpay.steps.intake.values import Typed, typed
from drgpay.tables import RETURNED, Table

_NEED = "grouping"
_ROWS = 1 << 16


@dataclass(frozen=True)
class Returned:
    """Rows of a table with their ``line``, findings on cells that were taken as empty, the columns the
    file lacks, headers that nobody knows, and rows that add up the others (left out)."""

    rows: Any
    findings: Any
    absent: tuple[str, ...]
    unknown: tuple[tuple[str, str], ...]
    totals: int


def read_returned(
    path: Path, aliases: Mapping[str, str] | None = None, sheet: str = "", header_row: int = 0
) -> Returned:
    """Read a return of the bureau, table ``returned``, as :func:`read_rows`; a settlement id or a record number must
    be there."""
    return read_rows(path, RETURNED, ("settlement_id", "record_number"), aliases, sheet, header_row)


def read_rows(
    path: Path,
    table: Table,
    one_of: tuple[str, ...],
    aliases: Mapping[str, str] | None = None,
    sheet: str = "",
    header_row: int = 0,
) -> Returned:
    """Read the rows of a table that need not be whole. ``aliases``: header of the file → column of the table, in
    English or Chinese, beside the names that are known; ``one_of``: columns of which one must be there. A cell that
    cannot be read is a finding, and empty. Raises DATA without such a column, for two headers of one column, and for
    a file that cannot be read."""
    columns = table.columns
    known = known_headers(columns)
    own = {header_key(head): _column(name, table, known) for head, name in (aliases or {}).items()}
    source = open_source(path, frozenset(known) | frozenset(own), Where(sheet, header_row))
    header = [own.get(header_key(cell), cell) for cell in source.header]
    layout = locate(source.file, header, table, columns, frozenset())
    if not set(one_of) & set(layout.places):
        heads = "、".join(cell.strip() for cell in source.header if cell.strip())[:200]
        zh, en = "或".join(table[n].zh for n in one_of), " or ".join(one_of)
        raise fail(
            f"{table.zh}文件里没有{zh}", f"the file has no {en}", f"用 --column 列名={one_of[0]} 指出是哪一列",
            f"name the column: --column HEADER={one_of[0]}", file=source.file, value=heads,
        )  # fmt: skip
    refuse_floats(source, table, layout.places)
    parts, found, totals = [], [], 0
    for chunk in source.chunks([place for (place,) in layout.places.values()], _ROWS):
        notes = Notes(source.file, _NEED, chunk.lines, pa.nulls(len(chunk.lines), pa.string()))
        cells: dict[str, Any] = {"line": pa.array(chunk.lines)}
        for column in columns:
            if column.name not in layout.places:
                cells[column.name] = pa.nulls(len(chunk.lines), column.arrow)
                continue
            value = typed(column, chunk.columns[layout.places[column.name][0]])
            _note(value, column, notes)
            cells[column.name] = _inside(value, column, notes)
        parts.append(pa.table(cells))
        found.append(notes.table())
        totals += len(chunk.totals)
    absent = tuple(layout.absent)
    heads_unknown = whole_file(source.file, _NEED, [("column_unknown", head, near) for head, near in layout.unknown])
    if not parts or not sum(part.num_rows for part in parts):
        raise fail("只有表头,没有数据行", "a header and no rows", "重新导出", "export it again", file=source.file)
    rows = pa.concat_tables(parts).unify_dictionaries().combine_chunks()
    return Returned(rows, merge([heads_unknown, *found]), absent, tuple(layout.unknown), totals)


def _column(name: str, table: Table, known: Mapping[str, str]) -> str:
    found = known.get(header_key(name))
    if found is None:
        listed = ", ".join(table.names)
        raise fail(
            f"{table.zh}没有这一列",
            f"{table.name} has no such column",
            f"可用：{listed}",
            f"there are {listed}",
            value=name,
        )
    return found


def _note(value: Typed, column: Any, notes: Notes) -> None:
    for fault in value.faults:
        kept_back = [""] * len(fault.at) if column.type == "text" else list(fault.values)
        notes.add(fault.rule, column, fault.at, kept_back, fault.texts)


def _inside(value: Typed, column: Any, notes: Notes) -> Any:
    """The values, those out of bounds or not in the list empty."""
    if column.choices or column.bounds is None or column.type in ("text", "code", "date"):
        if not column.choices:
            return value.values
        plain = value.values.cast(pa.string())
        listed = pa.array(column.choices, pa.string())
        wrong = pc.and_(pc.is_valid(plain), pc.invert(pc.is_in(plain, value_set=listed)))
        notes.add("not_listed", column, np.flatnonzero(wrong.to_numpy(zero_copy_only=False)))
        return pc.if_else(wrong, pa.scalar(None, pa.string()), plain).dictionary_encode()
    low, high = limits(column)
    numbers = value.values.to_pylist()
    out = [at for at, number in enumerate(numbers) if number is not None and not low <= number <= high]
    notes.add("bounds", column, np.array(out, np.int64))
    if not out:
        return value.values
    beyond = set(out)
    return pa.array([None if at in beyond else n for at, n in enumerate(numbers)], value.values.type)
