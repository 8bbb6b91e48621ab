"""Outpatient visits of the persons of a block: common troubles, chronic disease, emergencies, around stays."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from drgpay.samples.details import EMERGENCY, OUTPATIENT, Details
from drgpay.samples.fees import chance
from drgpay.samples.people import day_number
from drgpay.samples.places import DEPARTMENTS, PRIMARY
from drgpay.samples.plan import VISITS as STREAM
from drgpay.samples.plan import Plan, draw, rising, source
from drgpay.samples.stays import BLOCK, Block, numbered
from drgpay.samples.vouchers import vouchers
from drgpay.scheme import load_codes
from drgpay.tables import SCHEMES, VISIT_KINDS, VISITS

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

ORDINARY, URGENT, OBSERVED, CHRONIC, SPECIAL = range(len(VISIT_KINDS))

_COMMON = (
    ("J06.9", 15, "内科"), ("J20.9", 9, "内科"), ("K29.5", 9, "内科"), ("K21.9", 5, "内科"), ("M54.5", 8, "外科"),
    ("M17.9", 5, "外科"), ("L30.9", 7, "皮肤科"), ("H10.9", 4, "眼科"), ("J00", 6, "内科"), ("N39.0", 4, "内科"),
    ("R05", 4, "内科"), ("R10.4", 3, "内科"), ("F41", 2, "内科"), ("E78.5", 4, "内科"), ("I25.1", 5, "内科"),
    ("J30", 3, "耳鼻咽喉科"), ("K52.9", 5, "内科"), ("S93.4", 2, "外科"), ("T14.0", 2, "外科"), ("M47", 4, "外科"),
)  # fmt: skip
"""beginning of the diagnosis, how common, department"""
_SUDDEN = (("R10.4", 8), ("T14.0", 7), ("R50.9", 8), ("J18.9", 4), ("I20.0", 3), ("R42", 4), ("N20.1", 3),
           ("S93.4", 3), ("K92.2", 2), ("I63.9", 2), ("A09", 5))  # fmt: skip
_LASTING = ("I10", "E11.9", "J44.9", "I25.1")
_SPECIAL_OF = ("N18", "Z51.1", "Z94.0")
_MEAN = np.array([21_000, 46_000, 120_000, 19_000, 260_000])
"""fen a visit, by kind"""
_SPREAD = np.array([0.7, 0.6, 0.5, 0.45, 0.5])
_OWN = np.array([0.5, 0.45, 0.4, 0.32, 0.18])
_DRUGS = np.array([0.58, 0.30, 0.33, 0.80, 0.45])
_TESTS = np.array([0.24, 0.42, 0.38, 0.12, 0.12])
_PICKED_UP = 0.03
"""share of visits in the days of an own stay that are real: relatives fetch the medicine"""


@dataclass(frozen=True)
class Visits:
    """Visits as parallel arrays. ``dx`` and ``second`` are places in :func:`vocabulary`, −1 for none; ``hours`` under
    observation, −1 for none; ``day`` since 1970; money in fen; the other numbers are places in the registers."""

    person: Ints
    place: Ints
    department: Ints
    doctor: Ints
    day: Ints
    kind: Ints
    internet: Ints
    hours: Ints
    dx: Ints
    second: Ints
    total: Ints
    own: Ints
    drug: Ints
    test: Ints

    def take(self, which: Any) -> Visits:
        """Some of them."""
        return Visits(*(getattr(self, f.name)[which] for f in fields(self)))

    @staticmethod
    def join(parts: list[Visits]) -> Visits:
        """Several, one behind the other."""
        return Visits(*(np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Visits)))

    @staticmethod
    def of(rows: list[dict[str, int]]) -> Visits:
        """From plain rows."""
        return Visits(*(np.array([row[f.name] for row in rows], np.int64) for f in fields(Visits)))


@lru_cache(maxsize=2)
def vocabulary(templates: tuple[str, ...]) -> tuple[str, ...]:
    """The diagnoses of visits: those of stays, and the common ones."""
    return (*templates, *sorted(set(_plain_codes().values()) - set(templates)))


_OF_CHEATS = ("R42", "M47.9", "K76.0", "I67.2", "J31.2", "E04.9", "G44.2", "J96", "I50", "A41", "R57", "I21")


@lru_cache(maxsize=1)
def _plain_codes() -> dict[str, str]:
    """The code that stands for each beginning: the shortest one that may be reported."""
    codes = load_codes("icd10-nhsa-2.0")
    usable = sorted(codes.known - codes.gray)
    wanted = {b for b, *_ in (*_COMMON, *_SUDDEN)} | {*_LASTING, *_SPECIAL_OF, *_OF_CHEATS}
    return {b: min((c for c in usable if c.startswith(b)), key=lambda c: (len(c), c)) for b in wanted}


def plain_code(beginning: str) -> str:
    """The usual diagnosis of this beginning, of those named in this module."""
    return _plain_codes()[beginning]


def _numbers(plan: Plan, beginnings: tuple[str, ...]) -> Ints:
    words = vocabulary(plan.templates.dx_codes)
    plain = _plain_codes()
    return np.array([words.index(plain[b]) for b in beginnings], np.int64)


def clinic_of(plan: Plan, person: Ints) -> Ints:
    """The institution each person usually goes to."""
    level = plan.places.level
    odds = plan.places.size**0.6 * np.where(level == PRIMARY, 3.0, 1.0)
    edges = np.cumsum(odds / odds.sum())
    return np.minimum(np.searchsorted(edges, chance(person, 301)), len(level) - 1)


def make_visits(plan: Plan, block: Block, persons: Ints, death: Ints, details: Details) -> Visits:
    """The honest visits of a block's year. ``persons``: of the block, rising; ``death``: day of each or NEVER."""
    rng = source(plan.seed, STREAM, block.year, block.number)
    begin, end = day_number(block.year), day_number(block.year + 1)
    parts = [
        _lasting(plan, block.year, persons, rng),
        _sudden(plan, block.year, persons, rng),
        _common(plan, block.year, persons, rng),
        _around(plan, block, details, rng),
    ]
    whole = Visits.join(parts)
    dead = death[np.searchsorted(persons, whole.person)]
    keep = (whole.day >= begin) & (whole.day < end) & (whole.day < dead)
    keep &= ~_inside(block, whole) | (rng.random(len(keep)) < _PICKED_UP)
    return whole.take(keep)


def _inside(block: Block, visits: Visits) -> Flags:
    """Visits on the days of a stay of the same person, the first and the last one not counted."""
    admitted, left = (block.stays.column(f"{name}_date").cast(pa.int32()).to_numpy().astype(np.int64)
                      for name in ("admission", "discharge"))  # fmt: skip
    keys = (block.facts.person << 20) + admitted
    order = np.argsort(keys, kind="stable")
    found = np.searchsorted(keys[order], (visits.person << 20) + visits.day, side="left") - 1
    at = order[np.maximum(found, 0)]
    inside: Flags = (found >= 0) & (block.facts.person[at] == visits.person) & (visits.day < left[at])
    return inside


def _made(
    plan: Plan, person: Ints, place: Ints, department: Ints, day: Ints, kind: Ints, dx: Ints, second: Ints,
    rng: np.random.Generator, hours: Ints | None = None, internet: Flags | None = None,
) -> Visits:  # fmt: skip
    """Visits with doctors and money."""
    n = len(person)
    department = plan.places.department_of[place, department]
    first, count = plan.places.doctor_first[place, department], plan.places.doctor_count[place, department]
    doctor = first + (rng.random(n) * count).astype(np.int64)
    hours = np.full(n, -1) if hours is None else hours
    online = np.zeros(n, bool) if internet is None else internet
    cost = _MEAN[kind] * np.exp(_SPREAD[kind] * rng.standard_normal(n) - _SPREAD[kind] ** 2 / 2)
    cost = np.where(hours > 0, cost * 0.4 + hours * 2_600.0, cost) * plan.places.effect[place]
    cost = np.where(online, 0.55 * cost, cost)
    total = np.maximum(np.rint(cost).astype(np.int64), 500)
    share = np.clip(_OWN[kind] + np.where(plan.people.scheme[person] == 1, 0.08, 0.0)
                    + 0.08 * rng.standard_normal(n), 0.05, 1.0)  # fmt: skip
    drugs = np.clip(_DRUGS[kind] + 0.16 * rng.standard_normal(n), 0.0, 0.95)
    tests = np.clip(_TESTS[kind] + 0.14 * rng.standard_normal(n), 0.0, 0.95 - drugs)
    tests = np.where((rng.random(n) < 0.35) | online, 0.0, tests)
    return Visits(
        person, place, department, doctor, day, kind, online.astype(np.int64), hours, dx, second, total,
        np.rint(total * share).astype(np.int64), (total * drugs).astype(np.int64), (total * tests).astype(np.int64),
    )  # fmt: skip


def _lasting(plan: Plan, year: int, persons: Ints, rng: np.random.Generator) -> Visits:
    """Chronic disease: the same clinic every one to three months; and the few with a special outpatient disease."""
    age = year - plan.people.birth_year[persons].astype(np.int64)
    share = np.interp(age, [0, 30, 40, 50, 65, 80], [0.0, 0.01, 0.06, 0.18, 0.38, 0.42])
    u = chance(persons, 302)
    special = (chance(persons, 303) < 0.004) & (age >= 18)
    ill = (u < share) | special
    who = persons[ill]
    which = np.where(special[ill], 4, np.digitize(u[ill] / np.maximum(share[ill], 1e-9), [0.58, 0.85, 0.93]))
    every = np.where(which == 4, 28.0, 30.0 + 60.0 * chance(who, 304))
    count = (365 / every).astype(np.int64)
    of = np.repeat(np.arange(len(who)), count)
    turn = np.arange(len(of)) - np.repeat(np.cumsum(count) - count, count)
    day = np.floor((turn + 0.5) * every[of] + rng.normal(0.0, 6.0, len(of))).astype(np.int64) + day_number(year)
    codes = _numbers(plan, (*_LASTING, _SPECIAL_OF[0]))
    dx = codes[which[of]]
    both = (which[of] == 0) & (chance(who, 305)[of] < 0.22)
    kind = np.where(which[of] == 4, SPECIAL, CHRONIC)
    online = (kind == CHRONIC) & (rng.random(len(of)) < 0.09)
    department = np.full(len(of), _department("内科"))
    missed = rng.random(len(of)) < 0.12
    second = np.where(both, codes[1], -1)
    place = clinic_of(plan, who)[of]
    made = _made(plan, who[of], place, department, day, kind, dx, second, rng, internet=online)
    return made.take(~missed)


def _department(name: str) -> int:
    return [title for _, title in DEPARTMENTS].index(name)


def _common(plan: Plan, year: int, persons: Ints, rng: np.random.Generator) -> Visits:
    """A cough, a rash, an aching back."""
    age = year - plan.people.birth_year[persons].astype(np.int64)
    mean = np.interp(age, [0, 4, 15, 30, 60, 85], [1.6, 1.2, 0.5, 0.6, 1.1, 1.0])
    of = np.repeat(np.arange(len(persons)), rng.poisson(mean))
    n = len(of)
    which = draw(rising(np.array([[w for _, w, _ in _COMMON]], np.float64)), len(_COMMON), np.zeros(n, np.int64), rng)
    department = np.array([_department(d) for *_, d in _COMMON])[which]
    dx = _numbers(plan, tuple(b for b, *_ in _COMMON))[which]
    place = clinic_of(plan, persons)[of]
    other = rng.random(n) < 0.35
    size = rising((plan.places.size / plan.places.size.sum())[None, :])
    place = np.where(other, draw(size, len(plan.places.size), np.zeros(n, np.int64), rng), place)
    day = day_number(year) + (rng.random(n) * 365).astype(np.int64)
    return _made(plan, persons[of], place, department, day, np.full(n, ORDINARY), dx, np.full(n, -1), rng)


def _sudden(plan: Plan, year: int, persons: Ints, rng: np.random.Generator) -> Visits:
    """Emergencies that need no bed; one in nine stays under observation, hardly ever beyond three days."""
    of = np.repeat(np.arange(len(persons)), rng.poisson(0.12, len(persons)))
    n = len(of)
    which = draw(rising(np.array([[w for _, w in _SUDDEN]], np.float64)), len(_SUDDEN), np.zeros(n, np.int64), rng)
    dx = _numbers(plan, tuple(b for b, _ in _SUDDEN))[which]
    odds = plan.places.size * np.where(plan.places.level == PRIMARY, 0.15, 1.0)
    place = draw(rising(odds[None, :]), len(odds), np.zeros(n, np.int64), rng)
    observed = rng.random(n) < 0.11
    hours = np.clip(np.rint(rng.gamma(1.4, 10.0, n)), 3, 71).astype(np.int64)
    hours = np.where(rng.random(n) < 0.012, rng.integers(73, 100, n), hours)
    day = day_number(year) + (rng.random(n) * 365).astype(np.int64)
    kind = np.where(observed, OBSERVED, URGENT)
    department = np.full(n, _department("急诊医学科"))
    return _made(plan, persons[of], place, department, day, kind, dx, np.full(n, -1), rng,
                 hours=np.where(observed, hours, -1))  # fmt: skip


def _around(plan: Plan, block: Block, details: Details, rng: np.random.Generator) -> Visits:
    """What honestly precedes and follows a stay: the consultation, the emergency room, the follow-up."""
    facts, stays = block.facts, block.stays
    admitted, left = (stays.column(f"{name}_date").cast(pa.int32()).to_numpy().astype(np.int64)
                      for name in ("admission", "discharge"))  # fmt: skip
    principal = stays.column("dx").flatten()
    offsets = stays.column("dx").offsets.to_numpy()[:-1] - stays.column("dx").offsets[0].as_py()
    names = principal.dictionary.to_pylist()
    words = {word: i for i, word in enumerate(vocabulary(plan.templates.dx_codes))}
    dx = np.array([words.get(name, -1) for name in names], np.int64)[principal.indices.to_numpy()[offsets]]
    n = len(admitted)
    u = rng.random((3, n))
    consulted = (details.route == OUTPATIENT) & (u[0] < 0.30)
    urgent = (details.route == EMERGENCY) & ((u[0] < 0.5) | (details.observed >= 0))
    again = (u[1] < 0.26) & (facts.style == 0)
    parts = []
    for who, day, kind in (
        (consulted, admitted - rng.integers(0, 3, n) * (u[2] < 0.5), np.full(n, ORDINARY)),
        (
            urgent,
            admitted - np.maximum(details.observed, 0) // 24,
            np.where(details.observed >= 0, OBSERVED, URGENT),
        ),
        (again, left + 7 + (u[2] * 28).astype(np.int64), np.full(n, ORDINARY)),
    ):
        at = np.flatnonzero(who)
        hours = np.where(kind[at] == OBSERVED, details.observed[at], -1)
        online = (kind[at] == ORDINARY) & (day[at] > left[at]) & (rng.random(len(at)) < 0.12)
        parts.append(
            _made(plan, facts.person[at], facts.place[at], facts.department[at], day[at], kind[at], dx[at],
                  np.full(len(at), -1), rng, hours=hours, internet=online)
        )  # fmt: skip
    return Visits.join(parts)


def visits_table(plan: Plan, block: Block, visits: Visits) -> tuple[Any, Ints]:
    """VISITS of a block in the order of their dates, and the place of each of ``visits`` in it."""
    order = np.lexsort((visits.total, visits.person, visits.day))
    v = visits.take(order)
    names = pa.array(vocabulary(plan.templates.dx_codes))
    two = (v.dx >= 0).astype(np.int32) + (v.second >= 0)
    offsets = np.concatenate([[0], np.cumsum(two)]).astype(np.int32)
    codes = np.stack([v.dx, v.second], axis=1)
    flat = pa.DictionaryArray.from_arrays(pa.array(codes[codes >= 0].astype(np.int32)), names)
    places = plan.places

    def coded(numbers: Ints, words: Any) -> Any:
        return pa.DictionaryArray.from_arrays(pa.array(numbers.astype(np.int32)), pa.array(words, pa.string()))

    columns = {
        "visit_id": numbered(f"V{block.year}", block.number * 16 * BLOCK + np.arange(1, len(order) + 1), 9),
        "person_id": numbered("P", v.person + 1, 9),
        "institution_id": coded(v.place, [r["institution_id"] for r in places.institutions]),
        "department_id": coded(v.department, [code for code, _ in DEPARTMENTS]),
        "doctor_id": coded(v.doctor, [r["doctor_id"] for r in places.doctors]),
        "insurance_scheme": coded(plan.people.scheme[v.person].astype(np.int64), SCHEMES),
        "visit_date": pa.array(v.day.astype(np.int32)).cast(pa.date32()),
        "kind": coded(v.kind, VISIT_KINDS),
        "internet": pa.array(v.internet > 0),
        "observation_hours": pa.array(v.hours.astype(np.int32), mask=v.hours < 0),
        "dx": pa.ListArray.from_arrays(pa.array(offsets), flat),
        "total_cost": pa.array(v.total),
        "personal_paid": pa.array(v.own),
        "fund_by_item": pa.array(v.total - v.own),
        "drug_fee": pa.array(v.drug),
        "test_fee": pa.array(v.test),
        "e_voucher": vouchers(plan, v.place, STREAM, block.year, block.number),
    }
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    return pa.RecordBatch.from_arrays([columns[name] for name in VISITS.names], schema=VISITS.schema), place
