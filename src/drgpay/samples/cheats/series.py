"""One illness in several bills: splitting (分解住院), going home too early (提前出院), costs moved out (费用转嫁门诊),
and the severe turned away (推诿重症)."""

from __future__ import annotations

import numpy as np

from drgpay.samples.cheats.draft import Draft, Row, habits
from drgpay.samples.fees import CUT, FEW_DRUGS, FEW_TESTS, USUAL
from drgpay.samples.people import day_number
from drgpay.samples.places import PRIMARY, TERTIARY
from drgpay.samples.plan import Plan
from drgpay.samples.visits import CHRONIC, OBSERVED, ORDINARY

SPLITTING, EARLY, SHIFTING, REFUSAL = "splitting", "early_discharge", "cost_shifting", "refusal"

_SPLITS = {"short_interval": 0.3, "changed_principal": 0.15, "sister_institution": 0.1, "transfer_and_back": 0.1,
           "tests_before": 0.15, "several_operations": 0.1, "then_long_stay": 0.1}  # fmt: skip
_FALLING_FROM = 7
"""month from which an institution turns the severe away"""
_SEVERE = 1.9
_TURNED_AWAY = 0.65


def add_splits(draft: Draft, rate: float) -> None:
    """One stay made into two or three, in seven ways."""
    base = draft.adult & ~draft.cyclic & draft.lives & (draft.los <= 60)
    for form, count in draft.many(rate, _SPLITS).items():
        fit = base & (draft.los >= 6) & (draft.room >= 25)
        if form in ("tests_before", "several_operations"):
            fit = base & draft.surgical & (draft.los >= 4) & (draft.room >= 25) & (draft.since > 12)
        elif form == "then_long_stay":
            fit = base & (draft.los >= 6) & (draft.room >= 60)
        for i in draft.pick(SPLITTING, fit, count):
            if form == "tests_before":
                _tests_before(draft, i)
            else:
                _split(draft, i, form)


def _split(draft: Draft, i: int, form: str) -> None:
    first = draft.row(i)
    whole, los, begin = first["total_cost"], first["los"], first["admission"]
    first |= {"style": CUT, "discharge_way": 1}
    second = draft.again(first)
    cut = int(np.clip(round(los * draft.share(0.35, 0.7)), 2, los - 1))
    gap = int(min(draft.rng.gamma(1.4, 3.2), 14)) + (form != "then_long_stay")
    rest = max(2, los - cut + draft.between(0, 2))
    part = draft.share(0.4, 0.65)
    more = draft.share(1.0, 1.2)
    rows = [first, second]
    if form == "changed_principal":
        others = [c for c in second["dx"][1:] if c[0] not in "ZVWXY"]
        new = others[0] if others else _sibling(draft, second)
        second["dx"] = [new, *(c for c in second["dx"] if c != new)]
    elif form == "sister_institution":
        draft.moved(second, _sister(draft, first["place"]))
    elif form == "then_long_stay":
        gap, rest, more = draft.between(0, 1), draft.between(18, 45), draft.share(1.3, 1.9)
        group = _long_group(draft)
        second |= {"group": group, "dx": [_principal(draft, group), *second["dx"][:2]], "proc": [], "style": CUT}
        second["department"] = int(draft.plan.department[group])
        draft.moved(second, first["place"])
    elif form == "several_operations":
        operations = first["proc"]
        half = max(1, len(operations) // 2)
        second["proc"] = operations[half:] or operations[:1]
        first["proc"] = operations[:half]
    draft.dated(first, begin, cut)
    draft.priced(first, whole * part * more)
    start = begin + cut + gap
    if form == "transfer_and_back":
        away = draft.again(first)
        stay = draft.between(2, 4)
        draft.moved(away, _sister(draft, first["place"]))
        draft.dated(away, first["discharge"], stay)
        draft.priced(away, whole * draft.share(0.1, 0.25))
        first["discharge_way"] = away["discharge_way"] = 2
        start = away["discharge"] + draft.between(0, 1)
        rows = [first, away, second]
    draft.dated(second, start, rest)
    draft.priced(second, whole * (1 - part) * more)
    draft.put(i, *rows)
    draft.label(SPLITTING, form, rows, place=first["place"])


def _sister(draft: Draft, place: int) -> int:
    """The house an institution shares its patients with: always the same one."""
    small = np.flatnonzero((draft.plan.places.level == PRIMARY) & (np.arange(len(draft.plan.places.level)) != place))
    return int(small[place % len(small)]) if len(small) else draft.other_place(place)


def _sibling(draft: Draft, row: Row) -> str:
    """Another principal diagnosis of the same group."""
    codes = {_principal(draft, row["group"], n) for n in range(8)} - {row["dx"][0]}
    return min(codes) if codes else str(row["dx"][0])


def _principal(draft: Draft, group: int, n: int = 0) -> str:
    table = draft.plan.templates
    which = min(draft.plan.first[group] + n, draft.plan.last[group])
    return table.dx_codes[table.dx.values[table.dx.offsets[which]]]


def _long_group(draft: Draft) -> int:
    """A group of rehabilitation."""
    groups = draft.plan.groups
    found = [g for g, group in enumerate(groups) if group.adrg in ("XR2", "XR3")]
    return found[draft.between(0, len(found) - 1)] if found else 0


def _tests_before(draft: Draft, i: int) -> None:
    """The tests of a planned operation, done and paid in the outpatient days before."""
    row = draft.row(i)
    moved = row["total_cost"] * draft.share(0.08, 0.18)
    draft.priced(row, row["total_cost"] - moved)
    row["style"] = FEW_TESTS
    number = draft.between(1, 3)
    days = sorted(row["admission"] - draft.between(1, 6) for _ in range(number))
    visits = [
        draft.visit(row["person"], row["place"], row["department"], day, ORDINARY, row["dx"][0],
                    int(moved / number * draft.share(0.85, 1.15)), drug=draft.share(0.0, 0.08),
                    test=draft.share(0.78, 0.92))
        for day in days
    ]  # fmt: skip
    draft.put(i, row)
    draft.label(SPLITTING, "tests_before", [row], visits=visits)


def add_early(draft: Draft, rate: float) -> None:
    """Sent home far too early: back soon and worse, or dead."""
    base = draft.adult & ~draft.cyclic & draft.lives & (draft.los >= 5)
    for form, count in draft.many(rate, {"early_return": 0.75, "death_after": 0.25}).items():
        fit = base & (draft.room >= 20)
        if form == "death_after":
            fit &= (draft.age >= 55) & (draft.room == draft.end + 1 - draft.left) & (draft.left < draft.end - 30)
        for i in draft.pick(EARLY, fit, count):
            _early(draft, i, form)


def _early(draft: Draft, i: int, form: str) -> None:
    row = draft.row(i)
    los, total = row["los"], row["total_cost"]
    back = draft.again(row)
    draft.dated(row, row["admission"], max(1, round(los * draft.share(0.12, 0.4))))
    draft.priced(row, total * draft.share(0.12, 0.33))
    row |= {"style": CUT, "discharge_way": 4 if draft.share(0, 1) < 0.25 else 1}
    if form == "death_after":
        day = row["discharge"] + draft.between(1, 25)
        draft.death[np.searchsorted(draft.persons, row["person"])] = day
        draft.put(i, row)
        draft.label(EARLY, form, [row], note=f"died {day - row['discharge']} days after")
        return
    if draft.share(0, 1) < 0.3:
        draft.moved(back, draft.other_place(row["place"]))
    start = row["discharge"] + draft.between(1, 10)
    draft.dated(back, start, min(max(2, round(los * draft.share(0.7, 1.3))), 60, draft.end - start))
    draft.priced(back, total * draft.share(0.8, 1.4))
    back["style"] = USUAL
    draft.put(i, row, back)
    draft.label(EARLY, form, [row], related=[back["key"]])


def add_shifting(draft: Draft, rate: float) -> None:
    """Drugs and tests of a stay prescribed in the outpatient department: during it, before or after."""
    fit = draft.adult & ~draft.cyclic & draft.lives & (draft.los >= 4) & (draft.total >= 250_000)
    fit &= (draft.room > 6) & (draft.since > 6)
    for form, count in draft.many(rate, {"during": 0.45, "before": 0.25, "after": 0.3}).items():
        for i in draft.pick(SHIFTING, fit, count):
            row = draft.row(i)
            moved = row["total_cost"] * draft.share(0.08, 0.3)
            draft.priced(row, row["total_cost"] - moved)
            drugs = draft.share(0, 1) < 0.6
            row["style"] = FEW_DRUGS if drugs else FEW_TESTS
            low, high = {
                "during": (row["admission"] + 1, row["discharge"] - 1),
                "before": (row["admission"] - 3, row["admission"]),
                "after": (row["discharge"], row["discharge"] + 3),
            }[form]
            number = draft.between(1, 3)
            visits = [
                draft.visit(row["person"], row["place"], row["department"], day,
                            CHRONIC if drugs and draft.share(0, 1) < 0.25 else ORDINARY, row["dx"][0],
                            int(moved / number * draft.share(0.8, 1.2)),
                            drug=draft.share(0.75, 0.93) if drugs else draft.share(0.0, 0.15),
                            test=draft.share(0.0, 0.05) if drugs else draft.share(0.65, 0.82))
                for day in sorted(draft.between(low, high) for _ in range(number))
            ]  # fmt: skip
            draft.put(i, row)
            draft.label(SHIFTING, form, [row], visits=visits)


def falling_places(plan: Plan) -> list[int]:
    """The institutions whose share of severe patients falls: one in twelve, hospitals with many of them."""
    level, size = plan.places.level, plan.places.size
    odds = habits(plan, REFUSAL) * np.sqrt(size) * (level != PRIMARY)
    able = np.flatnonzero((level != PRIMARY) & (size >= np.median(size)))
    order = sorted(able.tolist(), key=lambda i: (-odds[i], i))
    return order[: max(1, round(len(level) / 12))]


def add_refusals(draft: Draft, rate: float) -> None:
    """The severe kept waiting under observation, sent on after a night, or not taken any more."""
    count = draft.many(rate, {"long_observation": 0.45, "observed_then_elsewhere": 0.3, "sent_on": 0.25})
    severe = [draft.prefixed(p) for p in ("J96", "I50", "I63.9", "A41", "K92.2", "J18.9", "R57", "I21")]
    hospitals = draft.plan.places.size * (draft.plan.places.level != PRIMARY) * habits(draft.plan, REFUSAL)
    hospitals = hospitals if hospitals.sum() else draft.plan.places.size
    chance = hospitals / hospitals.sum()
    emergency = draft.department("急诊医学科")
    for _ in range(count["long_observation"]):
        person = draft.stranger(None, 45, 95)
        if person is None:
            break
        place = int(draft.rng.choice(len(chance), p=chance))
        hours, day = draft.between(74, 168), draft.between(draft.begin, draft.end)
        total = int(hours * draft.share(2_500, 6_000))
        visit = draft.visit(person, place, emergency, day, OBSERVED, severe[draft.between(0, len(severe) - 1)], total,
                            drug=draft.share(0.3, 0.5), test=draft.share(0.2, 0.4), hours=hours)  # fmt: skip
        draft.label(REFUSAL, "long_observation", [], place=place, visits=[visit], note="never admitted")
    fit = draft.adult & ~draft.cyclic & (draft.weight > 0.9) & (draft.since > 10) & (draft.age >= 40)
    for form in ("observed_then_elsewhere", "sent_on"):
        for i in draft.pick(REFUSAL, fit & ~draft.surgical, count[form]):
            row = draft.row(i)
            odds = np.where(np.arange(len(chance)) == row["place"], 0.0, chance)
            if not odds.sum():
                break
            place = int(draft.rng.choice(len(odds), p=odds / odds.sum()))
            draft.put(i, row)
            if form == "sent_on":
                before = draft.again(row)
                draft.moved(before, place)
                draft.dated(before, row["admission"] - draft.between(1, 2), 1)
                draft.priced(before, row["total_cost"] * draft.share(0.03, 0.12))
                before |= {"style": CUT, "discharge_way": 2, "proc": []}
                draft.added.append(before)
                draft.label(REFUSAL, form, [before], related=[row["key"]])
            else:
                hours = draft.between(74, 140)
                visit = draft.visit(row["person"], place, emergency, row["admission"] - -(-hours // 24), OBSERVED,
                                    row["dx"][0], int(hours * draft.share(2_500, 6_000)), drug=draft.share(0.3, 0.5),
                                    test=draft.share(0.2, 0.4), hours=hours)  # fmt: skip
                draft.label(REFUSAL, form, [], place=place, related=[row["key"]], visits=[visit])
    _turn_away(draft)


def _turn_away(draft: Draft) -> None:
    """From some month on, most severe patients of some institutions are found in other hospitals instead."""
    start = day_number(draft.block.year) + 30 * _FALLING_FROM - 30
    places = falling_places(draft.plan)
    severe = (draft.weight > _SEVERE) & ~draft.cyclic & draft.adult & (draft.admitted >= start)
    for i in np.flatnonzero(np.isin(draft.place, places) & severe & draft.free[draft.person]).tolist():
        if i not in draft.changed and draft.share(0, 1) < _TURNED_AWAY:
            row = draft.row(i)
            draft.changed[i] = [draft.moved(row, _taker(draft, places))]


def _taker(draft: Draft, places: list[int]) -> int:
    """A hospital that takes them."""
    odds = draft.plan.places.size * (draft.plan.places.level <= TERTIARY + 1)
    odds[places] = 0.0
    if not odds.sum():
        return places[0]
    return int(draft.rng.choice(len(odds), p=odds / odds.sum()))
