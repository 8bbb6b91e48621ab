"""The insured persons of a region: enough of each sex and age that no one is in two hospitals at once."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from drgpay.samples.casemix import BANDS

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

MALE, FEMALE = 0, 1
CELLS = 2 * len(BANDS)
NEWBORN, INFANT = CELLS, CELLS + 2
"""cell numbers: sex × band for the older (sex·7 + band), then newborn boys, girls, then infant boys, girls"""
ALL_CELLS = CELLS + 4

_USUAL, _NEWBORN, _INFANT = range(3)
_ROOM = 2.0
"""persons per expected patient of a year"""
NEVER = 9999
"""year of leaving for those who stay"""


@dataclass(frozen=True)
class People:
    """Parallel arrays; a person's number is the place in them. ``leaves`` is the year in which the person is last
    seen, and perhaps dies; ``birth`` counts days since 1970-01-01; ``scheme`` is 0 employee, 1 resident."""

    birth: Ints
    sex: npt.NDArray[np.int8]
    scheme: npt.NDArray[np.int8]
    leaves: npt.NDArray[np.int16]
    kind: npt.NDArray[np.int8]
    birth_year: npt.NDArray[np.int16]

    def cells(self, year: int) -> list[Ints]:
        """The persons of each cell that can be patients in ``year``; no person is in two cells."""
        here = np.full(len(self.birth), -1, np.int64)
        diff = year - self.birth_year.astype(np.int64)
        usual = (self.kind == _USUAL) & (self.leaves >= year)
        for b, (low, high) in enumerate(BANDS):
            inside = usual & (diff >= low) & (diff <= high)
            here[inside] = self.sex[inside].astype(np.int64) * len(BANDS) + b
        for kind, first in ((_NEWBORN, NEWBORN), (_INFANT, INFANT)):
            inside = (self.kind == kind) & (diff == 0)
            here[inside] = first + self.sex[inside]
        order = np.argsort(here, kind="stable").astype(np.int64)
        bounds = np.searchsorted(here[order], np.arange(ALL_CELLS + 1))
        return [order[a:b] for a, b in pairwise(bounds)]


def day_number(year: int) -> int:
    """1 January of ``year`` as days since 1970-01-01."""
    return int(np.datetime64(f"{year}-01-01", "D").astype(np.int64))


def make_people(years: tuple[int, ...], expected: Floats, rng: np.random.Generator) -> People:
    """Persons for ``years``; ``expected[year, cell]`` patients, of which some are spare so that a draw finds one."""
    sex, kind, birth_year, count = [], [], [], []
    for s in (MALE, FEMALE):
        ages: dict[int, float] = {}
        for y, year in enumerate(years):
            for b, (low, high) in enumerate(BANDS):
                patients = float(expected[y, s * len(BANDS) + b])
                wanted = (_ROOM * patients + 7 * np.sqrt(patients) + 6) / (high - low + 1)
                for age in range(low, high + 1):
                    ages[year - age] = max(ages.get(year - age, 0.0), float(wanted))
        for born, density in sorted(ages.items()):
            sex.append(s)
            kind.append(_USUAL)
            birth_year.append(born)
            count.append(int(np.ceil(density)))
        for k, first in ((_NEWBORN, NEWBORN), (_INFANT, INFANT)):
            for y, year in enumerate(years):
                patients = float(expected[y, first + s])
                sex.append(s)
                kind.append(k)
                birth_year.append(year)
                count.append(int(_ROOM * patients + 7 * np.sqrt(patients) + 6))
    times = np.array(count, np.int64)
    shuffle = rng.permutation(int(times.sum()))
    born_in = np.repeat(np.array(birth_year, np.int64), times)[shuffle]
    kinds = np.repeat(np.array(kind, np.int8), times)[shuffle]
    starts = np.array([day_number(y) for y in range(min(birth_year), max(birth_year) + 1)], np.int64)
    birth = starts[born_in - min(birth_year)] + rng.integers(0, np.where(kinds == _USUAL, 365, 320))
    old = years[-1] - born_in
    employed = np.select([old < 18, old < 24, old < 60], [0.0, 0.25, 0.52], 0.44)
    fate = np.select([old < 18, old < 46, old < 65, old < 80], [0.001, 0.004, 0.02, 0.06], 0.13)
    drawn = rng.random(len(birth))
    gone = drawn < fate * len(years)
    leaves = np.where(gone, years[0] + (drawn / fate).astype(np.int64), NEVER)
    return People(
        birth,
        np.repeat(np.array(sex, np.int8), times)[shuffle],
        (rng.random(len(birth)) >= employed).astype(np.int8),
        leaves.astype(np.int16),
        kinds,
        born_in.astype(np.int16),
    )
