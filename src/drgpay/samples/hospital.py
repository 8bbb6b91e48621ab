"""The registers of one invented hospital of a synthetic region: what its performance office keeps, from a seed."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from drgpay.engine import new_folder
from drgpay.errors import DrgpayError, Kind
from drgpay.samples.evaluated import levels_by_cost
from drgpay.samples.registers import write_csv, write_register
from drgpay.tables import (
    ATTENDANCE,
    DEPARTMENT_FIGURES,
    DEPARTMENT_OVERSPENDS,
    DEPARTMENT_WORK,
    DEPARTMENTS,
    DISTRIBUTABLE_SUMS,
    DOCTORS,
    GROUP_COSTS,
    HOSPITAL_DEPARTMENTS,
    IN_HOUSE_STAYS,
    OPERATION_LEVELS,
    OPERATION_ROLES,
    PILOT_FEEDBACK,
    QUALITY_EVENTS,
    RECOVERY_PLANS,
    RESEARCH,
    SATISFACTION,
    STAFF,
    STAY_COSTS,
    Table,
)
from drgpay.units import show_fen

Row = dict[str, Any]

_SURGICAL = ("外", "骨", "妇产", "眼", "耳鼻", "烧伤", "产科", "妇科")
_GENERAL = ("急诊", "全科", "中医", "康复", "重症")
_TECHNICAL = (("TX01", "医学影像科"), ("TX02", "检验科"))
_OUTPATIENT = (("MZ01", "门诊部"),)
_POSTS = ("chief", "associate_chief", "attending", "attending", "resident")
_IN_HOUSE = 40
_LONG = 6
"""days of a stay from which the hospital keeps a recovery plan"""
_SHARE = 6
"""performance pay of a quarter, per cent of the charges of the quarter"""


@dataclass(frozen=True)
class HospitalSummary:
    """What was made: the folder, and rows of each register."""

    folder: Path
    institution: str
    rows: dict[str, int]


def make_hospital(
    region: Path, institution: str, folder: Path, *, seed: int = 1, year: int | None = None
) -> HospitalSummary:
    """Write the registers of an institution of a synthetic region for a year (None: its settlement year) into a new
    folder, as CSV: the same region, institution, year and seed give the same bytes. Raises USAGE for an existing
    folder, DATA for an unknown institution."""
    with new_folder(folder) as draft:
        rows = _registers(draft, region, institution, year or _settlement_year(region), seed)
        return HospitalSummary(folder, institution, rows)


def _registers(folder: Path, region: Path, institution: str, year: int, seed: int) -> dict[str, int]:
    """All registers written to ``folder``; rows of each."""
    departments = [r for r in _read(region, DEPARTMENTS) if r["institution_id"] == institution]
    doctors = [r for r in _read(region, DOCTORS) if r["institution_id"] == institution]
    if not departments:
        raise DrgpayError(
            Kind.DATA, zh="统筹区里没有这家机构的科室", en="the region has no department of that institution",
            file=region, value=institution, fix_zh="编号见 institutions.csv", fix_en="institutions.csv lists the ids",
        )  # fmt: skip
    stays = _stays(region, institution, year)
    dice = np.random.default_rng([seed, 9, sum(map(ord, institution))])
    units = [(r["department_id"], r["name"], _type(r["name"])) for r in departments]
    units += [(code, name, "technical") for code, name in _TECHNICAL]
    units += [(code, name, "outpatient") for code, name in _OUTPATIENT]
    staff = _staff(units, doctors, year, dice)
    tables: dict[Table, list[Row]] = {
        HOSPITAL_DEPARTMENTS: [{"department_id": d, "name": n, "department_type": t} for d, n, t in units],
        STAFF: staff,
        ATTENDANCE: _attendance(staff, year, dice),
        OPERATION_ROLES: _roles(stays, staff, dice),
        STAY_COSTS: _costs(stays, dice),
        GROUP_COSTS: [],
        QUALITY_EVENTS: _events(stays, year, dice),
        SATISFACTION: [
            {"department_id": d, "year": year, "quarter": q, "answers": 60, "satisfied": int(dice.integers(50, 60))}
            for d, _, _ in units
            for q in range(1, 5)
        ],
        RESEARCH: [
            {"department_id": d, "year": year, "quarter": int(dice.integers(1, 5)), "item": item,
             "count": int(dice.integers(1, 3))}
            for d, _, kind in units if kind == "surgical" for item in ("technique", "paper")
        ],
        RECOVERY_PLANS: _plans(stays, np.random.default_rng([seed, 10])),
        OPERATION_LEVELS: _levels(region, stays),
        DEPARTMENT_WORK: _work(units, year, dice),
        DEPARTMENT_FIGURES: _figures(units, year, dice),
        DISTRIBUTABLE_SUMS: _sums(stays, year),
        DEPARTMENT_OVERSPENDS: [
            {"evidence_id": "O1", "year": year, "quarter": 2, "department_id": units[0][0], "amount": 500_000,
             "reason_text": "new technology", "mismanaged": None},
            {"evidence_id": "O2", "year": year, "quarter": 2, "department_id": units[0][0], "amount": 200_000,
             "reason_text": "编码错误", "mismanaged": True},
        ],
        PILOT_FEEDBACK: [
            {"feedback_id": "F1", "date": date(year, 4, 20), "department_id": units[0][0], "said": "夜班未单独计算",
             "answer": None}
        ],
    }  # fmt: skip
    for table, rows in tables.items():
        if rows:
            write_register(folder, table, rows)
    _write_in_house(folder, stays)
    made = {t.name: len(rows) for t, rows in tables.items() if rows}
    return made | {IN_HOUSE_STAYS.name: min(_IN_HOUSE, stays.height)}


def _read(region: Path, table: Table) -> list[Row]:
    path = region / f"{table.name}.csv"
    if not path.is_file():
        raise DrgpayError(
            Kind.DATA, zh="这不是模拟统筹区", en="this is no synthetic region", file=path,
            fix_zh="先运行 drgpay region make", fix_en="run drgpay region make first",
        )  # fmt: skip
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def _settlement_year(region: Path) -> int:
    return int(json.loads((region / "region.json").read_text(encoding="utf-8"))["settlement_year"])


def _stays(region: Path, institution: str, year: int) -> pl.DataFrame:
    """The institution's stays of a year, in order of their id."""
    its = (pl.col("institution_id").cast(pl.String) == institution) & (pl.col("discharge_date").dt.year() == year)
    rows = pl.concat(
        [pl.read_parquet(p).filter(its).with_columns(pl.col(pl.Categorical).cast(pl.String))
         for p in sorted((region / "stays").rglob("*.parquet"))]
    )  # fmt: skip
    return rows.sort("stay_id")


def _type(name: str) -> str:
    if any(word in name for word in _GENERAL):
        return "general"
    return "surgical" if any(word in name for word in _SURGICAL) else "medical"


def _staff(units: list[tuple[str, str, str]], doctors: list[Row], year: int, dice: np.random.Generator) -> list[Row]:
    """Doctors as in the region, three nurses for two doctors, technicians; some part-time, some for part of the
    year."""
    first, rows = date(year - 3, 1, 1), []
    for unit, _, kind in units:
        its = [d for d in doctors if d["department_id"] == unit]
        for i, doctor in enumerate(its):
            rows.append(
                {"staff_id": doctor["doctor_id"], "name": doctor["name"], "post": _POSTS[i % len(_POSTS)],
                 "staff_category": "doctor", "department_id": unit, "fte": 10_000, "valid_from": first,
                 "valid_until": None}
            )  # fmt: skip
        nurses = -(-3 * len(its) // 2) if kind != "technical" else 0
        for i in range(nurses or 6):
            post = ("technician" if kind == "technical" else "staff") if not nurses else "nurse"
            category = {"technician": "technician", "staff": "other", "nurse": "nurse"}[post]
            late = dice.random() < 0.1
            rows.append(
                {"staff_id": f"N{unit.replace('.', '')}{i + 1:03d}", "name": f"{unit}-{i + 1:03d}",
                 "post": "head_nurse" if post == "nurse" and i == 0 else post, "staff_category": category,
                 "department_id": unit, "fte": 5_000 if dice.random() < 0.1 else 10_000,
                 "valid_from": date(year, int(dice.integers(2, 12)), 1) if late else first, "valid_until": None}
            )  # fmt: skip
    return rows


def _attendance(staff: list[Row], year: int, dice: np.random.Generator) -> list[Row]:
    rows = []
    for row in staff:
        for month in range(1, 13):
            there = date(year, month, 1) >= row["valid_from"]
            away = int(dice.choice([0, 0, 0, 1, 2, 4]))
            rows.append(
                {"staff_id": row["staff_id"], "year": year, "month": month, "days_due": 220_000 if there else 0,
                 "days_present": (22 - away) * 10_000 if there else 0}
            )  # fmt: skip
    return rows


def _roles(stays: pl.DataFrame, staff: list[Row], dice: np.random.Generator) -> list[Row]:
    """Operators of the stays with a procedure: the attending doctor leads, colleagues and a nurse help."""
    doctors: dict[str, list[str]] = {}
    nurses: dict[str, list[str]] = {}
    for row in staff:
        if row["staff_category"] in ("doctor", "nurse"):
            those = doctors if row["staff_category"] == "doctor" else nurses
            those.setdefault(row["department_id"], []).append(row["staff_id"])
    rows = []
    for stay, department, doctor, proc in stays.select("stay_id", "department_id", "doctor_id", "proc").rows():
        if not proc or dice.random() < 0.02:
            continue
        helpers = [d for d in doctors.get(department, []) if d != doctor]
        rows.append({"stay_id": stay, "role": "lead", "staff_id": doctor})
        for who in sorted(dice.permutation(helpers)[: int(dice.integers(0, 3))].tolist()):
            rows.append({"stay_id": stay, "role": "assistant", "staff_id": who})
        if nurses.get(department):
            rows.append({"stay_id": stay, "role": "nurse", "staff_id": str(dice.choice(nurses[department]))})
    return rows


def _plans(stays: pl.DataFrame, dice: np.random.Generator) -> list[Row]:
    """Recovery plans of the operated stays that are not short; most of them met."""
    its = stays.filter((pl.col("proc").list.len() > 0) & (pl.col("los") >= _LONG))["stay_id"].to_list()
    return [
        {"stay_id": stay, "plan": None, "met": bool(dice.random() < 0.88)} for stay in its if dice.random() >= 0.03
    ]


def _levels(region: Path, stays: pl.DataFrame) -> list[Row]:
    """The region's catalogue of operation levels; where it has none one by the cost of the hospital's stays."""
    if (region / f"{OPERATION_LEVELS.name}.csv").is_file():
        return [
            {"code": row["code"], "operation_level": int(row["operation_level"]), "name": row["name"] or None}
            for row in _read(region, OPERATION_LEVELS)
        ]
    means = (
        stays.select("proc", "total_cost").explode("proc").drop_nulls()
        .group_by("proc").agg(pl.col("total_cost").sum() // pl.len())
    )  # fmt: skip
    return levels_by_cost(dict(means.rows()))


def _costs(stays: pl.DataFrame, dice: np.random.Generator) -> list[Row]:
    """Cost accounting of most stays: near their charges."""
    share = dice.uniform(0.82, 1.08, stays.height)
    kept = dice.random(stays.height) >= 0.1
    costs = (stays["total_cost"].to_numpy() * share).astype(np.int64)
    ids = stays["stay_id"].to_list()
    return [{"stay_id": ids[i], "cost": int(costs[i])} for i in np.flatnonzero(kept)]


def _events(stays: pl.DataFrame, year: int, dice: np.random.Generator) -> list[Row]:
    kinds = ("complication", "complaint", "coding_error", "refusal")
    units = sorted(set(stays["department_id"].drop_nulls().to_list()))
    return [
        {"event_id": f"Q{i + 1:03d}", "date": date(year, 1, 1) + timedelta(days=int(dice.integers(365))),
         "department_id": str(dice.choice(units)), "staff_id": None, "event": kinds[i % len(kinds)],
         "confirmed": bool(dice.random() < 0.8)}
        for i in range(12)
    ]  # fmt: skip


def _work(units: list[tuple[str, str, str]], year: int, dice: np.random.Generator) -> list[Row]:
    """Visits and examinations of the departments that live by them."""
    return [
        {"department_id": d, "year": year, "quarter": q, "work": (w := int(dice.integers(300, 500)) * 10_000),
         "difficulty": w * 40}
        for d, _, kind in units if kind in ("technical", "outpatient") for q in range(1, 5)
    ]  # fmt: skip


_REPORTED = {
    "general": ("pathway", "rational_drugs", "positive_rate", "health_education", "cme", "awareness"),
    "surgical": ("pathway", "rational_drugs", "health_education", "resident_graduation", "cme", "awareness"),
    "medical": ("pathway", "rational_drugs", "health_education", "resident_graduation", "cme", "awareness"),
    "technical": ("positive_rate", "report_accuracy", "report_time", "cme", "awareness"),
    "outpatient": ("rational_drugs", "waiting_time", "health_education", "cme", "awareness"),
}
"""indicators of the departments' scorecard that people report, by type of department"""


def _figures(units: list[tuple[str, str, str]], year: int, dice: np.random.Generator) -> list[Row]:
    return [
        {"department_id": d, "year": year, "quarter": q, "indicator": name,
         "numerator": int(dice.integers(80, 101)), "denominator": 100}
        for d, _, kind in units for name in _REPORTED[kind] for q in range(1, 5)
    ]  # fmt: skip


def _sums(stays: pl.DataFrame, year: int) -> list[Row]:
    quarter = (stays["discharge_date"].dt.month().cast(pl.Int64) + 2) // 3
    charges = stays["total_cost"]
    sums = [int(charges.filter(quarter == q).sum()) * _SHARE // 100 // 10_000 * 10_000 for q in range(1, 5)]
    rows = [{"year": year, "quarter": q, "amount": a, "decision": f"{year}Q{q}"} for q, a in enumerate(sums, 1)]
    return [{"year": year, "quarter": 0, "amount": sum(sums), "decision": str(year)}, *rows]


def _write_in_house(folder: Path, stays: pl.DataFrame) -> None:
    """The last stays as they were on a day before discharge: codes so far, days so far, part of the charges."""
    rows = stays.sort("discharge_date", "stay_id").tail(_IN_HOUSE).to_dicts()
    head = ("stay_id", "department_id", "doctor_id", "insurance_scheme", "as_of", "charges", "sex", "age", "age_days",
            "birth_weight", "admission_weight", "los", "discharge_way", "dx", "proc")  # fmt: skip

    def cells(row: Row) -> list[Any]:
        days = max(1, row["los"] * 2 // 3)
        made = {
            "stay_id": f"Z{row['stay_id']}", "as_of": row["admission_date"] + timedelta(days=days),
            "charges": show_fen(row["total_cost"] * days // max(row["los"], 1), group=False), "los": days,
            "discharge_way": "", "dx": "|".join(row["dx"]), "proc": "|".join(row["proc"] or []),
        }  # fmt: skip
        return [made.get(name, row.get(name)) for name in head]

    write_csv(folder / f"{IN_HOUSE_STAYS.name}.csv", head, (cells(row) for row in rows))
