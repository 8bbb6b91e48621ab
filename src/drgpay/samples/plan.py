"""Everything the blocks of stays share: chances, means and registers of one region, worked out once."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from importlib import resources

import numpy as np
import numpy.typing as npt

from drgpay.errors import DrgpayError, Kind
from drgpay.samples import casemix
from drgpay.samples.people import ALL_CELLS, CELLS, FEMALE, INFANT, MALE, NEWBORN, People, make_people
from drgpay.samples.places import Places, affinity, department_for, make_places
from drgpay.samples.templates import Group, Templates, templates

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

LENGTHS = {
    "none": (1.0,),
    "usual": (0.83, 0.105, 0.035, 0.016, 0.009, 0.005),
    "cycle": (0.40, 0.20, 0.14, 0.12, 0.08, 0.06),
}
"""chances of 1, 2, … stays a year with the same trouble"""
REPEATS = tuple(LENGTHS)
UNGROUPED_WEIGHT = 0.75

_PLACES, _PEOPLE, _CASEMIX, _STAYS, REGISTERS, LIVES, DETAILS, VISITS, HABITS, CHEATS, HIDDEN, VOUCHERS, EVALUATED = (
    range(13)
)


def source(seed: int, *purpose: int) -> np.random.Generator:
    """A stream of random numbers that depends on the seed and the purpose only, not on what was drawn before."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, *purpose])))


def stay_source(seed: int, year: int, block: int) -> np.random.Generator:
    """The stream of one block of stays."""
    return source(seed, _STAYS, year, block)


def weights_of(scheme_id: str) -> dict[str, float]:
    """The published weight table shipped for a scheme (data/weights). Raises DrgpayError (USAGE) if there is none."""
    path = resources.files("drgpay") / "data" / "weights" / f"{scheme_id}.csv"
    if not path.is_file():
        raise DrgpayError(
            Kind.USAGE,
            zh=f"分组方案 {scheme_id} 没有随附的权重表，不能生成模拟统筹区",
            en=f"no weight table ships with scheme {scheme_id}, so no region can be made for it",
            fix_zh="改用 chs-drg-1.1",
            fix_en="use chs-drg-1.1",
            field="scheme_id",
            value=scheme_id,
        )
    return {row["drg"]: float(row["weight"]) for row in csv.DictReader(path.read_text("utf-8").splitlines())}


def rising(chances: Floats) -> Floats:
    """Rows of chances as one rising array, row r climbing from r to r + 1: one search draws for any row."""
    steps = np.cumsum(chances, axis=1)
    steps /= steps[:, -1:]
    steps[:, -1] = 1.0
    flat: Floats = (steps + np.arange(len(steps))[:, None]).ravel()
    return flat


def draw(chance: Floats, width: int, row: Ints, rng: np.random.Generator) -> Ints:
    """One column per entry of ``row``, by the chances of that row (see :func:`rising`)."""
    found = np.searchsorted(chance, row + rng.random(len(row)), side="right") - row * width
    result: Ints = np.clip(found, 0, width - 1)
    return result


@dataclass(frozen=True)
class Plan:
    """One region before its stays: arrays by group (G), institution (I), cell (C)."""

    seed: int
    scheme_id: str
    years: tuple[int, ...]
    templates: Templates
    places: Places
    people: People
    cells: dict[int, list[Ints]] = field(repr=False)
    first: Ints = field(repr=False)
    last: Ints = field(repr=False)
    """first and last template of a group"""
    group_chance: Floats = field(repr=False)
    cell_chance: Floats = field(repr=False)
    institution_chance: Floats = field(repr=False)
    again_chance: Floats = field(repr=False)
    repeats: Ints = field(repr=False)
    days: Floats = field(repr=False)
    cost: Floats = field(repr=False)
    spread: Floats = field(repr=False)
    death: Floats = field(repr=False)
    department: Ints = field(repr=False)
    surgical: npt.NDArray[np.bool_] = field(repr=False)
    mdc: Ints = field(repr=False)
    practice: Floats = field(repr=False)
    """cost habits, institution × MDC letter"""

    @property
    def groups(self) -> tuple[Group, ...]:
        """The groups that can be drawn."""
        return self.templates.groups


def _frequencies(
    groups: tuple[Group, ...], cases: list[casemix.Case], weight: Floats, rng: np.random.Generator
) -> Floats:
    """Stays per group: the common ADRG as named, the others a thin tail that falls with the weight."""
    fixed = np.random.default_rng(1_1)
    tail = fixed.lognormal(0.0, 1.0, len(groups)) * np.clip(weight, 0.4, None) ** -1.2
    tail *= np.array([0.1 if g.drg[0] == "A" else 1.0 for g in groups])
    named = np.array([c.frequency is not None for c in cases])
    odd = np.array([not g.adrg for g in groups])
    shares = np.array([g.share for g in groups])
    adrgs = np.array([g.adrg for g in groups])
    whole = {a: shares[adrgs == a].sum() for a in set(adrgs)}
    result = np.array([(c.frequency or 0.0) * g.share / whole[g.adrg] for g, c in zip(groups, cases, strict=True)])
    rest = tail * shares * ~named * ~odd
    result = result + rest / rest.sum() * casemix.TAIL
    result *= rng.lognormal(0.0, 0.12, len(groups))
    result[odd] = result[~odd].sum() * casemix.UNGROUPED_SHARE / (1 - casemix.UNGROUPED_SHARE) / odd.sum()
    return result / result.sum()  # type: ignore[no-any-return]


def _cells(groups: tuple[Group, ...], cases: list[casemix.Case]) -> Floats:
    """Chance of each cell of sex and age, by group."""
    result = np.zeros((len(groups), ALL_CELLS))
    for g, (group, case) in enumerate(zip(groups, cases, strict=True)):
        male = {"male": 1.0, "female": 0.0}.get(group.sex, case.male)
        if case.kind in ("newborn", "infant"):
            first = NEWBORN if case.kind == "newborn" else INFANT
            result[g, first + MALE], result[g, first + FEMALE] = 0.53, 0.47
        else:
            bands = np.array(casemix.PROFILES[case.profile])
            result[g, :CELLS] = np.concatenate([bands * male, bands * (1 - male)])
    return result


def make_plan(
    seed: int, years: tuple[int, ...], stays: list[int], institutions: int, scheme_id: str, area: int = 1
) -> Plan:
    """Work out a region: ``stays`` per year of ``years``; ``area`` is part of the codes of its institutions."""
    weights = weights_of(scheme_id)
    table = templates(scheme_id)
    groups = table.groups
    weight = np.array([weights.get(g.drg, UNGROUPED_WEIGHT) for g in groups])
    rng = source(seed, _CASEMIX)
    places = make_places(institutions, source(seed, _PLACES), area)
    cases = [g.case(float(w)) for g, w in zip(groups, weight, strict=True)]
    of_stays = _frequencies(groups, cases, weight, rng)
    repeats = np.array([REPEATS.index(c.repeats) for c in cases], np.int64)
    mean_length = np.array([sum((i + 1) * p for i, p in enumerate(LENGTHS[r])) for r in REPEATS])
    of_chains = of_stays / mean_length[repeats]
    per_stay = float(of_chains.sum())
    of_chains /= per_stay
    cell = _cells(groups, cases)
    cell /= cell.sum(axis=1, keepdims=True)
    expected = np.array(stays)[:, None] * per_stay * (of_chains @ cell)[None, :]
    people = make_people(years, expected, source(seed, _PEOPLE))
    usual = repeats == REPEATS.index("usual")
    again = (cell * (of_chains * usual)[:, None]).T[:CELLS] + 1e-12 * usual
    fixed = np.random.default_rng(1_2)
    surgical = np.array([g.surgical for g in groups])
    cv = np.where(surgical, fixed.uniform(0.25, 0.5, len(groups)), fixed.uniform(0.3, 0.8, len(groups)))
    mdcs = [g.drg[0] if g.adrg else "X" for g in groups]
    severe = np.array([5.0 if g.drg.endswith("1") else 1.0 for g in groups])
    harmless = np.array([m in "CDJMNOTUX" for m in mdcs])
    return Plan(
        seed=seed,
        scheme_id=scheme_id,
        years=years,
        templates=table,
        places=places,
        people=people,
        cells={year: people.cells(year) for year in years},
        first=np.array([g.first for g in groups], np.int64),
        last=np.array([g.last - 1 for g in groups], np.int64),
        group_chance=rising(of_chains[None, :]),
        cell_chance=rising(cell),
        institution_chance=rising(affinity(places, mdcs, surgical.tolist(), weight, rng)),
        again_chance=rising(again),
        repeats=repeats,
        days=np.array([c.days for c in cases]),
        cost=weight * float(rng.uniform(9_200, 10_800)) * 100,
        spread=np.sqrt(np.log1p(cv**2)),
        death=np.clip(0.3 * weight * severe * np.where(surgical, 0.4, 1.0), 0, 0.9) * np.where(harmless, 0.02, 1.0),
        department=np.array([department_for(m, g.surgical) for m, g in zip(mdcs, groups, strict=True)], np.int64),
        surgical=surgical,
        mdc=np.array([ord(m) - 65 for m in mdcs], np.int64),
        practice=rng.lognormal(0.0, 0.06, (institutions, 26)),
    )
