"""A hospital's quarter: a settled run and the hospital's registers in; gains and losses, pools and slips out.

Source: design/09.
Everything is written into a hidden folder beside the target and renamed at the end.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from drgpay import __version__
from drgpay.engine import (
    MANIFEST,
    Engine,
    Source,
    frame,
    new_folder,
    read_manifest,
    read_table,
    table_path,
    write_table,
)
from drgpay.errors import DrgpayError, Kind
from drgpay.policy import Policy, practice_text, read_practice
from drgpay.runs.department_scores import department_card, score_departments
from drgpay.runs.hospital import (
    Hospital,
    PerformOrder,
    check_stays_of,
    department_facts,
    doctors_of,
    people_of,
    read_hospital,
    roles_of,
    sum_of,
)
from drgpay.runs.hospital_goals import goals_of
from drgpay.runs.kept_reviews import kept_reviews
from drgpay.runs.manifest import POLICY, TABLES, file_digest, write_json, write_manifest
from drgpay.runs.practices import ParameterSeen, seen_of
from drgpay.runs.region import register_file
from drgpay.scorecard import card_text
from drgpay.steps import intake, performance
from drgpay.tables import (
    DEPARTMENT_MARKS,
    DEPARTMENT_RESULTS,
    GROUP_REVIEWS,
    HOSPITAL_RESULTS,
    PERFORMANCE_CHANGES,
    PERFORMANCE_FINDINGS,
    PERFORMANCE_FLOWS,
    PERFORMANCE_REGISTERS,
    SLIP_LINES,
    SLIPS,
    STAY_SHARES,
)

Row = dict[str, Any]
Report = Callable[[Path], None]

PLAN = "plan.yaml"
"""the plan as it was read"""
CARD = "card.yaml"
"""the departments' scorecard as it was read"""


def perform(
    order: PerformOrder, out: Path, engine: Engine, reports: Sequence[Report] = (), *, pay: bool = True
) -> Path:
    """Work out a hospital's period and leave it in ``out``: all of it, or nothing. ``pay``: not only gains and losses
    but pools and slips. Errors between registers and plan stop it (DATA); warnings are in
    ``performance_findings``."""
    with new_folder(out) as draft:
        totals = _write(order, draft, engine, pay)
        content = _manifest(order, totals)
        write_json(draft / MANIFEST, content)
        for report in reports:
            report(draft)
        write_manifest(draft, content)
    return out


def check_performance(order: PerformOrder, work: Path, engine: Engine) -> list[Row]:
    """Rows of ``performance_findings``: everything that does not fit, errors first. ``work``: an empty folder."""
    hospital = read_hospital(order, work, engine)
    people_of(hospital)
    check_stays_of(hospital, engine)
    sum_of(hospital)
    return hospital.findings.listed()


def _write(order: PerformOrder, draft: Path, engine: Engine, pay: bool) -> dict[str, Any]:
    tables, work = draft / TABLES, draft / "work"
    tables.mkdir()
    hospital = read_hospital(order, tables, engine)
    plan = hospital.plan
    write_table(
        tables,
        HOSPITAL_RESULTS,
        performance.hospital_results(hospital.cells, hospital.year, hospital.scale).to_arrow(),
    )
    kept = kept_reviews(hospital)
    reviews = performance.group_reviews(hospital.cells, hospital.year, plan, hospital.scale, kept)
    write_table(tables, GROUP_REVIEWS, GROUP_REVIEWS.of(reviews))
    check_stays_of(hospital, engine)
    totals: dict[str, Any] = {"institution": hospital.institution, "plan": _about(plan)}
    if pay:
        text, _ = card_text(order.card)
        (draft / CARD).write_text(text, encoding="utf-8", newline="\n")
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
    registers = sorted(p for t in PERFORMANCE_REGISTERS if (p := register_file(order.registers, t)) is not None)
    manifest = read_manifest(order.run)
    figures = {"figures": file_digest(order.figures / MANIFEST)} if order.figures else {}
    figures |= {"before": file_digest(order.before / MANIFEST)} if order.before else {}
    return {
        "software": f"drgpay {__version__}",
        "kind": "perform",
        "run": manifest["run"],
        "run_digest": file_digest(order.run / MANIFEST),
        "region": manifest["region"],
        "year": manifest["year"],
        "quarter": order.quarter,
        "inputs": {p.name: file_digest(p) for p in registers} | figures,
        **totals,
    }


def _pay(hospital: Hospital, reviews: list[Row], tables: Path, work: Path, engine: Engine) -> dict[str, Any]:
    order, plan, findings = hospital.order, hospital.plan, hospital.findings
    people = people_of(hospital)
    amount = sum_of(hospital)
    findings.stop_on_errors()
    coefficients = performance.coefficients_in(reviews, hospital.year, hospital.order.quarter)
    goals = goals_of(hospital, engine)
    scores = score_departments(hospital, department_card(order.card), order.figures, goals, engine)
    write_table(tables, DEPARTMENT_MARKS, DEPARTMENT_MARKS.of(scores.marks))
    known = department_facts(hospital, coefficients, scores.results)
    staffed = frozenset(performance.by_department(people))
    accounts = performance.Accounts(amount, performance.prize_budgets(plan, order.quarter))
    performance.split_sum(accounts, plan)
    pools = performance.department_pools(accounts, known, staffed, plan, findings)
    findings.stop_on_errors()
    project = {p.facts.department_id: p.project for p in pools}
    individual = {p.facts.department_id: p.individual for p in pools}
    shares = performance.share_tables(
        plan, hospital.months, (project, individual), coefficients, roles_of(hospital), frozenset(people)
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
        accounts, pools, people, sums.sort(performance.SHARE_KEY).to_dicts(), doctors_of(hospital), plan, findings
    )
    for table, rows in (
        (PERFORMANCE_FLOWS, accounts.flows),
        (DEPARTMENT_RESULTS, performance.department_rows(pools)),
        (SLIPS, slips),
        (SLIP_LINES, lines),
    ):
        write_table(tables, table, table.of(rows))
    balances = {a: accounts.balances[a] for a in (performance.HOSPITAL, performance.PEOPLE, performance.HELD)}
    return {
        "amount": amount,
        "prizes": sum(accounts.budgets.values()),
        "balances": balances | {"prizes_left": sum(accounts.balances[a] for a in accounts.budgets)},
        "goals": [goal.row() for goal in goals],
        "people": len(slips),
    }


def simulate(order: PerformOrder, against: str | Path, work: Path, engine: Engine) -> tuple[list[Row], list[Row]]:
    """Rows of ``performance_changes``, and of ``performance_findings`` for what every reader must know.

    The order's plan beside ``against``: the folder of an earlier result of the same hospital and period, or another
    plan (id or file). ``work``: an empty folder. Nothing else is written.
    """
    perform(order, work / "after", engine)
    before = Path(against)
    if not (before / MANIFEST).is_file():
        perform(replace(order, plan=str(against), changes={}), work / "before", engine)
        before = work / "before"
    same = ("run", "institution", "year", "quarter")
    old, new = read_manifest(before), read_manifest(work / "after")
    if old.get("kind") != "perform" or any(old[k] != new[k] for k in same):
        raise DrgpayError(
            Kind.USAGE, zh="对照结果不是同一医院同一期间的绩效结果",
            en="that is no result of the same hospital and period",
            file=against, fix_zh="给出 drgpay perform 同期的输出文件夹，或另一个方案",
            fix_en="name the output folder of drgpay perform for the same period, or another plan",
        )  # fmt: skip
    rows = []
    for scope, key in (("department", "department_id"), ("person", "staff_id")):
        sums = [_paid_by(folder, key) for folder in (before, work / "after")]
        home = {s: d for f in (before, work / "after") for s, d in _homes(f).items()}
        for unit in sorted(sums[0].keys() | sums[1].keys()):
            a, b = sums[0].get(unit, 0), sums[1].get(unit, 0)
            rows.append(
                {"scope": scope, "unit_id": unit, "department_id": home[unit] if scope == "person" else unit,
                 "before": a, "after": b, "change": b - a,
                 "outcome": "wins" if b > a else "loses" if b < a else "same"}
            )  # fmt: skip
    PERFORMANCE_CHANGES.of(rows)
    findings = performance.Findings()
    for manifest in (old, new):
        warning = manifest["plan"]["warning"]
        if warning:
            findings.add("warn", "surplus_sharing", "plan", manifest["plan"]["id"], warning["zh"], warning["en"])
    return rows, findings.listed()


def _paid_by(folder: Path, key: str) -> dict[str, int]:
    lines = read_table(folder / TABLES, SLIP_LINES)
    return dict(lines.group_by(key).agg(pl.col("amount").sum()).rows())


def _homes(folder: Path) -> dict[str, str]:
    return dict(read_table(folder / TABLES, SLIPS).select("staff_id", "department_id").rows())


@dataclass(frozen=True)
class PersonExplained:
    """A person's slip: its row and lines, the movements of the departments it names, and the stays behind it, those
    that brought most first."""

    slip: Row
    lines: list[Row]
    flows: list[Row]
    stays: list[Row]
    warning: Mapping[str, str] | None


def explain_person(out: Path, staff: str) -> PersonExplained:
    """What a person is paid, from the sum down to the stays. Raises DATA when nobody of that id is paid there."""
    manifest, tables = read_manifest(out), out / TABLES
    slips = read_table(tables, SLIPS).filter(pl.col("staff_id") == staff).to_dicts()
    if not slips:
        raise DrgpayError(
            Kind.DATA, zh="结果中没有这个人", en="nobody of that id is in the result", value=staff,
            fix_zh="核对工号", fix_en="check the staff id",
        )  # fmt: skip
    lines = read_table(tables, SLIP_LINES).filter(pl.col("staff_id") == staff).sort("line").to_dicts()
    where = {"", *(x["department_id"] for x in lines)}
    flows = read_table(tables, PERFORMANCE_FLOWS).filter(pl.col("department_id").is_in(sorted(where)))
    stays = read_table(tables, STAY_SHARES).filter(pl.col("staff_id") == staff)
    order = stays.sort(["amount", "stay_id", "component", "role"], descending=[True, False, False, False])
    return PersonExplained(
        slips[0], lines, flows.sort("line").to_dicts(), order.to_dicts(), manifest["plan"]["warning"]
    )


def findings_of(out: Path) -> list[Row]:
    """Rows of ``performance_findings`` of a result."""
    return read_table(out / TABLES, PERFORMANCE_FINDINGS).to_dicts()


def plan_names() -> tuple[tuple[str, str, str], ...]:
    """The shipped plans: id and title, Chinese and English."""
    found = []
    for name in performance.plans():
        text, label = practice_text(name, performance.plans_folder())
        read = read_practice(text, label, performance.plan_dictionary())
        found.append((read.practice, read.title_zh, read.title_en))
    return tuple(found)


def amended_plan(plan: str, changes: Mapping[str, object], on: date) -> Policy:
    """A plan with its changes on a day, checked whole. Raises POLICY."""
    return performance.check_plan(performance.load_plan(plan, on).amend(changes, "office"), plan)


def plan_seen(plan: str, changes: Mapping[str, object], on: date, lang: str) -> list[ParameterSeen]:
    """Every parameter of a plan with its changes on a day, in the order of the dictionary. Raises POLICY for a plan
    that cannot be: unknown, out of range, parts that are not 100 %, surplus shared without the acknowledgement."""
    return seen_of(amended_plan(plan, changes, on), performance.plan_dictionary(), lang)


def plan_warning(plan: str, changes: Mapping[str, object], on: date, lang: str) -> str:
    """What every reader of a plan must know, as the law has it; empty where there is nothing."""
    shares = performance.shares_surplus(amended_plan(plan, changes, on))
    return performance.WARNING[lang == "en"] if shares else ""


def hospital_registers(registers: Mapping[str, Sequence[Row]], target: Path) -> Path:
    """Write a hospital's own registers, by name, into the new folder ``target``, as :func:`perform` reads them."""
    with new_folder(target, kind="registers") as draft:
        for table in PERFORMANCE_REGISTERS:
            rows = intake.check_rows(table, registers.get(table.name, ())).rows
            if rows:
                intake.write_register(draft / f"{table.name}.csv", table, list(rows))
    return target


def marked_items(result: Path) -> dict[str, tuple[str, str]]:
    """The names (zh, en) of the items by which a result marked the departments, by id."""
    return {item.id: (item.zh, item.en) for item in department_card(result / CARD).items}
