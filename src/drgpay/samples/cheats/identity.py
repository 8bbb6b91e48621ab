"""Fraud (骗保): one person in two places, records copied from others, services that cannot have been."""

from __future__ import annotations

import numpy as np

from drgpay.samples.cheats.draft import Draft, Row
from drgpay.samples.fees import USUAL
from drgpay.samples.visits import CHRONIC, plain_code

NAME = "fraud"
_FORMS = {"two_places": 0.25, "cloned_record": 0.3, "after_death": 0.15, "wrong_sex": 0.15, "wrong_age": 0.15}


def add(draft: Draft, rate: float) -> None:
    """Put cases into the draft, about ``rate`` per stay."""
    count = draft.many(rate, _FORMS)
    birth = np.isin(draft.letter, [ord("O") - 65])
    fit = draft.adult & ~draft.cyclic & draft.lives
    for i in draft.pick(NAME, fit & (draft.los >= 4), count["two_places"]):
        _two_places(draft, i)
    left = count["cloned_record"]
    for i in draft.pick(NAME, fit & (draft.weight < 2.0), count["cloned_record"]):
        if left <= 0:
            break
        left -= _cloned(draft, i, left)
    _after_death(draft, count["after_death"])
    of_a_sex = birth | np.isin(draft.letter, [ord("N") - 65, ord("M") - 65])
    for form, able in (("wrong_sex", of_a_sex), ("wrong_age", birth)):
        for i in draft.pick(NAME, able & draft.lives & draft.alone, count[form]):
            _borrowed(draft, i, form)


def _two_places(draft: Draft, i: int) -> None:
    """A card lent: while its owner lies here, somebody is treated with it elsewhere, for something else."""
    row = draft.row(i)
    other = np.ones(draft.rows, bool) & draft.adult & (draft.group != draft.group[i]) & ~draft.cyclic
    j = draft.like(i, other)
    lent = draft.again(draft.borne_by(draft.row(j), row["person"]))
    start = row["admission"] + draft.between(-2, row["los"] - 2) if draft.since[i] > 3 else row["admission"] + 1
    room = row["discharge"] + draft.room[i] - start - 1
    draft.dated(lent, start, int(np.clip(draft.los[j], 2, max(2, room))))
    draft.moved(lent, draft.other_place(row["place"]))
    lent["style"] = USUAL
    draft.put(i, row)
    draft.added.append(lent)
    draft.label(NAME, "two_places", [lent], related=[row["key"]], note="the card was lent")


def _cloned(draft: Draft, i: int, most: int) -> int:
    """Stays that never were, made from the record of one that was; returns how many."""
    source = draft.row(i)
    clones: list[Row] = []
    for _ in range(min(most, draft.between(1, 3))):
        person = draft.stranger(source["sex"] == "male", source["age"] - 6, source["age"] + 6)
        if person is None:
            break
        clone = draft.again(source)
        clone["seed"] = source["seed"]
        draft.borne_by(clone, person)
        start = min(source["admission"] + draft.between(-3, 25), draft.end - source["los"] - 1)
        draft.dated(clone, max(start, draft.begin), source["los"] + (draft.share(0, 1) < 0.15))
        draft.priced(clone, source["total_cost"] * draft.share(0.994, 1.006))
        if draft.share(0, 1) < 0.3:
            clone["dx"] = [clone["dx"][0], *reversed(clone["dx"][1:])]
        clones.append(clone)
    if clones:
        draft.put(i, source)
        draft.added += clones
        for clone in clones:
            others = [source["key"], *(c["key"] for c in clones if c is not clone)]
            draft.label(NAME, "cloned_record", [clone], related=others, note="copied from a real record")
    return len(clones)


def _after_death(draft: Draft, count: int) -> None:
    """Billing goes on when the patient is dead: a stay, or medicine every month."""
    dead = (draft.death < draft.end - 40) & draft.free[draft.persons]
    places = np.flatnonzero(dead)
    chosen = draft.rng.permutation(places)[:count]
    for at in chosen.tolist():
        person, day = int(draft.persons[at]), int(draft.death[at])
        draft.free[person] = False
        if draft.share(0, 1) < 0.5:
            _stay_after(draft, person, day)
        else:
            place = draft.other_place(-1, (0, 1, 2))
            days = [day + draft.between(4, 20) + 28 * n for n in range(draft.between(1, 4))]
            visits = [
                draft.visit(person, place, 0, d, CHRONIC, plain_code("I10"), draft.between(9_000, 60_000),
                            drug=draft.share(0.8, 0.95), test=0.0)
                for d in days
                if d <= draft.end
            ]  # fmt: skip
            draft.label(NAME, "after_death", [], place=place, visits=visits)


def _stay_after(draft: Draft, person: int, day: int) -> None:
    own = np.flatnonzero(draft.person == person)
    usual = np.flatnonzero(draft.medical & (draft.weight < 1.2))
    if len(usual) == 0:
        return
    i = int(own[0]) if len(own) else int(usual[draft.between(0, len(usual) - 1)])
    donor = draft.row(i)
    if draft.plan.people.sex[person] != draft.plan.people.sex[draft.person[i]]:
        i = int(usual[draft.between(0, len(usual) - 1)])
        donor = draft.row(i)
    row = draft.again(draft.borne_by(donor, person))
    los = draft.between(3, 9)
    draft.dated(row, min(day + draft.between(2, 45), draft.end - los), los)
    row |= {"discharge_way": 1, "style": USUAL, "birth_weight": None, "admission_weight": None}
    draft.priced(row, row["total_cost"] * draft.share(0.4, 0.9))
    draft.added.append(row)
    draft.label(NAME, "after_death", [row])


def _borrowed(draft: Draft, i: int, form: str) -> None:
    """Treated under a card whose owner cannot have had this: of the other sex, or far too old."""
    row = draft.row(i)
    male = row["sex"] == "male"
    person = draft.stranger(not male, 18, 60) if form == "wrong_sex" else draft.stranger(male, 64, 90)
    if person is None:
        return
    draft.borne_by(row, person)
    draft.put(i, row)
    draft.label(NAME, form, [row], note="under the card of another")
