"""Files of stays: read, typed, checked, chunk by chunk; and converted into canonical Parquet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from drgpay.engine import ROW_GROUP, tell, writing
from drgpay.errors import DrgpayError
from drgpay.steps.intake.batch import CheckContext, OpenDays
from drgpay.steps.intake.capped import Capped
from drgpay.steps.intake.chunks import Chunk, Source, fail
from drgpay.steps.intake.crosswalk import Crosswalk
from drgpay.steps.intake.duplicates import Repeats
from drgpay.steps.intake.files import refuse_floats
from drgpay.steps.intake.findings import Flags, Notes, merge
from drgpay.steps.intake.formats import Hints, Opened, open_stays
from drgpay.steps.intake.headers import header_key, known_headers, locate
from drgpay.steps.intake.kernel import accepted, stays_columns
from drgpay.steps.intake.known import KnownCodes
from drgpay.steps.intake.parts import Parts
from drgpay.steps.intake.reading import Reading
from drgpay.steps.intake.scores import score_stays
from drgpay.steps.intake.unchanged import Stamp, changed, stamp
from drgpay.steps.intake.visits import VISIT, find_visits, may_be_negative, named_places
from drgpay.tables import STAYS
from drgpay.units.vector import Ints

_DEMANDED = {"grouping": frozenset({"dx"}), "estimate": frozenset({"dx", "total_cost"})}
"""columns a file must have where not all are needed"""


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
    kept_out: Mapping[str, int] = field(default_factory=dict)
    """institution → rows kept out; "" where the row names none"""


def columns_kept(part: Intake, names: Sequence[str]) -> dict[str, Any]:
    """Of what was kept of a file, the columns of STAYS that are wanted, by name."""
    known = known_headers([STAYS[name] for name in names])
    return {known[key]: cells for head, cells in part.kept.items() if (key := header_key(head)) in known}


@dataclass(frozen=True)
class Conversion:
    """What became of a file: rows read, rows written, findings, the parts written, and rows kept out by
    institution ("" where a row names none)."""

    rows_in: int
    rows_ok: int
    findings: Any
    parts: tuple[Path, ...]
    kept_out: Mapping[str, int] = field(default_factory=dict)


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
    open_days: Mapping[str, OpenDays] | None = None,
) -> Iterator[Intake]:
    """Read a file of stays: CSV (UTF-8, GB18030), Excel, Parquet, DBF or JSON, in any of the formats.

    The format is recognised by the headers, or named in the ``hints`` (see :mod:`.formats`). A ``crosswalk`` brings
    the codes into the insurer's edition before they are judged.

    ``need``: ``estimate`` wants diagnoses and cost and takes every column that is there;
    ``grouping`` wants only the diagnoses, and takes what else is there of the columns that group a stay
    (without a stay_id column the line number stands for it); ``settlement`` wants every column of STAYS that may not
    be null. ``codes``, ``institutions``, ``year``, ``open_days``: as in :class:`CheckContext`. Every item holds at
    most ``chunk_rows`` rows in the columns of :func:`stays_schema`; the first carries the findings on the file as a
    whole. ``row`` in the findings is the line of the file (the header is line 1), for Parquet the record from 1.
    What is read does not depend on ``chunk_rows``. CSV and Parquet are never held whole; the ids are gone through
    once before (8 bytes per row, see :class:`Repeats`). ``keep``: header cells of columns that are to come along as
    they are, ``*`` for all of them. Visits and negative amounts
    are gone through once before too, where there are any (see :mod:`.visits`).

    Raises DrgpayError of kind DATA, before the first item: for a file that cannot be read, lacks a required column,
    has two columns for one, or keeps money as floating-point numbers; at the first item: for a file without rows.
    """
    columns = stays_columns(need)
    before = stamp(path)
    opened = open_stays(path, hints or Hints())
    source = opened.source
    required = demanded(opened, need)
    opened.demand(required)
    layout = locate(source.file, source.header, STAYS, columns, required)
    refuse_floats(source, STAYS, layout.places)
    context = CheckContext(
        need, codes, institutions, year, absent=frozenset(layout.absent), quality=quality, open_days=open_days or {}
    )
    places = named_places(source.header)
    reversals = need == "settlement" and VISIT not in places and may_be_negative(path, source)
    visits = find_visits(source, places, chunk_rows, reversals)
    reading = Reading(opened, layout, context, crosswalk, dates_in(opened), visits)
    return _steady(_intakes(reading, chunk_rows, opened.own_places(keep)), path, before)


def _steady(intakes: Iterator[Intake], path: Path, before: Stamp | None) -> Iterator[Intake]:
    """What is read of a file, as long as it stays as it was."""
    for intake in intakes:
        if stamp(path) != before:
            raise changed(path.name)
        yield intake


def cells_of(path: Path, head: str, hints: Hints | None = None) -> Iterator[tuple[Any, Any]]:
    """A column of a file of stays as it is: lines and cells as text, part by part. Raises USAGE for a header the file
    does not have, and DATA as :func:`read_stays` does."""
    opened = open_stays(path, hints or Hints())
    place = next(iter(opened.own_places([head]).values()))
    for chunk in opened.source.chunks([place], ROW_GROUP):
        yield chunk.lines, _plain(chunk.columns[place], np.zeros(len(chunk.lines), bool))


def demanded(opened: Opened, need: str) -> frozenset[str]:
    """The columns a file must have; days of stay are none where both dates give them."""
    columns = stays_columns(need)
    required = _DEMANDED.get(need) or frozenset(column.name for column in columns if not column.null)
    return required - ({"los"} if dates_in(opened) else set())


def dates_in(opened: Opened) -> dict[str, int]:
    """Where both dates of a stay stand; empty where one of them is not there, or twice."""
    source, wanted = opened.source, [STAYS["admission_date"], STAYS["discharge_date"]]
    try:
        places = locate(source.file, source.header, STAYS, wanted, frozenset()).places
    except DrgpayError:
        return {}
    return {name: at[0] for name, at in places.items()} if len(places) == len(wanted) else {}


def _intakes(reading: Reading, chunk_rows: int, own: Mapping[str, int]) -> Iterator[Intake]:
    source, need, said = reading.opened.source, reading.context.need, reading.opened.said
    whole, read = reading.on_the_file(), 0
    repeats = Repeats(reading.ids())
    wanted = reading.wanted()
    wanted += [place for place in own.values() if place not in wanted]
    capped, waiting = Capped(), None
    for chunk in source.chunks(wanted, chunk_rows):
        batch, notes = reading.judged(chunk, repeats)
        beside = len(chunk.ragged) + len(chunk.totals)
        rows = len(chunk.lines) + beside
        if rows:
            findings = [whole, notes.table(), ragged(source, chunk, need), added_up(source, chunk, need)]
            kept = accepted(batch, notes, need)
            scores = score_stays(batch, notes) if reading.context.quality else None
            lost = _kept_out(batch, notes.out, beside)
            brought = {head: _plain(chunk.columns[place], notes.out) for head, place in own.items()}
            lines = chunk.lines[~notes.out]
            if waiting is not None:
                yield waiting
            waiting = Intake(kept, capped.listed(merge(findings)), rows, said, lines, scores, brought, lost)
            whole = whole.slice(0, 0)
        read += rows
    if not read:
        raise fail("只有表头,没有数据行", "a header and no rows", "重新导出", "export it again", file=source.file)
    if waiting is not None:
        yield replace(waiting, findings=merge([waiting.findings, capped.rest()]))


def _kept_out(batch: Any, out: Flags, beside: int) -> dict[str, int]:
    """How many rows of each institution were kept out; ``beside``: records of other lengths and totals, which name
    none."""
    lost = Counter({"": beside} if beside else {})
    if out.any() and "institution_id" in batch.schema.names:
        those = pc.fill_null(batch.column("institution_id").filter(pa.array(out)).cast(pa.string()), "")
        lost.update({row["values"]: row["counts"] for row in pc.value_counts(those).to_pylist()})
    return dict(lost)


def _plain(cells: Any, out: Flags) -> Any:
    """Cells as text, of the rows that are not kept out; lists with ``|`` between their parts."""
    if pa.types.is_list(cells.type) or pa.types.is_large_list(cells.type):
        cells = pc.binary_join(cells.cast(pa.list_(pa.string())), "|")
    text = cells.cast(pa.string())
    return text.filter(pa.array(~out)) if out.any() else text


def ragged(source: Source, chunk: Chunk, need: str) -> Any:
    """Findings on the records of a chunk that have more or fewer cells than the header."""
    n = len(chunk.ragged)
    notes = Notes(source.file, need, np.array([line for line, _ in chunk.ragged], np.int64), pa.nulls(n, pa.string()))
    notes.add("cells", None, np.arange(n), [f"{cells} / {len(source.header)}" for _, cells in chunk.ragged])
    return notes.table()


def added_up(source: Source, chunk: Chunk, need: str) -> Any:
    """Findings on the rows of a chunk that add up the others and are no stays."""
    n = len(chunk.totals)
    notes = Notes(source.file, need, np.array(chunk.totals, np.int64), pa.nulls(n, pa.string()))
    notes.add("total_row", None, np.arange(n))
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
    lost: Counter[str] = Counter()
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
                tell(None, "read", rows_in, 0)
                rows_in, rows_ok = rows_in + intake.rows, rows_ok + intake.stays.num_rows
                findings.append(intake.findings)
                lost.update(intake.kept_out)
                parts.add(intake.stays)
            names = parts.finish()
    finally:
        parts.discard()
    return Conversion(rows_in, rows_ok, merge(findings), names, dict(lost))
