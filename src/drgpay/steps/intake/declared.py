"""Rows of any declared table: files read, typed, checked against the dictionary row by row, into canonical Parquet.

For what a region brings beside its stays: details, daily charges, visits, persons. Nothing here knows what a table is
about; what the dictionary says of its columns (type, bounds, choices, null, key) is what is checked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from drgpay.engine import ROW_GROUP, open_parquet
from drgpay.steps.intake.capped import Capped
from drgpay.steps.intake.codes import read_codes
from drgpay.steps.intake.duplicates import Repeats
from drgpay.steps.intake.files import Chunk, Source, open_source, refuse_floats
from drgpay.steps.intake.findings import Flags, Notes, merge, whole_file
from drgpay.steps.intake.formats import open_details
from drgpay.steps.intake.headers import Layout, known_headers, locate
from drgpay.steps.intake.parts import Parts
from drgpay.steps.intake.reading import gathered
from drgpay.steps.intake.rules import limits
from drgpay.steps.intake.stays import Conversion, added_up, ragged
from drgpay.steps.intake.values import Typed, typed
from drgpay.tables import STAY_DETAILS, Column, Table
from drgpay.units import show_fen

_NEED = "settlement"
_BETWEEN = "\x1f"
_PARTS = ("total_cost", "personal_paid", "fund_by_item")
_LIFE = ("birth_date", "death_date")


@dataclass(frozen=True)
class _Open:
    """A file and where the columns of the table stand in it."""

    source: Source
    layout: Layout
    formatted: bool
    """seen through a format: its header is not the one of the file"""


def is_canonical(path: Path, table: Table, institutions: frozenset[str] | None = None) -> bool:
    """Can a Parquet file be used as it is: every column of ``table`` in its type, no null where none may be, nothing
    out of bounds, no value outside the choices, no institution that is not in the register (None: not looked up).

    Read from the statistics of the file where it has them; only columns of closed lists are scanned. Repeated keys
    are not looked for. Raises DrgpayError of kind DATA for a file that is no Parquet.
    """
    file = open_parquet(path)
    schema = file.schema_arrow
    if not all(c.name in schema.names and schema.field(c.name).type == c.arrow for c in table.columns):
        return False
    listed = {c.name: frozenset(c.choices) for c in table.columns if c.choices}
    if institutions is not None and "institution_id" in table.names:
        listed["institution_id"] = institutions
    return all(_within(file, c) for c in table.columns) and all(
        set(pc.unique(batch.column(0).cast(pa.string())).to_pylist()) <= allowed | {None}
        for name, allowed in listed.items()
        for batch in file.iter_batches(batch_size=1 << 20, columns=[name])
    )


def _within(file: Any, column: Column) -> bool:
    bounded = column.bounds is not None
    if column.null and not bounded:
        return True
    low, high = limits(column)
    for said in _statistics(file, column.name):
        if said is None or (not column.null and said.null_count):
            return False
        if bounded and said.has_min_max and not (low <= said.min and said.max <= high):
            return False
    return True


def _statistics(file: Any, name: str) -> Iterator[Any]:
    """Statistics of a column (of its leaf, for a list), one per row group; None where the file has none."""
    meta = file.metadata
    places = [i for i in range(meta.num_columns) if meta.schema.column(i).path.split(".")[0] == name]
    for group in range(meta.num_row_groups):
        for place in places:
            said = meta.row_group(group).column(place).statistics
            yield said if said is not None and said.has_null_count else None


def columns_brought(paths: Iterable[Path], table: Table) -> frozenset[str]:
    """The columns of ``table`` that have a value somewhere in the canonical files: a column null everywhere counts as
    not brought. From the statistics of the files; a column without any is read."""
    found: set[str] = set()
    for path in paths:
        file = open_parquet(path)
        for column in table.columns:
            if column.name not in found and _filled(file, column.name):
                found.add(column.name)
    return frozenset(found)


def _filled(file: Any, name: str) -> bool:
    known = True
    for said in _statistics(file, name):
        if said is None:
            known = False
        elif said.num_values:
            return True
    return not known and any(
        batch.column(0).null_count < len(batch) for batch in file.iter_batches(batch_size=1 << 20, columns=[name])
    )


def holds_details(path: Path) -> bool:
    """Whether details of stays can be taken from a file of stays: it is of one of the known formats."""
    return open_details(path) is not None


def convert_rows(
    paths: Sequence[Path],
    folder: Path,
    table: Table,
    *,
    institutions: frozenset[str] | None = None,
    chunk_rows: int = ROW_GROUP,
) -> Conversion:
    """Bring files of a declared table (CSV in UTF-8 or GB18030, Excel, Parquet) into canonical Parquet in ``folder``.

    Headers may be Chinese, English or an alias. Columns that may be null may be missing; the others must be there.
    A row is kept out, with a finding, when a cell cannot be read, a value is missing where none may be, out of
    bounds or not among the choices, the institution is not in the register (``institutions``; None: not looked up),
    or its key occurred before in these files, in their order. Amounts in text are yuan, whole numbers in a Parquet
    file fen. A file with a header and no rows brings nothing. Findings show no ids of persons.

    Details of stays may also be taken from front pages and settlement lists of the known formats, as far as these
    hold them. Files are read ``chunk_rows`` rows at a time; of the keys 8 bytes per row are held. Parts are written
    under a temporary name and named when a file is done. Raises DrgpayError of kind DATA for a file that cannot be
    read, lacks a column, has two columns for one, or keeps money as floating-point numbers. Source: design/01 (bad
    data is a finding).
    """
    opened = [_open(path, table) for path in paths]
    repeats = Repeats(key for one in opened for key in _keys(one, table, chunk_rows))
    findings: list[Any] = []
    names: list[Path] = []
    rows_in = rows_ok = 0
    for number, (path, one) in enumerate(zip(paths, opened, strict=True)):
        parts = Parts(folder / f"{number:03d}", path.stem)
        findings.append(
            whole_file(one.source.file, _NEED, [("column_unknown", *head) for head in gathered(one.layout.unknown)])
        )
        capped = Capped()
        try:
            for chunk in one.source.chunks(_places(one.layout), chunk_rows):
                batch, notes = _judged(one, table, chunk, repeats, institutions)
                kept = batch.filter(pa.array(~notes.out))
                rows_in += batch.num_rows + len(chunk.ragged)
                rows_ok += kept.num_rows
                found = [notes.table(), ragged(one.source, chunk, _NEED), added_up(one.source, chunk, _NEED)]
                findings.append(capped.listed(merge(found)))
                if kept.num_rows:
                    parts.add(pa.RecordBatch.from_arrays(kept.columns, schema=table.schema))
            names += parts.finish()
            findings.append(capped.rest())
        finally:
            parts.discard()
    return Conversion(rows_in, rows_ok, merge(findings), tuple(names))


def _open(path: Path, table: Table) -> _Open:
    source = open_details(path) if table == STAY_DETAILS else None
    formatted = source is not None
    if source is None:
        source = open_source(path, frozenset(known_headers(table.columns)))
    required = frozenset(column.name for column in table.columns if not column.null)
    layout = locate(source.file, source.header, table, table.columns, required)
    refuse_floats(source, table, layout.places)
    return _Open(source, layout, formatted)


def _places(layout: Layout) -> list[int]:
    return [place for places in layout.places.values() for place in places]


def _keys(one: _Open, table: Table, rows: int) -> Iterator[Any]:
    """The keys of a file as text, null where a part of one is missing."""
    wanted = [one.layout.places[name][0] for name in table.key]
    for chunk in one.source.chunks(wanted, rows):
        yield _key([typed(table[name], chunk.columns[at]).values for name, at in zip(table.key, wanted, strict=True)])


def _key(columns: list[Any]) -> Any:
    texts = [column.cast(pa.string()) for column in columns]
    return texts[0] if len(texts) == 1 else pc.binary_join_element_wise(*texts, _BETWEEN)


def _judged(
    one: _Open, table: Table, chunk: Chunk, repeats: Repeats, institutions: frozenset[str] | None
) -> tuple[Any, Notes]:
    """The typed rows of a chunk, and what is found in them."""
    cells = {column.name: _column(column, chunk, one.layout) for column in table.columns}
    batch = pa.record_batch([cells[name].values for name in table.names], names=list(table.names))
    ids = batch.column("stay_id") if "stay_id" in table.names else pa.nulls(batch.num_rows, pa.string())
    names = (
        {} if one.formatted else {name: one.source.header[at[0]].strip() for name, at in one.layout.places.items()}
    )
    notes = Notes(one.source.file, _NEED, chunk.lines, ids, names)
    for column in table.columns:
        _cells(column, cells[column.name], institutions, notes)
    again = repeats.again(_key([batch.column(name) for name in table.key]))
    notes.add("key_repeated", table[table.key[0]], np.flatnonzero(again))
    _together(batch, table, notes)
    return batch, notes


def _column(column: Column, chunk: Chunk, layout: Layout) -> Typed:
    if column.name not in layout.places:
        return Typed(pa.nulls(len(chunk.lines), column.arrow))
    cells = [chunk.columns[place] for place in layout.places[column.name]]
    return read_codes(column, cells) if column.type == "codes" else typed(column, cells[0])


def _flags(values: Any) -> Flags:
    return np.asarray(pc.fill_null(values, False).to_numpy(zero_copy_only=False), bool)


def _cells(column: Column, cell: Typed, institutions: frozenset[str] | None, notes: Notes) -> None:
    """What is wrong with the cells of one column. A cell that became null by a fault of reading is not reproached a
    second time."""
    silent = np.zeros(len(cell.values), bool)
    for fault in cell.faults:
        kept_back = [""] * len(fault.at) if column.type == "text" else list(fault.values)
        notes.add(fault.rule, column, fault.at, kept_back, fault.texts)
        silent[fault.at] = True
    if not column.null:
        notes.add("missing", column, np.flatnonzero(_flags(cell.values.is_null()) & ~silent))
    if column.bounds is not None:
        low, high = limits(column)
        out = _flags(pc.or_(pc.less(cell.values, low), pc.greater(cell.values, high)))
        _note(notes, "bounds", column, cell.values, out)
    if column.name == "institution_id" and institutions is not None:
        register = pa.array(sorted(institutions), pa.string())
        plain = cell.values.cast(pa.string())
        known = pc.or_(pc.is_in(plain, value_set=register), pc.is_null(plain))
        _note(notes, "institution_unknown", column, plain, ~_flags(known))


def _note(notes: Notes, rule: str, column: Column, values: Any, bad: Flags) -> None:
    at = np.flatnonzero(bad)
    there = values.take(pa.array(at))
    money = column.type == "fen" and pa.types.is_integer(there.type)
    texts = [None if n is None else show_fen(n, group=False) for n in there.to_pylist()] if money else None
    notes.add(rule, column, at, texts if money else there.cast(pa.string()))


def _together(batch: Any, table: Table, notes: Notes) -> None:
    """What is wrong with the cells of a row together: parts above the total, a death before birth."""
    if set(_PARTS) <= set(table.names):
        total, personal, fund = (batch.column(name) for name in _PARTS)
        sane = pa.array(~notes.out)  # so that the sum cannot overflow
        above = pc.greater(pc.add(pc.if_else(sane, personal, 0), pc.if_else(sane, fund, 0)), total)
        _note(notes, "parts_exceed_total", table["total_cost"], total, _flags(pc.and_(above, sane)))
    if set(_LIFE) <= set(table.names):
        born, died = (batch.column(name) for name in _LIFE)
        notes.add("death_before_birth", table["death_date"], np.flatnonzero(_flags(pc.less(died, born))))
