"""Splits and merges of the groups of an ADRG, decided on exact sums."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from drgpay.scheme import Adrg, Drg, Scheme
from drgpay.scheme.rules import And, Const, Expr, Or, parse, plainest, show_split
from drgpay.steps.study.factors import SEVERITY_WORDS, Factor, set_factor, single_factors
from drgpay.steps.study.limits import FACTORS, Limits
from drgpay.steps.study.model import Piece, Proposal
from drgpay.steps.study.moments import Moments, apart, same_way, separated, total
from drgpay.steps.study.sums import CodeSet, Values
from drgpay.units import ONE

Weights = Mapping[int, int]
"""year → weight in the base period"""
_DIGITS = "123456789ABCDEFGHJKLMNPQRSTUVWXYZ"
_MERGED = {"always": "", "mcc_or_cc": "，伴并发症或合并症", "no_mcc": "，不伴严重并发症或合并症"}


@dataclass(frozen=True)
class Judge:
    """Decides by the limits and the weights of the base years."""

    limits: Limits
    weights: Weights

    def enough(self, stays: Moments) -> bool:
        """Cases enough for a group, in all and in each year."""
        return stays.n >= self.limits.min_cases and stays.least(self.weights) >= self.limits.min_cases_year

    def differ(self, parts: Sequence[Moments]) -> bool:
        """Every part is a group of its own: its mean is apart from the next one's, in every year the same way."""
        ordered = sorted(parts, key=lambda p: p.mean(self.weights))
        return all(self.unlike(low, high) for low, high in pairwise(ordered))

    def unlike(self, low: Moments, high: Moments) -> bool:
        """The means of two sets of stays are apart beyond chance, in every year the same way."""
        means = (low.mean(self.weights), high.mean(self.weights))
        return (
            apart(*means, self.limits.min_difference)
            and same_way(low, high, self.weights)
            and separated(low, high, self.limits.separation)
        )


@dataclass(frozen=True)
class _Found:
    """A factor that can split an ADRG: which of its groups; ``carved``: its first cut becomes one group of all."""

    factor: Factor
    gain: Fraction
    groups: tuple[str, ...]
    carved: bool


def split_of(judge: Judge, factor: Factor, stays: Mapping[str, Moments]) -> _Found | None:
    """The better way to split an ADRG by a factor: each group of its own, or one new group of all. None without.

    ``stays``: of every group of the ADRG. The gain is the sum of squares within groups that goes away.
    """
    whole = sum((its.within for its in stays.values()), Fraction(0))
    crossed = tuple(
        drg for drg, parts in factor.cells.items() if all(map(judge.enough, parts)) and judge.differ(parts)
    )
    gain = sum(
        (stays[d].within - sum((p.within for p in factor.cells[d]), Fraction(0)) for d in crossed), Fraction(0)
    )
    ways = [_Found(factor, gain, crossed, False)] if crossed else []
    if len(stays) > 1 and len(factor.cuts) == 2:
        taken = tuple(drg for drg, parts in factor.cells.items() if parts[0].n)
        new, rest = (total(factor.cells[drg][i] for drg in taken) for i in (0, 1))
        most = all(2 * factor.cells[drg][1].n >= stays[drg].n for drg in taken)
        if most and judge.enough(new) and judge.enough(rest) and judge.differ((new, rest)):
            left = sum((factor.cells[d][1].within for d in taken), new.within)
            gain = sum((stays[d].within for d in taken), Fraction(0)) - left
            ways.append(_Found(factor, gain, taken, True))
    best = max(ways, key=lambda w: (w.gain, not w.carved), default=None)
    enough = best is not None and best.gain * ONE >= whole * judge.limits.min_reduction
    return best if enough else None


def propose_splits(
    scheme: Scheme, values: Values, sets: Sequence[tuple[CodeSet, Mapping[str, Moments]]], judge: Judge
) -> Iterator[Proposal]:
    """For every ADRG the factor that takes most of its spread away, of those that a draft may use; and the days of
    stay, where they would take more, as something only told."""
    by_adrg: dict[str, list[Factor]] = {}
    for its, inside in sets:
        by_adrg.setdefault(its.adrg, []).append(set_factor(scheme, its, inside, values))
    for adrg in scheme.adrgs:
        drgs = [d for d in scheme.drgs_of[adrg.code] if d.code in values]
        stays = {d.code: values[d.code][""][""] for d in drgs}
        if sum(its.n for its in stays.values()) < 2 * judge.limits.min_cases:
            continue
        factors = [*single_factors(scheme, adrg, values, judge.limits), *by_adrg.get(adrg.code, ())]
        found = [f for factor in factors if (f := split_of(judge, factor, stays)) is not None]
        used = [f for f in found if f.factor.kind in judge.limits.factors]
        told = [f for f in found if f.factor.kind not in judge.limits.factors]
        best = max(used, key=_rank, default=None)
        if best is not None:
            yield _split(scheme, adrg, best, stays, drafted=True)
        for kind in FACTORS:
            other = max((f for f in told if f.factor.kind == kind), key=_rank, default=None)
            if other is not None and (best is None or other.gain > best.gain):
                yield _split(scheme, adrg, other, stays, drafted=False)


def _rank(found: _Found) -> tuple[Fraction, int, str]:
    """The greatest gain; of equal ones the factor named first, and the plainer condition."""
    return found.gain, -FACTORS.index(found.factor.kind), found.factor.cuts[0].condition


def _split(scheme: Scheme, adrg: Adrg, found: _Found, stays: Mapping[str, Moments], *, drafted: bool) -> Proposal:
    """A split as a proposal, with all groups of the ADRG as they become."""
    drgs, factor = scheme.drgs_of[adrg.code], found.factor
    taken = {d.code for d in drgs}
    nothing = Moments({})
    after: list[Piece] = []
    fresh: dict[str, str] = {}
    if found.carved:
        code = _free_code(adrg.code, taken, factor.cuts[0].digit)
        name = f"{adrg.name}，{factor.cuts[0].name}"
        tree: Expr = parse(factor.cuts[0].condition, "split")
        if len(found.groups) < len(drgs):
            tree = And((Or(tuple(d.split for d in drgs if d.code in found.groups)), tree))
        after.append(Piece(code, name, show_split(plainest(tree)),
                           total(factor.cells[d][0] for d in found.groups)))  # fmt: skip
        fresh[code] = name
    for drg in drgs:
        if drg.code not in found.groups:
            after.append(Piece(drg.code, drg.name, drg.split_text, stays.get(drg.code, nothing)))
        elif found.carved:
            name = f"{drg.name}，{factor.cuts[1].name}"
            after.append(Piece(drg.code, name, _both(drg, factor.cuts[1].condition), factor.cells[drg.code][1]))
        else:
            usual = len(drgs) == 1 and drg.split_text == "always"
            base = adrg.name if factor.kind == "severity" else drg.name
            for place, (cut, part) in enumerate(zip(factor.cuts, factor.cells[drg.code], strict=True)):
                keeps = place == len(factor.cuts) - 1 and not (usual and cut.digit)
                code = drg.code if keeps else _free_code(adrg.code, taken, cut.digit)
                taken.add(code)
                condition = _both(drg, cut.condition)
                name = f"{base}，{SEVERITY_WORDS.get(condition, cut.name) if base == adrg.name else cut.name}"
                fresh |= {} if keeps else {code: name}
                after.append(Piece(code, name, condition, part))
    before = tuple(Piece(d.code, d.name, d.split_text, stays[d.code]) for d in drgs if d.code in found.groups)
    whole = sum((its.within for its in stays.values()), Fraction(0))
    into = {p.drg: {"name": p.name, "split": p.condition} for p in sorted(after, key=lambda p: p.drg)}
    lists = {name: list(codes) for name, codes in factor.lists.items()}
    change = {"split": adrg.code, **({"lists": lists} if lists else {}), "into": into}
    changed = tuple(p for p in after if found.carved or p.drg in fresh or p.drg in found.groups)
    return Proposal(
        "split_group", adrg.code, factor.kind, before, changed, Fraction(found.gain, whole or 1),
        factor.codes, (change,) if drafted else (), fresh,
    )  # fmt: skip


def _both(drg: Drg, condition: str) -> str:
    tree = parse(condition, "split")
    return show_split(plainest(tree if drg.split == Const(True) else And((drg.split, tree))))


def _free_code(adrg: str, taken: set[str], digit: str) -> str:
    """A code of the ADRG that no group has: with the usual digit where that is free."""
    return next(code for d in (digit or "1", *_DIGITS) if (code := f"{adrg}{d}") not in taken)


def propose_merges(
    scheme: Scheme, values: Values, judge: Judge, least: int, without: frozenset[str]
) -> Iterator[Proposal]:
    """In every ADRG the two neighbouring groups that are nearest: where one has fewer than ``least`` cases, or where
    both have enough and their means differ less than the bound. ``without``: groups and ADRG to leave as they are.

    Neighbours are groups whose codes follow each other: levels of severity that touch.
    """
    weights = judge.weights
    for adrg in scheme.adrgs:
        drgs = sorted(scheme.drgs_of[adrg.code], key=lambda d: d.code)
        stays = {d.code: values[d.code][""][""] for d in drgs if d.code in values}
        if adrg.code in without or not stays:
            continue
        pairs = []
        for one, other in pairwise(drgs):
            its = [stays.get(d.code, Moments({})) for d in (one, other)]
            if {one.code, other.code} & without or not all(m.n for m in its):
                continue
            low, high = sorted(m.mean(weights) for m in its)
            few = min(m.n for m in its) < least
            if few or (all(map(judge.enough, its)) and not apart(low, high, judge.limits.merge_difference)):
                pairs.append((Fraction(high, low or 1), one, other, few))
        if pairs:
            _, one, other, few = min(pairs, key=lambda p: (p[0], p[1].code))
            yield _merge(adrg, (one, other), stays, "few_cases" if few else "equal_means", len(drgs) == 2)


def _merge(adrg: Adrg, pair: tuple[Drg, Drg], stays: Mapping[str, Moments], why: str, whole: bool) -> Proposal:
    split = "always" if whole else show_split(plainest(Or(tuple(d.split for d in pair))))
    name = adrg.name + _MERGED[split] if split in _MERGED else "；".join(d.name for d in pair)
    before = tuple(Piece(d.code, d.name, d.split_text, stays[d.code]) for d in pair)
    into = f"{adrg.code}9" if whole else pair[0].code
    after = (Piece(into, name, split, total(p.stays for p in before)),)
    within = sum((p.stays.within for p in before), Fraction(0))
    change = {"merge": [d.code for d in pair], "into": into, "name": name}
    lost = Fraction(within - after[0].stays.within, within or 1)
    return Proposal("merged_groups", adrg.code, why, before, after, lost, (), (change,), {into: name})
