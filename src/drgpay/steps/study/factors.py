"""What could split an ADRG: severity, age, codes of procedures or principal diagnoses, days of stay; with the stays
of each part by group."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from drgpay.scheme import Adrg, Scheme, load_codes
from drgpay.scheme.rules import STANDINGS, Expr, holds_for, parse, show
from drgpay.steps.study.limits import Limits
from drgpay.steps.study.moments import NOTHING, Moments, apart, total
from drgpay.steps.study.sums import CodeSet, Values
from drgpay.units import ONE

_WHOLE = ""
_SEVERITY = {
    "mcc": ("伴严重并发症或合并症", frozenset({"mcc"}), "1"),
    "no_mcc": ("不伴严重并发症或合并症", frozenset({"none", "cc"}), "5"),
    "cc": ("伴并发症或合并症", frozenset({"cc"}), "3"),
    "mcc_or_cc": ("伴并发症或合并症", frozenset({"cc", "mcc"}), "3"),
    "none": ("不伴并发症或合并症", frozenset({"none"}), "5"),
}
"""condition → its words in the name of a group, the levels it takes, the usual last digit of the group's code"""
SEVERITY_WORDS = {condition: words for condition, (words, _, _) in _SEVERITY.items()}
"""severity as a split names it → its words in the name of a group"""
_BY_SEVERITY = (("mcc", "no_mcc"), ("mcc_or_cc", "none"), ("mcc", "cc", "none"))
_LIST_KIND = {"procedure": "proc", "diagnosis": "pdx"}


@dataclass(frozen=True)
class Cut:
    """One part of a factor: its condition in the grammar of splits, its words in a group's name, and the digit that
    groups of this part usually end with ("" for any)."""

    condition: str
    name: str
    digit: str = ""


@dataclass(frozen=True)
class Factor:
    """What could split an ADRG: cuts that take every stay once, and the stays of each cut by group. ``lists``: codes
    that the conditions name, by the name of their list."""

    kind: str
    adrg: str
    cuts: tuple[Cut, ...]
    cells: Mapping[str, tuple[Moments, ...]]
    lists: Mapping[str, tuple[str, ...]]

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes it goes by; none for numbers and severity."""
        return tuple(code for codes in self.lists.values() for code in codes)


def single_factors(scheme: Scheme, adrg: Adrg, values: Values, limits: Limits) -> Iterator[Factor]:
    """Factors of an ADRG that have one value for every stay: severity, age, days of stay."""
    drgs = [d.code for d in scheme.drgs_of[adrg.code] if d.code in values]
    yield from _severities(scheme, adrg, values)
    for kind, words, step in (("age", "年龄{}{}岁", limits.age_step), ("los", "住院{}{}天", 1)):
        yield from _thresholds(adrg, drgs, values, kind, words, step)


def _severities(scheme: Scheme, adrg: Adrg, values: Values) -> Iterator[Factor]:
    """Severity, for the groups that hold stays of each part; of an ADRG whose groups ask for nothing else."""
    if any(d.split_text not in ("always", *_SEVERITY) for d in scheme.drgs_of[adrg.code]):
        return
    for names in _BY_SEVERITY:
        levels = [_standings(parse(name, "split")) for name in names]
        cells = {
            d.code: tuple(_severe(values, d.code, _SEVERITY[name][1]) for name in names)
            for d in scheme.drgs_of[adrg.code]
            if d.code in values and all(_standings(d.split) & those for those in levels)
        }
        if cells:
            cuts = tuple(Cut(name, _SEVERITY[name][0], _SEVERITY[name][2]) for name in names)
            yield Factor("severity", adrg.code, cuts, cells, {})


def _standings(tree: Expr) -> frozenset[int]:
    return frozenset(place for place in range(len(STANDINGS)) if holds_for(tree, place))


def _severe(values: Values, drg: str, levels: Iterable[str]) -> Moments:
    there = values[drg].get("severity", {})
    return total(there[level] for level in levels if level in there)


def _thresholds(
    adrg: Adrg, drgs: Sequence[str], values: Values, kind: str, words: str, step: int
) -> Iterator[Factor]:
    """At and above a number against below it (or not known), for every multiple of ``step`` there is."""
    above: dict[int, dict[str, Moments]] = {}
    for drg in drgs:
        numbers = {int(value): its for value, its in values[drg].get(kind, {}).items() if value}
        so_far, low = NOTHING, max(numbers, default=0) // step * step
        for number in sorted(numbers, reverse=True):
            while number < low:
                above.setdefault(low, {})[drg] = so_far
                low -= step
            so_far += numbers[number]
    for least in sorted(above):
        cells = {drg: (its, values[drg][_WHOLE][_WHOLE] - its) for drg, its in above[least].items()}
        at = f"{kind}>={least}"
        cuts = (Cut(at, words.format("≥", least)), Cut(f"!{at}", words.format("＜", least)))
        yield Factor(kind, adrg.code, cuts, cells, {})


def code_sets(scheme: Scheme, values: Values, limits: Limits) -> list[CodeSet]:
    """Codes of each ADRG whose stays cost clearly more than those of their groups, and codes that cost clearly less.

    A code counts with ``min_code_cases`` stays; what is expected of them is the mean of their group in the year, so
    that a code of severe patients is not taken for a costly one.
    """
    sets = []
    for adrg in scheme.adrgs:
        drgs = [d.code for d in scheme.drgs_of[adrg.code] if d.code in values]
        if sum(values[drg][_WHOLE][_WHOLE].n for drg in drgs) < 2 * limits.min_cases:
            continue
        for kind in _LIST_KIND:
            codes = sorted({code for drg in drgs for code in values[drg].get(kind, {}) if code})
            ways = {code: _way(values, drgs, kind, code, limits) for code in codes}
            for way in (1, -1):
                chosen = tuple(code for code in codes if ways[code] == way)
                if chosen:
                    sets.append(CodeSet(adrg.code, kind, chosen))
    return sets


def _way(values: Values, drgs: Sequence[str], kind: str, code: str, limits: Limits) -> int:
    """1 when the stays of a code cost clearly more than expected, −1 when less, else 0."""
    n, cost, expected, error = 0, 0, Fraction(0), Fraction(0)
    for drg in drgs:
        mine = values[drg].get(kind, {}).get(code)
        if mine is None:
            continue
        whole = values[drg][_WHOLE][_WHOLE]
        n, cost = n + mine.n, cost + mine.cost
        for year, (count, _, _) in mine.years.items():
            expected += Fraction(count * whole.years[year][1], whole.years[year][0])
        error += Fraction(mine.n * whole.within, whole.n)
    if n < limits.min_code_cases or (cost - expected) ** 2 * ONE**2 < error * limits.separation**2:
        return 0
    low, high = sorted((Fraction(cost), expected))
    return (1 if cost > expected else -1) if apart(low, high, limits.min_difference) else 0


def set_factor(scheme: Scheme, its: CodeSet, inside: Mapping[str, Moments], values: Values) -> Factor:
    """A set of codes as a factor: stays with one of them, and the others."""
    adrg = next(a for a in scheme.adrgs if a.code == its.adrg)
    name = free_list(_LIST_KIND[its.factor], adrg.lists)
    drgs = [d.code for d in scheme.drgs_of[its.adrg] if d.code in values]
    cells = {d: (inside.get(d, NOTHING), values[d][_WHOLE][_WHOLE] - inside.get(d, NOTHING)) for d in drgs}
    word = ("伴" if its.factor == "procedure" else "主要诊断为") + codes_name(its.codes)
    other = "不伴" + word.removeprefix("伴") if its.factor == "procedure" else "其他主要诊断"
    cuts = (Cut(show(parse(name, "split")), word), Cut(f"!{name}", other))
    return Factor(its.factor, its.adrg, cuts, cells, {name: its.codes})


def free_list(kind: str, taken: Iterable[str]) -> str:
    """A name for a list of this kind that is not taken."""
    used = set(taken)
    return next(name for name in (kind, *(f"{kind}{i}" for i in range(2, len(used) + 3))) if name not in used)


def codes_name(codes: Sequence[str]) -> str:
    """Some codes in the words of their dictionary: the first one, and that there are more."""
    names = (load_codes(book).name(codes[0]) for book in ("icd10-nhsa-2.0", "icd9cm3-nhsa-2.0", "icd10-nhsa-1.0"))
    return (next((name for name in names if name), "") or codes[0]) + ("等" if len(codes) > 1 else "")
