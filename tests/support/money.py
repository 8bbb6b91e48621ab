"""A year through the program, from grouped stays to the closing, in a temporary folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl
import pyarrow.parquet as pq

from drgpay.engine import dataset, frame, one_batch, read_table, table_path
from drgpay.policy import Policy, load, one_law
from drgpay.runs.linked import Account
from drgpay.runs.manifest import TABLES
from drgpay.runs.money import Period
from drgpay.runs.order import Order
from drgpay.runs.region import Region, Registers
from drgpay.runs.settle import Running
from drgpay.steps import fund, points
from drgpay.tables import (
    ADVANCES,
    BASE_GROUPS,
    BASE_YEARS,
    BUDGET_ADJUSTMENTS,
    BUDGETS,
    CASE_POINTS,
    CLOSINGS,
    COEFFICIENTS,
    DEBTS,
    EVIDENCE,
    GRADE_REGISTER,
    GROUPED,
    INDICATOR_VALUES,
    INSTITUTION_MONTHS,
    INSTITUTIONS,
    OPERATION_LEVELS,
    OUT_OF_AREA_CLAIMS,
    POOLS,
    SANCTIONS,
    STATEMENTS,
    STAY_DECISIONS,
    STAY_PAYMENTS,
    VIOLATIONS,
    Table,
)
from support.engines import usual
from support.plain_year import CC, EXCLUSION, MCC, Case, Rows, Stay

WRITTEN = (BASE_YEARS, BASE_GROUPS, COEFFICIENTS, CASE_POINTS, POOLS, INSTITUTION_MONTHS, STATEMENTS, STAY_PAYMENTS,
           CLOSINGS)  # fmt: skip
"""the tables of a year from points on"""
CARRIED = {"department_id", "doctor_id", "inputs"}
"""columns that are only handed on, or words"""


LITTLE: Any = SimpleNamespace(cc=CC, mcc=MCC, exclusion=EXCLUSION)
"""what of a scheme says which diagnoses are comorbidities"""


def demo(reason: str = "a test", /, **changes: str) -> Policy:
    """The demonstration practice of 2024; ``points__max_cv="0.9"`` changes ``points.max_cv``."""
    law = load("demo", on=date(2024, 12, 31))
    return law.amend({name.replace("__", "."): value for name, value in changes.items()}, reason)


def stay(number: int | str, institution: str = "H1", **given: Any) -> Stay:
    """A grouped stay of the settlement year with whatever is not given filled in."""
    return {
        "stay_id": f"{number:04d}" if isinstance(number, int) else number,
        "institution_id": institution,
        "insurance_scheme": "employee",
        "year": 2024,
        "month": 1,
        "drg": "AA11",
        "status": "grouped",
        "los": 5,
        "total_cost": 100_000,
        "personal_paid": 0,
        "fund_by_item": 0,
    } | given


def grouped_rows(stays: Sequence[Stay]) -> Any:
    """Stays as an Arrow table of the dictionary's ``grouped``."""
    filled = {
        "person_id": None, "department_id": None, "doctor_id": None, "sex": None, "age": None, "age_days": None,
        "birth_weight": None, "discharge_way": None, "dx": ["I10"], "proc": None, "mdc": None, "adrg": None,
        "severity": "none",
    }  # fmt: skip
    return GROUPED.of([filled | s | {"discharge_date": date(s["year"], s["month"], 28)} for s in stays])


def write_grouped(folder: Path, stays: Sequence[Stay], files: int = 1, rows: int = 65_536) -> None:
    """Table ``grouped`` below ``folder``: so many files, row groups of so many rows, the stays in their order."""
    target = table_path(folder, GROUPED)
    target.mkdir(parents=True)
    size = max(1, -(-len(stays) // files))
    for number in range(files):
        piece = grouped_rows(stays[number * size : (number + 1) * size])
        pq.write_table(piece, target / f"part-{number:05d}.parquet", row_group_size=rows)


def _register(table: Table, rows: list[dict[str, Any]]) -> pl.DataFrame:
    return frame(table.of(rows)) if rows else frame(table.schema.empty_table())


def registers(case: Case) -> Registers:
    """The registers of a case as a run holds them."""
    tables = {
        INSTITUTIONS: [{"institution_id": h, "name": h, "level": v} for h, v in case.institutions.items()],
        BUDGETS: [
            {"year": case.year, "insurance_scheme": s, "revenue": b, "drg_budget": b} for s, b in case.budgets.items()
        ],
        GRADE_REGISTER: [
            {"year": year, "institution_id": h, "grade": g}
            for year, grades in ((case.year, case.grades), (case.year - 1, case.last_grades))
            for h, g in grades.items()
        ],
        INDICATOR_VALUES: [
            {"year": case.year - 1, "institution_id": h, "indicator": name, "value": value}
            for (h, name), value in case.indicators.items()
        ],
        OPERATION_LEVELS: [
            {"code": code, "operation_level": level, "name": None} for code, level in case.operation_levels.items()
        ],
        EVIDENCE: [
            {"evidence_id": str(i), "year": case.year, "institution_id": h, "insurance_scheme": s, "reason": r,
             "amount": a}
            for i, (h, s, r, a) in enumerate(case.evidence)
        ],
        VIOLATIONS: [
            {"violation_id": str(i), "year": case.year, "institution_id": h, "insurance_scheme": s, "amount": a,
             "damages_multiple": m}
            for i, (h, s, a, m) in enumerate(case.violations)
        ],
        ADVANCES: [
            {"advance_id": str(i), "year": case.year, "institution_id": h, "insurance_scheme": s, "amount": a,
             "date": date(case.year, 1, 5), "advance_kind": "ordinary"}
            for i, (h, s, a) in enumerate(case.advances)
        ],
        STAY_DECISIONS: [
            {"stay_id": s["stay_id"], "institution_id": s["institution_id"], "kind": kind, "decision": "approved",
             "number": n, "amount": amount, "share": share}
            for n, s in enumerate(sorted(case.stays, key=lambda s: s["stay_id"]))
            for kind, (amount, share) in case.decisions.get(s["stay_id"], {}).items()
        ],
        BUDGET_ADJUSTMENTS: [
            {"adjustment_id": f"A{i}", "year": case.year, "insurance_scheme": s, "change_reason": "outbreak",
             "amount": a, "decision": "approved", "decided_by": "a meeting", "decided_on": date(case.year, 12, 20),
             "document": None}
            for i, (s, a) in enumerate(case.adjusted.items())
        ],
        OUT_OF_AREA_CLAIMS: [
            {"claim_id": str(i), "direction": "out", "area": "330200", "setting": "inpatient", "institution_id": "X1",
             "insurance_scheme": s, "settled_on": date(case.year, m, 9), "referred": True, "registered": True,
             "total_cost": a, "personal_paid": 0, "fund_amount": a}
            for i, (s, m, a) in enumerate(case.elsewhere)
        ],
        SANCTIONS: [{"year": case.year, "institution_id": h, "ground": "x"} for h in sorted(case.sanctioned)],
        DEBTS: [
            {"year": case.year, "institution_id": h, "insurance_scheme": s, "amount": a}
            for (h, s), a in case.debts.items()
        ],
    }  # fmt: skip
    return Registers({table.name: _register(table, rows) for table, rows in tables.items()})


def settle(
    folder: Path,
    case: Case,
    *,
    threads: int = 2,
    files: int = 1,
    rows: int = 65_536,
    month: int | None = None,
    held: Registers | None = None,
) -> Path:
    """Settle a case as a run does once the stays are grouped; the folder of the tables. ``held``: registers other
    than the case's own."""
    folder.mkdir(exist_ok=True)
    run = object.__new__(Running)
    run.shared = None
    run.order = Order(folder, "demo", case.year, month)
    run.period = Period(case.year, run.order.months)
    run.folder, run.engine, run.shared = folder, usual(threads), None
    run.tables, run.work = folder / TABLES, folder / "work"
    run.registers, run.run_id = held or registers(case), f"test-{case.year}"
    run.laws = case.laws or one_law(case.policy, case.year, month)
    run.region = Region(folder, {"id": "test"}, run.registers)
    run.chain, run.account = None, Account(None, run.registers, case.year, month)
    run.scheme = LITTLE
    write_grouped(run.tables, case.stays, files, rows)
    run._money(dataset(run.tables, GROUPED))
    return run.tables


@dataclass(frozen=True)
class Points:
    """What a case's points are computed from."""

    base: points.Base
    coefficients: points.Coefficients
    tables: points.PointsTables

    @staticmethod
    def of(case: Case, folder: Path) -> Points:
        """The program's base period, coefficients and kernel tables."""
        write_grouped(folder, case.stays)
        base = points.base_period(usual(1), dataset(folder, GROUPED), case.policy)
        register = pl.DataFrame([{"institution_id": h, "level": level} for h, level in case.institutions.items()])
        k = points.coefficients(base, register, case.policy)
        rules = points.adjusting(
            case.policy, _register(STAY_DECISIONS, []), {}, None, points.comorbidities(LITTLE, case.policy)
        )
        return Points(base, k, points.points_tables(base, k, case.policy, case.year, fund.MONTHS, rules))

    def judge(self, stays: Sequence[Stay]) -> list[dict[str, Any]]:
        """Rows of table ``case_points`` of stays of the settlement year, in their order."""
        rows: list[dict[str, Any]] = cases_of(stays, self.tables).to_pylist()
        return rows


def cases_of(stays: Sequence[Stay], tables: points.PointsTables) -> Any:
    """The kernel's batch of table ``case_points`` of some stays."""
    return points.case_points(one_batch(grouped_rows(stays)), tables)


def tables_of(folder: Path) -> dict[str, Rows]:
    """The written tables by name, rows by key, without the columns that are only handed on."""
    found: dict[str, Rows] = {}
    for table in WRITTEN:
        rows = read_table(folder, table).drop(CARRIED, strict=False).iter_rows(named=True)
        found[table.name] = {
            tuple(row[k] for k in table.key): {c: v for c, v in row.items() if c not in table.key} for row in rows
        }
    return found


def differences(program: dict[str, Rows], plain: dict[str, Rows]) -> list[str]:
    """Where two years differ: table, key, column, what the program says and what is right."""
    found = []
    for name in program.keys() | plain.keys():
        ours, theirs = program.get(name, {}), plain.get(name, {})
        for key in sorted(ours.keys() | theirs.keys(), key=str):
            a, b = ours.get(key, {}), theirs.get(key, {})
            found += [
                f"{name} {key} {column}: {a.get(column, 'missing')} instead of {b.get(column, 'missing')}"
                for column in sorted(a.keys() | b.keys())
                if a.get(column, "missing") != b.get(column, "missing")
            ]
    return found
