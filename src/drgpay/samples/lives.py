"""Where the persons of a region live, and when some of them die."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from drgpay.samples.people import day_number
from drgpay.samples.places import COUNTIES, TOWNS
from drgpay.samples.plan import LIVES, Plan, source
from drgpay.samples.stays import Block

Ints = npt.NDArray[np.int64]

DIED = 5
"""way of discharge of those who died"""
_ELSEWHERE = 0.45
"""share that dies outside the hospital, of those who are last seen in a year and did not die in a stay"""
_STREETS = 8
NEVER = 1 << 30


@dataclass(frozen=True)
class Lives:
    """Arrays by person. ``township``: place in ``names``; ``moment``: when a death outside would fall, 0 to 1, and −1
    for those who do not die outside."""

    names: tuple[str, ...]
    township: npt.NDArray[np.int32] = field(repr=False)
    moment: npt.NDArray[np.float32] = field(repr=False)


def make_lives(plan: Plan) -> Lives:
    """Townships and fates: a stream of their own, so that nothing else changes with them."""
    rng = source(plan.seed, LIVES)
    names = [f"云州市{town}街道" for town in TOWNS[:_STREETS]]
    names += [f"{county}县{town}镇" for i, county in enumerate(COUNTIES) for town in TOWNS[i % 4 :: 5]]
    size = rng.lognormal(0.0, 0.5, len(names)) * np.where(np.arange(len(names)) < _STREETS, 3.0, 1.0)
    people = len(plan.people.birth)
    township = rng.choice(len(names), people, p=size / size.sum()).astype(np.int32)
    moment = np.where(rng.random(people) < _ELSEWHERE, rng.random(people), -1.0).astype(np.float32)
    return Lives(tuple(names), township, moment)


def deaths(plan: Plan, lives: Lives, block: Block, persons: Ints) -> Ints:
    """The day on which each of ``persons`` (of the block's population) dies in the block's year, NEVER for the rest:
    the discharge of a stay that ended so, or a day after the last stay."""
    ordered = np.sort(persons)
    last = np.full(len(ordered), day_number(block.year) - 1, np.int64)
    place = np.searchsorted(ordered, block.facts.person)
    left = block.stays.column("discharge_date").cast(pa.int32()).to_numpy().astype(np.int64)
    np.maximum.at(last, place, left)
    end = day_number(block.year + 1) - 1
    moment = lives.moment[ordered]
    outside = (plan.people.leaves[ordered] == block.year) & (moment >= 0) & (last < end)
    day = np.where(outside, last + 1 + ((end - last) * moment).astype(np.int64), NEVER)
    died = pc.fill_null(pc.equal(block.stays.column("discharge_way"), DIED), False).to_numpy(zero_copy_only=False)
    in_stay = np.full(len(ordered), NEVER, np.int64)
    np.minimum.at(in_stay, place[died], left[died])
    day = np.where(in_stay < NEVER, in_stay, np.where(outside, np.minimum(day, end), NEVER))
    return day[np.searchsorted(ordered, persons)]
