"""What does not fit in a hospital's registers: who is named and not there any more, departments without anything to
be paid by, sums that look like another unit. Findings only; nothing here changes a figure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import date
from typing import Any

from drgpay.steps.performance.people import Findings
from drgpay.units import show_fen

Row = dict[str, Any]

LEAST_PER_HEAD = "check.least_per_head"
"""parameter of a plan: a sum of less per person looks like ten thousands of yuan taken for yuan"""


def ended(rows: Iterable[Row], period: tuple[date, date]) -> dict[str, str]:
    """Members of staff without an assignment in the period → when the last one ended, or the next begins."""
    first, last = period
    spans: dict[str, list[tuple[date, date | None]]] = defaultdict(list)
    for row in rows:
        spans[row["staff_id"]].append((row["valid_from"], row["valid_until"]))
    out = {}
    for staff, its in spans.items():
        if any(start <= last and (end is None or end >= first) for start, end in its):
            continue
        before = [end for _, end in its if end is not None and end < first]
        out[staff] = str(max(before)) if before else f"{min(start for start, _ in its)} →"
    return out


def check_named(
    named: Mapping[str, Mapping[str, int]], left: Mapping[str, str], staff: Collection[str], findings: Findings
) -> None:
    """People whom registers or stays name although their assignment has ended, or who are in no register.
    ``named``: register → person → rows."""
    for register, people in named.items():
        for person, n in sorted(people.items()):
            if person in left:
                findings.add(
                    "warn", "assignment_ended", register, person,
                    f"本期没有任职(任职止于 {left[person]}),{n} 行不计到其名下;核对起止日期",
                    f"no assignment in the period (ended {left[person]}): {n} rows do not count; check "
                    "the dates",
                )  # fmt: skip
            elif person not in staff:
                findings.add(
                    "warn", "unknown_person", register, person, f"人员不在人员名册中,{n} 行不起作用;改正工号",
                    f"not in the staff register: {n} rows have no effect; correct the number",
                )  # fmt: skip


def check_stays(named: Mapping[str, Iterable[str]], known: Collection[str], findings: Findings) -> None:
    """Rows of registers (by name) about stays that the hospital has not in the run."""
    for register, stays in named.items():
        lost = sorted(set(stays) - set(known))
        if lost:
            listed = ", ".join(lost[:3]) + (" …" if len(lost) > 3 else "")
            findings.add(
                "warn", "unknown_stay", register, "–", f"{len(lost)} 份病例不在本院本次运行中,不起作用:{listed}",
                f"{len(lost)} stays are not the hospital's in this run and have no effect: {listed}",
            )  # fmt: skip


def check_departments(departments: Mapping[str, Row], rows: Mapping[str, Iterable[Row]], findings: Findings) -> None:
    """Rows of registers (by name) that name a department the register of departments does not have."""
    for register, its in rows.items():
        for row in its:
            department = row["department_id"]
            if department not in departments:
                findings.add(
                    "error", "unknown_department", register, department, "科室不在科室名册中;补上科室或改正",
                    "the department is not in hospital_departments; add or correct it",
                )  # fmt: skip


def check_without_stays(
    departments: Mapping[str, Row], with_stays: Collection[str], with_work: Collection[str],
    staffed: Collection[str], findings: Findings,
) -> None:  # fmt: skip
    """Departments with staff that have neither stays nor work in the period: nothing but a minimum can reach them."""
    for d in sorted(set(staffed) & set(departments) - set(with_stays) - set(with_work)):
        findings.add(
            "warn", "department_without_stays", "department_work", d,
            "本期没有病例也没有工作量,除方案的最低保障外没有绩效;补上 department_work,或确认",
            "neither stays nor work in the period: no pay but the plan's minimum; add department_work, or confirm it",
        )  # fmt: skip


def check_sum(amount: int, heads: int, income: int, period: str, least: int | None, findings: Findings) -> None:
    """A sum to distribute that is above what the stays brought in, or so small per head that it may be in 10,000
    yuan. ``least``: fen per head, None: not looked at."""
    if heads and least is not None and 0 < amount < least * heads:
        findings.add(
            "warn", "sum_small", "distributable_sums", period,
            f"总额 {show_fen(amount)} 元,{heads} 人,人均 {show_fen(amount // heads)} 元;是否把万元写成了元",
            f"{show_fen(amount)} yuan for {heads} people, {show_fen(amount // heads)} each: written in 10,000 yuan?",
        )  # fmt: skip
    if income and amount > income:
        findings.add(
            "warn", "sum_large", "distributable_sums", period,
            f"总额 {show_fen(amount)} 元,高于本期住院收入 {show_fen(income)} 元;核对单位",
            f"{show_fen(amount)} yuan is more than the stays brought in, {show_fen(income)}; check the unit",
        )  # fmt: skip
