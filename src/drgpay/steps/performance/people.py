"""Who is there: departments, staff and their weights in base pay, and everything that does not fit together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from drgpay.errors import DrgpayError, Kind
from drgpay.policy import Policy
from drgpay.units import ONE, half_up, show_percent

Row = dict[str, Any]
_LISTED = 20


@dataclass
class Findings:
    """Rows of ``performance_findings`` as they come up; one finding per rule, register and unit."""

    rows: dict[tuple[str, str, str], Row] = field(default_factory=dict)

    def add(self, level: str, rule: str, register: str, unit: str, zh: str, en: str) -> None:
        """Note something; the first of its kind stays."""
        row = {"rule": rule, "level": level, "register_name": register, "unit_id": unit, "zh": zh, "en": en}
        self.rows.setdefault((rule, register, unit), row)

    def listed(self) -> list[Row]:
        """Errors first, in a fixed order."""
        return [self.rows[key] for key in sorted(self.rows, key=lambda k: (self.rows[k]["level"] != "error", k))]

    def stop_on_errors(self) -> None:
        """Raise DATA when pay cannot be worked out; up to 20 errors are named."""
        errors = [row for row in self.listed() if row["level"] == "error"]
        if not errors:
            return

        def lines(lang: str) -> str:
            shown = [f"  {r['register_name']} · {r['unit_id']}: {r[lang]}" for r in errors[:_LISTED]]
            return "\n".join([*shown, *([f"  … {len(errors) - _LISTED}"] if len(errors) > _LISTED else [])])

        raise DrgpayError(
            Kind.DATA,
            zh=f"登记表与方案有 {len(errors)} 处错误，不能计算绩效：\n{lines('zh')}",
            en=f"{len(errors)} errors between registers and plan; pay cannot be worked out:\n{lines('en')}",
            fix_zh="改正后重试；drgpay perform check 列出全部问题",
            fix_en="correct them and try again; drgpay perform check lists everything",
            file=errors[0]["register_name"],
        )


@dataclass(frozen=True)
class Person:
    """A member of staff in the period: where, and with what weight in base pay."""

    staff_id: str
    name: str
    post: str
    category: str
    weights: Mapping[str, int]
    """department → post coefficient × FTE × attendance × days, all in their whole units"""
    presence: int
    """FTE × attendance over the period, 1/10,000: what a floor is scaled by"""
    days: Mapping[str, Mapping[int, int]]
    """department → post coefficient → FTE × days, 1/10,000: what the weights are made of"""
    attendance: int
    """days present ÷ days due, 1/10,000"""

    @property
    def home(self) -> str:
        """The department with the largest weight; on a tie the first by id."""
        return min(self.weights, key=lambda d: (-self.weights[d], d))


def staff_of(
    rows: Iterable[Row],
    attendance: Iterable[Row],
    departments: Mapping[str, Row],
    plan: Policy,
    period: tuple[date, date],
    findings: Findings,
) -> dict[str, Person]:
    """Members of staff with an assignment in the period (first and last day).

    Base weight = post coefficient × attendance × FTE × days of the assignment in the period. The attendance of a
    person is days present ÷ days due over the period, half up to 1/10,000. What does not fit is noted: unknown
    departments, posts without coefficient, more than full time on one day, no attendance.
    """
    first, last = period
    posts = plan.table("posts.coefficients")
    assigned: dict[str, list[tuple[Row, date, date]]] = defaultdict(list)
    for row in sorted(rows, key=lambda r: (r["staff_id"], r["department_id"], r["valid_from"])):
        start, end = max(first, row["valid_from"]), min(last, row["valid_until"] or last)
        if start <= end:
            assigned[row["staff_id"]].append((row, start, end))
    present = _attendance(attendance, period)
    people = {}
    for staff, its in assigned.items():
        _overlaps(staff, its, findings)
        rate = _rate(staff, present, plan, findings)
        weights: dict[str, int] = {}
        days = 0
        spans: dict[str, dict[int, int]] = defaultdict(lambda: defaultdict(int))
        for row, start, end in its:
            if row["department_id"] not in departments:
                findings.add("error", "unknown_department", "staff", staff, "科室不在科室登记表中；补上科室或改正",
                             "the department is not in hospital_departments; add or correct it")  # fmt: skip
            if row["post"] not in posts:
                findings.add(
                    "error", "post_without_coefficient", "staff", staff,
                    f"岗位 {row['post']} 没有系数；在方案的 posts.coefficients 中补上",
                    f"the post {row['post']} has no coefficient; give it in posts.coefficients of the plan",
                )  # fmt: skip
            length = (end - start).days + 1
            coefficient = posts.get(row["post"], 0)
            weight = coefficient * row["fte"] * rate * length
            weights[row["department_id"]] = weights.get(row["department_id"], 0) + weight
            spans[row["department_id"]][coefficient] += row["fte"] * length
            days += row["fte"] * length
        latest = max(its, key=lambda a: (a[2], a[0]["fte"], a[0]["department_id"]))[0]
        people[staff] = Person(
            staff, latest["name"], latest["post"], latest["staff_category"], weights,
            half_up(days * rate, ((last - first).days + 1) * ONE), spans, rate,
        )  # fmt: skip
    return people


def _attendance(rows: Iterable[Row], period: tuple[date, date]) -> dict[str, tuple[int, int]]:
    """Days due and days present in the period by person."""
    sums: dict[str, tuple[int, int]] = {}
    for row in rows:
        if period[0] <= date(row["year"], row["month"], 1) <= period[1]:
            due, there = sums.get(row["staff_id"], (0, 0))
            sums[row["staff_id"]] = (due + row["days_due"], there + row["days_present"])
    return sums


def _rate(staff: str, present: Mapping[str, tuple[int, int]], plan: Policy, findings: Findings) -> int:
    """Attendance of a person, at most 1."""
    due, there = present.get(staff, (0, 0))
    if due:
        if there == 0:
            findings.add("warn", "no_attendance", "attendance", staff, "出勤为零，没有基础绩效",
                         "attendance is zero: no base pay")  # fmt: skip
        if there > due:
            findings.add("warn", "more_than_due", "attendance", staff, "实际出勤多于应出勤，按全勤计",
                         "more days present than due; taken as full attendance")  # fmt: skip
        return min(ONE, half_up(there * ONE, due))
    usual = plan.ratio_or_none("attendance.when_missing")
    if usual is None:
        findings.add("error", "attendance_missing", "attendance", staff, "本期没有应出勤天数；补上出勤，或在方案中设"
                     " attendance.when_missing", "no days due in the period; add them, or set "
                     "attendance.when_missing in the plan")  # fmt: skip
        return 0
    findings.add("warn", "attendance_missing", "attendance", staff, f"本期没有出勤记录，按 {show_percent(usual)} 计",
                 f"no attendance in the period; taken as {show_percent(usual)}")  # fmt: skip
    return usual


def _overlaps(staff: str, its: Sequence[tuple[Row, date, date]], findings: Findings) -> None:
    """More than full time on a day: in two departments at once, or twice in one."""
    changes: dict[date, int] = defaultdict(int)
    for row, start, end in its:
        changes[start] += row["fte"]
        changes[end + timedelta(days=1)] -= row["fte"]
    full = 0
    for day in sorted(changes):
        full += changes[day]
        if full > ONE:
            there = sorted({row["department_id"] for row, start, end in its if start <= day <= end})
            findings.add(
                "error", "more_than_full_time", "staff", staff,
                f"{day} 同时在 {'、'.join(there)}，当量合计 {show_percent(full)}；改正起止日期或当量",
                f"in {', '.join(there)} at once on {day}, {show_percent(full)} of full time together; correct the "
                "dates or the FTE",
            )  # fmt: skip
            return


def by_department(people: Mapping[str, Person]) -> dict[str, dict[str, int]]:
    """Base weights: department → member of staff → weight, zeros left out."""
    result: dict[str, dict[str, int]] = defaultdict(dict)
    for person in people.values():
        for department, weight in person.weights.items():
            if weight:
                result[department][person.staff_id] = weight
    return dict(result)
