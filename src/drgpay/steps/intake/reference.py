"""The checks on one stay in plain Python: the judge of :mod:`.kernel` in the tests, and the text to read first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from drgpay.steps.intake.batch import CheckContext
from drgpay.steps.intake.care import LONG, LONG_VENTILATION, SHORT
from drgpay.steps.intake.coding import NEWBORN_DAYS
from drgpay.steps.intake.kernel import REQUIRED
from drgpay.steps.intake.known import CodeList
from drgpay.steps.intake.persons import DIED
from drgpay.steps.intake.rules import RULES, limits
from drgpay.tables import INFANT_DAYS, STAYS, years_of

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
    for name in REQUIRED[context.need]:
        if get(name) is None:
            found.add((name, "missing"))
    if context.need == "settlement":
        found |= {(name, "unfilled") for name in ("person_id", "department_id", "doctor_id") if get(name) is None}
    for name in ("los", "sex", "discharge_way"):
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
    first, over = context.open_days.get(get("institution_id") or "", (None, None))
    left = get("discharge_date")
    if left is not None and ((first is not None and left < first) or (over is not None and left >= over)):
        found.add(("institution_id", "institution_not_open"))
    if years_of(get("age"), days := get("age_days")) is None and (days is None or days > INFANT_DAYS):
        found.add(("age_days" if "age" in context.absent else "age", "age_missing"))
    found |= _ages(get("age"), get("age_days"), get("birth_weight"))
    found |= {("admission_weight", rule) for rule in _admission_weight(stay)}
    found |= _codes(get("dx") or [], get("proc") or [], context)
    found |= _lists(stay, context)
    if context.need == "settlement":
        found |= _dates(get("admission_date"), get("discharge_date"), get("los"), context.year)
    if (
        context.need == "settlement"
        and all(get(name) is not None and _within(name, stay[name]) for name in _MONEY)
        and stay["personal_paid"] + stay["fund_by_item"] > stay["total_cost"]
    ):
        found.add(("total_cost", "parts_exceed_total"))
    return {
        (name, rule, RULES[rule].levels[context.need])
        for name, rule in found
        if context.need in RULES[rule].levels
        and name not in context.absent
        and (context.quality or RULES[rule].levels[context.need] != "info")
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
    if weight is not None and _years(age, days) >= 1:
        found.add(("birth_weight", "birth_weight_age"))
    return found


def _years(age: int | None, days: int | None) -> int:
    """Age in whole years, −1 when unknown."""
    known = years_of(age, days)
    if known is not None:
        return known
    return -1 if days is None else days // 365


def _codes(dx: list[str], proc: list[str], context: CheckContext) -> set[tuple[str, str]]:
    found = set()
    if not dx or dx[0] is None:
        found.add(("dx", "dx_missing"))
    for name, codes in (("dx", dx), ("proc", proc)):
        given = [code for code in codes if code is not None]
        if len(given) > len(set(given)):
            found.add((name, f"{name}_repeated"))
    if context.codes is None:
        return found
    known, gray, known_proc, gray_proc = (
        set() if c is None else set(c.to_pylist())
        for c in (context.codes.dx, context.codes.dx_gray, context.codes.proc, context.codes.proc_gray)
    )
    gray_proc = set(() if context.codes.proc_gray is None else context.codes.proc_gray.to_pylist())
    if dx[:1] and dx[0] not in {None, *known}:
        found.add(("dx", "dx_unknown"))
    if dx[:1] and dx[0] in gray:
        found.add(("dx", "dx_gray"))
    if any(code in gray for code in dx[1:]):
        found.add(("dx", "dx_other_gray"))
    if any(code in gray_proc for code in proc):
        found.add(("proc", "proc_gray"))
    if any(code not in {None, *known} for code in dx[1:]):
        found.add(("dx", "dx_other_unknown"))
    if any(code in gray for code in dx[1:]):
        found.add(("dx", "dx_other_gray"))
    if any(code in gray_proc for code in proc):
        found.add(("proc", "proc_gray"))
    if any(code not in {None, *known_proc} for code in proc):
        found.add(("proc", "proc_unknown"))
    return found


def _is_in(code: str, one: CodeList) -> bool:
    for spec in one.codes:
        low, _, high = spec.partition("-")
        if "?" in spec:
            if len(code) == len(spec) and all(a in (b, "?") for a, b in zip(spec, code, strict=True)):
                return True
        elif low <= code[: len(low)] and code[: len(high or low)] <= (high or low):
            return True
    return False


def _lists(stay: dict[str, Any], context: CheckContext) -> set[tuple[str, str]]:
    """What the lists of codes say of a stay; codes that are not of the edition are passed over."""
    if context.codes is None:
        return set()
    found: set[tuple[str, str]] = set()
    years, weight, sex = _years(stay["age"], stay["age_days"]), stay["birth_weight"], stay["sex"]
    named: dict[str, list[str]] = {}
    """id of a list -> codes of the stay that are on it"""
    for one in context.codes.lists:
        known = set((context.codes.dx if one.kind == "dx" else context.codes.proc).to_pylist())
        codes = stay[one.kind] or []
        named[one.id] = on = [code for code in codes if code in known and _is_in(code, one)]
        if one.sex and on and sex in STAYS["sex"].choices and sex != one.sex:
            found.add((one.kind, one.rule))
        if one.age and on and years >= 0 and not one.age[0] <= years <= one.age[1]:
            found.add((one.kind, one.rule))
        if one.weight and on and weight is not None and weight >= 0 and not one.weight[0] <= weight <= one.weight[1]:
            found.add(("birth_weight", one.rule))
        if one.rule == "age_adult" and on and stay["age"] is None and years == 0:
            found.add(("age_days", one.rule))
        if one.principal and codes and codes[0] in on:
            found.add(("dx", one.rule))
    principal = stay["dx"][0] if stay["dx"] else None
    if principal in named.get("injury", []) and not named["external_cause"]:
        found.add(("dx", "external_cause_missing"))
    if principal in named.get("symptom", []) and named["definite"]:
        found.add(("dx", "dx_symptom"))
    if principal in named.get("perinatal", []) and years == 0 and (stay["age_days"] or 0) > NEWBORN_DAYS:
        found.add(("dx", "newborn_dx"))
    return found


def check_care(stay: dict[str, Any], minutes: int | None) -> set[str]:
    """What a stay breaks of the checks on intensive care, in a file that has a field for the weight at admission:
    ``minutes`` on a ventilator, None = not given. Hours in intensive care are checked as they are read."""
    found = set()
    codes = [code for code in stay["proc"] or [] if code]
    long, short = (any(code.startswith(start) for code in codes) for start in (LONG, SHORT))
    if minutes and (not long if minutes >= LONG_VENTILATION else long):
        found.add("ventilator_code")
    if not minutes and (long or short):
        found.add("ventilator_hours_missing")
    days, years = stay["age_days"], _years(stay["age"], stay["age_days"])
    newborn = days is not None and days <= NEWBORN_DAYS and years == 0
    if newborn and stay["admission_weight"] is None:
        found.add("admission_weight_missing")
    return found


def _admission_weight(stay: dict[str, Any]) -> set[str]:
    grams, born = stay["admission_weight"], stay["birth_weight"]
    if grams is None:
        return set()
    days, years = stay["age_days"], _years(stay["age"], stay["age_days"])
    if years >= 1 or (days is not None and days > NEWBORN_DAYS and years == 0):
        return {"admission_weight_age"}
    if not _within("admission_weight", grams):
        return {"admission_weight_bounds"}
    apart = days == 0 and years == 0 and born is not None and abs(grams - born) * 10 > born
    return {"admission_weight_birth"} if apart else set()


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


def check_person(stays: Sequence[dict[str, Any]]) -> set[tuple[Any, str]]:
    """(stay_id, rule) of the stays of one person that do not go together; no stay_id occurs twice."""
    found = set()
    for stay in stays:
        admitted = stay["admission_date"]
        before = [
            other
            for other in stays
            if (other["admission_date"], other["discharge_date"], other["stay_id"])
            < (admitted, stay["discharge_date"], stay["stay_id"])
        ]
        if any(other["discharge_date"] > admitted for other in before):
            found.add((stay["stay_id"], "stays_overlap"))
        if any(other["discharge_way"] == DIED and other["discharge_date"] < admitted for other in stays):
            found.add((stay["stay_id"], "after_death"))
    return found


def score_stay(broken: Iterable[tuple[str, str]]) -> tuple[int, int, int]:
    """(completeness lost, accuracy lost, score) of a stay from the (column, rule) it broke."""
    lost = {"completeness": 0, "accuracy": 0}
    for column, name in broken:
        rule = RULES[name]
        lost[rule.about] += rule.deduct_by_field.get(column, rule.deduct)
    return lost["completeness"], lost["accuracy"], max(0, 100 - sum(lost.values()))
