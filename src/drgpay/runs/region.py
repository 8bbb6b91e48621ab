"""A region's folder: registers and stays, as people hand them in."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache, partial
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field, ValidationError

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
from drgpay.runs.manifest import file_digest
from drgpay.runs.stay_files import STAY_SUFFIXES, all_read, below
from drgpay.runs.succession import Succession, check_events, succession_of
from drgpay.runs.unread import refuse_unread
from drgpay.scheme import load_codes
from drgpay.steps import intake
from drgpay.tables import (
    ADVANCES,
    BATCHES,
    BUDGET_AMOUNTS,
    BUDGETS,
    COMMUNITIES,
    DECISION_REGISTERS,
    ENROLMENT,
    EVIDENCE,
    FUND_HISTORY,
    FUND_PLANS,
    GRADE_REGISTER,
    INSTITUTION_BUDGETS,
    INSTITUTION_EVENTS,
    INSTITUTIONS,
    MODE_REGISTERS,
    MONTHS_PAID,
    PAYMENT_HOLDS,
    RISK_MOVEMENTS,
    SANCTIONS,
    SHARING_MINUTES,
    STAY_DETAILS,
    STAYS,
    TAKEN_ROWS,
    TAKES,
    VISITS,
    Table,
)

SUFFIXES = intake.REGISTER_SUFFIXES
ALIAS = "stays.yaml"
"""alias file beside the stays: what holds for every file of them that is no canonical Parquet"""


NEEDED = (INSTITUTIONS, BUDGETS)
OPTIONAL = (
    GRADE_REGISTER, EVIDENCE, ADVANCES, MONTHS_PAID, PAYMENT_HOLDS, INSTITUTION_EVENTS, *DECISION_REGISTERS,
    FUND_HISTORY, FUND_PLANS, RISK_MOVEMENTS, SANCTIONS,
    SHARING_MINUTES, INSTITUTION_BUDGETS,
)  # fmt: skip
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
        """Keep them beside a run, so that it can be recomputed from its folder alone; and where results were taken,
        which rows came from them."""
        taken = (TAKEN_ROWS,) if self[TAKEN_ROWS].height else ()
        for table in (*NEEDED, *OPTIONAL, *(MODAL if modes else ()), *taken):
            write_table(folder, table, self[table].to_arrow())

    @staticmethod
    def read(folder: Path, wanted: Iterable[Table] = ()) -> Registers:
        """The registers kept beside a run, or the wanted of them; one that runs did not know when it was made is
        empty."""
        tables = tuple(wanted) or (*NEEDED, *OPTIONAL, *MODAL, TAKEN_ROWS)
        there = (t for t in tables if t in NEEDED or table_path(folder, t).exists())
        return Registers({t.name: read_table(folder, t) for t in there})


@dataclass(frozen=True)
class Region:
    """Registers of a region and where its stays are."""

    folder: Path
    about: dict[str, Any]
    registers: Registers
    stamps: Mapping[Path, intake.Stamp | None] = field(default_factory=dict)
    """what the files beside each other in the folder were before the first of them was read"""
    batches: tuple[batches.Batch, ...] = ()
    """what was handed in after ``stays``, in order, as far as it is known"""
    known_on: date | None = None
    """the day until which it was read; None: all that was recorded"""
    recorded: Mapping[Path, str] = field(default_factory=dict)
    """of registers whose rows have days, and of what they took from results: the digest of the rows that are known"""

    @property
    def succession(self) -> Succession:
        """Its institutions over time."""
        return succession_of(self.registers)

    @property
    def identity(self) -> dict[str, Any]:
        """``id`` and ``title`` (zh, en)."""
        return _identity(self.folder, self.about)

    def files(self, *, modes: bool = False, details: bool = False) -> list[Path]:
        """Every input file a run reads, in name order; one with payment modes reads more, one with benefit rules the
        details of stays too."""
        read = (*NEEDED, *OPTIONAL, *(MODAL if modes else ()))
        registers = (p for t in read for p in intake.register_paths(self.folder, t))
        alias = [self.folder / ALIAS] if (self.folder / ALIAS).is_file() else []
        wanted = (*((ENROLMENT, VISITS) if modes else ()), *((STAY_DETAILS,) if details else ()))
        beside = (p for t in wanted for p in self.table_files(t))
        later = [p for batch in self.batches for p in batch.files()]
        known = (p for p in registers if p in self.recorded or not intake.is_taken(p))
        return [*known, *alias, *self._first(), *beside, *later]

    def digests(self, watch: intake.Watch, *, modes: bool = False, details: bool = False) -> dict[str, str]:
        """sha256 of every input by its name; of the register of batches and of those that record the days of their
        rows, that of the rows that are known, so that later ones leave it as it is."""
        files = self.files(modes=modes, details=details)
        found = watch.digests(files, self.folder, file_digest)
        found |= {path.name: digest for path, digest in self.recorded.items() if path in files}
        if self.batches:
            rows = "\n".join(batch.line() for batch in self.batches)
            found[BATCHES.name] = hashlib.sha256(rows.encode()).hexdigest()
        return dict(sorted(found.items()))

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
        lost: Counter[str] = Counter()
        for number, path in enumerate(others):
            done = convert(
                path, work / f"{number:03d}", codes=context.codes, institutions=context.institutions, **said
            )
            paths += done.parts
            findings.append((done.rows_in - done.rows_ok, done.findings))
            lost.update(done.kept_out)
        lost_by = dict(lost)
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
            lost_by,
        )

    def table_files(self, table: Table) -> list[Path]:
        """The files of a table beside the stays: below ``<name>/``, and ``<name>.csv`` (or .xlsx, .parquet)."""
        return _files_of(self.folder, table)

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
    rows it kept out, in all and by institution ("" where a row names none)."""

    data: Dataset
    checked: frozenset[int]
    findings: list[Any]
    rejected: int
    replaced: Mapping[int, Any] = field(default_factory=dict)
    """file number -> keys of its rows that a later batch replaces, see :func:`drgpay.steps.intake.replaced_rows`"""

    kept_out: Mapping[str, int] = field(default_factory=dict)

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


register_file = intake.register_file


def rows_digest(path: Path, known_on: date | None = None) -> str | None:
    """The digest of the rows of a register, or of what it took from results, that are known; None for any other file,
    for one that does not record the days of its rows, and where nothing that was taken is known. Raises DATA where it
    cannot be read."""
    for table in (*NEEDED, *OPTIONAL, *MODAL):
        if path in intake.register_paths(path.parent, table):
            register = intake.read_recorded(path, table, known_on=known_on)
            return register.taken_digest if intake.is_taken(path) else register.digest
    return None


def taken_since(folder: Path, inputs: Collection[str], known_on: date | None) -> str | None:
    """The first file of rows that registers took from results, of which some are known, that is not among inputs."""
    for table in (*NEEDED, *OPTIONAL, *MODAL):
        own = intake.taken_file(folder, table)
        if own.is_file() and own.name not in inputs and rows_digest(own, known_on) is not None:
            return own.name
    return None


def known_places(
    folder: Path, known_on: date | None = None, kept: Collection[Table] = (INSTITUTIONS, COMMUNITIES)
) -> intake.Known:
    """The institutions and communities (or what else the registers ``kept`` keep) of a folder of registers, for the
    rows that name one; a register that is not there says nothing. Raises DATA where one of them is wrong."""

    def rows(table: Table) -> list[dict[str, Any]] | None:
        path = register_file(folder, table) if table in kept else None
        return None if path is None else intake.read_register(path, table, None, known_on).to_pylist()

    return intake.known_in(rows)


def _stay_files(folder: Path, *, needed: bool = True) -> list[Path]:
    found = _files_of(folder, STAYS, STAY_SUFFIXES)
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


def _files_of(folder: Path, table: Table, suffixes: Sequence[str] = SUFFIXES) -> list[Path]:
    """Every file of a table that is kept in a folder or in one file, in name order. Raises DATA when the table is
    there in both ways, or in several files: its rows would count twice."""
    inside = [folder / name for name in table.file_names if (folder / name).is_dir()]
    found = [all_read(below(one), one, suffixes) for one in inside]
    single = register_file(folder, table, suffixes)
    there = [one for one, files in zip(inside, found, strict=True) if files] + ([single] if single else [])
    if len(there) > 1:
        raise intake.several(there)
    return [path for files in found for path in files] or ([single] if single else [])


def read_region(
    folder: Path,
    known_on: date | None = None,
    only: Collection[int] | None = None,
    needed: Collection[Table] = NEEDED,
) -> Region:
    """Registers of a region; those ``needed`` (institutions and budgets) must be there, the others may be missing.
    ``known_on``: take what was handed in and recorded until that day; ``only``: of the batches those with these
    numbers."""
    if not folder.is_dir():
        raise DrgpayError(
            Kind.DATA,
            zh="没有这个区域文件夹",
            en="no such region folder",
            file=folder,
            fix_zh="检查 --region,或先运行 drgpay region make",
            fix_en="check --region, or run drgpay region make first",
        )
    refuse_unread(folder, (*NEEDED, *OPTIONAL, *MODAL))
    stamps = {path: intake.stamp(path) for path in folder.iterdir() if path.is_file()}
    about = read_about(folder / "region.json")
    frames, known = {}, known_places(folder, known_on)
    recorded: dict[Path, str] = {}
    taken: list[dict[str, Any]] = []
    wrong: list[DrgpayError] = []
    for table in (*NEEDED, *OPTIONAL, *MODAL):
        path = register_file(folder, table)
        if path is not None:
            try:
                register = intake.read_recorded(path, table, known, known_on)
                frames[table.name] = frame(register.rows)
                if register.digest is not None:
                    recorded[path] = register.digest
                if register.taken_digest is not None:
                    recorded[intake.taken_file(folder, table)] = register.taken_digest
                    taken += [
                        {**row, "register": table.name, "row_key": key_of(table, row)} for row in register.taken
                    ]
            except DrgpayError as error:
                wrong.append(error)
        elif table in needed:
            raise DrgpayError(
                Kind.DATA,
                zh=f"缺少登记表 {table.name}({table.zh})",
                en=f"the register {table.name} is missing",
                file=f"{folder.name}/{table.name}.csv",
                fix_zh=f"填写模板:drgpay region template --register {table.zh}",
                fix_en=f"fill in a template: drgpay region template --register {table.name}",
            )
    if wrong:
        raise together(wrong)
    if taken:
        frames[TAKEN_ROWS.name] = _taken_rows(folder, taken)
    check_events(succession_of(Registers(frames)))
    later = batches.read_batches(folder, known_on, only, known)
    return Region(folder, about, Registers(frames), stamps, later, known_on, recorded)


def key_of(table: Table, row: Mapping[str, Any]) -> str:
    """The key of a row of a register, as people see and write it: its parts with / between them."""
    return "/".join("" if row[name] is None else str(row[name]) for name in table.key)


def _taken_rows(folder: Path, rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """Where rows in force that were taken from results come from, with the name of the result."""
    results = dict(frame(intake.read_register(folder / TAKES.name, TAKES)).select("take", "result").rows())
    return frame(TAKEN_ROWS.of([{**row, "result": results[row["take"]]} for row in rows])).sort(TAKEN_ROWS.key)


class _Title(BaseModel):
    model_config = ConfigDict(extra="ignore")
    zh: str
    en: str


class _About(BaseModel):
    """What ``region.json`` may say that is read; whatever else stands in it is passed over."""

    model_config = ConfigDict(extra="allow", strict=True)
    id: str | None = Field(default=None, min_length=1, max_length=100, pattern=r"^[^/\\\x00-\x1f]+$")
    title: _Title | None = None


def region_identity(folder: Path) -> dict[str, Any]:
    """``id`` and ``title`` (zh, en) of the region in a folder."""
    return _identity(folder, read_about(folder / "region.json"))


def _identity(folder: Path, about: Mapping[str, Any]) -> dict[str, Any]:
    name = about.get("id", folder.name)
    return {"id": name, "title": about.get("title", {"zh": name, "en": name})}


def read_about(path: Path) -> dict[str, Any]:
    """``region.json``, checked; nothing where it is not there. Raises DATA that names what is wrong in it."""
    if not path.is_file():
        return {}
    try:
        found = _About.model_validate(json.loads(path.read_text(encoding="utf-8-sig")))
    except ValidationError as error:
        first = error.errors()[0]
        raise DrgpayError(
            Kind.DATA, zh="region.json 的内容不对", en="region.json does not say what it should", file=path.name,
            field=".".join(map(str, first["loc"])) or None, value=str(first.get("input"))[:60],
            fix_zh='写成 {"id": "…", "title": {"zh": "…", "en": "…"}},或删去该文件',
            fix_en='write {"id": "…", "title": {"zh": "…", "en": "…"}}, or remove the file',
        ) from error  # fmt: skip
    except (ValueError, RecursionError) as error:
        raise DrgpayError(
            Kind.DATA, zh="region.json 不是有效的 JSON", en="region.json is not valid JSON", file=path.name,
            fix_zh='改正,或删去该文件', fix_en="correct it, or remove the file",
        ) from error  # fmt: skip
    return found.model_dump(exclude_none=True)


def together(wrong: Sequence[DrgpayError]) -> DrgpayError:
    """The errors of several registers as one, so that they can be corrected at once."""
    first, *more = wrong
    if not more:
        return first
    return DrgpayError(
        first.kind,
        zh="\n".join(f"{e.file}:{e.zh}" for e in wrong),
        en="\n".join(f"{e.file}: {e.en}" for e in wrong),
        fix_zh=first.fix_zh,
        fix_en=first.fix_en,
        file=first.file,
        row=first.row,
        field=first.field,
        value=first.value,
    )
