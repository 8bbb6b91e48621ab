"""Verified records to draw from: principal diagnosis, complications and procedures that lead to a known group.

Candidates are read off the scheme's own rules, grouped once by the grouping step, and kept only where they arrive
in the intended ADRG whatever the sex, age and length of stay drawn later. So a scheme that changes needs no change
here.
"""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import product

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from drgpay.samples import casemix
from drgpay.scheme import UNGROUPED, Adrg, Mdc, Scheme, load, load_codes
from drgpay.scheme.rules import Atom, Compare, Const, InList, Operation, Severity, atoms, fold
from drgpay.steps.grouping import group_batch

Ints = npt.NDArray[np.int64]

TRIES = 20
"""candidates per ADRG"""
KEPT = 10
"""templates kept per group"""
UNRELATED = 0.015
"""share of a medical group's stays with an operation unrelated to the principal diagnosis"""
BUNDLES = 512
BUNDLE = 8
"""sets of unimportant other diagnoses, and their size"""


@dataclass(frozen=True)
class Ragged:
    """Lists of code numbers laid end to end: list ``i`` is ``values[offsets[i]:offsets[i + 1]]``."""

    offsets: Ints
    values: Ints

    @classmethod
    def of(cls, lists: Iterable[Sequence[int]]) -> Ragged:
        """From plain lists."""
        plain = [list(one) for one in lists]
        sizes = np.array([0, *(len(one) for one in plain)], np.int64)
        return cls(np.cumsum(sizes), np.array([v for one in plain for v in one], np.int64))


@dataclass(frozen=True)
class Group:
    """A group that can be drawn: its ADRG, its templates ``first``..``last`` − 1, and how its stays look."""

    drg: str
    adrg: str
    surgical: bool
    share: float
    """of its ADRG"""
    sex: str
    """male, female or any"""
    first: int
    last: int

    def case(self, weight: float = 1.0) -> casemix.Case:
        """How its stays look, given its weight."""
        return casemix.case(self.adrg or "X", self.surgical, weight)


@dataclass(frozen=True)
class Templates:
    """Every template, sorted by group. ``chance`` rises from g to g + 1 inside group g: draw with one search.

    ``bundles`` and ``examinations`` hold code numbers that never change the result, by kind of patient.
    """

    groups: tuple[Group, ...]
    chance: npt.NDArray[np.float64] = field(repr=False)
    dx: Ragged = field(repr=False)
    proc: Ragged = field(repr=False)
    days: Ints = field(repr=False)
    birth_weight: Ints = field(repr=False)
    dx_codes: tuple[str, ...] = field(repr=False)
    proc_codes: tuple[str, ...] = field(repr=False)
    bundles: dict[str, Ints] = field(repr=False)
    examinations: Ints = field(repr=False)


@dataclass(frozen=True)
class _Draft:
    """A candidate record. ``days`` and ``weight`` are the ages (in days) and birth weights it is meant for."""

    adrg: str
    dx: tuple[str, ...]
    proc: tuple[str, ...]
    sexes: tuple[str, ...]
    rank: int
    days: tuple[int, int] | None = None
    weight: tuple[int, int] = (0, 0)
    unrelated: bool = False
    level: int = 0
    """severity meant: 0 none, 1 CC, 2 MCC"""

    def rows(self) -> list[dict[str, object]]:
        """Two stays as far apart as the generator may draw them."""
        days = self.days or (None, None)
        age = (0, 0) if self.days else (4, 83)
        return [
            {
                "dx": self.dx, "proc": self.proc, "sex": self.sexes[-i], "age": age[i], "age_days": days[i],
                "birth_weight": self.weight[i] or None, "admission_weight": self.weight[i] or None,
                "los": (2, 70)[i],
            }
            for i in (0, 1)
        ]  # fmt: skip


class _Pools:
    """The codes a draft may use, in a fixed order, without those that may not be reported."""

    def __init__(self, scheme: Scheme) -> None:
        self.scheme = scheme
        self._tables: dict[str, list[str]] = {}
        dx, proc = load_codes("icd10-nhsa-2.0"), load_codes("icd9cm3-nhsa-2.0")
        self.dx, self.proc = dx.known - dx.gray, proc.known - proc.gray
        listed = {code for a in scheme.adrgs for name, codes in a.lists.items() if "proc" in name for code in codes}
        self.idle_ops = sorted((self.proc & scheme.operation) - listed)
        self.ops = sorted(self.proc & scheme.operation)
        self.idle_procs = sorted(self.proc - scheme.operation - listed)
        watched = {
            code
            for a in scheme.adrgs
            for name, codes in a.lists.items()
            if name.startswith(("adx", "odx"))
            for code in codes
        }
        sites = {code for mdc in scheme.mdcs for code, those in mdc.dx.items() if any(those)}
        self.idle_dx = self.dx - scheme.mcc.keys() - scheme.cc.keys() - watched - sites

    def of_list(self, adrg: Adrg, name: str, mdc: Mdc) -> list[str]:
        """Codes of an ADRG list that may be reported, for diagnoses those of the MDC table if there are such."""
        codes = adrg.lists[name]
        if "proc" in name:
            return sorted(codes & self.proc or codes)
        return sorted((codes & mdc.dx.keys() or codes) & self.dx or codes)

    def of_table(self, mdc: Mdc) -> list[str]:
        """Principal diagnoses of an MDC that may be reported; any for the MDC that takes any."""
        if mdc.code not in self._tables:
            self._tables[mdc.code] = sorted(self.dx if mdc.pre else mdc.dx.keys() & self.dx)
        return self._tables[mdc.code]


def _needs(atom: Const | Atom) -> list[tuple[Atom, ...]]:
    return [() if isinstance(atom, Const) else (atom,)]


def alternatives(adrg: Adrg) -> list[tuple[Atom, ...]]:
    """The ways to satisfy an ADRG's rule: each a set of atoms to provide; negations are left to the check."""
    return fold(
        adrg.rule,
        _needs,
        lambda _: [()],
        lambda a, b: [x + y for x, y in product(a, b)],
        lambda a, b: a + b,
    )


def _prefer(codes: Sequence[str], beginnings: tuple[str, ...], rng: np.random.Generator) -> list[str]:
    """The codes in an order to try: preferred beginnings first, plain national codes before extensions."""
    ranks: list[list[str]] = [[] for _ in range(8)]
    for i in rng.permutation(len(codes)).tolist():
        code = codes[i]
        other = bool(beginnings) and not code.startswith(beginnings)
        ranks[4 * other + 2 * ("x0" in code) + ("+" in code)].append(code)
    return [code for rank in ranks for code in rank]


def _in_turn(codes: Iterable[str], beginnings: tuple[str, ...], most: int, rng: np.random.Generator) -> list[str]:
    """Up to ``most`` codes, one of each beginning after the other, the commonest first."""
    pool = sorted(c for c in codes if c.startswith(beginnings) and "+" not in c)
    columns = [_prefer([c for c in pool if c.startswith(b)], (), rng) for b in beginnings]
    turns = [column[i] for i in range(most) for column in columns if i < len(column)]
    return list(dict.fromkeys(turns))[:most]


def _bounds(atoms: tuple[Atom, ...], name: str, low: int, high: int) -> tuple[int, int]:
    """The integers between ``low`` and ``high`` that the comparisons of ``atoms`` with ``name`` allow."""
    for atom in atoms:
        if isinstance(atom, Compare) and atom.field == name:
            value = int(atom.value)
            if atom.op.startswith(">"):
                low = max(low, value + (atom.op == ">"))
            else:
                high = min(high, value - (atom.op == "<"))
    return low, high


def _drafts_of(adrg: Adrg, mdc: Mdc, pools: _Pools, rng: np.random.Generator) -> list[_Draft]:
    """Candidates of one ADRG, without complications."""
    sexes = {"M": ("male",), "N": ("female",), "O": ("female",)}.get(mdc.code, ("male", "female"))
    wanted = casemix.PRINCIPAL.get(adrg.code, ())
    order: dict[str, list[str]] = {}

    def pick(name: str, turn: int) -> str:
        if name not in order:
            codes = {"table": lambda: pools.of_table(mdc), "op": lambda: pools.idle_ops}.get(
                name, lambda: pools.of_list(adrg, name, mdc)
            )()
            order[name] = _prefer(codes, () if "proc" in name else wanted, rng)
        return order[name][turn % len(order[name])]

    result = []
    ways = alternatives(adrg)
    for turn in range(TRIES):
        needs = ways[turn % len(ways)]
        lists = [a for a in needs if isinstance(a, InList)]
        dx = [pick(next((a.name for a in lists if a.kind in ("pdx", "adx")), "table"), turn)]
        dx += [pick(a.name, turn) for a in lists if a.kind == "odx"]
        if mdc.code == "Z":
            pick("table", turn)
            dx.append(next(c for c in order["table"][turn:] if not set(mdc.dx[c]) & set(mdc.dx[dx[0]])))
        proc = [
            pick(a.name, turn) for a in sorted(lists, key=lambda a: a.kind != "pproc") if a.kind in ("pproc", "proc")
        ]
        if any(isinstance(a, Operation) for a in needs):
            proc.insert(0, pick("op", turn))
        days, weight = None, (0, 0)
        if mdc.code == "P":
            days = _bounds(needs, "age_days", 0, 360)
            asked = next((a.field for a in needs if isinstance(a, Compare) and "weight" in a.field), "")
            weight = _bounds(needs, asked, 800 if asked else 2500, 4200)
        result.append(_Draft(adrg.code, tuple(dx), tuple(proc), sexes, turn, days, weight))
    return result


def _with_severity(draft: _Draft, scheme: Scheme, choices: dict[str, Sequence[str]], turn: int) -> list[_Draft]:
    """The draft with no complication, a CC, and an MCC that its principal diagnosis does not exclude."""
    mine = scheme.exclusion.get(draft.dx[0])
    result = [draft]
    for level, (name, table) in enumerate((("cc", scheme.cc), ("mcc", scheme.mcc)), start=1):
        codes = choices[name]
        usable = (codes[(turn + i) % len(codes)] for i in range(len(codes)))
        code = next((c for c in usable if c not in draft.dx and (not table[c] or table[c] != mine)), None)
        if code is not None:
            result.append(replace(draft, dx=(*draft.dx, code), level=level))
    return result


def _complications(pools: _Pools, kind: str, rng: np.random.Generator) -> dict[str, Sequence[str]]:
    beginnings = casemix.COMPLICATIONS.get(kind, casemix.COMPLICATIONS["usual"])
    tables = {"cc": pools.scheme.cc, "mcc": pools.scheme.mcc}
    return {name: _in_turn(pools.dx & table.keys(), beginnings, 60, rng) for name, table in tables.items()}


def _odd(scheme: Scheme, pools: _Pools, good: Sequence[_Draft]) -> list[_Draft]:
    """Records that reach no group: codes cut short, as an old system exports them, and codes no table holds."""
    short = sorted({d.dx[0][:5] for d in good if not d.days and len(d.dx[0]) > 6 and d.rank == 0})
    placed = {code for mdc in scheme.mdcs for code in mdc.dx}
    strange = sorted(
        {c for a in scheme.adrgs for n, cs in a.lists.items() if "dx" in n for c in cs} & pools.dx - placed
    )
    both = ("male", "female")
    return [_Draft("", (c,), (), both, i % 12) for i, c in enumerate([*short[::6], *strange[::4]])]


@lru_cache(maxsize=2)
def templates(scheme_id: str) -> Templates:
    """The templates of a scheme, made once per process; the same for every region and seed."""
    scheme = load(scheme_id)
    pools = _Pools(scheme)
    mdcs = {m.code: m for m in scheme.mdcs}
    rng = np.random.default_rng(zlib.crc32(scheme_id.encode()))
    choices = {kind: _complications(pools, kind, rng) for kind in casemix.COMPLICATIONS}
    drafts: list[_Draft] = []
    for adrg in scheme.adrgs:
        kind = casemix.case(adrg.code, False, 1.0).kind
        for turn, draft in enumerate(_drafts_of(adrg, mdcs[adrg.mdc], pools, rng)):
            drafts += _with_severity(draft, scheme, choices[kind], turn)
            if adrg.kind == "medical" and not draft.proc and turn < 4 and kind == "usual":
                op = pools.ops[int(rng.integers(len(pools.ops)))]
                drafts.append(_Draft(adrg.code, draft.dx, (op,), draft.sexes, turn, unrelated=True))
    drafts += _odd(scheme, pools, drafts)
    batch = pa.RecordBatch.from_pylist([row for draft in drafts for row in draft.rows()])
    results = group_batch(scheme, batch).column("drg").to_pylist()
    adrg_of = {d.code: d.adrg for d in scheme.drgs} | {UNGROUPED: ""}
    found: dict[str, list[_Draft]] = defaultdict(list)
    for draft, first, second in zip(drafts, results[::2], results[1::2], strict=True):
        if first == second and adrg_of.get(first) == draft.adrg:
            found[first].append(draft)
    return _laid_out(scheme, pools, found, rng)


def _best(drafts: list[_Draft]) -> list[tuple[_Draft, float]]:
    """The drafts a group keeps, with their chances: the first choices are common, the others rare."""
    unique = list({(d.dx, d.proc): d for d in drafts}.values())
    usual = sorted((d for d in unique if not d.unrelated), key=lambda d: d.rank)[: KEPT if unique[0].adrg else 60]
    odd = [d for d in unique if d.unrelated]
    chances = [casemix.SEVERITY_SHARES[d.level] / (d.rank + 1) ** 0.8 for d in usual]
    rest = UNRELATED * sum(chances) / max(len(odd), 1)
    return [*zip(usual, chances, strict=True), *((d, rest) for d in odd)] if usual else []


def _laid_out(scheme: Scheme, pools: _Pools, found: dict[str, list[_Draft]], rng: np.random.Generator) -> Templates:
    kept = [(drg, best) for drg in sorted(found) if (best := _best(found[drg]))]
    everything = [(draft, chance) for _, best in kept for draft, chance in best]
    extras = _extras(pools, rng)
    used = {c for d, _ in everything for c in d.dx}
    dx_codes = tuple(sorted(used | {c for codes in extras.values() for c in codes}))
    examinations = [c for c in pools.idle_procs if c.startswith(casemix.EXAMINATIONS)][:200]
    proc_codes = tuple(sorted({c for d, _ in everything for c in d.proc} | set(examinations)))
    dx_number = {c: i for i, c in enumerate(dx_codes)}
    proc_number = {c: i for i, c in enumerate(proc_codes)}
    kinds = {a.code: a.kind for a in scheme.adrgs}
    shares = _severity_shares(scheme)
    groups, chance, first = [], [], 0
    for g, (drg, best) in enumerate(kept):
        adrg = best[0][0].adrg
        sexes = best[0][0].sexes
        total = sum(c for _, c in best)
        chance.append(g + np.cumsum([c / total for _, c in best]))
        surgical = kinds.get(adrg, "medical") != "medical"
        groups.append(
            Group(
                drg, adrg, surgical, shares.get(drg, 1.0), sexes[0] if len(sexes) == 1 else "any",
                first, first + len(best),
            )
        )  # fmt: skip
        first += len(best)
    return Templates(
        tuple(groups),
        np.concatenate(chance),
        Ragged.of([dx_number[c] for c in d.dx] for d, _ in everything),
        Ragged.of([proc_number[c] for c in d.proc] for d, _ in everything),
        np.array([d.days or (0, 0) for d, _ in everything], np.int64),
        np.array([d.weight for d, _ in everything], np.int64),
        dx_codes,
        proc_codes,
        {kind: _bundles([dx_number[c] for c in codes], rng) for kind, codes in extras.items()},
        np.array([proc_number[c] for c in examinations], np.int64),
    )


def _severity_shares(scheme: Scheme) -> dict[str, float]:
    """Share of each group in its ADRG, from the levels of severity its split names."""
    result: dict[str, float] = {}
    for drgs in scheme.drgs_of.values():
        raw = {}
        for drg in drgs:
            levels = [a.levels for a in atoms(drg.split) if isinstance(a, Severity)]
            raw[drg.code] = sum(casemix.SEVERITY_SHARES[i] for i in levels[0]) if levels else 1.0
        total = sum(raw.values())
        result |= {code: share / total for code, share in raw.items()}
    return result


def _extras(pools: _Pools, rng: np.random.Generator) -> dict[str, list[str]]:
    """Other diagnoses of no weight, by kind of patient."""
    return {kind: _in_turn(pools.idle_dx, starts, 90, rng) for kind, starts in casemix.COMORBIDITIES.items()}


def _bundles(numbers: Sequence[int], rng: np.random.Generator) -> Ints:
    """Rows of distinct code numbers, the first ones of the list far more often than the last."""
    odds = 1.0 / np.arange(1, len(numbers) + 1)
    odds /= odds.sum()
    rows = [rng.choice(len(numbers), BUNDLE, replace=False, p=odds) for _ in range(BUNDLES)]
    return np.array(numbers, np.int64)[np.array(rows)]
