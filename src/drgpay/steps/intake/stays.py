"""Files of stays: read, typed, checked, chunk by chunk; and converted into canonical Parquet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from drgpay.engine import ROW_GROUP, writing
from drgpay.steps.intake.batch import CheckContext
from drgpay.steps.intake.codes import read_codes
from drgpay.steps.intake.crosswalk import Crosswalk
from drgpay.steps.intake.duplicates import Repeats
from drgpay.steps.intake.files import Chunk, Source, fail, refuse_floats
from drgpay.steps.intake.findings import Flags, Notes, merge, whole_file
from drgpay.steps.intake.formats import Hints, Opened, open_stays
from drgpay.steps.intake.headers import Layout, header_key, known_headers, locate
from drgpay.steps.intake.kernel import accepted, judge, stays_columns
from drgpay.steps.intake.known import KnownCodes
from drgpay.steps.intake.parts import Parts
from drgpay.steps.intake.scores import score_stays
from drgpay.steps.intake.values import Typed, typed
from drgpay.tables import STAYS
from drgpay.units.vector import Ints

_NULLING = frozenset(("unreadable", "not_listed", "too_large", "age_unit"))
"""faults that leave a null behind, which must not be reproached a second time as a missing value"""


@dataclass(frozen=True)
class Intake:
    """Some rows of a file: ``stays`` that were accepted (record batch), ``findings`` (FINDINGS), and the number of
    ``rows`` read, accepted or not; ``format``: words that say what the file was read as (Chinese, English);
    ``lines``: line of every accepted stay; ``scores``: STAY_SCORES of all rows with as many cells as the header, if
    the quality was to be judged; ``kept``: columns of the file that were to be kept, as text (header cell -> Arrow
    array), of the accepted stays."""

    stays: Any
    findings: Any
    rows: int
    format: tuple[str, str]
    lines: Ints
    scores: Any
    kept: Mapping[str, Any] = field(default_factory=dict)


def columns_kept(part: Intake, names: Sequence[str]) -> dict[str, Any]:
    """Of what was kept of a file, the columns of STAYS that are wanted, by name."""
    known = known_headers([STAYS[name] for name in names])
    return {known[key]: cells for head, cells in part.kept.items() if (key := header_key(head)) in known}


@dataclass(frozen=True)
class Conversion:
    """What became of a file: rows read, rows written, findings, and the parts written."""

    rows_in: int
    rows_ok: int
    findings: Any
    parts: tuple[Path, ...]


def read_stays(
    path: Path,
    *,
    need: str = "grouping",
    codes: KnownCodes | None = None,
    institutions: frozenset[str] | None = None,
    year: int | None = None,
    chunk_rows: int = ROW_GROUP,
    hints: Hints | None = None,
    crosswalk: Crosswalk | None = None,
    quality: bool = False,
    keep: Sequence[str] = (),
) -> Iterator[Intake]:
    """Read a file of stays: CSV (UTF-8, GB18030), Excel, Parquet, DBF or JSON, in any of the formats.

    The format is recognised by the headers, or named in the ``hints`` (see :mod:`.formats`). A ``crosswalk`` brings
    the codes into the insurer's edition before they are judged.

    ``need``: ``grouping`` wants only the diagnoses, and takes what else is there of the columns that group a stay
    (without a stay_id column the line number stands for it); ``settlement`` wants every column of STAYS that may not
    be null. ``codes``, ``institutions``, ``year``: as in :class:`CheckContext`. Every item holds at most
    ``chunk_rows`` rows in the columns of :func:`stays_schema`; the first one carries the findings on the file as a
    whole. ``row`` in the findings is the line of the file (the header is line 1), for Parquet the record from 1.
    What is read does not depend on ``chunk_rows``. CSV and Parquet are never held whole; the ids are gone through
    once before (8 bytes per row, see :class:`Repeats`). ``keep``: header cells of columns that are to come along as
    they are, ``*`` for all of them.

    Raises DrgpayError of kind DATA, before the first item: for a file that cannot be read, lacks a required column,
    has two columns for one, or keeps money as floating-point numbers; at the first item: for a file without rows.
    """
    columns = stays_columns(need)
    opened = open_stays(path, hints or Hints())
    source = opened.source
    required = frozenset({"dx"} if need == "grouping" else {column.name for column in columns if not column.null})
    opened.demand(required)
    layout = locate(source.file, source.header, STAYS, columns, required)
    refuse_floats(source, STAYS, layout.places)
    context = CheckContext(need, codes, institutions, year, absent=frozenset(layout.absent), quality=quality)
    return _intakes(opened, layout, context, chunk_rows, crosswalk, opened.own_places(keep))


def _intakes(
    opened: Opened,
    layout: Layout,
    context: CheckContext,
    chunk_rows: int,
    crosswalk: Crosswalk | None,
    own: Mapping[str, int],
) -> Iterator[Intake]:
    columns, source = stays_columns(context.need), opened.source
    whole = _on_the_file(opened, layout, context.need)
    repeats = Repeats(
        typed(STAYS["stay_id"], ids).values
        for place in layout.places.get("stay_id", ())
        for ids in source.column(place)
    )
    wanted = [place for places in layout.places.values() for place in places]
    wanted += [place for place in own.values() if place not in wanted]
    read = 0
    for chunk in source.chunks(wanted, chunk_rows):
        values = {column.name: _column(column.name, chunk, layout) for column in columns}
        if crosswalk is not None:
            values |= {name: crosswalk.convert(STAYS[name], values[name]) for name in ("dx", "proc")}
        for name, value in values.items():
            found = tuple(fault for where, fault in chunk.faults if where == name)
            values[name] = replace(value, faults=(*value.faults, *found))
        ids = values["stay_id"].values
        batch = pa.record_batch([values[c.name].values for c in columns], names=[c.name for c in columns])
        notes = Notes(source.file, context.need, chunk.lines, ids, opened.names, quality=context.quality)
        for where, fault in chunk.faults:
            if where not in values:
                notes.add(fault.rule, None, fault.at, fault.values, fault.texts, field=where)
        silent = _faults(values, notes)
        over = np.flatnonzero(chunk.inside)
        notes.add("lines", None, over, [str(n + 1) for n in chunk.inside[over].tolist()])
        again = chunk.lines[repeats.again(ids)] if "stay_id" in layout.places else context.duplicates
        judge(batch, replace(context, duplicates=again), notes, silent)
        findings = [whole, notes.table(), ragged(source, chunk, context.need)]
        rows = len(chunk.lines) + len(chunk.ragged)
        if rows:
            kept = accepted(batch, notes, context.need)
            lines = chunk.lines[~notes.out]
            scores = score_stays(batch, notes) if context.quality else None
            brought = {head: _plain(chunk.columns[place], notes.out) for head, place in own.items()}
            yield Intake(kept, merge(findings), rows, opened.said, lines, scores, brought)
            whole = whole.slice(0, 0)
        read += rows
    if not read:
        raise fail("只有表头,没有数据行", "a header and no rows", "重新导出", "export it again", file=source.file)


def _plain(cells: Any, out: Flags) -> Any:
    """Cells as text, of the rows that are not kept out; lists with ``|`` between their parts."""
    if pa.types.is_list(cells.type) or pa.types.is_large_list(cells.type):
        cells = pc.binary_join(cells.cast(pa.list_(pa.string())), "|")
    text = cells.cast(pa.string())
    return text.filter(pa.array(~out)) if out.any() else text


def _on_the_file(opened: Opened, layout: Layout, need: str) -> Any:
    absent = [
        ("stay_id_made" if name == "stay_id" else "column_absent", STAYS[name], "")
        for name in layout.absent
        if need == "grouping" and not STAYS[name].later
    ]
    summed = [("amount_summed", STAYS[name], "") for name in opened.summed]
    unknown = layout.unknown if opened.unknown is None else opened.unknown
    heads = (("column_unknown", head, near) for head, near in unknown)
    return whole_file(opened.source.file, need, [*absent, *summed, *heads])


def _column(name: str, chunk: Chunk, layout: Layout) -> Typed:
    column = STAYS[name]
    if name not in layout.places:
        if name == "stay_id":
            return Typed(pa.array(chunk.lines).cast(pa.string()))
        return Typed(pa.nulls(len(chunk.lines), column.arrow))
    cells = [chunk.columns[place] for place in layout.places[name]]
    return read_codes(column, cells) if column.type == "codes" else typed(column, cells[0])


def _faults(values: dict[str, Typed], notes: Notes) -> dict[str, Flags]:
    """Note the faults of reading; returns the cells that became null by them."""
    silent: dict[str, Flags] = {}
    for name, column in values.items():
        for fault in column.faults:
            kept_back = [""] * len(fault.at) if STAYS[name].type == "text" else list(fault.values)
            notes.add(fault.rule, STAYS[name], fault.at, kept_back, fault.texts)
            if fault.rule in _NULLING:
                silent.setdefault(name, np.zeros(len(notes.lines), bool))[fault.at] = True
    return silent


def ragged(source: Source, chunk: Chunk, need: str) -> Any:
    """Findings on the records of a chunk that have more or fewer cells than the header."""
    n = len(chunk.ragged)
    notes = Notes(source.file, need, np.array([line for line, _ in chunk.ragged], np.int64), pa.nulls(n, pa.string()))
    notes.add("cells", None, np.arange(n), [f"{cells} / {len(source.header)}" for _, cells in chunk.ragged])
    return notes.table()


def convert(
    path: Path,
    folder: Path,
    *,
    need: str = "settlement",
    codes: KnownCodes | None = None,
    institutions: frozenset[str] | None = None,
    year: int | None = None,
    chunk_rows: int = ROW_GROUP,
    hints: Hints | None = None,
    crosswalk: Crosswalk | None = None,
) -> Conversion:
    """Bring a file of stays into canonical Parquet: ``folder/<name of the file>-00000.parquet``, -00001 and so on.

    Arguments and errors as :func:`read_stays`. Parts hold up to ``PART_ROWS`` accepted rows in row groups of
    ``ROW_GROUP``, zstd. They are written under a temporary name and renamed when the whole file is done, replacing
    the parts of an earlier conversion of the same file: repeating is harmless, failing leaves the old parts alone.
    A file without an accepted row leaves no part.
    """
    parts = Parts(folder, path.stem)
    findings: list[Any] = []
    rows_in = rows_ok = 0
    try:
        with writing(folder):
            for intake in read_stays(
                path,
                need=need,
                codes=codes,
                institutions=institutions,
                year=year,
                chunk_rows=chunk_rows,
                hints=hints,
                crosswalk=crosswalk,
            ):
                rows_in, rows_ok = rows_in + intake.rows, rows_ok + intake.stays.num_rows
                findings.append(intake.findings)
                parts.add(intake.stays)
            names = parts.finish()
    finally:
        parts.discard()
    return Conversion(rows_in, rows_ok, merge(findings), names)
