"""Sums of some stays by year: cases, cost and squared cost, exact; means, variation and separation from them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from drgpay.units import ONE, half_up, variation

Sums = tuple[int, int, int]
"""n, Σ cost (fen), Σ cost²"""


@dataclass(frozen=True)
class Moments:
    """Sums of a set of stays by year."""

    years: Mapping[int, Sums]

    @staticmethod
    def of(rows: Iterable[tuple[int, int, int, int]]) -> Moments:
        """From (year, n, cost, squares), added up by year."""
        found: dict[int, list[int]] = defaultdict(lambda: [0, 0, 0])
        for year, *sums in rows:
            for place, value in enumerate(sums):
                found[year][place] += value
        return Moments({year: (n, s, q) for year, (n, s, q) in sorted(found.items()) if n})

    def __add__(self, other: Moments) -> Moments:
        return Moments.of((year, *sums) for its in (self, other) for year, sums in its.years.items())

    def __sub__(self, other: Moments) -> Moments:
        """What is left when a part is taken out."""
        taken = [(year, -n, -s, -q) for year, (n, s, q) in other.years.items()]
        return Moments.of([*((year, *sums) for year, sums in self.years.items()), *taken])

    @cached_property
    def n(self) -> int:
        """Cases of all years."""
        return sum(n for n, _, _ in self.years.values())

    @cached_property
    def cost(self) -> int:
        """Their cost."""
        return sum(s for _, s, _ in self.years.values())

    @cached_property
    def within(self) -> Fraction:
        """Sum of squares around the mean of each year: what moves all costs from year to year is no spread."""
        return sum((q - Fraction(s * s, n) for n, s, q in self.years.values()), Fraction(0))

    @property
    def cv(self) -> int | None:
        """Coefficient of variation of all years together, as the base period prints it."""
        return variation(self.n, self.cost, sum(q for _, _, q in self.years.values()))

    def least(self, years: Iterable[int]) -> int:
        """Fewest cases in one of these years."""
        return min(self.years.get(year, (0, 0, 0))[0] for year in years)

    def mean(self, weights: Mapping[int, int]) -> Fraction:
        """Σ w·(S/n) / Σ w over the years with cases, as of the base period; 0 without any."""
        there = {year: Fraction(s, n) for year, (n, s, _) in self.years.items() if weights.get(year)}
        whole = sum((weights[year] * m for year, m in there.items()), Fraction(0))
        return Fraction(whole, sum(weights[year] for year in there) or 1)

    def printed_mean(self, weights: Mapping[int, int]) -> int:
        """The mean, half up to fen."""
        mean = self.mean(weights)
        return half_up(mean.numerator, mean.denominator)


NOTHING = Moments({})


def total(those: Iterable[Moments]) -> Moments:
    """All of them together."""
    return Moments.of((year, *sums) for its in those for year, sums in its.years.items())


def apart(low: Fraction, high: Fraction, least: int) -> bool:
    """The higher mean is at least ``1 + least`` times the lower one (1/10,000)."""
    return high * ONE >= low * (ONE + least)


def separated(one: Moments, other: Moments, multiple: int) -> bool:
    """The difference of the means of all years, taken within the years, is at least ``multiple`` (1/10,000) of its
    standard error: (Σ d)² ≥ m² · Σ (variances of the means), years weighted alike."""
    difference, error = Fraction(0), Fraction(0)
    for year in one.years.keys() & other.years.keys():
        sides = [(m.years[year], Moments({year: m.years[year]}).within) for m in (one, other)]
        (a, _), (b, _) = sides
        difference += Fraction(a[1], a[0]) - Fraction(b[1], b[0])
        error += sum((Fraction(ss, n * max(n - 1, 1)) for (n, _, _), ss in sides), Fraction(0))
    return difference != 0 and difference**2 * ONE**2 >= error * multiple**2


def same_way(low: Moments, high: Moments, years: Iterable[int]) -> bool:
    """In every year that has both, the mean of ``high`` is above that of ``low``."""
    both = [year for year in years if year in low.years and year in high.years]
    return all(high.years[y][1] * low.years[y][0] > low.years[y][1] * high.years[y][0] for y in both)
