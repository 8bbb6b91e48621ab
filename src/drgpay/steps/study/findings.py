"""What is wrong with the groups as they are: stays without one, and groups that are few, wide or moving."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

from drgpay.scheme import UNGROUPED, Scheme
from drgpay.steps.study.homes import Lost
from drgpay.steps.study.moments import Moments, total
from drgpay.steps.study.splits import Judge
from drgpay.steps.study.sums import Values
from drgpay.tables.study import STUDY_FINDINGS_KINDS
from drgpay.units import ONE, half_up

WHAT = STUDY_FINDINGS_KINDS
"""kinds of findings: reasons for no group, then what is wrong with a group"""


class Finding(NamedTuple):
    """One finding. ``code``: the code that no group takes; ``year`` and ``value`` (1/10,000) of a mean that moves:
    its growth over the year before, less that of all stays."""

    what: str
    drg: str
    code: str
    stays: Moments
    year: int = 0
    value: int | None = None


class Judged(NamedTuple):
    """A group as the base period judges it."""

    n: int
    cv: int | None
    stable: bool


def findings(
    scheme: Scheme, lost: Sequence[Lost], groups: Mapping[str, Judged], values: Values, judge: Judge, least: int
) -> Iterator[Finding]:
    """All findings. ``groups``: what the base period says of each; ``least``: cases of a stable group."""
    without: dict[tuple[str, str, str], list[Moments]] = {}
    for one in lost:
        drg = f"{one.mdc}QY" if one.reason == "unrelated_operation" else UNGROUPED
        without.setdefault((one.reason, drg, one.code), []).append(one.stays)
    for (what, drg, code), parts in sorted(without.items(), key=lambda i: (WHAT.index(i[0][0]), i[0][1:])):
        yield Finding(what, drg, code, total(parts))
    known = {d.code for d in scheme.drgs}
    stays = {drg: its[""][""] for drg, its in values.items() if drg in known}
    whole = total(stays.values())
    years = sorted(judge.weights)
    for drg, its in sorted(stays.items()):
        group = groups.get(drg)
        if group is not None and not group.stable:
            yield Finding("few_cases" if group.n < least else "high_variation", drg, "", its, 0, group.cv)
        elif group is not None and group.cv is not None and group.cv > judge.limits.wide_cv:
            yield Finding("wide_group", drg, "", its, 0, group.cv)
        for before, year in pairwise(years):
            moved = _moved(its, whole, before, year, judge)
            if moved is not None:
                yield Finding("moving_mean", drg, "", its, year, moved)


def _moved(its: Moments, whole: Moments, before: int, year: int, judge: Judge) -> int | None:
    """Growth of a mean less that of all stays, where it is beyond the limit and beyond chance."""
    if min(its.least((before, year)), whole.least((before, year))) < judge.limits.min_cases_year:
        return None
    growth = [Fraction(_mean(m, year), _mean(m, before) or 1) for m in (its, whole)]
    difference = growth[0] - growth[1]
    expected = _mean(its, before) * growth[1]
    error = sum((_variance(its, y) * (growth[1] ** 2 if y == before else 1) for y in (before, year)), Fraction(0))
    beyond = (_mean(its, year) - expected) ** 2 * ONE**2 >= error * judge.limits.separation**2
    if abs(difference) * ONE <= judge.limits.mean_move or not beyond:
        return None
    return half_up(difference.numerator * ONE, difference.denominator)


def _mean(its: Moments, year: int) -> Fraction:
    n, s, _ = its.years[year]
    return Fraction(s, n)


def _variance(its: Moments, year: int) -> Fraction:
    """Of the mean of a year."""
    n = its.years[year][0]
    return Fraction(Moments({year: its.years[year]}).within, n * max(n - 1, 1))
