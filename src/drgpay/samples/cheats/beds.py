"""Stays that were none: check-ups (体检式), beds in name only (挂名), and patients who needed no bed (无指征)."""

from __future__ import annotations

import numpy as np

from drgpay.samples.cheats.draft import Draft, Row
from drgpay.samples.fees import (
    AWAY,
    BED_ONLY,
    DRUGS,
    EARLY,
    GAP,
    REPEATED_TESTS,
    TESTS_AND_DRUGS,
    TESTS_ONLY,
    UNRELATED,
)
from drgpay.samples.visits import ORDINARY

CHECK_UP, HANG_BED, NO_INDICATION = "examination_admission", "hang_bed", "no_indication"

_MILD = (
    "I10.x00x002",
    "K29.500",
    "R42.x00x001",
    "E78.500",
    "M47.900",
    "K76.000",
    "I67.200x001",
    "J31.200",
    "E04.900",
)
_TRIFLES = ("J06.900", "J20.900", "K29.500", "I10.x00x002", "M54.500", "R42.x00x001", "K21.901", "G44.200", "J31.200")


def _of(draft: Draft, codes: tuple[str, ...]) -> list[str]:
    """Those of the codes that exist in the edition."""
    known = draft.known_dx
    return [c for c in codes if c in known]


def add_check_ups(draft: Draft, rate: float) -> None:
    """Healthy persons in bed for a check-up: alone, or a coachload on one day."""
    fit = draft.medical & (draft.weight < 0.9) & (draft.age >= 25) & (draft.los <= 12) & draft.lives
    count = draft.many(rate, {"check_up": 0.6, "group_check_up": 0.4})
    mild = _of(draft, _MILD)
    for i in draft.pick(CHECK_UP, fit, count["check_up"]):
        _checked(draft, i, int(draft.admitted[i]), "check_up", mild)
    left = count["group_check_up"]
    seen = draft.pick(CHECK_UP, fit & draft.alone, 6 * left)
    while left > 0 and seen:
        place = draft.place[seen[0]]
        group = [i for i in seen if draft.place[i] == place][: min(left, draft.between(3, 8))]
        day = int(draft.admitted[group[0]])
        for i in group:
            _checked(draft, i, min(day + (draft.share(0, 1) < 0.2), draft.end - 6), "group_check_up", mild)
        left -= len(group)
        seen = [i for i in seen if i not in set(group)]


def _checked(draft: Draft, i: int, day: int, form: str, mild: list[str]) -> None:
    row = draft.row(i)
    if mild and draft.share(0, 1) < 0.6:
        row["dx"] = [mild[draft.between(0, len(mild) - 1)], *row["dx"][1:2]]
    los = min(draft.between(1, 4), row["los"] + 1, draft.end - day)
    row = draft.dated(row, day, max(los, 1))
    level = draft.plan.places.level[row["place"]]
    total = draft.share(120_000, 420_000) * (1.5, 1.1, 0.8)[level]
    row = draft.priced(row, total)
    row["style"] = TESTS_ONLY
    draft.put(i, row)
    draft.label(CHECK_UP, form, [row])


def add_hang_beds(draft: Draft, rate: float) -> None:
    """Beds in name only, in seven ways."""
    forms = {"no_charge_days": 0.2, "bed_only": 0.15, "leave": 0.15, "tests_and_drugs": 0.15, "charges_before": 0.1,
             "two_at_once": 0.13, "seen_elsewhere": 0.12}  # fmt: skip
    fit = draft.medical & (draft.los >= 5) & (draft.los <= 40) & (draft.weight < 1.6) & draft.lives
    for form, count in draft.many(rate, forms).items():
        able = fit & (draft.since > 12) if form == "charges_before" else fit & (draft.room > 1)
        for i in draft.pick(HANG_BED, able, count):
            row = draft.row(i)
            if form == "two_at_once":
                _twice(draft, i, row)
            elif form == "seen_elsewhere":
                _elsewhere(draft, i, row)
            else:
                _in_name(draft, row, form)
                draft.put(i, row)
                draft.label(HANG_BED, form, [row])


def _in_name(draft: Draft, row: Row, form: str) -> None:
    los, total = row["los"], row["total_cost"]
    if form == "no_charge_days":
        row |= {"style": GAP, "arg": draft.between(0, max(0, round(0.35 * los) - 1))}
        draft.priced(row, total * draft.share(0.3, 0.75))
    elif form == "bed_only":
        row |= {"style": BED_ONLY, "arg": draft.between(0, 1)}
        draft.priced(row, los * draft.share(7_500, 14_000))
    elif form == "leave":
        row |= {"style": AWAY, "arg": min(los - 1, int(los * draft.share(0.52, 0.85)) + 1)}
        draft.priced(row, total * draft.share(0.35, 0.8))
    elif form == "tests_and_drugs":
        row["style"] = TESTS_AND_DRUGS
        draft.priced(row, total * draft.share(0.3, 0.8))
    else:
        row |= {"style": EARLY, "arg": draft.between(2, 10)}
        draft.priced(row, total * draft.share(0.7, 1.0))


def _twice(draft: Draft, i: int, row: Row) -> None:
    """Nominally here, and really a patient of another hospital in the same days."""
    j = draft.like(i, draft.medical & (draft.weight < 2.5))
    real = draft.again(draft.borne_by(draft.row(j), row["person"]))
    start = row["admission"] + draft.between(1, max(1, row["los"] // 2))
    los = draft.between(2, max(2, row["los"] - 2))
    if start + los >= row["discharge"] + draft.room[i] - 1:
        los = max(1, row["discharge"] - start)
    draft.dated(real, start, los)
    draft.moved(real, draft.other_place(row["place"]))
    if draft.share(0, 1) < 0.6:
        row |= {"style": GAP, "arg": draft.between(0, 2)}
        draft.priced(row, row["total_cost"] * draft.share(0.35, 0.8))
    draft.put(i, row)
    draft.added.append(real)
    draft.label(HANG_BED, "two_at_once", [row], related=[real["key"]], note="the other stay was real")


def _elsewhere(draft: Draft, i: int, row: Row) -> None:
    """On the days of the stay the patient walks into other surgeries."""
    usual = [v for v in _of(draft, _TRIFLES)]
    days = sorted({draft.between(row["admission"] + 1, row["discharge"] - 1) for _ in range(draft.between(2, 4))})
    visits = [
        draft.visit(row["person"], draft.other_place(row["place"], (0, 1, 2)), row["department"], day, ORDINARY,
                    usual[draft.between(0, len(usual) - 1)], draft.between(6_000, 45_000), drug=draft.share(0.3, 0.8),
                    test=draft.share(0.0, 0.2))
        for day in days
    ]  # fmt: skip
    draft.priced(row, row["total_cost"] * draft.share(0.4, 0.9))
    draft.put(i, row)
    draft.label(HANG_BED, "seen_elsewhere", [row], visits=visits)


def add_no_indication(draft: Draft, rate: float) -> None:
    """A bed for what a surgery could have treated."""
    fit = draft.medical & (draft.weight < 0.8) & (draft.los <= 14) & draft.lives
    fit &= np.array([bool(g.adrg) for g in draft.plan.groups])[draft.group]
    trifles = _of(draft, _TRIFLES)
    for form, count in draft.many(
        rate, {"mild_disease": 0.45, "repeated_tests": 0.3, "unrelated_charges": 0.25}
    ).items():
        for i in draft.pick(NO_INDICATION, fit, count):
            row = draft.row(i)
            if form == "mild_disease" or draft.share(0, 1) < 0.5:
                row["dx"] = [trifles[draft.between(0, len(trifles) - 1)], *row["dx"][1:2]]
            row["style"] = {"mild_disease": DRUGS, "repeated_tests": REPEATED_TESTS}.get(form, UNRELATED)
            factor = draft.share(0.45, 0.9) if form == "mild_disease" else draft.share(0.8, 1.3)
            draft.priced(row, row["total_cost"] * factor)
            draft.put(i, row)
            draft.label(NO_INDICATION, form, [row])
