"""A study of the groups decided stay by stay, in plain Python and exact fractions: what the kernels must propose.

Nothing is added up beforehand: a part is a list of stays, and every figure is worked out from it. The words of a
proposal (names, codes of new groups of a split, conditions) are left out.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

from drgpay.scheme import Adrg, Drg, Scheme
from drgpay.steps.study import Limits

Stay = Mapping[str, Any]
Stays = list[Stay]
Decision = tuple[Any, ...]
"""kind, ADRG, factor or reason, codes, drafted or only told, stays and cost before and after, share taken away"""
UNIT = 10_000
ORDER = ("severity", "age", "procedure", "diagnosis", "los")
LEVELS = {
    "mcc": {"mcc"}, "no_mcc": {"none", "cc"}, "cc": {"cc"}, "mcc_or_cc": {"cc", "mcc"}, "none": {"none"},
    "always": {"none", "cc", "mcc"},
}  # fmt: skip


@dataclass(frozen=True)
class Part:
    """One way to cut an ADRG: kind, condition, and which part a stay is in; ``eligible``: groups it may cut."""

    kind: str
    condition: str
    parts: int
    which: Callable[[Stay], int]
    eligible: frozenset[str]
    codes: tuple[str, ...] = ()


class PlainStudy:
    """Decides on the stays of the base years; ``lost``: (reason, MDC, diagnosis, operation, stays)."""

    def __init__(
        self, scheme: Scheme, stays: Iterable[Stay], limits: Limits, weights: Mapping[int, int],
        days: tuple[int, int], least: int, named: frozenset[str] = frozenset(),
    ) -> None:  # fmt: skip
        self.scheme, self.limits, self.weights, self.least, self.named = scheme, limits, weights, least, named
        there = [s for s in stays if s["year"] in weights and days[0] <= s["los"] <= days[1]]
        self.of: dict[str, Stays] = defaultdict(list)
        for s in self._not_too_dear(there):
            if s["status"] == "grouped":
                self.of[s["drg"]].append(s)

    def _not_too_dear(self, stays: Stays) -> Stays:
        units: dict[tuple[int, str], Stays] = defaultdict(list)
        for s in stays:
            units[s["year"], self._unit(s)].append(s)
        kept = []
        for its in units.values():
            mean = Fraction(sum(s["total_cost"] for s in its), len(its))
            bound = mean * self.limits.high_multiple / UNIT
            kept += [s for s in its if s["total_cost"] <= bound]
        return kept

    @staticmethod
    def _unit(stay: Stay) -> str:
        if stay["status"] == "grouped":
            return str(stay["drg"])
        return f"{stay['drg']}|{(stay['dx'] or [''])[0][:3]}"

    # figures of a list of stays

    @staticmethod
    def by_year(stays: Stays) -> dict[int, list[int]]:
        found: dict[int, list[int]] = defaultdict(list)
        for s in stays:
            found[s["year"]].append(s["total_cost"])
        return dict(found)

    def mean(self, stays: Stays) -> Fraction:
        years = {y: Fraction(sum(c), len(c)) for y, c in self.by_year(stays).items()}
        whole = sum(self.weights[y] for y in years)
        return Fraction(sum(self.weights[y] * m for y, m in years.items()), whole) if whole else Fraction(0)

    def spread(self, stays: Stays) -> Fraction:
        """Sum of squares around the mean of each year, deviation by deviation."""
        return sum(map(self.spread_of, self.by_year(stays).values()), Fraction(0))

    @staticmethod
    def spread_of(costs: Sequence[int]) -> Fraction:
        """Sum of squares around their mean: Σ (c − S/n)²."""
        n, whole = len(costs), sum(costs)
        return Fraction(sum((n * c - whole) ** 2 for c in costs), n * n)

    def enough(self, stays: Stays) -> bool:
        years = self.by_year(stays)
        return len(stays) >= self.limits.min_cases and all(
            len(years.get(y, ())) >= self.limits.min_cases_year for y in self.weights
        )

    def unlike(self, one: Stays, other: Stays) -> bool:
        """The dearer list is dearer by enough, in every year, and beyond chance."""
        low, high = sorted((one, other), key=self.mean)
        if self.mean(high) < self.mean(low) * (UNIT + self.limits.min_difference) / UNIT:
            return False
        below, above = self.by_year(low), self.by_year(high)
        gap, noise = Fraction(0), Fraction(0)
        for year in below.keys() & above.keys():
            means = [Fraction(sum(c), len(c)) for c in (below[year], above[year])]
            if means[1] <= means[0]:
                return False
            gap += means[1] - means[0]
            for costs in (below[year], above[year]):
                noise += self.spread_of(costs) / (len(costs) * max(len(costs) - 1, 1))
        return gap > 0 and (gap * UNIT) ** 2 >= noise * self.limits.separation**2

    def differ(self, parts: Sequence[Stays]) -> bool:
        return all(self.unlike(a, b) for a, b in pairwise(sorted(parts, key=self.mean)))

    # splits

    def groups(self, adrg: Adrg) -> list[Drg]:
        return [d for d in self.scheme.drgs_of[adrg.code] if d.code in self.of]

    def splits(self) -> Iterator[Decision]:
        for adrg in self.scheme.adrgs:
            stays = {d.code: self.of[d.code] for d in self.groups(adrg)}
            if sum(map(len, stays.values())) < 2 * self.limits.min_cases:
                continue
            found = []
            for part in self.parts(adrg, stays):
                best = self.way(part, stays)
                if best is not None:
                    found.append((part, *best))
            used = [f for f in found if f[0].kind in self.limits.factors]
            best_used = max(used, key=_rank, default=None)
            if best_used:
                yield self.split(adrg, *best_used, stays, drafted=True)
            for kind in ORDER:
                told = [f for f in found if f[0].kind == kind and kind not in self.limits.factors]
                first = max(told, key=_rank, default=None)
                if first and (best_used is None or first[1] > best_used[1]):
                    yield self.split(adrg, *first, stays, drafted=False)

    def way(self, part: Part, stays: Mapping[str, Stays]) -> tuple[Fraction, tuple[str, ...], bool] | None:
        """What a cut takes away, of which groups, and whether one new group of all is carved out of them."""
        cells = {
            d: [[s for s in its if part.which(s) == i] for i in range(part.parts)]
            for d, its in stays.items() if d in part.eligible
        }  # fmt: skip
        ways = []
        crossed = tuple(d for d, its in cells.items() if all(map(self.enough, its)) and self.differ(its))
        if crossed:
            gain = sum((self.spread(stays[d]) - sum(map(self.spread, cells[d]), Fraction(0)) for d in crossed),
                       Fraction(0))  # fmt: skip
            ways.append((gain, crossed, False))
        if len(stays) > 1 and part.parts == 2:
            taken = tuple(d for d, its in cells.items() if its[0])
            new = [s for d in taken for s in cells[d][0]]
            rest = [s for d in taken for s in cells[d][1]]
            most = all(2 * len(cells[d][1]) >= len(stays[d]) for d in taken)
            if most and self.enough(new) and self.enough(rest) and self.unlike(new, rest):
                left = self.spread(new) + sum((self.spread(cells[d][1]) for d in taken), Fraction(0))
                ways.append((sum((self.spread(stays[d]) for d in taken), Fraction(0)) - left, taken, True))
        if not ways:
            return None
        best = max(ways, key=lambda w: (w[0], not w[2]))
        whole = sum(map(self.spread, stays.values()), Fraction(0))
        return best if best[0] * UNIT >= whole * self.limits.min_reduction else None

    def split(
        self, adrg: Adrg, part: Part, gain: Fraction, groups: tuple[str, ...], carved: bool,
        stays: Mapping[str, Stays], *, drafted: bool,
    ) -> Decision:  # fmt: skip
        cells = {d: [[s for s in stays[d] if part.which(s) == i] for i in range(part.parts)] for d in groups}
        after = [its for d in groups for its in (cells[d][1:] if carved else cells[d])]
        if carved:
            after.append([s for d in groups for s in cells[d][0]])
            after += [its for d, its in stays.items() if d not in groups]
            after += [[] for d in self.scheme.drgs_of[adrg.code] if d.code not in stays]
        whole = sum(map(self.spread, stays.values()), Fraction(0))
        return (
            "split_group", adrg.code, part.kind, part.codes, drafted, _sizes(stays[d] for d in groups), _sizes(after),
            gain / (whole or 1),
        )  # fmt: skip

    def parts(self, adrg: Adrg, stays: Mapping[str, Stays]) -> Iterator[Part]:
        every = frozenset(stays)
        drgs = self.scheme.drgs_of[adrg.code]
        if all(d.split_text in LEVELS for d in drgs):
            for names in (("mcc", "no_mcc"), ("mcc_or_cc", "none"), ("mcc", "cc", "none")):
                mine = frozenset(
                    d.code for d in drgs if d.code in stays and all(LEVELS[d.split_text] & LEVELS[n] for n in names)
                )
                if mine:
                    yield Part("severity", names[0], len(names), _by_level(names), mine)
        for kind, step in (("age", self.limits.age_step), ("los", 1)):
            highest = {d: max((s[kind] for s in its if s[kind] is not None), default=0) for d, its in stays.items()}
            lowest = {d: min((s[kind] for s in its if s[kind] is not None), default=0) for d, its in stays.items()}
            bounds = range(step, max(highest.values(), default=0) + 1, step)
            for bound in bounds:
                mine = frozenset(d for d in every if lowest[d] < bound <= highest[d])
                if mine:
                    yield Part(kind, f"{kind}>={bound}", 2, _at_least(kind, bound), mine)
        for kind in ("procedure", "diagnosis"):
            for sign in (1, -1):
                codes = tuple(c for c in self.codes(kind, stays) if self.costly(kind, c, stays) == sign)
                if codes:
                    yield Part(kind, "", 2, _with_codes(kind, codes), every, codes)

    def codes(self, kind: str, stays: Mapping[str, Stays]) -> list[str]:
        return sorted({c for its in stays.values() for s in its for c in _codes_of(kind, s)})

    def costly(self, kind: str, code: str, stays: Mapping[str, Stays]) -> int:
        """1: stays with the code cost clearly more than those of their group and year, −1: clearly less."""
        n, cost, expected, noise = 0, 0, Fraction(0), Fraction(0)
        for its in stays.values():
            mine = [s for s in its if code in _codes_of(kind, s)]
            years = self.by_year(its)
            n, cost = n + len(mine), cost + sum(s["total_cost"] for s in mine)
            expected += sum((Fraction(sum(years[s["year"]]), len(years[s["year"]])) for s in mine), Fraction(0))
            noise += Fraction(len(mine), len(its)) * self.spread(its) if mine else 0
        if n < self.limits.min_code_cases or (cost - expected) ** 2 * UNIT**2 < noise * self.limits.separation**2:
            return 0
        low, high = sorted((Fraction(cost), expected))
        far = high * UNIT >= low * (UNIT + self.limits.min_difference)
        return (1 if cost > expected else -1) if far else 0

    # merges

    def merges(self, split: frozenset[str]) -> Iterator[Decision]:
        without = split | self.named
        for adrg in self.scheme.adrgs:
            drgs = sorted(self.scheme.drgs_of[adrg.code], key=lambda d: d.code)
            if adrg.code in without or not any(d.code in self.of for d in drgs):
                continue
            pairs = []
            for pair in pairwise(drgs):
                its = [self.of.get(d.code, []) for d in pair]
                if {d.code for d in pair} & without or not all(its):
                    continue
                low, high = sorted(map(self.mean, its))
                few = min(map(len, its)) < self.least
                near = high * UNIT < low * (UNIT + self.limits.merge_difference)
                if few or (all(map(self.enough, its)) and near):
                    pairs.append((high / (low or 1), pair[0].code, its, few))
            if pairs:
                _, _, its, few = min(pairs, key=lambda p: (p[0], p[1]))
                both = [s for part in its for s in part]
                within = sum(map(self.spread, its), Fraction(0))
                yield (
                    "merged_groups", adrg.code, "few_cases" if few else "equal_means", (), True, _sizes(its),
                    _sizes([both]), (within - self.spread(both)) / (within or 1),
                )  # fmt: skip

    # codes without a group

    def homes(
        self, lost: Sequence[tuple[str, str, str, str, Stays]], known: frozenset[str]
    ) -> Iterator[Decision]:  # fmt: skip
        """New groups and places; the stays of ``lost`` are those that count."""
        units: dict[tuple[str, str, str], list[tuple[str, str, Stays]]] = defaultdict(list)
        for reason, mdc, dx, operation, stays in lost:
            code = operation if reason == "unrelated_operation" else dx
            home = self.home(reason, mdc, code) if code in known else ""
            if home:
                units[reason, home, code[: 4 if reason == "unrelated_operation" else 3]].append((code, mdc, stays))
        placed: dict[tuple[str, str], list[tuple[str, str, Stays]]] = defaultdict(list)
        for (reason, home, _), its in sorted(units.items()):
            stays = [s for _, _, part in its for s in part]
            own = [s for d in self.scheme.drgs_of[home] for s in self.of.get(d.code, ())]
            if self.enough(stays) and (not own or self.unlike(stays, own)):
                mdc = next(a.mdc for a in self.scheme.adrgs if a.code == home)
                yield (
                    "new_group",
                    mdc,
                    reason,
                    _sorted_codes(its),
                    True,
                    _sizes([stays]),
                    _sizes([stays]),
                    Fraction(0),
                )
            elif reason != "unrelated_operation" or self.enough(stays):
                placed[reason, home] += its
        for (reason, home), its in sorted(placed.items()):
            adrg = next(a for a in self.scheme.adrgs if a.code == home)
            category = next(m for m in self.scheme.mdcs if m.code == adrg.mdc)
            codes = _sorted_codes(its)
            outside = reason != "unrelated_operation" and set(codes) - set(category.dx)
            if outside or set(codes) - adrg.lists[adrg.rule_text]:
                stays = [s for _, _, part in its for s in part]
                own = [s for d in self.scheme.drgs_of[home] for s in self.of.get(d.code, ())]
                yield (
                    "placed_codes",
                    home,
                    reason,
                    codes,
                    True,
                    _sizes([stays]),
                    _sizes([[*own, *stays]]),
                    Fraction(0),
                )

    def home(self, reason: str, mdc: str, code: str) -> str:
        """The ADRG, reached by a code alone, that lists most codes with the same beginning; "" where none does."""
        if reason not in ("no_mdc", "no_group", "unrelated_operation"):
            return ""
        rule = "pproc" if reason == "unrelated_operation" else "pdx"
        mdcs = {m.code: m for m in self.scheme.mdcs}
        for length in (5, 4 if rule == "pproc" else 3):
            counts: Counter[str] = Counter()
            for adrg in self.scheme.adrgs:
                its = mdcs[adrg.mdc]
                plain = not its.pre and not any(any(sites) for sites in its.dx.values())
                if plain and adrg.rule_text == rule and (reason == "no_mdc" or adrg.mdc == mdc):
                    counts[adrg.code] = sum(c[:length] == code[:length] for c in adrg.lists[rule])
            most = max(counts.values(), default=0)
            if most:
                return min(code for code, n in counts.items() if n == most)
        return ""


def _rank(found: tuple[Part, Fraction, tuple[str, ...], bool]) -> tuple[Fraction, int, str]:
    """The most spread taken away; of equal ones the factor named first, then the later condition."""
    return found[1], -ORDER.index(found[0].kind), found[0].condition


def _codes_of(kind: str, stay: Stay) -> list[str]:
    if kind == "procedure":
        return sorted(set(stay["proc"] or ()))
    return [c for c in (stay["dx"] or [])[:1] if c]


def _by_level(names: Sequence[str]) -> Callable[[Stay], int]:
    return lambda stay: next((i for i, name in enumerate(names) if stay["severity"] in LEVELS[name]), -1)


def _at_least(kind: str, bound: int) -> Callable[[Stay], int]:
    return lambda stay: 0 if stay[kind] is not None and stay[kind] >= bound else 1


def _with_codes(kind: str, codes: Sequence[str]) -> Callable[[Stay], int]:
    return lambda stay: 0 if set(codes) & set(_codes_of(kind, stay)) else 1


def _sizes(parts: Iterable[Stays]) -> list[tuple[int, int]]:
    """Stays and cost of every part, sorted."""
    return sorted((len(its), sum(s["total_cost"] for s in its)) for its in parts)


def _sorted_codes(its: Iterable[tuple[str, str, Stays]]) -> tuple[str, ...]:
    return tuple(sorted({code for code, _, _ in its}))
