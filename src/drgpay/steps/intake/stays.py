"""Files of stays: read, typed, checked, chunk by chunk; and converted into canonical Parquet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from drgpay.engine import ROW_GROUP, writing
from drgpay.errors import DrgpayError
from drgpay.steps.intake.batch import CheckContext
from drgpay.steps.intake.crosswalk import Crosswalk
from drgpay.steps.intake.duplicates import Repeats
from drgpay.steps.intake.files import Chunk, Source, fail, refuse_floats
from drgpay.steps.intake.findings import Notes, merge
from drgpay.steps.intake.formats import Hints, Opened, open_stays
from drgpay.steps.intake.headers import locate
from drgpay.steps.intake.kernel import accepted, stays_columns
from drgpay.steps.intake.known import KnownCodes
from drgpay.steps.intake.parts import Parts
from drgpay.steps.intake.reading import Reading
from drgpay.steps.intake.scores import score_stays
from drgpay.steps.intake.visits import VISIT, find_visits, may_be_negative, named_places
from drgpay.tables import STAYS
from drgpay.units.vector import Ints


@dataclass(frozen=True)
class Intake:
    """Some rows of a file: ``stays`` that were accepted (record batch), ``findings`` (FINDINGS), and the number of
    ``rows`` read, accepted or not; ``format``: words that say what the file was read as (Chinese, English);
    ``lines``: line of every accepted stay; ``scores``: STAY_SCORES of all rows with as many cells as the header, if
    the quality was to be judged."""

    stays: Any
    findings: Any
    rows: int
    format: tuple[str, str]
    lines: Ints
    scores: Any


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
    once before (8 bytes per row, see :class:`Repeats`), and so are visits and negative amounts, where there are any
    (see :mod:`.visits`).

    Raises DrgpayError of kind DATA, before the first item: for a file that cannot be read, lacks a required column,
    has two columns for one, or keeps money as floating-point numbers; at the first item: for a file without rows.
    """
    columns = stays_columns(need)
    opened = open_stays(path, hints or Hints())
    source = opened.source
    dates = _dates(opened)
    required = frozenset({"dx"} if need == "grouping" else {column.name for column in columns if not column.null})
    required -= {"los"} if dates else set()
    opened.demand(required)
    layout = locate(source.file, source.header, STAYS, columns, required)
    refuse_floats(source, STAYS, layout.places)
    context = CheckContext(need, codes, institutions, year, absent=frozenset(layout.absent), quality=quality)
    places = named_places(source.header)
    reversals = need == "settlement" and VISIT not in places and may_be_negative(path, source)
    visits = find_visits(source, places, chunk_rows, reversals)
    return _intakes(Reading(opened, layout, context, crosswalk, dates, visits), chunk_rows)


def _dates(opened: Opened) -> dict[str, int]:
    """Where both dates of a stay stand; empty where one of them is not there, or twice."""
    source, wanted = opened.source, [STAYS["admission_date"], STAYS["discharge_date"]]
    try:
        places = locate(source.file, source.header, STAYS, wanted, frozenset()).places
    except DrgpayError:
        return {}
    return {name: at[0] for name, at in places.items()} if len(places) == len(wanted) else {}


def _intakes(reading: Reading, chunk_rows: int) -> Iterator[Intake]:
    source, need = reading.opened.source, reading.context.need
    whole, read = reading.on_the_file(), 0
    repeats = Repeats(reading.ids())
    for chunk in source.chunks(reading.wanted(), chunk_rows):
        batch, notes = reading.judged(chunk, repeats)
        rows = len(chunk.lines) + len(chunk.ragged)
        if rows:
            findings = [whole, notes.table(), ragged(source, chunk, need)]
            kept = accepted(batch, notes, need)
            scores = score_stays(batch, notes) if reading.context.quality else None
            yield Intake(kept, merge(findings), rows, reading.opened.said, chunk.lines[~notes.out], scores)
            whole = whole.slice(0, 0)
        read += rows
    if not read:
        raise fail("只有表头,没有数据行", "a header and no rows", "重新导出", "export it again", file=source.file)


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
