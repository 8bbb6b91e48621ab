"""A region's folder: registers and stays, as people hand them in."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl

from drgpay.engine import (
    Dataset,
    Landed,
    Outside,
    SparkEngine,
    frame,
    land,
    open_parquet,
    read_table,
    write_table,
)
from drgpay.errors import DrgpayError, Kind
from drgpay.scheme import load_codes
from drgpay.steps import intake
from drgpay.tables import (
    ADVANCES,
    BUDGETS,
    DECISION_REGISTERS,
    EVIDENCE,
    GRADE_REGISTER,
    INSTITUTIONS,
    STAYS,
    Table,
)

SUFFIXES = (".csv", ".xlsx", ".parquet")


NEEDED = (INSTITUTIONS, BUDGETS)
OPTIONAL = (GRADE_REGISTER, EVIDENCE, ADVANCES, *DECISION_REGISTERS)


@dataclass(frozen=True)
class Registers:
    """Small tables people bring, by name; one that was not brought is empty."""

    frames: Mapping[str, pl.DataFrame]

    def __getitem__(self, table: Table) -> pl.DataFrame:
        found = self.frames.get(table.name)
        return frame(table.schema.empty_table()) if found is None else found

    def write(self, folder: Path) -> None:
        """Keep them beside a run, so that it can be recomputed from its folder alone."""
        for table in (*NEEDED, *OPTIONAL):
            write_table(folder, table, self[table].to_arrow())

    @staticmethod
    def read(folder: Path) -> Registers:
        """The registers kept beside a run."""
        return Registers({t.name: read_table(folder, t) for t in (*NEEDED, *OPTIONAL)})


@dataclass(frozen=True)
class Region:
    """Registers of a region and where its stays are."""

    folder: Path
    about: dict[str, Any]
    registers: Registers

    @property
    def identity(self) -> dict[str, Any]:
        """``id`` and ``title`` (zh, en)."""
        name = self.about.get("id", self.folder.name)
        return {"id": name, "title": self.about.get("title", {"zh": name, "en": name})}

    def files(self) -> list[Path]:
        """Every input file a run reads, in name order."""
        registers = (_find(self.folder, t.name) for t in (*NEEDED, *OPTIONAL))
        return [*(p for p in registers if p), *_stay_files(self.folder)]

    def stay_files(self) -> tuple[list[Path], list[Path]]:
        """Files that are canonical Parquet, and the others, both in name order."""
        files = _stay_files(self.folder)
        ready = [p for p in files if p.suffix.lower() == ".parquet" and _is_canonical(p)]
        return ready, [p for p in files if p not in ready]

    def stays(
        self, work: Path, context: intake.CheckContext, convert: Callable[..., intake.Conversion] = intake.convert
    ) -> Stays:
        """The stays as canonical Parquet: files that are so already as they are, others (CSV, workbooks, Parquet with
        other columns) read and checked into ``work`` first, by ``convert``."""
        ready, others = self.stay_files()
        paths, findings = list(ready), []
        for number, path in enumerate(others):
            done = convert(path, work / f"{number:03d}", codes=context.codes, institutions=context.institutions)
            paths += done.parts
            findings.append((done.rows_in - done.rows_ok, done.findings))
        return Stays(
            Dataset(tuple(paths)),
            frozenset(range(len(ready), len(paths))),
            [f for _, f in findings],
            sum(n for n, _ in findings),
        )


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


def _is_canonical(path: Path) -> bool:
    schema = open_parquet(path).schema_arrow
    return all(c.name in schema.names and schema.field(c.name).type == c.arrow for c in STAYS.columns)


@cache
def known_codes() -> intake.KnownCodes:
    """The insurer's edition of the codes, as the checks take them."""
    dx, proc = load_codes("icd10-nhsa-2.0"), load_codes("icd9cm3-nhsa-2.0")
    return intake.KnownCodes.of(dx.known, dx.gray, proc.known, intake.code_lists())


def _find(folder: Path, name: str) -> Path | None:
    return next((p for s in SUFFIXES if (p := folder / f"{name}{s}").is_file()), None)


def _stay_files(folder: Path) -> list[Path]:
    stays = folder / "stays"
    found = sorted(p for p in stays.rglob("*") if _holds_stays(p)) if stays.is_dir() else []
    single = _find(folder, "stays")
    if single:
        found.append(single)
    if not found:
        raise DrgpayError(
            Kind.DATA,
            zh="区域文件夹里没有住院病例(stays)",
            en="the region has no stays",
            file=folder.name,
            fix_zh="把 Parquet/CSV/XLSX 放进 stays/,或先运行 drgpay region make",
            fix_en="put Parquet, CSV or XLSX files into stays/, or run drgpay region make first",
        )
    return found


def _holds_stays(path: Path) -> bool:
    """Lists of findings, which ``check`` writes beside a file, and hidden files are no stays."""
    name = path.name.lower()
    return path.suffix.lower() in SUFFIXES and not name.startswith((".", "~$")) and ".findings." not in name


def read_region(folder: Path) -> Region:
    """Registers of a region; institutions and budgets must be there, the others may be missing."""
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
    for table in (*NEEDED, *OPTIONAL):
        path = _find(folder, table.name)
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
    return Region(folder, about, Registers(frames))
