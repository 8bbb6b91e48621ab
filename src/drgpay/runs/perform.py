"""A hospital's quarter: a settled run and the hospital's registers in; gains and losses, pools and slips out (design/09).

Everything is written into a hidden folder beside the target and renamed at the end.
"""

from __future__ import annotations

import calendar
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from drgpay import __version__
from drgpay.engine import Dataset, Engine, Source, dataset, frame, read_table, table_path, write_table
from drgpay.errors import DrgpayError, Kind
from drgpay.policy import Policy, practice_text
from drgpay.runs.fund import RegisterFolder
from drgpay.runs.manifest import MANIFEST, POLICY, TABLES, file_digest, folder_digests, read_manifest, write_json
from drgpay.steps import performance
from drgpay.tables import (
    ATTENDANCE,
    BASE_GROUPS,
    CASE_POINTS,
    DEPARTMENT_OVERSPENDS,
    DEPARTMENT_RESULTS,
    DEPARTMENT_WORK,
    DISTRIBUTABLE_SUMS,
    GROUP_COSTS,
    GROUP_REVIEWS,
    GROUPED,
    HOSPITAL_DEPARTMENTS,
    HOSPITAL_RESULTS,
    HOSPITAL_STAYS,
    INSTITUTION_MONTHS,
    INSTITUTIONS,
    OPERATION_ROLES,
    PERFORMANCE_FINDINGS,
    PERFORMANCE_FLOWS,
    PERFORMANCE_REGISTERS,
    PERFORMANCE_TARGETS,
    QUALITY_EVENTS,
    SLIP_LINES,
    SLIPS,
    STAFF,
    STAY_COSTS,
    STAY_PAYMENTS,
    STAY_SHARES,
    Table,
)
from drgpay.units import ONE, half_up

Row = dict[str, Any]
Report = Callable[[Path], None]

PLAN = "plan.yaml"
"""the plan as it was read"""
_OPERATIONS = frozenset("ABCDEFGHIJ")
"""second letter of a group of operations (外科部分) in every scheme of the CHS-DRG kind"""


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


@dataclass
class _Hospital:
    """What is read and added up before anything is paid."""

    order: PerformOrder
    manifest: dict[str, Any]
    institution: str
    plan: Policy
    registers: RegisterFolder
    findings: performance.Findings
    facts: performance.GroupFacts
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
        return _period(self.year, self.order.quarter)

    def of_quarter(self, table: Table) -> list[Row]:
        """Rows of a register that are of the period: its quarter, or any of the year."""
        rows = self.registers.rows(table)
        return [r for r in rows if r["year"] == self.year and self.order.quarter in (0, r["quarter"])]


def _period(year: int, quarter: int) -> tuple[date, date]:
    months = performance.months_of(quarter)
    return date(year, months[0], 1), date(year, months[-1], calendar.monthrange(year, months[-1])[1])


def perform(
    order: PerformOrder, out: Path, engine: Engine, reports: Sequence[Report] = (), *, pay: bool = True
) -> Path:
    """Work out a hospital's period and leave it in ``out``: all of it, or nothing. ``pay``: not only gains and losses
    but pools and slips. Errors between registers and plan stop it (DATA); warnings are in ``performance_findings``."""
    if out.exists():
        raise DrgpayError(
            Kind.USAGE, zh="输出文件夹已存在", en="the output folder exists", file=out, fix_zh="换一个 -o",
            fix_en="choose another -o",
        )  # fmt: skip
    out.parent.mkdir(parents=True, exist_ok=True)
    draft = out.with_name(f".{out.name}.partial")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir()
    try:
        totals = _write(order, draft, engine, pay)
        content = _manifest(order, totals)
        write_json(draft / MANIFEST, content)
        for report in reports:
            report(draft)
        write_json(draft / MANIFEST, content | {"outputs": folder_digests(draft)})
        os.replace(draft, out)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return out


def check_performance(order: PerformOrder, work: Path, engine: Engine) -> list[Row]:
    """Rows of ``performance_findings``: everything that does not fit, errors first. ``work``: an empty folder."""
    hospital = _read(order, work, engine)
    _people(hospital)
    _check_stays(hospital, engine)
    _sum(hospital)
    return hospital.findings.listed()


def _write(order: PerformOrder, draft: Path, engine: Engine, pay: bool) -> dict[str, Any]:
    tables, work = draft / TABLES, draft / "work"
    tables.mkdir()
    hospital = _read(order, tables, engine)
    plan = hospital.plan
    write_table(
        tables,
        HOSPITAL_RESULTS,
        performance.hospital_results(hospital.cells, hospital.year, hospital.scale).to_arrow(),
    )
    reviews = performance.group_reviews(hospital.cells, hospital.year, plan, hospital.scale)
    write_table(tables, GROUP_REVIEWS, GROUP_REVIEWS.of(reviews))
    _check_stays(hospital, engine)
    totals: dict[str, Any] = {"institution": hospital.institution, "plan": _about(plan)}
    if pay:
        work.mkdir()
        totals |= _pay(hospital, reviews, tables, work, engine)
        shutil.rmtree(work)
    write_table(tables, PERFORMANCE_FINDINGS, PERFORMANCE_FINDINGS.of(hospital.findings.listed()))
    text, _ = practice_text(order.plan, performance.plans_folder())
    (draft / PLAN).write_text(text, encoding="utf-8")
    write_json(draft / POLICY, {name: asdict(value) for name, value in plan.values().items()})
    return totals


def _about(plan: Policy) -> Row:
    return {
        "id": plan.practice,
        "basis": plan.choice("legal.basis"),
        "digest": plan.digest,
        "warning": dict(zip(("zh", "en"), performance.WARNING, strict=True))
        if performance.shares_surplus(plan)
        else None,
    }


def _manifest(order: PerformOrder, totals: Mapping[str, Any]) -> dict[str, Any]:
    registers = (p for p in sorted(order.registers.iterdir()) if p.stem in {t.name for t in PERFORMANCE_REGISTERS})
    manifest = read_manifest(order.run)
    return {
        "software": f"drgpay {__version__}",
        "kind": "perform",
        "run": manifest["run"],
        "run_digest": file_digest(order.run / MANIFEST),
        "region": manifest["region"],
        "year": manifest["year"],
        "quarter": order.quarter,
        "inputs": {p.name: file_digest(p) for p in registers},
        **totals,
    }


def _institution(order: PerformOrder) -> str:
    known = read_table(order.run / TABLES, INSTITUTIONS)["institution_id"].sort().to_list()
    if order.institution in known:
        return str(order.institution)
    if order.institution is None and len(known) == 1:
        return str(known[0])
    raise DrgpayError(
        Kind.USAGE,
        zh="运行结果里没有这家机构" if order.institution else "运行结果有多家机构",
        en="the run has no such institution" if order.institution else "the run has several institutions",
        fix_zh=f"用 --institution 指定，例如 {known[0]}",
        fix_en=f"name one with --institution, for example {known[0]}",
        field="--institution",
        value=order.institution,
    )


def _read(order: PerformOrder, tables: Path, engine: Engine) -> _Hospital:
    """The run's stays of the hospital with their cost, written as ``hospital_stays``, and their sums."""
    manifest = read_manifest(order.run)
    if manifest["kind"] not in ("year", "month"):
        raise DrgpayError(
            Kind.USAGE, zh="这不是结算运行的结果", en="this is no run of a settlement", file=order.run,
            fix_zh="给出 drgpay run 的输出文件夹", fix_en="name the output folder of drgpay run",
        )  # fmt: skip
    institution, year = _institution(order), int(manifest["year"])
    plan = performance.load_plan(order.plan, _period(year, order.quarter)[1])
    if order.changes:
        plan = performance.check_plan(plan.amend(order.changes, "--set"), order.plan)
    registers = RegisterFolder(order.registers, ("--registers", "名册", "registers"))
    facts = _facts(order.run, manifest, plan, registers, engine)
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
    cells = frame(engine.sum(stays, performance.cells, performance.CELL, HOSPITAL_STAYS.names, "sums"))
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
    return _Hospital(
        order, manifest, institution, plan, registers, performance.Findings(), facts, stays, cells, earlier
    )  # fmt: skip


def _facts(
    run: Path, manifest: Mapping[str, Any], plan: Policy, registers: RegisterFolder, engine: Engine
) -> performance.GroupFacts:
    sums = frame(
        engine.sum(
            dataset(run / TABLES, GROUPED),
            partial(performance.group_sums, year=int(manifest["year"])),
            ("drg",),
            ("drg", "year", "total_cost", "los", "discharge_way"),
            "sums",
        )
    )
    base = read_table(run / TABLES, BASE_GROUPS).select("drg", "base_points", "mean_cost").rows()
    return performance.group_facts(
        sums,
        {drg: (points, mean) for drg, points, mean in base},
        int(manifest["base"]["mean_cost"]),
        int(manifest["base"]["scale"]),
        {row["drg"]: row["cost"] for row in registers.rows(GROUP_COSTS)},
        frozenset(drg for drg in sums["drg"] if drg[1:2] in _OPERATIONS),
        (plan.ratio("veto.group_mortality"), plan.integer("veto.group_cases")),
    )


def _departments(hospital: _Hospital) -> dict[str, Row]:
    return {r["department_id"]: r for r in hospital.registers.rows(HOSPITAL_DEPARTMENTS, needed=True)}


def _people(hospital: _Hospital) -> dict[str, performance.Person]:
    return performance.staff_of(
        hospital.registers.rows(STAFF, needed=True),
        hospital.registers.rows(ATTENDANCE),
        _departments(hospital),
        hospital.plan,
        hospital.period,
        hospital.findings,
    )


def _sum(hospital: _Hospital) -> int:
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
    return int(wanted[0]["amount"])


def _check_stays(hospital: _Hospital, engine: Engine) -> None:
    """Stays that do not fit the registers: departments, doctors, operators, costs."""
    findings, departments = hospital.findings, _departments(hospital)
    now = hospital.cells.filter(pl.col("month").is_in(hospital.months))
    staff = {r["staff_id"] for r in hospital.registers.rows(STAFF)}
    for (department,), rows in now.group_by("department_id", maintain_order=True):
        if department not in departments:
            n = int(rows["n"].sum())
            findings.add("warn", "unknown_department", "hospital_departments", str(department) or "–",
                         f"{n} 例所在科室不在科室名册中，不参加分配", f"{n} stays of a department that is not in "
                         "hospital_departments take no part")  # fmt: skip
    for (doctor,), rows in now.group_by("doctor_id", maintain_order=True):
        if doctor not in staff:
            n = int(rows["n"].sum())
            findings.add("warn", "unknown_doctor", "staff", str(doctor) or "–",
                         f"{n} 例的主诊医师不在人员名册中，其部分由本科医师按基础权重分", f"the attending doctor of {n} stays "
                         "is not in the staff register: that part goes to the department's doctors by base weight")  # fmt: skip
    _check_costs(hospital, engine)
    _check_roles(hospital, engine, staff)


def _check_costs(hospital: _Hospital, engine: Engine) -> None:
    if not (hospital.registers.has(GROUP_COSTS) or hospital.registers.has(STAY_COSTS)):
        hospital.findings.add("warn", "no_costs", "group_costs", "–", "没有成本核算名册，成本按方案的费用成本率估计",
                              "no register of costs: cost is estimated by the plan's share of charges")  # fmt: skip
        return
    names = ("drg", "cost_basis")
    bases = frame(engine.sum(hospital.stays, performance.cost_bases, names, names, "count"))
    for drg, n in bases.filter(pl.col("cost_basis") == "ratio").select("drg", "n").sort("drg").rows():
        hospital.findings.add("warn", "no_cost_of_group", "group_costs", drg,
                              f"成本名册缺少该病组，{n} 例按费用成本率估计",
                              f"the group is missing among the costs; {n} stays are estimated by the share of charges")  # fmt: skip


def _check_roles(hospital: _Hospital, engine: Engine, staff: set[str]) -> None:
    roles = _roles(hospital)
    names = ("stay_id", "department_id", "month", "operated")
    rows = pl.concat([frame(b) for b in engine.scan(hospital.stays, names)])
    rows = rows.filter(pl.col("month").is_in(hospital.months))
    if roles.height == 0 and not hospital.registers.has(OPERATION_ROLES):
        hospital.findings.add("warn", "no_roles", "operation_roles", "–", "没有手术人员名册，手术病例按主诊医师分",
                              "no register of operators: operated stays go to their attending doctor")  # fmt: skip
    else:
        bare = rows.filter("operated").join(roles.select("stay_id").unique(), on="stay_id", how="anti")
        for department, n in bare.group_by("department_id").len().sort("department_id").rows():
            hospital.findings.add("warn", "operation_without_roles", "operation_roles", department or "–",
                                  f"{n} 例手术病例没有手术人员记录，按无手术病例分给主诊医师；补上名册",
                                  f"{n} operated stays have no operators: they go to the attending doctor like other "
                                  "stays; add them")  # fmt: skip
    for person in sorted(set(roles["staff_id"].to_list()) - staff):
        hospital.findings.add("warn", "unknown_operator", "operation_roles", person, "手术人员不在人员名册中，其角色按未填处理",
                              "an operator is not in the staff register: the role counts as not filled")  # fmt: skip


def _roles(hospital: _Hospital) -> pl.DataFrame:
    rows = hospital.registers.rows(OPERATION_ROLES)
    names = ("stay_id", "role", "staff_id")
    return pl.DataFrame({n: [r[n] for r in rows] for n in names}, schema=dict.fromkeys(names, pl.String))


def _pay(hospital: _Hospital, reviews: list[Row], tables: Path, work: Path, engine: Engine) -> dict[str, Any]:
    plan, findings = hospital.plan, hospital.findings
    people = _people(hospital)
    amount = _sum(hospital)
    findings.stop_on_errors()
    coefficients = performance.coefficients_in(reviews, hospital.year, hospital.order.quarter)
    known = _department_facts(hospital, coefficients)
    staffed = frozenset(performance.by_department(people))
    accounts = performance.Accounts(amount)
    performance.split_sum(accounts, plan)
    pools = performance.department_pools(accounts, known, staffed, plan, findings)
    findings.stop_on_errors()
    project = {p.facts.department_id: p.project for p in pools}
    individual = {p.facts.department_id: p.individual for p in pools}
    shares = performance.share_tables(
        plan, hospital.months, (project, individual), coefficients, _roles(hospital), frozenset(people)
    )
    made = engine.map_by(
        (
            Source(
                hospital.stays,
                performance.SCANNED,
                performance.ORDER,
                lambda batch, part: performance.in_period(batch, shares),
            ),
        ),
        "department_id",
        partial(performance.stay_shares, tables=shares),
        table_path(tables, STAY_SHARES),
        "shares of the stays",
    )
    sums = frame(
        engine.sum(made, performance.person_shares, performance.SHARE_KEY, STAY_SHARES.names, "shares of the stays")
    )
    slips, lines = performance.pay_people(
        accounts, pools, people, sums.sort(performance.SHARE_KEY).to_dicts(), _doctors(hospital), plan, findings
    )
    for table, rows in (
        (PERFORMANCE_FLOWS, accounts.flows),
        (DEPARTMENT_RESULTS, performance.department_rows(pools)),
        (SLIPS, slips),
        (SLIP_LINES, lines),
    ):
        write_table(tables, table, table.of(rows))
    balances = {a: accounts.balances[a] for a in (performance.HOSPITAL, performance.PEOPLE, performance.HELD)}
    return {"amount": amount, "balances": balances, "goals": _goals(hospital), "people": len(slips)}


def _targets(hospital: _Hospital) -> dict[tuple[str, str, str], int]:
    return {
        (r["scope"], r["unit_id"], r["indicator"]): r["target"]
        for r in hospital.registers.rows(PERFORMANCE_TARGETS)
        if r["year"] == hospital.year
    }


def _department_facts(hospital: _Hospital, coefficients: Mapping[str, int]) -> list[performance.DepartmentFacts]:
    """What the pools need to know of every department of the register."""
    plan, months, scale = hospital.plan, hospital.months, hospital.scale
    units = performance.unit_indices(hospital.cells, months, ("department_id",), scale)
    past = performance.case_mix(hospital.earlier, hospital.facts, months, scale)
    targets, paused = _targets(hospital), performance.bad_months(hospital.cells, hospital.order.quarter, plan, scale)
    work = _summed(hospital.of_quarter(DEPARTMENT_WORK), ("work", "difficulty"))
    overspend = _summed(hospital.of_quarter(DEPARTMENT_OVERSPENDS), ("amount",))
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
                cmi=its.get("cmi"),
                cmi_target=target,
                cost_index=its.get("cost_index"),
                time_index=its.get("time_index"),
                low_risk=(max(its.get("low_risk_deaths", 0), confirmed.get(d, 0)), its.get("low_risk", 0)),
                overspend=overspend.get(d, {"amount": 0})["amount"],
                paused=d in paused,
            )
        )
    return known


def _summed(rows: list[Row], names: tuple[str, ...]) -> dict[str, dict[str, int]]:
    sums: dict[str, dict[str, int]] = {}
    for row in rows:
        its = sums.setdefault(row["department_id"], dict.fromkeys(names, 0))
        for name in names:
            its[name] += row[name]
    return sums


def _confirmed_deaths(hospital: _Hospital) -> dict[str, int]:
    """Low-risk deaths of the period that people confirmed, by department."""
    first, last = hospital.period
    found: dict[str, int] = {}
    for row in hospital.registers.rows(QUALITY_EVENTS):
        if row["event"] == "low_risk_death" and row["confirmed"] and first <= row["date"] <= last:
            found[row["department_id"]] = found.get(row["department_id"], 0) + 1
    return found


def _goals(hospital: _Hospital) -> list[dict[str, Any]]:
    """The hospital's goals of the period beside what it reached: fund spend, cost index, time index, case mix."""
    plan, run = hospital.plan, hospital.order.run / TABLES
    now = performance.unit_indices(hospital.cells, hospital.months, (), hospital.scale)["hospital"]
    past = performance.case_mix(hospital.earlier, hospital.facts, hospital.months, hospital.scale).get("hospital")
    targets = _targets(hospital)
    usual = {
        "cmi": half_up(past[1] * (ONE + plan.ratio("target.cmi_growth")), ONE) if past else None,
        "cost_index": plan.ratio("target.cost_index"),
        "time_index": plan.ratio("target.time_index"),
    }
    goals = []
    for name, bound in usual.items():
        target, value = targets.get(("hospital", "hospital", name), bound), now[name]
        met = None if value is None or target is None else (value >= target if name == "cmi" else value <= target)
        goals.append({"goal": name, "value": value, "target": target, "met": met})
    limit = plan.fen_or_none("target.fund_spend")
    if limit is not None:
        rows = read_table(run, INSTITUTION_MONTHS).filter(
            (pl.col("institution_id") == hospital.institution) & pl.col("month").is_in(hospital.months)
        )
        spent, share = int(rows["due"].sum()), half_up(limit * len(hospital.months), 12)
        goals.append({"goal": "fund_spend", "value": spent, "target": share, "met": spent <= share})
    return goals


def _group_weights(hospital: _Hospital) -> dict[str, dict[str, tuple[int, int, int]]]:
    """Department → group → (stays, difficulty of one, operated stays) of the period."""
    rows = hospital.cells.filter(pl.col("month").is_in(hospital.months))
    sums = rows.group_by("department_id", "drg").agg(pl.col("n", "weight", "operated").sum())
    result: dict[str, dict[str, tuple[int, int, int]]] = {}
    for department, drg, n, weight, operated in sums.rows():
        result.setdefault(department, {})[drg] = (n, weight // n, operated)
    return result


def _doctors(hospital: _Hospital) -> dict[str, performance.DoctorCase]:
    """Case mix and target of the doctors, where this year and last there are stays enough to judge."""
    least, growth = hospital.plan.integer("individual.min_cases"), hospital.plan.ratio("target.cmi_growth")
    now = performance.unit_indices(hospital.cells, hospital.months, ("doctor_id",), hospital.scale)
    past = performance.case_mix(hospital.earlier, hospital.facts, hospital.months, hospital.scale)
    targets = _targets(hospital)
    result = {}
    for doctor, row in now.items():
        before = past.get(f"doctor:{doctor}", (0, 0))
        usual = half_up(before[1] * (ONE + growth), ONE) if before[0] >= least else None
        target = targets.get(("doctor", doctor, "cmi"), usual)
        result[doctor] = performance.DoctorCase(row["n"], row["cmi"] if row["n"] >= least else None, target)
    return result
