"""The checks on one stay in plain Python: the judge of :mod:`.kernel` in the tests, and the text to read first."""

from __future__ import annotations

from typing import Any

from drgpay.steps.intake.kernel import NEWBORN_DAYS, CheckContext
from drgpay.steps.intake.rules import RULES, limits
from drgpay.tables import STAYS

_MONEY = ("total_cost", "personal_paid", "fund_by_item")


def check_stay(stay: dict[str, Any], line: int, context: CheckContext) -> set[tuple[str, str, str]]:
    """(column, rule, level) of everything wrong with a stay; columns that the need does not have are left out of
    the mapping. ``dx`` and ``proc`` are lists or None, dates are ``datetime.date``."""
    found: set[tuple[str, str]] = set()
    get = stay.get
    if get("stay_id") is None:
        found.add(("stay_id", "stay_id_missing"))
    if line in context.duplicates:
        found.add(("stay_id", "stay_id_repeated"))
    for name in ("institution_id", "insurance_scheme", "admission_date", "discharge_date", *_MONEY):
        if get(name) is None:
            found.add((name, "missing"))
    for name in ("los", "sex"):
        if get(name) is None:
            found.add((name, f"{name}_missing"))
    for name, rule in (
        ("los", "los_bounds"),
        ("age", "age_bounds"),
        ("age_days", "age_bounds"),
        ("birth_weight", "birth_weight_bounds"),
        ("discharge_way", "discharge_way_bounds"),
        *((name, "money_bounds") for name in _MONEY),
    ):
        if get(name) is not None and not _within(name, stay[name]):
            found.add((name, rule))
    for name in ("sex", "insurance_scheme"):
        if get(name) is not None and stay[name] not in STAYS[name].choices:
            found.add((name, "not_listed"))
    if context.institutions is not None and get("institution_id") not in {None, *context.institutions}:
        found.add(("institution_id", "institution_unknown"))
    if get("age") is None and get("age_days") is None:
        found.add(("age_days" if "age" in context.absent else "age", "age_missing"))
    found |= _ages(get("age"), get("age_days"), get("birth_weight"))
    found |= _codes(get("dx") or [], get("proc") or [], context)
    found |= _dates(get("admission_date"), get("discharge_date"), get("los"), context.year)
    if (
        all(get(name) is not None and _within(name, stay[name]) for name in _MONEY)
        and stay["personal_paid"] + stay["fund_by_item"] > stay["total_cost"]
    ):
        found.add(("total_cost", "parts_exceed_total"))
    return {
        (name, rule, RULES[rule].levels[context.need])
        for name, rule in found
        if context.need in RULES[rule].levels and name not in context.absent
    }


def _within(name: str, value: int) -> bool:
    low, high = limits(STAYS[name])
    return low <= value <= high


def _ages(age: int | None, days: int | None, weight: int | None) -> set[tuple[str, str]]:
    found = set()
    if age == 0 and days is None:
        found.add(("age_days", "age_days_missing"))
    if age is not None and days is not None and not age * 365 <= days < (age + 1) * 366:
        found.add(("age_days", "age_conflict"))
    if days is not None and days <= NEWBORN_DAYS and not age and weight is None:
        found.add(("birth_weight", "birth_weight_missing"))
    return found


def _codes(dx: list[str], proc: list[str], context: CheckContext) -> set[tuple[str, str]]:
    found = set()
    if not dx or dx[0] is None:
        found.add(("dx", "dx_missing"))
    if context.codes is None:
        return found
    known, gray, known_proc = (
        set(c.to_pylist()) for c in (context.codes.dx, context.codes.dx_gray, context.codes.proc)
    )
    if dx[:1] and dx[0] not in {None, *known}:
        found.add(("dx", "dx_unknown"))
    if dx[:1] and dx[0] in gray:
        found.add(("dx", "dx_gray"))
    if any(code not in {None, *known} for code in dx[1:]):
        found.add(("dx", "dx_other_unknown"))
    if any(code not in {None, *known_proc} for code in proc):
        found.add(("proc", "proc_unknown"))
    return found


def _dates(admitted: Any, left: Any, los: int | None, year: int | None) -> set[tuple[str, str]]:
    found = set()
    if admitted is not None and left is not None:
        if left < admitted:
            found.add(("discharge_date", "dates_reversed"))
        elif los is not None and abs(los - (left - admitted).days) > 1:
            found.add(("los", "los_dates"))
    if left is not None and year is not None and left.year != year:
        found.add(("discharge_date", "other_year"))
    return found
