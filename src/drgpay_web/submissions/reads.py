"""The calendar of hand-ins, one's submissions, and the quality of records."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from drgpay import runs
from drgpay.tables import DEPARTMENTS
from drgpay_web import clock, flow, store
from drgpay_web.flow.models import Case
from drgpay_web.people import Act, Actor, Membership, NotThere, Role, Unit
from drgpay_web.submissions.guards import due_of
from drgpay_web.submissions.places import place_of, scores_of
from drgpay_web.submissions.rules import CHECKED, HANDED_IN, IN_REGION, RETURNED, SUBMISSION, SUPERSEDED, UNREADABLE

STATE_CLASS = {IN_REGION: "good", HANDED_IN: "warn", RETURNED: "bad", UNREADABLE: "bad", CHECKED: "warn"}
MONTHS = range(1, 13)


@dataclass(frozen=True)
class Month:
    """A month of the calendar: by when it is due, the light of that day, and the submission that counts now."""

    period: str
    due: date
    light: str
    case: Case | None
    sealed: bool
    opened: bool
    """it has begun: stays can be handed in"""


def submission_seen(actor: Actor, pk: int) -> Case:
    """A submission by its number in the data base. Raises NotThere."""
    case = flow.case_seen(actor, pk)
    if case.machine != SUBMISSION:
        raise NotThere
    return case


def due_period() -> str:
    """The month that is to be handed in now: the one before today's."""
    today = clock.today()
    return f"{today.year - 1}-12" if today.month == 1 else f"{today.year}-{today.month - 1:02d}"


def latest(actor: Actor, year: int, units: list[Unit]) -> dict[tuple[int, str], Case]:
    """By unit and month of a year, the submission that counts now: the latest that nothing has replaced."""
    found = flow.cases_of(actor, machine=SUBMISSION).filter(period__startswith=f"{year}-", unit__in=units)
    return {(case.unit_id, case.period): case for case in found.exclude(state=SUPERSEDED).order_by("pk")}


def months_of(actor: Actor, unit: Unit, year: int) -> list[Month]:
    """The months of a year of an institution."""
    cases, sealed = latest(actor, year, [unit]), store.sealed_months(actor.area)
    return [
        _month(unit.area, year, number, cases.get((unit.pk, f"{year}-{number:02d}")), sealed) for number in MONTHS
    ]


def _month(area: str, year: int, number: int, case: Case | None, sealed: Any) -> Month:
    today, due = clock.today(), due_of(area, (year, number))
    opened = (year, number) <= (today.year, today.month)
    closed = sealed(year, number)
    light = "none" if closed or not opened or _is_done(case) else _light(due, today)
    return Month(f"{year}-{number:02d}", due, light, case, closed, opened)


def light_of(area: str, period: str) -> tuple[date, str]:
    """By when a month is due, and the light of that day."""
    due = due_of(area, runs.month_of(period))
    return due, _light(due, clock.today())


def _light(day: date, today: date) -> str:
    left = (day - today).days
    return "late" if left < 0 else "soon" if left <= 3 else "calm"


def _is_done(case: Case | None) -> bool:
    return case is not None and case.state in (HANDED_IN, "accepted", IN_REGION)


def handlers(area: str) -> list[str]:
    """Who to call at the bureau: the names of its handlers."""
    today = clock.today()
    held = Membership.objects.filter(role=Role.B1, unit__area=area, person__is_active=True).select_related("person")
    return sorted({one.person.name for one in held if one.holds(today)})


@dataclass(frozen=True)
class Quality:
    """The scores of a submission's records: rows of RECORD_SCORES with the department's name; how many findings each
    part of the hospital has to mend; and rows of CODER_QUALITY and RULE_QUALITY, of one department where it is
    asked."""

    case: Case
    rows: list[dict[str, Any]]
    by: list[tuple[str, int, int]]
    coders: list[dict[str, Any]]
    rules: list[dict[str, Any]]


def quality_of(case: Case, lang: str, department: str = "") -> Quality:
    """The quality of the records of a submission by department, and by who mends what was found."""
    path = scores_of(case)
    names = {
        row["department_id"]: row["name"]
        for row in store.rows(case.area, DEPARTMENTS)
        if row["institution_id"] == case.unit.code
    }
    read = runs.read_scores(path) if path else []
    rows = [
        row
        for row in read
        if row["scope"] == "all" or (row["scope"], row["institution_id"]) == ("department", case.unit.code)
    ]
    for row in rows:
        row["name"] = names.get(row["department_id"], row["department_id"] or "")
    by: dict[str, list[int]] = {}
    for _, level, n, _, _, _, zh, en in case.data.get("found", {}).get("rules", ()):
        counts = by.setdefault(zh if lang == "zh" else en, [0, 0])
        counts[0 if level == "error" else 1] += n
    coders, rules = runs.read_quality(place_of(case), department)
    for row in (*coders, *rules):
        row["name"] = names.get(row["department_id"], row["department_id"] or "")
    mends = [(name, errors, others) for name, (errors, others) in sorted(by.items())]
    return Quality(case, rows, mends, coders, rules)


@dataclass(frozen=True)
class Again:
    """A month's files from the first to the last: how many, their scores and how many findings kept rows out or not,
    and where the last one stands."""

    period: str
    case: Case
    files: int
    first: int
    last: int
    found_first: int
    found_last: int


def handed_again(actor: Actor, unit: Unit | None) -> list[Again]:
    """What handing over again has brought, month by month, the latest first; of one institution."""
    found = flow.cases_of(actor, machine=SUBMISSION).filter(unit=unit).order_by("pk")
    months: dict[str, list[Case]] = {}
    for case in found:
        if (case.data.get("found") or {}).get("score") is not None:
            months.setdefault(case.period, []).append(case)
    return [
        Again(period, those[-1], len(those), *(one.data["found"]["score"] for one in (those[0], those[-1])),
              *(sum(rule[2] for rule in one.data["found"]["rules"]) for one in (those[0], those[-1])))
        for period, those in sorted(months.items(), reverse=True)
    ]  # fmt: skip


def checked_cases(actor: Actor, unit: Unit | None) -> list[Case]:
    """The submissions with scores, the latest first: of one institution, or of all within reach."""
    found = (
        flow.cases_of(actor, machine=SUBMISSION).exclude(state=SUPERSEDED).order_by("-period", "unit__code", "-pk")
    )
    shown = found.filter(unit=unit) if unit else found
    return [case for case in shown[:200] if case.data.get("found", {}).get("score") is not None]


def house_of(actor: Actor) -> Unit | None:
    """The institution of an actor who has one."""
    root = actor.reach(Act.SUBMISSION_SEE)
    return root.of_kind(Unit.INSTITUTION) if root else None
