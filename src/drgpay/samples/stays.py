"""One block of stays, whole: who, where, when, with what, for how much. Vectorised; a block knows no other block."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from drgpay.samples.people import ALL_CELLS, CELLS, INFANT, NEWBORN, day_number
from drgpay.samples.places import CHILDREN, DEPARTMENTS
from drgpay.samples.plan import LENGTHS, REPEATS, Plan, draw, rising, stay_source
from drgpay.samples.templates import Ragged
from drgpay.tables import SCHEMES, STAYS

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

BLOCK = 65_536
"""stays per block = rows per row group"""

_MONTHS = (1.10, 0.82, 1.02, 1.00, 0.98, 0.97, 1.02, 0.99, 0.96, 0.95, 1.03, 1.14)
"""how busy the months are: cold winters, the Spring Festival in February"""
_OWN_SHARE = np.array([[0.29, 0.24, 0.19], [0.44, 0.36, 0.28]])
"""what patients pay, by insurance scheme and level"""
_MOST_DIAGNOSES = 9
_INFLATION = 1.03


@dataclass(frozen=True)
class Facts:
    """What is known of the stays of a block and stands in no column, one entry per stay.

    ``person``, ``place`` (institution), ``department``, ``doctor``: places in the registers; ``group``: the group the
    patient's trouble belongs to, whatever is reported; ``style``: how the stay is charged (see :mod:`.fees`), with
    its number ``arg``; ``seed``: what the small differences of its charges depend on.
    """

    person: Ints
    group: Ints
    place: Ints
    department: Ints
    doctor: Ints
    style: Ints
    arg: Ints
    seed: Ints

    def take(self, which: Ints) -> Facts:
        """The facts of some stays."""
        return Facts(*(getattr(self, f.name)[which] for f in fields(self)))


@dataclass(frozen=True)
class Block:
    """Block ``number`` of ``blocks`` of a year: its stays (record batch of STAYS, ordered by discharge)."""

    year: int
    number: int
    blocks: int
    stays: Any
    facts: Facts

    def fund(self) -> Ints:
        """The fund's cost by item of the insurance schemes, in fen."""
        scheme = self.stays.column("insurance_scheme").indices.to_numpy()
        fund = self.stays.column("fund_by_item").to_numpy()
        return np.array([int(fund[scheme == s].sum()) for s in range(len(SCHEMES))], np.int64)


def population(plan: Plan, year: int, block: int, blocks: int) -> Ints:
    """The persons who can be patients of a block: no other block of the year has them, but for rare cells."""
    return np.concatenate([cell[block::blocks] for cell in plan.cells[year]])


def numbered(prefix: str, numbers: Ints, width: int) -> Any:
    """Text ids: ``prefix`` and the number in ``width`` digits, as an Arrow string array."""
    start = np.frombuffer(prefix.encode(), np.uint8)
    text = np.empty((len(numbers), len(start) + width), np.uint8)
    text[:, : len(start)] = start
    rest = numbers.copy()
    for place in range(width - 1, -1, -1):
        rest, digit = np.divmod(rest, 10)
        text[:, len(start) + place] = digit + 48
    offsets = np.arange(len(numbers) + 1, dtype=np.int32) * text.shape[1]
    return pa.StringArray.from_buffers(len(numbers), pa.py_buffer(offsets), pa.py_buffer(text.ravel()))


def _season(days: int) -> Floats:
    """Rising chances of the days of a year."""
    month = np.minimum(np.arange(days) * 12 // days, 11)
    week = np.array([1.15, 1.08, 1.05, 1.04, 1.0, 0.85, 0.83])[np.arange(days) % 7]
    return rising((np.array(_MONTHS)[month] * week)[None, :])


def _lengths(repeats: Ints, rng: np.random.Generator) -> Ints:
    """How many stays each patient of a year has."""
    wide = max(len(p) for p in LENGTHS.values())
    table = np.array([[*LENGTHS[r], *(0.0,) * (wide - len(LENGTHS[r]))] for r in REPEATS])
    return draw(rising(table), wide, repeats, rng) + 1


def _persons(plan: Plan, year: int, block: int, blocks: int, cell: Ints, rng: np.random.Generator) -> Ints:
    """A person for every patient, each person once: a block draws from its own share of every cell."""
    result = np.empty(len(cell), np.int64)
    order = np.argsort(cell, kind="stable")
    bounds = np.searchsorted(cell[order], np.arange(ALL_CELLS + 1))
    for c, (a, b) in enumerate(pairwise(bounds)):
        if b > a:
            mine = plan.cells[year][c][block::blocks]
            if len(mine) == 0:
                mine = plan.cells[year][c]
            result[order[a:b]] = np.resize(rng.permutation(mine), b - a)
    return result


def _laid(lists: Ragged, which: Ints, extra: Ints, keep: npt.NDArray[np.bool_]) -> tuple[Any, Ints]:
    """Lists ``which`` with the kept extras behind them: Arrow offsets and values."""
    own = lists.offsets[which + 1] - lists.offsets[which]
    offsets = np.concatenate([[0], np.cumsum(own + keep.sum(axis=1))])
    values = np.empty(int(offsets[-1]), np.int64)
    within = np.arange(int(own.sum())) - np.repeat(np.cumsum(own) - own, own)
    values[np.repeat(offsets[:-1], own) + within] = lists.values[np.repeat(lists.offsets[which], own) + within]
    row, column = np.nonzero(keep)
    place = (np.cumsum(keep, axis=1) - 1)[row, column]
    values[(offsets[:-1] + own)[row] + place] = extra[row, column]
    return offsets.astype(np.int32), values


def _codes(offsets: Any, values: Ints, names: tuple[str, ...]) -> Any:
    coded = pa.DictionaryArray.from_arrays(pa.array(values.astype(np.int32)), pa.array(names))
    return pa.ListArray.from_arrays(pa.array(offsets), coded)


def _coded(numbers: npt.NDArray[Any], names: tuple[str, ...] | list[str]) -> Any:
    return pa.DictionaryArray.from_arrays(pa.array(numbers.astype(np.int32)), pa.array(names, pa.string()))


def make_block(plan: Plan, year: int, block: int, blocks: int, rows: int) -> Block:
    """Block ``block`` of ``blocks`` of a year with ``rows`` stays."""
    rng = stay_source(plan.seed, year, block)
    many = len(plan.groups)
    first_group = draw(plan.group_chance, many, np.zeros(rows, np.int64), rng)
    length = _lengths(plan.repeats[first_group], rng)
    ends = np.cumsum(length)
    patients = int(np.searchsorted(ends, rows)) + 1
    first_group, length = first_group[:patients], length[:patients]
    length[-1] -= int(ends[patients - 1]) - rows
    cell = draw(plan.cell_chance, ALL_CELLS, first_group, rng)
    person = _persons(plan, year, block, blocks, cell, rng)
    first_place = draw(plan.institution_chance, len(plan.places.level), first_group, rng)

    of = np.repeat(np.arange(patients), length)
    start = np.cumsum(length) - length
    turn = np.arange(rows) - start[of]
    group, place = first_group[of], first_place[of]
    cyclic = plan.repeats[group] == REPEATS.index("cycle")
    change = np.flatnonzero((turn > 0) & ~cyclic & (rng.random(rows) < 0.3))
    group[change] = draw(plan.again_chance, many, cell[of][change], rng)
    place[change] = draw(plan.institution_chance, len(plan.places.level), group[change], rng)
    template = np.searchsorted(plan.templates.chance, group + rng.random(rows), side="right")
    template = np.clip(template, plan.first[group], plan.last[group])

    shock = rng.standard_normal(rows)
    los = _los(plan, group, length[of], shock, rng)
    admission, los, age_days = _dates(plan, year, cell, person, of, turn, length, start, los, template, cyclic, rng)
    young = cell[of] >= CELLS
    sex, birth, scheme = plan.people.sex[person][of], plan.people.birth[person][of], plan.people.scheme[person][of]
    age = ages(birth, admission)
    weighed = cell[of] >= NEWBORN
    weighed &= cell[of] < INFANT
    heavy = plan.templates.birth_weight[template]
    birth_weight = heavy[:, 0] + np.rint((heavy[:, 1] - heavy[:, 0]) * rng.random((rows, 2)).mean(axis=1)).astype(
        np.int64
    )
    # a newborn gains from the tenth day on, as far as its group allows
    grown = birth_weight + 25 * np.maximum(age_days - 10, 0)
    admission_weight = np.minimum(grown, np.maximum(heavy[:, 1], birth_weight))

    level = plan.places.level[place]
    total, own, fund = _money(plan, year, group, place, level, scheme, shock, rng)
    last = np.maximum.reduceat(admission, start)[of] == admission
    leaving = plan.people.leaves[person][of] == year
    died = last & leaving & (rng.random(rows) < plan.death[group])
    way = np.array([1, 2, 3, 4, 9])[draw(rising(np.array([[0.915, 0.025, 0.015, 0.04, 0.005]])), 5, group * 0, rng)]

    department = np.where((age < 15) & ~young & ~plan.surgical[group], CHILDREN, plan.department[group])
    department = plan.places.department_of[place, department]
    doctors = plan.places.doctor_count[place, department]
    doctor = plan.places.doctor_first[place, department] + (rng.random(rows) ** 1.6 * doctors).astype(np.int64)

    dx = _diagnoses(plan, template, cell[of], plan.mdc[group] == ord("O") - 65, age, level, rng)
    proc = _procedures(plan, template, rng)
    order = np.argsort(admission + los, kind="stable")
    numbers = block * BLOCK + np.arange(1, rows + 1)
    columns = {
        "person_id": numbered("P", person[of] + 1, 9),
        "institution_id": _coded(place, [r["institution_id"] for r in plan.places.institutions]),
        "department_id": _coded(department, [code for code, _ in DEPARTMENTS]),
        "doctor_id": _coded(doctor, [r["doctor_id"] for r in plan.places.doctors]),
        "insurance_scheme": _coded(scheme, SCHEMES),
        "sex": _coded(sex, ("male", "female")),
        "age": pa.array(age.astype(np.int16)),
        "age_days": pa.array(age_days.astype(np.int32), mask=~young),
        "birth_weight": pa.array(birth_weight.astype(np.int32), mask=~weighed),
        "admission_weight": pa.array(admission_weight.astype(np.int32), mask=~weighed),
        "los": pa.array(los.astype(np.int16)),
        "admission_date": pa.array(admission.astype(np.int32)).cast(pa.date32()),
        "discharge_date": pa.array((admission + los).astype(np.int32)).cast(pa.date32()),
        "discharge_way": pa.array(np.where(died, 5, way).astype(np.int8)),
        "dx": dx,
        "proc": proc,
        "total_cost": pa.array(total),
        "personal_paid": pa.array(own),
        "fund_by_item": pa.array(fund),
    }
    sorted_columns = {name: column.take(pa.array(order)) for name, column in columns.items()}
    sorted_columns["stay_id"] = numbered(f"S{year}", numbers, 9)
    batch = pa.RecordBatch.from_arrays([sorted_columns[name] for name in STAYS.names], schema=STAYS.schema)
    none = np.zeros(rows, np.int64)
    facts = Facts(person[of], group, place, department, doctor, none, none, none).take(order)
    return Block(year, block, blocks, batch, replace(facts, seed=numbers))


def _los(plan: Plan, group: Ints, length: Ints, shock: Floats, rng: np.random.Generator) -> Ints:
    """Days of stay: log-normal around the group's, long where the cost is high."""
    mixed = 0.6 * shock + 0.8 * rng.standard_normal(len(group))
    days = np.rint(plan.days[group] * np.exp(0.5 * mixed - 0.125)).astype(np.int64)
    return np.clip(days, 1, np.where(length > 1, 30, 150))


def _dates(
    plan: Plan, year: int, cell: Ints, person: Ints, of: Ints, turn: Ints, length: Ints, start: Ints, los: Ints,
    template: Ints, cyclic: npt.NDArray[np.bool_], rng: np.random.Generator,
) -> tuple[Ints, Ints, Ints]:  # fmt: skip
    """Admission (days since 1970), days of stay, and age in days of the newborn and infants.

    All stays of a person lie inside the year and do not touch; a quarter of the usual ones come back within 15 days.
    A series that runs out of the year goes on at its beginning, so that no season is thinned; a stay that would cross
    the new year is pushed, with its series, to begin in January. The young are admitted by their age.
    """
    rows = len(of)
    begin, days = day_number(year), day_number(year + 1) - day_number(year)
    u = rng.random(rows)
    gap = np.where(u < 0.25, 1 + (u * 60).astype(np.int64), 16 + ((u - 0.25) * 25).astype(np.int64))
    gap = np.where(cyclic, 14 + (u * 9).astype(np.int64), gap)
    step = np.where(turn > 0, np.concatenate([[0], los[:-1]]) + gap, 0)
    passed = np.cumsum(step)
    offset = passed - passed[start][of]
    day = draw(_season(days), days, np.zeros(len(length), np.int64), rng)[of] + offset
    day -= np.where(day >= days, days, 0)
    over = np.where(day + los >= days, days - day, 0)
    push = np.maximum.reduceat(over, start)
    push += np.where((push > 0) & (length == 1), (rng.random(len(length)) ** 2 * 25).astype(np.int64), 0)
    day += push[of]
    admission = begin + day - np.where(day >= days, days, 0)
    low, high = plan.templates.days[template].T
    birth = plan.people.birth[person][of]
    newborn = cell[of] < INFANT
    latest = np.minimum(high, begin + days - 15 - birth)
    age_days = low + np.floor((latest + 1 - low) * rng.random(rows) ** np.where(newborn, 3.0, 1.5)).astype(np.int64)
    young = cell[of] >= CELLS
    admission = np.where(young, birth + age_days, admission)
    los = np.where(young, np.minimum(los, begin + days - 1 - admission), los)
    return admission, los, age_days


def ages(birth: Ints, on: Ints) -> Ints:
    """Whole years from ``birth`` to ``on``."""
    born, now = birth.astype("datetime64[D]"), on.astype("datetime64[D]")
    years = now.astype("datetime64[Y]").astype(np.int64) - born.astype("datetime64[Y]").astype(np.int64)

    def month_day(day: Any) -> Any:
        month = day.astype("datetime64[M]")
        return (month.astype(np.int64) % 12) * 32 + (day - month.astype("datetime64[D]")).astype(np.int64)

    return years - (month_day(now) < month_day(born))  # type: ignore[no-any-return]


def _money(
    plan: Plan, year: int, group: Ints, place: Ints, level: Ints, scheme: npt.NDArray[np.int8], shock: Floats,
    rng: np.random.Generator,
) -> tuple[Ints, Ints, Ints]:  # fmt: skip
    """Total cost, what the patient pays, and what the fund would pay by item, in fen; the first is at least the
    sum of the others (a third payer now and then)."""
    rows = len(group)
    spread = plan.spread[group]
    mean = plan.cost[group] * plan.places.effect[place] * plan.practice[place, plan.mdc[group]]
    cost = mean * _INFLATION ** (year - plan.years[0]) * np.exp(spread * shock - spread**2 / 2)
    odd, far = rng.random(rows), rng.random(rows)
    cost *= np.where(odd < 0.01, 3.0 + 3.0 * far, np.where(odd < 0.02, 0.08 + 0.25 * far, 1.0))
    total = np.maximum(np.rint(cost).astype(np.int64), 10_000)
    share = np.clip(_OWN_SHARE[scheme, level] + 0.06 * rng.standard_normal(rows), 0.05, 0.85)
    kind = rng.random(rows)
    own = np.where(kind < 0.004, total, np.rint(total * share).astype(np.int64))
    third = np.where(kind > 0.95, np.rint((total - own) * 0.1 * far).astype(np.int64), 0)
    return total, own, total - own - third


def _diagnoses(
    plan: Plan, template: Ints, cell: Ints, birth: npt.NDArray[np.bool_], age: Ints, level: Ints,
    rng: np.random.Generator,
) -> Any:  # fmt: skip
    """The template's diagnoses and some of no weight, none of them twice."""
    table = plan.templates
    rows = len(template)
    kinds = np.select([cell >= INFANT, cell >= NEWBORN, birth, age < 15], [4, 3, 2, 1], 0)
    mean = np.select([cell >= CELLS, birth, age < 15], [0.8, 1.5, 0.9], 0.5 + age / 28) * (1.1 - 0.15 * level)
    bundles = np.stack([table.bundles[k] for k in ("usual", "child", "birth", "newborn", "infant")])
    extra = bundles[kinds, rng.integers(0, bundles.shape[1], rows)]
    own = table.dx.offsets[template + 1] - table.dx.offsets[template]
    count = np.minimum(rng.poisson(mean), _MOST_DIAGNOSES - own)
    keep = np.arange(extra.shape[1]) < count[:, None]
    for place in range(int(own.max())):
        has = np.flatnonzero(own > place)
        same = table.dx.values[table.dx.offsets[template[has]] + place]
        keep[has] &= extra[has] != same[:, None]
    return _codes(*_laid(table.dx, template, extra, keep), table.dx_codes)


def _procedures(plan: Plan, template: Ints, rng: np.random.Generator) -> Any:
    """The template's procedures and examinations of no weight."""
    table = plan.templates
    rows = len(template)
    count = np.array([0, 1, 2, 3])[draw(rising(np.array([[0.62, 0.24, 0.10, 0.04]])), 4, template * 0, rng)]
    begin = (rng.random(rows) ** 2 * len(table.examinations)).astype(np.int64)
    extra = table.examinations[(begin[:, None] + 7 * np.arange(3)) % len(table.examinations)]
    return _codes(*_laid(table.proc, template, extra, np.arange(3) < count[:, None]), table.proc_codes)
