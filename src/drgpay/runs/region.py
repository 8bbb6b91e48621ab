"""A region's folder: registers and stays, as people hand them in."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache, partial
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa

from drgpay.engine import (
    Dataset,
    Engine,
    Landed,
    Outside,
    SparkEngine,
    frame,
    land,
    open_parquet,
    read_table,
    table_path,
    write_part,
    write_table,
)
from drgpay.errors import DrgpayError, Kind
from drgpay.runs import batches
from drgpay.scheme import load_codes
from drgpay.steps import intake
from drgpay.tables import (
    ADVANCES,
    BATCHES,
    BUDGET_AMOUNTS,
    BUDGETS,
    DECISION_REGISTERS,
    ENROLMENT,
    EVIDENCE,
    GRADE_REGISTER,
    INSTITUTIONS,
    MODE_REGISTERS,
    STAY_DETAILS,
    STAYS,
    VISITS,
    Table,
)

SUFFIXES = intake.REGISTER_SUFFIXES
STAY_SUFFIXES = (*SUFFIXES, ".dbf", ".json", ".jsonl")
ALIAS = "stays.yaml"
"""alias file beside the stays: what holds for every file of them that is no canonical Parquet"""


NEEDED = (INSTITUTIONS, BUDGETS)
OPTIONAL = (GRADE_REGISTER, EVIDENCE, ADVANCES, *DECISION_REGISTERS)
MODAL = (*MODE_REGISTERS, BUDGET_AMOUNTS)
"""registers that only a run with payment modes reads and keeps"""


@dataclass(frozen=True)
class Registers:
    """Small tables people bring, by name; one that was not brought is empty."""

    frames: Mapping[str, pl.DataFrame]

    def __getitem__(self, table: Table) -> pl.DataFrame:
        found = self.frames.get(table.name)
        return frame(table.schema.empty_table()) if found is None else found

    def write(self, folder: Path, *, modes: bool = False) -> None:
        """Keep them beside a run, so that it can be recomputed from its folder alone."""
        for table in (*NEEDED, *OPTIONAL, *(MODAL if modes else ())):
            write_table(folder, table, self[table].to_arrow())

    @staticmethod
    def read(folder: Path) -> Registers:
        """The registers kept beside a run."""
        modal = (t for t in MODAL if table_path(folder, t).exists())
        return Registers({t.name: read_table(folder, t) for t in (*NEEDED, *OPTIONAL, *modal)})


@dataclass(frozen=True)
class Region:
    """Registers of a region and where its stays are."""

    folder: Path
    about: dict[str, Any]
    registers: Registers
    batches: tuple[batches.Batch, ...] = ()
    """what was handed in after ``stays``, in order, as far as it is known"""

    @property
    def identity(self) -> dict[str, Any]:
        """``id`` and ``title`` (zh, en)."""
        name = self.about.get("id", self.folder.name)
        return {"id": name, "title": self.about.get("title", {"zh": name, "en": name})}

    def files(self, *, modes: bool = False) -> list[Path]:
        """Every input file a run reads, in name order; one with payment modes reads more."""
        registers = (register_file(self.folder, t.name) for t in (*NEEDED, *OPTIONAL, *(MODAL if modes else ())))
        alias = [self.folder / ALIAS] if (self.folder / ALIAS).is_file() else []
        beside = (p for t in (ENROLMENT, VISITS) for p in self.table_files(t)) if modes else ()
        later = [p for batch in self.batches for p in batch.files()]
        if later and (register := register_file(self.folder, BATCHES.name)):
            later.insert(0, register)
        return [*(p for p in registers if p), *alias, *self._first(), *beside, *later]

    def _first(self) -> list[Path]:
        """The files of batch 0; there may be none where batches are."""
        return _stay_files(self.folder, needed=not self.batches)

    def stay_files(self) -> tuple[list[Path], list[Path]]:
        """Files that are canonical Parquet, and the others, both in name order."""
        files = self._first()
        ready = [p for p in files if p.suffix.lower() == ".parquet" and _is_canonical(p)]
        return ready, [p for p in files if p not in ready]

    def said(self) -> dict[str, Any]:
        """What ``stays.yaml`` says of the files that are no canonical Parquet, as arguments of
        :func:`drgpay.steps.intake.read_stays`."""
        alias = self.folder / ALIAS
        hints = intake.read_hints(alias) if alias.is_file() else intake.Hints()
        return {"hints": hints, "crosswalk": intake.clinical() if hints.codes == "clinical" else None}

    def stays(
        self, work: Path, context: intake.CheckContext, convert: Callable[..., intake.Conversion] = intake.convert
    ) -> Stays:
        """The stays as canonical Parquet: files that are so already as they are, others (CSV, workbooks, DBF, lists,
        Parquet with other columns) read and checked into ``work`` first, by ``convert``, as ``stays.yaml`` says where
        it is there."""
        said = self.said()
        ready, others = self.stay_files()
        paths, findings = list(ready), []
        for number, path in enumerate(others):
            done = convert(
                path, work / f"{number:03d}", codes=context.codes, institutions=context.institutions, **said
            )
            paths += done.parts
            findings.append((done.rows_in - done.rows_ok, done.findings))
        later = batches.versions(self.batches, work / "batches", context, said)
        first = dict.fromkeys(range(len(paths)), later.first) if len(later.first) else {}
        of_batches = {len(paths) + at: keys for at, keys in enumerate(later.replaced) if len(keys)}
        checked = frozenset(range(len(ready), len(paths)))
        return Stays(
            Dataset((*paths, *later.files)),
            checked,
            [*(f for _, f in findings), *later.findings],
            sum(n for n, _ in findings) + later.rejected,
            first | of_batches,
        )

    def table_files(self, table: Table) -> list[Path]:
        """The files of a table beside the stays: below ``<name>/``, and ``<name>.csv`` (or .xlsx, .parquet)."""
        return _files_of(self.folder, table.name)

    def table(self, table: Table, work: Path) -> Beside | None:
        """A table the region may bring (details of stays, charges, visits, persons); None when it brings none.

        Canonical Parquet is used as it is. CSV, workbooks and other Parquet are read and checked row by row into
        ``work`` (see :func:`drgpay.steps.intake.convert_rows`): bad rows are kept out with a finding, good rows go
        on. A table without a usable row is there and empty.
        """
        files = self.table_files(table)
        if not files and table == STAY_DETAILS:  # front pages and settlement lists hold some of them
            files = [p for p in self.stay_files()[1] if intake.holds_details(p)]
        if not files:
            return None
        institutions = frozenset(self.registers[INSTITUTIONS]["institution_id"])
        ready = [p for p in files if p.suffix.lower() == ".parquet" and intake.is_canonical(p, table, institutions)]
        others = [p for p in files if p not in ready]
        folder = work / table.name
        done = intake.convert_rows(others, folder, table, institutions=institutions)
        paths = [*ready, *done.parts]
        if not paths:
            folder.mkdir(parents=True, exist_ok=True)
            write_part(folder / "none.parquet", table.schema.empty_table())
            paths.append(folder / "none.parquet")
        brought = intake.columns_brought(paths, table)
        return Beside(Dataset(tuple(paths)), brought, [done.findings], done.rows_in - done.rows_ok)


def land_stays(engine: SparkEngine, source: Outside, folder: Path) -> Landed:
    """Bring a table of stays of another system into ``folder/stays``: see :func:`drgpay.engine.land`."""
    needed = [c.name for c in STAYS.columns if not c.null]
    return land(engine, source, STAYS.schema, needed, folder / "stays", "stay_id")


@dataclass(frozen=True)
class Stays:
    """A region's stays ready to be mapped: which files were checked while being read, what that found, and how many
    rows it kept out."""

    data: Dataset
    checked: frozenset[int]
    findings: list[Any]
    rejected: int
    replaced: Mapping[int, Any] = field(default_factory=dict)
    """file number -> keys of its rows that a later batch replaces, see :func:`drgpay.steps.intake.replaced_rows`"""

    def rows_replaced(self, engine: Engine) -> int:
        """How many rows a later batch replaces."""
        if not self.replaced:
            return 0
        files = [self.data.paths[number] for number in sorted(self.replaced)]
        keys = [self.replaced[number] for number in sorted(self.replaced)]
        return sum(
            int(
                frame(engine.sum(Dataset((path,)), partial(_gone, keys=its), ("one",), _PLACED, "batches"))["n"].sum()
            )
            for path, its in zip(files, keys, strict=True)
        )


_PLACED = ("stay_id", "institution_id")


def _gone(batch: Any, keys: Any) -> Any:
    n = int(intake.replaced_rows(batch, keys).sum())
    return pa.table({"one": pa.array([0], pa.int64()), "n": pa.array([n], pa.int64())})


@dataclass(frozen=True)
class Beside:
    """A table of a region beside its stays, ready to be mapped: ``brought`` are the columns that have a value
    somewhere (a column null everywhere counts as not brought); ``findings`` (FINDINGS tables) of the files that were
    read and checked, and how many rows they kept out."""

    data: Dataset
    brought: frozenset[str]
    findings: list[Any]
    rejected: int


def _is_canonical(path: Path) -> bool:
    schema = open_parquet(path).schema_arrow
    return all(schema.field(c.name).type == c.arrow if c.name in schema.names else c.later for c in STAYS.columns)


@cache
def known_codes() -> intake.KnownCodes:
    """The insurer's edition of the codes, as the checks take them."""
    dx, proc = load_codes("icd10-nhsa-2.0"), load_codes("icd9cm3-nhsa-2.0")
    return intake.KnownCodes.of(dx.known, dx.gray, proc.known, intake.code_lists(), proc.gray)


def register_file(folder: Path, name: str, suffixes: Sequence[str] = SUFFIXES) -> Path | None:
    """The file of a small table in a folder; None where it was not brought."""
    return next((p for s in suffixes if (p := folder / f"{name}{s}").is_file()), None)


def _stay_files(folder: Path, *, needed: bool = True) -> list[Path]:
    found = _files_of(folder, STAYS.name, STAY_SUFFIXES)
    if not found and needed:
        raise DrgpayError(
            Kind.DATA,
            zh="区域文件夹里没有住院病例(stays)",
            en="the region has no stays",
            file=folder.name,
            fix_zh="把 Parquet/CSV/XLSX/DBF/JSON 放进 stays/,或先运行 drgpay region make",
            fix_en="put Parquet, CSV, XLSX, DBF or JSON files into stays/, or run drgpay region make first",
        )
    return found


def _files_of(folder: Path, name: str, suffixes: Sequence[str] = SUFFIXES) -> list[Path]:
    """Every file of a table that is kept in a folder or in one file, in name order."""
    inside = folder / name
    found = sorted(p for p in inside.rglob("*") if _holds_rows(p, suffixes)) if inside.is_dir() else []
    single = register_file(folder, name, suffixes)
    return [*found, single] if single else found


def _holds_rows(path: Path, suffixes: Sequence[str]) -> bool:
    """Lists of findings, which ``check`` writes beside a file, and hidden files are no rows."""
    name = path.name.lower()
    return path.suffix.lower() in suffixes and not name.startswith((".", "~$")) and ".findings." not in name


def read_region(folder: Path, known_on: date | None = None) -> Region:
    """Registers of a region; institutions and budgets must be there, the others may be missing. ``known_on``: take
    what was handed in until that day."""
    if not folder.is_dir():
        raise DrgpayError(
            Kind.DATA,
            zh="没有这个区域文件夹",
            en="no such region folder",
            file=folder,
            fix_zh="检查 --region,或先运行 drgpay region make",
            fix_en="check --region, or run drgpay region make first",
        )
    about_file = folder / "region.json"
    try:
        about = json.loads(about_file.read_text(encoding="utf-8")) if about_file.is_file() else {}
    except ValueError as error:
        raise DrgpayError(
            Kind.DATA, zh="region.json 不是有效的 JSON", en="region.json is not valid JSON", file=about_file.name
        ) from error

    frames = {}
    for table in (*NEEDED, *OPTIONAL, *MODAL):
        path = register_file(folder, table.name)
        if path is not None:
            frames[table.name] = frame(intake.read_register(path, table))
        elif table in NEEDED:
            raise DrgpayError(
                Kind.DATA,
                zh=f"缺少登记表 {table.name}({table.zh})",
                en=f"the register {table.name} is missing",
                file=f"{folder.name}/{table.name}.csv",
                fix_zh="列见 docs/tables.md",
                fix_en="docs/tables.md lists its columns",
            )
    return Region(folder, about, Registers(frames), batches.read_batches(folder, known_on))
