"""A hospital in small: departments, staff, stays and a plan, paid without a run, and the same in plain Python."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import polars as pl

from drgpay.engine import frame
from drgpay.policy import Policy
from drgpay.steps import performance
from drgpay.tables import HOSPITAL_STAYS
from drgpay.units import ONE, half_up

Row = dict[str, Any]
QUARTER = (date(2024, 4, 1), date(2024, 6, 30))


def plan(**changes: str) -> Policy:
    """The demo plan with some parameters set otherwise, written with _ for the point of their first part."""
    base = performance.load_plan("demo-hospital", date(2024, 6, 30))
    named = {name.replace("__", "."): value for name, value in changes.items()}
    return performance.check_plan(base.amend({"attendance.when_missing": "1", **named}, "test"), "test")


def member(staff: str, department: str, post: str = "attending", **given: Any) -> Row:
    """A row of the staff register."""
    return {
        "staff_id": staff, "name": staff, "post": post, "staff_category": "nurse" if post == "nurse" else "doctor",
        "department_id": department, "fte": ONE, "valid_from": date(2020, 1, 1), "valid_until": None,
    } | given  # fmt: skip


def stay(stay_id: str, department: str, doctor: str | None, weight: int, **given: Any) -> Row:
    """A row of ``hospital_stays``."""
    return {
        "stay_id": stay_id, "department_id": department, "doctor_id": doctor, "insurance_scheme": "employee",
        "year": 2024, "month": 5, "drg": "AA11", "case_class": "normal", "los": 5, "operated": False,
        "low_risk": False,
        "died": False, "points": weight, "base_points": weight, "weight": weight, "payment": 0, "charges": 0,
        "cost": 0, "cost_basis": "ratio", "balance": 0, "expected_charges": 0, "expected_los": 0,
    } | given  # fmt: skip


def review_cell(month: int, n: int, index: int) -> Row:
    """A row of ``cells``: stays of a group that cost 10,000 in the region; ``index``: their cost index, 1/10,000."""
    zero = dict.fromkeys(
        ("points", "base_points", "weight", "payment", "cost", "balance", "operated", "expected_charges",
         "expected_los", "low_risk", "low_risk_deaths", "costed", "own_cost"), 0,
    )  # fmt: skip
    return zero | {
        "department_id": "D1", "doctor_id": "A", "drg": "AA11", "month": month, "n": n, "charges": n * index,
        "bed_days": 5 * n, "all_n": 100, "all_charges": 1_000_000, "all_days": 500,
    }  # fmt: skip


@dataclass
class Paid:
    """What came of it."""

    accounts: performance.Accounts
    pools: list[performance.DepartmentPool]
    slips: list[Row]
    lines: list[Row]
    findings: list[Row]
    shares: list[Row] = field(default_factory=list)

    def of(self, staff: str) -> int:
        """What a person earned."""
        return sum(x["amount"] for x in self.lines if x["staff_id"] == staff)

    def by(self, component: str) -> dict[str, int]:
        """Amounts of a component by person."""
        result: dict[str, int] = {}
        for x in self.lines:
            if x["component"] == component:
                result[x["staff_id"]] = result.get(x["staff_id"], 0) + x["amount"]
        return result


def pay(
    amount: int,
    rules: Policy,
    staff: Sequence[Row],
    stays: Sequence[Row],
    *,
    roles: Sequence[tuple[str, str, str]] = (),
    facts: Mapping[str, Row] | None = None,
    doctors: Mapping[str, performance.DoctorCase] | None = None,
    attendance: Sequence[Row] = (),
    coefficients: Mapping[str, int] | None = None,
    quarter: int = 2,
) -> Paid:
    """Distribute an amount: what a run does after its sums. ``facts``: more of a department; ``quarter``: which
    prizes are awarded."""
    coefficients = coefficients or {}
    findings = performance.Findings()
    units = sorted({r["department_id"] for r in staff} | {s["department_id"] for s in stays})
    people = performance.staff_of(staff, attendance, {d: {} for d in units}, rules, QUARTER, findings)
    findings.stop_on_errors()
    known = [_facts(d, stays, rules, coefficients, (facts or {}).get(d, {})) for d in units]
    accounts = performance.Accounts(amount, performance.prize_budgets(rules, quarter))
    performance.split_sum(accounts, rules)
    staffed = frozenset(performance.by_department(people))
    pools = performance.department_pools(accounts, known, staffed, rules, findings)
    findings.stop_on_errors()
    by_project = {p.facts.department_id: p.project for p in pools}
    by_person = {p.facts.department_id: p.individual for p in pools}
    named = pl.DataFrame(list(roles), schema=["stay_id", "role", "staff_id"], orient="row") if roles else _NO_ROLES
    tables = performance.share_tables(
        rules, (4, 5, 6), (by_project, by_person), coefficients, named, frozenset(people)
    )
    batch = HOSPITAL_STAYS.of(sorted(stays, key=lambda s: (s["department_id"], s["stay_id"])))
    made = (
        performance.stay_shares(performance.in_period(batch.combine_chunks().to_batches()[0], tables), tables)
        if stays
        else performance.stay_shares(batch, tables)
    )
    shares = frame(made).to_dicts()
    assert shares == performance.plain_shares(stays, tables)
    sums = frame(performance.person_shares(made)).sort(performance.SHARE_KEY).to_dicts() if shares else []
    slips, lines = performance.pay_people(accounts, pools, people, sums, doctors or {}, rules, findings)
    return Paid(accounts, pools, slips, lines, findings.listed(), shares)


_NO_ROLES = pl.DataFrame(schema={"stay_id": pl.String, "role": pl.String, "staff_id": pl.String})


def _facts(
    department: str, stays: Sequence[Row], rules: Policy, coefficients: Mapping[str, int], more: Row
) -> performance.DepartmentFacts:
    its = [s for s in stays if s["department_id"] == department]
    per = {n: rules.ratio(f"work.per_{n}") for n in ("stay", "day", "operation")}
    operated = sum(s["operated"] for s in its)
    weight = sum(s["weight"] for s in its)
    own = len(its) * per["stay"] + sum(s["los"] for s in its) * per["day"] + operated * per["operation"]
    project = sum(half_up(s["weight"] * coefficients.get(s["drg"], ONE), ONE) for s in its)
    found = {
        "name": department, "department_type": "medical", "n": len(its), "work": own, "difficulty": weight,
        "project_weight": project + operated * rules.ratio("project.per_operation"), "stay_difficulty": weight,
        "balance": sum(s["balance"] for s in its),
    } | more  # fmt: skip
    return performance.DepartmentFacts(department, **found)
