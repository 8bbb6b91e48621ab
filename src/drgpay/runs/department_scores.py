"""The indicator system of a hospital's departments: values from stays and registers, marked by a card."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from drgpay.engine import Engine, dataset, frame, read_table
from drgpay.runs.hospital import Hospital, summed
from drgpay.runs.hospital_goals import Goal
from drgpay.runs.manifest import REGISTERS, TABLES
from drgpay.runs.region import Registers
from drgpay.scorecard import Card, Mark, Result, Subject, Value, check, read_card, score
from drgpay.steps import evaluation, performance
from drgpay.tables import (
    DEPARTMENT_FIGURES,
    DEPARTMENT_MARKS,
    FIGURES,
    GROUPED,
    HOSPITAL_DEPARTMENTS,
    OPERATION_LEVELS,
    QUALITY_EVENTS,
    RECOVERY_PLANS,
    RESEARCH,
    SATISFACTION,
)

Row = dict[str, Any]
Values = dict[str, dict[str, Value]]

_PER_STAY = {"complaint": "complaint", "refusal": "refusal", "splitting": "splitting", "upcoding": "upcoding"}
"""item ← confirmed events ÷ stays"""
_REGISTER = ("登记表", "register")


@dataclass(frozen=True)
class DepartmentScores:
    """Score (of 100, 1/10,000) and grade by department, None where too little was measured; and every mark."""

    results: dict[str, Result]
    marks: list[Row] = field(default_factory=list)


def department_card(card: str | Path) -> Card:
    """A card for departments, checked against the registry of indicators; its types are those of departments."""
    return check(read_card(card), evaluation.registry().known())


def score_departments(
    hospital: Hospital, card: Card, figures: Path | None, goals: Sequence[Goal], engine: Engine
) -> DepartmentScores:
    """Marks of every department of the register.

    Values come, the later over the earlier, from ``figures`` (the folder of an evaluation of the same run: indicators
    of departments, over the year), from the stays of the period, from events, satisfaction and research, from the
    register of figures, from the goals of the hospital (the same for all), and from what is counted of the stays:
    recovery plans met, level-4 operations. An item without a value is left out, as the card says.
    """
    departments = hospital.registers.rows(HOSPITAL_DEPARTMENTS, needed=True)
    values: Values = {row["department_id"]: {} for row in departments}
    for part in (
        _evaluated(hospital, figures), _of_stays(hospital), _of_registers(hospital, values),
        _of_goals(goals, values), _recovered(hospital, engine), _level4(hospital, values, engine),
    ):  # fmt: skip
        for d, its in part.items():
            if d in values:
                values[d].update(its)
    subjects = [Subject(r["department_id"], r["department_type"], values[r["department_id"]]) for r in departments]
    marks, results = score(card, subjects)
    return DepartmentScores({r.subject: r for r in results}, _rows(marks))


def _rows(marks: Iterable[Mark]) -> list[Row]:
    rows = [
        {
            "department_id": m.subject,
            "dimension": m.dimension,
            "item": m.item,
            "full": m.full,
            "numerator": None if m.value is None else m.value.num,
            "denominator": None if m.value is None else m.value.den,
            "mark": m.mark,
            "deduction": m.deduction,
            "zh": m.zh,
            "en": m.en,
            "source": m.source,
        }
        for m in marks
    ]
    DEPARTMENT_MARKS.of(rows)
    return rows


def _evaluated(hospital: Hospital, figures: Path | None) -> Values:
    """Indicators of the hospital's departments that an evaluation has computed."""
    found: Values = defaultdict(dict)
    if figures is not None:
        rows = read_table(figures / TABLES, FIGURES).filter(
            (pl.col("scope") == "department")
            & (pl.col("institution_id") == hospital.institution)
            & pl.col("denominator").is_not_null()
        )
        for d, name, top, bottom in rows.select("department_id", "indicator", "numerator", "denominator").rows():
            found[d][name] = Value(top, bottom, note_zh="全年", note_en="of the year")
    return found


def _of_stays(hospital: Hospital) -> Values:
    """What the stays of the period say: exact quotients of the sums of the management view."""
    units = performance.unit_indices(hospital.cells, hospital.months, ("department_id",), hospital.scale)
    past = performance.case_mix(hospital.earlier, hospital.points, hospital.months, hospital.scale)
    rows = performance.grouped_stays(hospital.cells.filter(pl.col("month").is_in(hospital.months)))
    groups = dict(rows.group_by("department_id").agg(pl.col("drg").n_unique()).rows())
    found: Values = defaultdict(dict)
    for d, its in units.items():
        mine = found[d]
        mine["drg_count"] = Value(int(groups.get(d, 0)))
        mine["los"] = Value(its["bed_days"], its["n"])
        if its["low_risk"]:
            mine["low_risk_mortality"] = Value(its["low_risk_deaths"], its["low_risk"])
        if its["cost_n"]:
            mine["cost_index"] = Value(its["cost_terms"], its["cost_n"])
        if its["time_n"]:
            mine["time_index"] = Value(its["time_terms"], its["time_n"])
        before = past.get(f"department:{d}", (0, 0))[1]
        if before and its["cmi"] is not None:
            mine["cmi_growth"] = Value(its["cmi"] - before, before)
    return found


def _of_goals(goals: Sequence[Goal], departments: Iterable[str]) -> Values:
    """How much of the hospital's goals was attained: value ÷ target, the same for every department."""
    found: Values = defaultdict(dict)
    for goal in goals:
        if goal.value is not None and goal.target:
            share = goal.value / goal.target
            for d in departments:
                found[d][f"goal_{goal.name}"] = Value(
                    share.numerator, share.denominator, note_zh="全院", note_en="of the hospital"
                )
    return found


def _recovered(hospital: Hospital, engine: Engine) -> Values:
    """Recovery plans met ÷ stays in groups that take long to recover from. Stays without a plan are pointed out."""
    least = hospital.plan.integer_or_none("recovery.min_days")
    if least is None or not hospital.registers.has(RECOVERY_PLANS):
        return {}
    names = ("stay_id", "department_id", "month", "operated", "expected_los")
    whole = pl.concat([frame(b) for b in engine.scan(hospital.stays, names)])
    stays = performance.recovery_stays(whole, hospital.months, least)
    plans = {r["stay_id"]: r["met"] for r in hospital.registers.rows(RECOVERY_PLANS)}
    performance.check_stays({RECOVERY_PLANS.name: plans}, whole["stay_id"].to_list(), hospital.findings)
    for d, n in (
        stays.filter(~pl.col("stay_id").is_in(sorted(plans)))
        .group_by("department_id")
        .len()
        .sort("department_id")
        .rows()
    ):
        hospital.findings.add("warn", "no_recovery_plan", RECOVERY_PLANS.name, d or "–",
                              f"康复时间较长的病组 {n} 例无康复计划,计为未达标;补上登记表",
                              f"{n} stays in groups that take long to recover from have no recovery plan and "
                              "count as not met; add them")  # fmt: skip
    met = [stay for stay, good in plans.items() if good]
    zh, en = _REGISTER
    rates = performance.recovery_rates(stays, met)
    return {d: {"recovery_plan": Value(good, n, note_zh=zh, note_en=en)} for d, (good, n) in rates.items()}


def _level4(hospital: Hospital, departments: Iterable[str], engine: Engine) -> Values:
    """Stays with an operation of level 4, by the hospital's catalogue or else the one of the run. Without either the
    counts people wrote stand, and that is pointed out."""
    levels = hospital.registers.rows(OPERATION_LEVELS)
    if not levels:
        levels = Registers.read(hospital.order.run / REGISTERS)[OPERATION_LEVELS].to_dicts()
    typed = any(row["item"] == "level4" for row in hospital.of_quarter(RESEARCH))
    if not levels:
        if typed:
            hospital.findings.add("warn", "no_operation_levels", OPERATION_LEVELS.name, "–",
                                  "没有手术分级目录,四级手术按科研与教学登记表所填计;补上目录",
                                  "no catalogue of operation levels: level-4 operations are those written in the "
                                  "register research; add the catalogue")  # fmt: skip
        return {}
    if typed:
        hospital.findings.add("warn", "level4_counted", RESEARCH.name, "level4",
                              "四级手术按手术分级目录从病例计算,登记表所填不用",
                              "level-4 operations are counted from the stays by the catalogue; what is written is "
                              "not used")  # fmt: skip
    codes = frozenset(str(r["code"]) for r in levels if r["operation_level"] == performance.LEVEL4)
    add = partial(performance.level4_stays, institution=hospital.institution, year=hospital.year, codes=codes)
    grouped = dataset(hospital.order.run / TABLES, GROUPED)
    sums = frame(engine.sum(grouped, add, ("department_id", "month"), performance.LEVEL4_SCANNED, "operations"))
    its = sums.filter(pl.col("month").is_in(hospital.months)).group_by("department_id").agg(pl.col("n").sum())
    counts = dict(its.rows())
    return {d: {f"{name}level4": Value(int(counts.get(d, 0))) for name in ("", "bonus_")} for d in departments}


def _of_registers(hospital: Hospital, departments: Iterable[str]) -> Values:
    """What the hospital's own registers say. Events that are counted at all count as zero where there is none."""
    zh, en = _REGISTER
    found: Values = defaultdict(dict)
    units = performance.unit_indices(hospital.cells, hospital.months, ("department_id",), hospital.scale)
    if hospital.registers.has(QUALITY_EVENTS):
        first, last = hospital.period
        counts: dict[tuple[str, str], int] = defaultdict(int)
        for row in hospital.registers.rows(QUALITY_EVENTS):
            if row["confirmed"] and first <= row["date"] <= last:
                counts[row["department_id"], row["event"]] += 1
        for d in departments:
            found[d]["accident"] = Value(counts[d, "accident"], note_zh=zh, note_en=en)
            n = units.get(d, {}).get("n", 0)
            if n:
                for item, event in _PER_STAY.items():
                    found[d][item] = Value(counts[d, event], n, note_zh=zh, note_en=en)
                found[d]["coding_accuracy"] = Value(max(0, n - counts[d, "coding_error"]), n, note_zh=zh, note_en=en)
    for d, its in summed(hospital.of_quarter(SATISFACTION), ("satisfied", "answers")).items():
        if its["answers"]:
            found[d]["satisfaction"] = Value(its["satisfied"], its["answers"], note_zh=zh, note_en=en)
    for row in hospital.of_quarter(RESEARCH):
        for name in (row["item"], f"bonus_{row['item']}"):
            there = found[row["department_id"]].get(name, Value(0))
            found[row["department_id"]][name] = Value(there.num + row["count"], note_zh=zh, note_en=en)
    sums: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    for row in hospital.of_quarter(DEPARTMENT_FIGURES):
        top, bottom = sums[row["department_id"], row["indicator"]]
        sums[row["department_id"], row["indicator"]] = [top + row["numerator"], bottom + row["denominator"]]
    for (d, name), (top, bottom) in sums.items():
        found[d][name] = Value(top, bottom, note_zh=zh, note_en=en)
    return found
