"""A region as an office finds it on a day in spring (模拟经办工作): the year before is over, of this one only so much
is known, and the last month still lies with the hospitals as files to hand in.
"""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq

from drgpay.engine import ROW_GROUP, WRITE_OPTIONS
from drgpay.policy import practice_text
from drgpay.samples.evaluated import write_evaluation_registers
from drgpay.samples.plan import EVALUATED, source
from drgpay.samples.region import IDENTITY, TRUTH_FILE, make_region
from drgpay.samples.registers import write_csv, write_register
from drgpay.tables import (
    ADVANCES,
    BATCHES,
    DEPARTMENTS,
    EVIDENCE,
    GRADE_REGISTER,
    INSTITUTIONS,
    RECORDING,
    STAYS,
)
from drgpay.units import show_fen
from drgpay.words import in_word

DAY = date(2024, 4, 8)
"""the day on which the office is found"""
_BEFORE = 4
"""years before this one: three to base the last one on, and the last one"""
_DATED = {BATCHES.name: "received_on", ADVANCES.name: "date"}
"""registers whose rows are known from a day of their own"""
_VIOLATIONS = dict.fromkeys(("fraud", "splitting", "early_discharge", "upcoding", "examination_admission"), 0.04)
"""what the office's inspectors may find, in cases per stay"""
_NOT_YET = (GRADE_REGISTER, EVIDENCE)
"""what the clearing of this year will need, and nobody has yet"""

Row = dict[str, Any]


@dataclass(frozen=True)
class OfficeSample:
    """What was made: the region's folder; the practice of the year before; each institution's file of the last month,
    by its id; and a spoiled twin of one of them."""

    region: Path
    practice: Path
    files: Mapping[str, Path]
    spoiled: Path


def make_office_sample(folder: Path, *, stays: int, institutions: int, seed: int = 1) -> OfficeSample:
    """Make it below ``folder``, whole or not at all: ``region/``, ``practice.yaml``, ``files/``, ``spoiled/``. What
    is there already stays."""
    if not folder.is_dir():
        draft = folder.with_name(f".{folder.name}.partial")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        years = tuple(range(DAY.year - _BEFORE, DAY.year + 1))
        make_region(
            draft / "region", stays=stays, institutions=institutions, seed=seed, years=years, lived=True,
            violations=_VIOLATIONS,
        )  # fmt: skip
        _evaluated(draft / "region", seed)
        _until(draft / "region")
        (draft / "practice.yaml").write_text(_practice(DAY.year - 1), encoding="utf-8")
        _files(draft)
        draft.rename(folder)
    files = {path.stem: path for path in sorted((folder / "files").glob("*.csv"))}
    return OfficeSample(folder / "region", folder / "practice.yaml", files, next((folder / "spoiled").glob("*.csv")))


def _evaluated(region: Path, seed: int) -> None:
    """What was reported and found of the year before."""
    rows: dict[str, list[dict[str, str]]] = {}
    for table in (INSTITUTIONS, DEPARTMENTS):
        with (region / f"{table.name}.csv").open(encoding="utf-8", newline="") as stream:
            rows[table.name] = list(csv.DictReader(stream))
    institutions, departments = rows[INSTITUTIONS.name], rows[DEPARTMENTS.name]
    year = DAY.year - 1
    write_evaluation_registers(region, institutions, departments, year, source(seed, EVALUATED), write_register)
    said = json.loads((region / IDENTITY).read_text(encoding="utf-8"))
    said["files"] = sorted({*said["files"], *(path.name for path in region.glob("*.csv"))})
    (region / IDENTITY).write_text(json.dumps(said, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def _until(region: Path) -> None:
    """Take out of a region what nobody knows yet on the day, and the stays of the last month."""
    for path in sorted(region.glob("*.csv")):
        _keep_known(path)
    for table in _NOT_YET:
        (region / f"{table.name}.csv").unlink()
    shutil.rmtree((region / TRUTH_FILE).parent)
    said = json.loads((region / IDENTITY).read_text(encoding="utf-8"))
    gone = {TRUTH_FILE, *(f"{table.name}.csv" for table in _NOT_YET)}
    said["files"] = [name for name in said["files"] if name not in gone and (region / name).is_file()]
    (region / IDENTITY).write_text(json.dumps(said, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def _keep_known(path: Path) -> None:
    """A register without the rows that come later; one that has none left is not there."""
    dated = _DATED.get(path.stem, RECORDING[0].name)
    with path.open(encoding="utf-8", newline="") as stream:
        reader = csv.DictReader(stream)
        head, rows = list(reader.fieldnames or ()), list(reader)
    known = [row for row in rows if (row.get(dated) or "") <= DAY.isoformat()]
    if len(known) == len(rows):
        return
    for row in rows:
        if path.stem == BATCHES.name and row not in known:
            shutil.rmtree((path.parent / row["file"]).parents[1])
    if known:
        write_csv(path, head, ([row[name] for name in head] for row in known))
    else:
        path.unlink()


def _practice(year: int) -> str:
    """The demonstration's practice as it was in the year before its own."""
    text, _ = practice_text("demo")
    first = text[: text.index("  - id: demo-2025")]
    own = year + 1
    for begin, end in (("in_force: ", "-"), ("issued: ", "-"), ("demo-", "-"), ("（", "）"), ("payment, ", '"')):
        for later in (own - 1, own):
            first = first.replace(f"{begin}{later}{end}", f"{begin}{later - 1}{end}")
    for later in range(own - 3, own):
        first = first.replace(f"{{year: {later},", f"{{year: {later - 1},")
    return first


def _files(draft: Path) -> None:
    """The stays of the last month out of the region, each institution's as a CSV file, and a spoiled twin."""
    for name in ("files", "spoiled"):
        (draft / name).mkdir()
    last = date(DAY.year, DAY.month - 1, 1)
    path = next((draft / "region" / STAYS.name / str(DAY.year)).glob("*.parquet"))
    stays = pq.read_table(path).cast(STAYS.schema)
    left = stays["discharge_date"]
    here = pc.and_(pc.greater_equal(left, last), pc.less(left, DAY.replace(day=1)))
    pq.write_table(stays.filter(pc.less(left, last)), path, row_group_size=ROW_GROUP, **WRITE_OPTIONS)
    by_house: dict[str, list[Row]] = {}
    for row in stays.filter(here).to_pylist():
        by_house.setdefault(row["institution_id"], []).append(_as_people_write(row))
    for house, rows in by_house.items():
        _write(draft / "files" / f"{house}.csv", rows)
    first = min(by_house)
    _write(draft / "spoiled" / f"{first}.csv", _spoiled(by_house[first]))


def _as_people_write(row: Row) -> Row:
    """A stay as a hospital writes it: Chinese headers, codes joined, money in yuan."""
    said: Row = {}
    for column in STAYS.columns:
        value = row[column.name]
        if column.type == "codes":
            value = "|".join(value or ())
        elif column.type == "fen":
            value = show_fen(value, group=False)
        elif column.choices:
            value = in_word(value, "zh")
        said[column.zh] = "" if value is None else str(value)
    return said


def _spoiled(rows: list[Row]) -> list[Row]:
    """The same with what goes wrong in hospitals: no diagnosis, no such scheme, a day that is none, amounts that are
    none, a stay twice; and a header of the hospital's own."""
    wrong = [dict(row) for row in rows]
    wrong[0][STAYS["dx"].zh] = ""
    wrong[1][STAYS["insurance_scheme"].zh] = "商业保险"
    wrong[2][STAYS["discharge_date"].zh] = "2024-03-32"
    wrong[3][STAYS["personal_paid"].zh] = "-100.00"
    wrong[4][STAYS["total_cost"].zh] = "壹千元"
    wrong.append(dict(wrong[5]))
    own = STAYS["doctor_id"].zh
    return [{"主任工号" if name == own else name: value for name, value in row.items()} for row in wrong]


def _write(path: Path, rows: list[Row]) -> None:
    write_csv(path, rows[0], (row.values() for row in rows))
