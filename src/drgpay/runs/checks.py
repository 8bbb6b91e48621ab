"""Quality of the records of a file or of a whole region: findings, also between stays of one person, and scores."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from drgpay.engine import (
    Dataset,
    Engine,
    Part,
    PartKernel,
    Source,
    frame,
    new_folder,
    table_path,
    write_part,
    write_table,
)
from drgpay.runs.manifest import TABLES
from drgpay.runs.region import Region, known_codes, read_region
from drgpay.steps import intake
from drgpay.tables import FINDINGS, INSTITUTIONS, RECORD_SCORES, STAY_SCORES, STAYS

LOWEST = 10_000
"""stays listed by their score, the lowest first"""
LISTED = 200_000
"""findings of a region above which hints are only counted in the workbook; the table has them all"""


@dataclass(frozen=True)
class Checked:
    """What a check came to: rows read and ``kept``; FINDINGS (of a large region only errors and warnings); ``counts``
    of all of them (rule, level, n); RECORD_SCORES; the stays that score ``lowest`` (of STAY_SCORES); and ``dropped``:
    how many stays every check kept out, per institution (rule, institution_id, n)."""

    rows: int
    kept: int
    findings: Any
    counts: pl.DataFrame
    scores: Any
    lowest: pl.DataFrame
    dropped: pl.DataFrame


@dataclass(frozen=True)
class _Folder:
    """Where a check keeps its parts: findings, what stays are compared by, and scores before they are."""

    folder: Path

    @property
    def outs(self) -> tuple[Path, Path, Path]:
        """Folders of findings, placed stays and first scores."""
        return self.folder / FINDINGS.name, self.folder / "placed", self.folder / "scored"

    def add(self, name: str, part: intake.Intake, file: str) -> None:
        """Some rows that were read."""
        settled = part.stays.schema.names == list(STAYS.names)
        placed = intake.placed(part.stays, file, part.lines) if settled else None
        for out, data in zip(self.outs, (part.findings, placed, part.scores), strict=True):
            if data is not None:
                out.mkdir(exist_ok=True)
                write_part(out / f"{name}.parquet", _of_file(data, file))


def _of_file(data: Any, file: str) -> Any:
    """The table with this name of its file: two folders may have files of one name."""
    at = data.schema.get_field_index("file")
    return data.set_column(at, data.schema.field(at), pa.repeat(file, data.num_rows))


def check_files(parts: Iterable[tuple[str, intake.Intake]], engine: Engine, work: Path) -> Checked:
    """Judge files that are read with ``quality``: see :func:`drgpay.steps.intake.read_stays`. ``parts``: the name of
    the file of each part, and what was read; ``work``: an empty folder for as long as it takes; memory is bounded by
    it but for the findings. A stay_id that stands in several files is a finding."""
    folder = _Folder(work)
    rows = kept = 0
    names: set[str] = set()
    for number, (file, part) in enumerate(parts):
        rows, kept = rows + part.rows, kept + part.stays.num_rows
        names.add(file)
        folder.add(f"part-{number:05d}", part, file)
    return _finish(folder, engine, work, rows, kept, across=len(names) > 1)


def check_file(parts: Iterable[intake.Intake], file: str, engine: Engine, work: Path) -> Checked:
    """The same for one file."""
    return check_files(((file, part) for part in parts), engine, work)


def check_region(
    region_folder: Path, out: Path, engine: Engine, book: Callable[[Path, Checked], None] | None = None
) -> Checked:
    """Judge all files of a region and each person's stays across them. Leaves tables ``findings``, ``stay_scores``
    and ``record_scores`` in ``out``, and what ``book`` writes: all or nothing. An existing folder is an error."""
    region = read_region(region_folder)
    with new_folder(out) as draft:
        work, tables = draft / "work", draft / TABLES
        work.mkdir()
        tables.mkdir()
        folder = _Folder(work)
        rows, kept = _judge(region, folder, engine)
        done = _finish(folder, engine, tables, rows, kept, across=True, keep=True)
        shutil.rmtree(work)
        if book is not None:
            book(draft, done)
        return done


@dataclass(frozen=True)
class _Judge:
    """Findings, placed stays and scores of a part of canonical stays."""

    context: intake.CheckContext
    root: Path

    def __call__(self, batch: Any, part: Part) -> tuple[Any, Any, Any]:
        file = part.path.relative_to(self.root).as_posix()
        batch, notes = intake.judged(batch, file, part.first_row + 1, self.context)
        stays = intake.accepted(batch, notes, self.context.need)
        placed = intake.placed(stays, file, notes.lines[~notes.out])
        return notes.table(), placed, intake.score_stays(batch, notes)


def _judge(region: Region, folder: _Folder, engine: Engine) -> tuple[int, int]:
    institutions = frozenset(region.registers[INSTITUTIONS]["institution_id"])
    open_days = region.succession.open_days()
    context = intake.CheckContext("settlement", known_codes(), institutions, quality=True, open_days=open_days)
    ready, others = region.stay_files()
    rows, said = 0, region.said()
    if ready:
        data = Dataset(tuple(ready))
        rows = data.rows()
        engine.map(data, _Judge(context, region.folder), folder.outs, STAYS.names, "check")
    for number, path in enumerate(others):
        file = path.relative_to(region.folder).as_posix()
        parts = intake.read_stays(
            path,
            need=context.need,
            codes=context.codes,
            institutions=institutions,
            quality=True,
            open_days=open_days,
            **said,
        )
        for at, part in enumerate(parts):
            rows += part.rows
            folder.add(f"read-{number:03d}-{at:05d}", part, file)
    return rows, Dataset.of(folder.outs[1]).rows()


def _finish(
    folder: _Folder, engine: Engine, tables: Path, rows: int, kept: int, *, across: bool = False, keep: bool = False
) -> Checked:
    """Compare the stays with each other, add what that finds to the scores, and add those up. ``across``: of many
    files; ``keep``: whose tables are kept."""
    found, placed, scored = folder.outs
    late = intake.merge_findings(_late(engine, folder.folder, placed, across) if placed.is_dir() else [])
    write_part(found / "side-by-side.parquet", late)
    scores = engine.map(
        Dataset.of(scored),
        lambda batch, part: intake.with_findings(batch, late),
        [table_path(tables, STAY_SCORES)],
        STAY_SCORES.names,
        "score",
    )[0]
    sums = engine.sum(scores, intake.tally, intake.TALLY_KEY, STAY_SCORES.names, "score")
    records = intake.record_scores(sums)
    findings = Dataset.of(found)
    counts = frame(engine.sum(findings, _by_rule, ("rule", "level"), ("rule", "level"), "count"))
    if keep:
        write_table(tables, RECORD_SCORES, records)
        shutil.copytree(found, table_path(tables, FINDINGS))
    late_errors = int(pc.sum(pc.equal(late.column("level").cast(pa.string()), "error")).as_py() or 0)
    large = keep and int(counts["n"].sum()) > LISTED
    listed = [pa.table(batch) for batch in engine.scan(findings)]
    if large:
        listed = [table.filter(pc.field("level") != "info") for table in listed]
    return Checked(
        rows,
        kept - late_errors,
        intake.merge_findings(listed),
        counts,
        records,
        _lowest(engine, scores),
        _dropped(engine, scores, counts),
    )


def _late(engine: Engine, work: Path, placed: Path, across: bool) -> list[Any]:
    """What stands out between stays: of one person, and of one id in several files."""
    kernels: list[tuple[str, Any, tuple[str, ...]]] = [("person_id", intake.overlaps, intake.PERSON_ORDER)]
    if across:
        kernels.append(("stay_id", intake.repetitions, intake.STAY_ORDER))
    data, found = Dataset.of(placed), []
    for key, kernel, order in kernels:
        rows = Source(data, intake.PLACED, order, _given(key))
        out = engine.map_by((rows,), key, kernel, work / key, "side by side")
        found += [pa.table(batch) for batch in engine.scan(out)]
    return found


def _given(key: str) -> PartKernel:
    """Rows that have the key: those without do not belong together."""
    return lambda batch, part: batch.filter(pc.is_valid(batch.column(key)))


def _by_rule(batch: Any) -> Any:
    return frame(batch).group_by("rule", "level").agg(n=pl.len().cast(pl.Int64)).to_arrow()


def _dropped(engine: Engine, scores: Dataset, counts: pl.DataFrame) -> pl.DataFrame:
    """Stays kept out by check and institution; lines that are no record of the file are of none."""
    grave = counts.filter(pl.col("level").cast(pl.String) == "error")["rule"].cast(pl.String).to_list()
    parts = [intake.kept_out(batch, grave) for batch in engine.scan(scores)]
    torn = counts.filter((pl.col("rule") == "cells") & (pl.col("level") == "error"))
    parts.append(torn.select(pl.col("rule").cast(pl.String), institution_id=pl.lit(""), n=pl.col("n")))
    rows = pl.concat(parts).group_by("rule", "institution_id").agg(pl.col("n").sum())
    return rows.sort("n", "rule", "institution_id", descending=[True, False, False])


def _lowest(engine: Engine, scores: Dataset) -> pl.DataFrame:
    """The stays that score lowest, the lowest first."""
    names = [name for name in STAY_SCORES.names if name != "rules"]
    lowest = frame(STAY_SCORES.schema.empty_table().select(names))
    for batch in engine.scan(scores, names):
        below = frame(batch).filter(pl.col("score") < 100)
        lowest = pl.concat([lowest, below]).sort("score", "file", "row").head(LOWEST)
    return lowest
