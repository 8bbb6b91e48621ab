"""What a hospital has at hand for performance pay: its stays of a run, its registers, and what does not fit."""

from __future__ import annotations

import calendar
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from drgpay.engine import Dataset, Engine, Source, dataset, frame, read_manifest, read_table, table_path
from drgpay.errors import DrgpayError, Kind
from drgpay.policy import Policy
from drgpay.runs.fund import RegisterFolder
from drgpay.runs.manifest import TABLES
from drgpay.runs.whose import institution_named
from drgpay.scorecard import Result
from drgpay.steps import evaluation, performance
from drgpay.tables import (
    ATTENDANCE,
    BASE_GROUPS,
    CASE_POINTS,
    DEPARTMENT_FIGURES,
    DEPARTMENT_OVERSPENDS,
    DEPARTMENT_WORK,
    DISTRIBUTABLE_SUMS,
    GROUP_COSTS,
    GROUPED,
    HOSPITAL_DEPARTMENTS,
    HOSPITAL_STAYS,
    INSTITUTIONS,
    OPERATION_ROLES,
    PERFORMANCE_TARGETS,
    QUALITY_EVENTS,
    RESEARCH,
    SATISFACTION,
    STAFF,
    STAY_COSTS,
    STAY_PAYMENTS,
    Table,
)
from drgpay.units import ONE, half_up

Row = dict[str, Any]


@dataclass(frozen=True)
class PerformOrder:
    """What to work out: a plan (id or file), a run, the hospital's registers, its id, and a quarter (0: the year)."""

    plan: str
    run: Path
    registers: Path
    institution: str | None = None
    quarter: int = 0
    changes: Mapping[str, str] = field(default_factory=dict)
    """parameters of the plan set otherwise, for a simulation"""
    card: str = "hospital-departments"
    """the departments' scorecard: id or file"""
    figures: Path | None = None
    """folder of an evaluation of the same run, for indicators of departments the registers do not have"""
    before: Path | None = None
    """folder of the hospital's earlier result, from whose last quarter the review of groups goes on"""


@dataclass
class Hospital:
    """What is read and added up before anything is paid."""

    order: PerformOrder
    manifest: dict[str, Any]
    institution: str
    plan: Policy
    registers: RegisterFolder
    findings: performance.Findings
    points: Mapping[str, int]
    """base points by group"""
    stays: Dataset
    cells: pl.DataFrame
    earlier: pl.DataFrame

    @property
    def year(self) -> int:
        """The run's year."""
        return int(self.manifest["year"])

    @property
    def scale(self) -> int:
        """Points of a stay at the mean cost."""
        return int(self.manifest["base"]["scale"])

    @property
    def months(self) -> tuple[int, ...]:
        """Months of the period."""
        return performance.months_of(self.order.quarter)

    @property
    def period(self) -> tuple[date, date]:
        """First and last day of the period."""
        return period_of(self.year, self.order.quarter)

    def of_quarter(self, table: Table) -> list[Row]:
        """Rows of a register that are of the period: its quarter, or any of the year."""
        rows = self.registers.rows(table)
        return [r for r in rows if r["year"] == self.year and self.order.quarter in (0, r["quarter"])]


def period_of(year: int, quarter: int) -> tuple[date, date]:
    months = performance.months_of(quarter)
    return date(year, months[0], 1), date(year, months[-1], calendar.monthrange(year, months[-1])[1])


def institution_of(order: PerformOrder) -> str:
    known = read_table(order.run / TABLES, INSTITUTIONS)["institution_id"].sort().to_list()
    if order.institution:
        return institution_named(order.run, order.institution)
    if order.institution is None and len(known) == 1:
        return str(known[0])
    raise DrgpayError(
        Kind.USAGE,
        zh="运行结果有多家机构",
        en="the run has several institutions",
        fix_zh=f"用 --institution 指定，例如 {known[0]}",
        fix_en=f"name one with --institution, for example {known[0]}",
        field="--institution",
        value=order.institution,
    )


def read_hospital(order: PerformOrder, tables: Path, engine: Engine) -> Hospital:
    """The run's stays of the hospital with their cost, written as ``hospital_stays``, and their sums."""
    manifest = read_manifest(order.run)
    if manifest["kind"] not in ("year", "month"):
        raise DrgpayError(
            Kind.USAGE, zh="这不是结算运行的结果", en="this is no run of a settlement", file=order.run,
            fix_zh="给出 drgpay run 的输出文件夹", fix_en="name the output folder of drgpay run",
        )  # fmt: skip
    institution, year = institution_of(order), int(manifest["year"])
    plan = performance.load_plan(order.plan, period_of(year, order.quarter)[1])
    if order.changes:
        plan = performance.check_plan(plan.amend(order.changes, "set"), order.plan)
    registers = RegisterFolder(order.registers, ("--registers", "登记表", "registers"))
    facts = _facts(order.run, manifest, registers, engine)
    known = read_table(order.run / TABLES, BASE_GROUPS).select("drg", "base_points").drop_nulls()
    points = dict(known.rows())
    run = order.run / TABLES
    own = registers.rows(STAY_COSTS)
    costs = performance.StayCosts(
        pa.array([r["stay_id"] for r in own], pa.string()),
        np.array([r["cost"] for r in own], np.int64),
        plan.ratio("cost.to_charge"),
    )

    def mine(batch: Any, part: Any) -> Any:
        return performance.of_institution(batch, institution)

    sources = tuple(
        Source(dataset(run, table), columns, ("stay_id",), mine)
        for table, columns in (
            (GROUPED, performance.GROUPED_COLUMNS),
            (CASE_POINTS, performance.CASE_COLUMNS),
            (STAY_PAYMENTS, performance.PAYMENT_COLUMNS),
        )
    )
    stays = engine.map_by(
        sources,
        "stay_id",
        partial(performance.hospital_stays, facts=facts, costs=costs),
        table_path(tables, HOSPITAL_STAYS),
        "stays of the hospital",
    )
    cells = facts.beside(frame(engine.sum(stays, performance.cells, performance.CELL, HOSPITAL_STAYS.names, "sums")))
    if cells.is_empty():
        raise DrgpayError(
            Kind.DATA,
            zh="这家机构在运行结果中没有病例",
            en="the institution has no stay in the run",
            field=institution,
        )
    scanned = (*performance.GROUPED_COLUMNS, "department_id", "doctor_id", "drg", "month")
    earlier = frame(
        engine.sum(
            dataset(run, GROUPED),
            partial(performance.earlier_cells, institution=institution, year=year - 1),
            performance.CELL,
            scanned,
            "sums",
        )
    )
    return Hospital(
        order, manifest, institution, plan, registers, performance.Findings(), points, stays, cells, earlier
    )  # fmt: skip


def _facts(
    run: Path, manifest: Mapping[str, Any], registers: RegisterFolder, engine: Engine
) -> performance.GroupFacts:
    """The groups in the region. Low risk by mortality in the years before (in this one, where there are none)."""
    names = ("drg", "year", "total_cost", "los", "discharge_way")
    years = frame(engine.sum(dataset(run / TABLES, GROUPED), performance.group_sums, ("drg", "year"), names, "sums"))
    year = int(manifest["year"])
    sums, before = years.filter(pl.col("year") == year), years.filter(pl.col("year") < year)
    reference = (sums if before.is_empty() else before).group_by("drg").agg(pl.col("n", "deaths").sum())
    risks = evaluation.risk_classes({drg: (n, deaths) for drg, n, deaths in reference.sort("drg").rows()})
    low = {drg for drg, risk in risks.items() if risk.score in evaluation.registry().settings.low_risk}
    base = read_table(run / TABLES, BASE_GROUPS).select("drg", "base_points", "mean_cost").rows()
    return performance.group_facts(
        sums,
        {drg: (points, mean) for drg, points, mean in base},
        int(manifest["base"]["mean_cost"]),
        int(manifest["base"]["scale"]),
        {row["drg"]: row["cost"] for row in registers.rows(GROUP_COSTS)},
        frozenset(drg for drg in sums["drg"] if drg[1:2] in evaluation.SURGICAL),
        frozenset(low),
    )


def _departments(hospital: Hospital) -> dict[str, Row]:
    return {r["department_id"]: r for r in hospital.registers.rows(HOSPITAL_DEPARTMENTS, needed=True)}


def people_of(hospital: Hospital) -> dict[str, performance.Person]:
    return performance.staff_of(
        hospital.registers.rows(STAFF, needed=True),
        hospital.registers.rows(ATTENDANCE),
        _departments(hospital),
        hospital.plan,
        hospital.period,
        hospital.findings,
    )


def sum_of(hospital: Hospital) -> int:
    """What is distributed: the register's sum of the period, or the surplus of the hospital's stays."""
    if performance.shares_surplus(hospital.plan):
        units = performance.unit_indices(hospital.cells, hospital.months, (), hospital.scale)
        surplus = int(units["hospital"]["balance"]) if units else 0
        if surplus <= 0:
            hospital.findings.add("warn", "no_surplus", "run", hospital.institution, "本期没有结余，不发绩效",
                                  "no surplus in the period: nothing is paid")  # fmt: skip
        return max(0, surplus)
    rows = hospital.registers.rows(DISTRIBUTABLE_SUMS)
    wanted = [r for r in rows if (r["year"], r["quarter"]) == (hospital.year, hospital.order.quarter)]
    if not wanted:
        name = performance.period_name(hospital.year, hospital.order.quarter)
        hospital.findings.add(
            "error", "no_sum", DISTRIBUTABLE_SUMS.name, name, "缺少该期可分配绩效总额；补上一行",
            "the sum to distribute in the period is missing; add a row",
        )  # fmt: skip
        return 0
    amount = int(wanted[0]["amount"])
    rows = hospital.registers.rows(STAFF)
    heads = len({r["staff_id"] for r in rows} - set(performance.ended(rows, hospital.period)))
    now = hospital.cells.filter(pl.col("month").is_in(hospital.months))
    income, least = int(now["payment"].sum()), hospital.plan.fen_or_none(performance.LEAST_PER_HEAD)
    name = performance.period_name(hospital.year, hospital.order.quarter)
    performance.check_sum(amount, heads, income, name, least, hospital.findings)
    return amount


def check_stays_of(hospital: Hospital, engine: Engine) -> None:
    """Stays that do not fit the registers: departments, doctors, operators, costs."""
    findings, departments = hospital.findings, _departments(hospital)
    now = hospital.cells.filter(pl.col("month").is_in(hospital.months))
    rows_of_staff = hospital.registers.rows(STAFF)
    staff = {r["staff_id"] for r in rows_of_staff}
    left = performance.ended(rows_of_staff, hospital.period)
    for (department,), rows in now.group_by("department_id", maintain_order=True):
        if department not in departments:
            n = int(rows["n"].sum())
            findings.add("warn", "unknown_department", "hospital_departments", str(department) or "–",
                         f"{n} 例所在科室不在科室登记表中，不参加分配", f"{n} stays of a department that is not in "
                         "hospital_departments take no part")  # fmt: skip
    for (doctor,), rows in now.group_by("doctor_id", maintain_order=True):
        n = int(rows["n"].sum())
        if doctor in left:
            findings.add("warn", "assignment_ended", "staff", doctor,
                         f"本期没有任职(任职止于 {left[doctor]}),其主诊的 {n} 例由本科医师按基础权重分;核对起止日期",
                         f"no assignment in the period (ended {left[doctor]}): the part of its {n} stays goes to the "
                         "department's doctors by base weight; check the dates")  # fmt: skip
        elif doctor not in staff:
            findings.add("warn", "unknown_doctor", "staff", str(doctor) or "–",
                         f"{n} 例的主诊医师不在人员登记表中，其部分由本科医师按基础权重分",
                         f"the attending doctor of {n} stays is not in the staff register: that part goes to the "
                         "department's doctors by base weight")  # fmt: skip
    _check_costs(hospital, engine)
    _check_roles(hospital, engine, staff)
    _check_registers(hospital, departments, rows_of_staff, left)


def _check_registers(
    hospital: Hospital, departments: Mapping[str, Row], staff: list[Row], left: Mapping[str, str]
) -> None:
    """People and departments that registers name, and departments that nothing but a minimum can reach."""
    first, last = hospital.period
    events = [r for r in hospital.registers.rows(QUALITY_EVENTS) if first <= r["date"] <= last]
    present = [r for r in hospital.registers.rows(ATTENDANCE) if first <= date(r["year"], r["month"], 1) <= last]
    known = {r["staff_id"] for r in staff}
    named = {
        ATTENDANCE.name: Counter(r["staff_id"] for r in present),
        QUALITY_EVENTS.name: Counter(r["staff_id"] for r in events if r["staff_id"]),
        OPERATION_ROLES.name: Counter(s for s in roles_of(hospital)["staff_id"] if s in left),
    }
    performance.check_named(named, left, known, hospital.findings)
    work = hospital.of_quarter(DEPARTMENT_WORK)
    of_departments = {QUALITY_EVENTS.name: events, DEPARTMENT_WORK.name: work} | {
        table.name: hospital.of_quarter(table)
        for table in (DEPARTMENT_OVERSPENDS, SATISFACTION, RESEARCH, DEPARTMENT_FIGURES)
    }
    performance.check_departments(departments, of_departments, hospital.findings)
    if performance.shares_surplus(hospital.plan):
        return
    now = hospital.cells.filter(pl.col("month").is_in(hospital.months))
    working = {r["department_id"] for r in work if r["work"] or r["difficulty"]}
    staffed = {r["department_id"] for r in staff if r["staff_id"] not in left}
    performance.check_without_stays(departments, set(now["department_id"]), working, staffed, hospital.findings)


def _check_costs(hospital: Hospital, engine: Engine) -> None:
    if not (hospital.registers.has(GROUP_COSTS) or hospital.registers.has(STAY_COSTS)):
        hospital.findings.add("warn", "no_costs", "group_costs", "–",
                              "没有成本核算登记表，成本按方案的费用成本率估计",
                              "no register of costs: cost is estimated by the plan's share of charges")  # fmt: skip
        return
    names = ("drg", "cost_basis")
    bases = frame(engine.sum(hospital.stays, performance.cost_bases, names, names, "count"))
    for drg, n in bases.filter(pl.col("cost_basis") == "ratio").select("drg", "n").sort("drg").rows():
        hospital.findings.add("warn", "no_cost_of_group", "group_costs", drg,
                              f"成本登记表缺少该病组，{n} 例按费用成本率估计",
                              f"the group is missing among the costs; {n} stays are estimated by the share of "
                              "charges")  # fmt: skip


def _check_roles(hospital: Hospital, engine: Engine, staff: set[str]) -> None:
    roles = roles_of(hospital)
    names = ("stay_id", "department_id", "month", "operated")
    rows = pl.concat([frame(b) for b in engine.scan(hospital.stays, names)])
    costs = [str(r["stay_id"]) for r in hospital.registers.rows(STAY_COSTS)]
    named = {OPERATION_ROLES.name: roles["stay_id"].to_list(), STAY_COSTS.name: costs}
    performance.check_stays(named, rows["stay_id"].to_list(), hospital.findings)
    rows = rows.filter(pl.col("month").is_in(hospital.months))
    if roles.height == 0 and not hospital.registers.has(OPERATION_ROLES):
        hospital.findings.add("warn", "no_roles", "operation_roles", "–", "没有手术人员登记表，手术病例按主诊医师分",
                              "no register of operators: operated stays go to their attending doctor")  # fmt: skip
    else:
        bare = rows.filter("operated").join(roles.select("stay_id").unique(), on="stay_id", how="anti")
        for department, n in bare.group_by("department_id").len().sort("department_id").rows():
            hospital.findings.add("warn", "operation_without_roles", "operation_roles", department or "–",
                                  f"{n} 例手术病例没有手术人员记录，按无手术病例分给主诊医师；补上登记表",
                                  f"{n} operated stays have no operators: they go to the attending doctor like other "
                                  "stays; add them")  # fmt: skip
    for person in sorted(set(roles["staff_id"].to_list()) - staff):
        hospital.findings.add("warn", "unknown_operator", "operation_roles", person,
                              "手术人员不在人员登记表中，其角色按未填处理",
                              "an operator is not in the staff register: the role counts as not filled")  # fmt: skip


def roles_of(hospital: Hospital) -> pl.DataFrame:
    rows = hospital.registers.rows(OPERATION_ROLES)
    names = ("stay_id", "role", "staff_id")
    return pl.DataFrame({n: [r[n] for r in rows] for n in names}, schema=dict.fromkeys(names, pl.String))


def targets_of(hospital: Hospital) -> dict[tuple[str, str, str], int]:
    """Targets of the year that replace the plan's: scope, unit, indicator → target, 1/10,000."""
    return {
        (r["scope"], r["unit_id"], r["indicator"]): r["target"]
        for r in hospital.registers.rows(PERFORMANCE_TARGETS)
        if r["year"] == hospital.year
    }


def department_facts(
    hospital: Hospital, coefficients: Mapping[str, int], scores: Mapping[str, Result]
) -> list[performance.DepartmentFacts]:
    """What the pools need to know of every department of the register."""
    plan, months, scale = hospital.plan, hospital.months, hospital.scale
    units = performance.unit_indices(hospital.cells, months, ("department_id",), scale)
    past = performance.case_mix(hospital.earlier, hospital.points, months, scale)
    targets = targets_of(hospital)
    paused = performance.bad_months(hospital.cells, hospital.order.quarter, plan, scale)
    work = summed(hospital.of_quarter(DEPARTMENT_WORK), ("work", "difficulty"))
    overspends = hospital.of_quarter(DEPARTMENT_OVERSPENDS)
    overspend, mismanaged = (
        summed([r for r in overspends if bool(r["mismanaged"]) == bad], ("amount",)) for bad in (False, True)
    )
    confirmed = _confirmed_deaths(hospital)
    groups = _group_weights(hospital)
    known = []
    for d, row in sorted(_departments(hospital).items()):
        its = units.get(d, {})
        beside = work.get(d, {"work": 0, "difficulty": 0})
        own = sum(
            its.get(name, 0) * plan.ratio(parameter)
            for name, parameter in (
                ("n", "work.per_stay"),
                ("bed_days", "work.per_day"),
                ("operated", "work.per_operation"),
            )
        )
        target = targets.get(("department", d, "cmi"))
        if target is None and f"department:{d}" in past:
            target = half_up(past[f"department:{d}"][1] * (ONE + plan.ratio("target.cmi_growth")), ONE)
        known.append(
            performance.DepartmentFacts(
                d,
                row["name"],
                row["department_type"],
                n=its.get("n", 0),
                balance=its.get("balance", 0),
                work=own + beside["work"],
                difficulty=its.get("weight", 0) + beside["difficulty"],
                project_weight=performance.project_weight(
                    groups.get(d, {}), coefficients, plan.ratio("project.per_operation")
                ),
                stay_difficulty=its.get("weight", 0),
                score=scores[d].total,
                grade=scores[d].grade,
                cmi=its.get("cmi"),
                cmi_target=target,
                before=past.get(f"department:{d}"),
                cost_index=its.get("cost_index"),
                time_index=its.get("time_index"),
                low_risk=(max(its.get("low_risk_deaths", 0), confirmed.get(d, 0)), its.get("low_risk", 0)),
                overspend=overspend.get(d, {"amount": 0})["amount"],
                mismanaged=mismanaged.get(d, {"amount": 0})["amount"],
                paused=d in paused,
            )
        )
    return known


def summed(rows: list[Row], names: tuple[str, ...]) -> dict[str, dict[str, int]]:
    """Columns of a register added up by department."""
    sums: dict[str, dict[str, int]] = {}
    for row in rows:
        its = sums.setdefault(row["department_id"], dict.fromkeys(names, 0))
        for name in names:
            its[name] += row[name]
    return sums


def _confirmed_deaths(hospital: Hospital) -> dict[str, int]:
    """Low-risk deaths of the period that people confirmed, by department."""
    first, last = hospital.period
    found: dict[str, int] = {}
    for row in hospital.registers.rows(QUALITY_EVENTS):
        if row["event"] == "low_risk_death" and row["confirmed"] and first <= row["date"] <= last:
            found[row["department_id"]] = found.get(row["department_id"], 0) + 1
    return found


def _group_weights(hospital: Hospital) -> dict[str, dict[str, tuple[int, int, int]]]:
    """Department → group → (stays, difficulty of one, operated stays) of the period."""
    rows = hospital.cells.filter(pl.col("month").is_in(hospital.months))
    sums = rows.group_by("department_id", "drg").agg(pl.col("n", "weight", "operated").sum())
    result: dict[str, dict[str, tuple[int, int, int]]] = {}
    for department, drg, n, weight, operated in sums.rows():
        result.setdefault(department, {})[drg] = (n, weight // n, operated)
    return result


def doctors_of(hospital: Hospital) -> dict[str, performance.DoctorCase]:
    """Case mix and target of the doctors, where this year and last there are stays enough to judge; their cost, and
    what keeps them from the prize for controlling it."""
    least, growth = hospital.plan.integer("individual.min_cases"), hospital.plan.ratio("target.cmi_growth")
    now = performance.unit_indices(hospital.cells, hospital.months, ("doctor_id",), hospital.scale)
    past = performance.case_mix(hospital.earlier, hospital.points, hospital.months, hospital.scale)
    targets, costs = targets_of(hospital), performance.cost_cases(hospital.cells, hospital.months)
    (first, last), bars = hospital.period, hospital.plan.names("cost_prize.barred_by")
    barred = {
        r["staff_id"]
        for r in hospital.registers.rows(QUALITY_EVENTS)
        if r["confirmed"] and r["event"] in bars and first <= r["date"] <= last
    }
    result = {}
    for doctor, row in now.items():
        before = past.get(f"doctor:{doctor}", (0, 0))
        usual = half_up(before[1] * (ONE + growth), ONE) if before[0] >= least else None
        target = targets.get(("doctor", doctor, "cmi"), usual)
        cmi = row["cmi"] if row["n"] >= least else None
        result[doctor] = performance.DoctorCase(row["n"], cmi, target, *costs[doctor], doctor in barred)
    return result
