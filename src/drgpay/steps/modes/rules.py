"""Which mode pays a stay or a visit: ordered rules of the policy over a batch, the first that fits (design/06)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from drgpay.engine import codes_in, integers
from drgpay.errors import DrgpayError, Kind
from drgpay.policy import ModeRule, Policy, Rate, rates_of
from drgpay.tables import EXITS, MODES

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

DEFAULT = "default"
"""what stands for the rule where none took the stay or visit"""
NONE = "-"
"""what stands for a category or township where there is none"""

_EXIT_OF = dict(zip(("dx", "proc", "ways", "cost_below", "cost_above"), EXITS, strict=True))
"""exit of a rule → how table ``stay_modes`` calls it, in its order"""

DRG, BED_DAY, SINGLE_DISEASE, QUOTA, CAPITATION, BY_ITEM, OUT_OF_AREA = range(len(MODES))


@dataclass(frozen=True)
class Places:
    """What rules ask of an institution; a stay of an unknown one has neither level nor kind."""

    levels: Mapping[str, str]
    kinds: Mapping[str, str]
    areas: Mapping[str, str]
    """stay → the other pooling area in which its patient is insured"""


@dataclass(frozen=True)
class Decided:
    """For every row: the place of its rule (−1: none), its mode, and the rule it left with the reason (−1: none)."""

    rule: Ints
    mode: Ints
    left: Ints
    exit: Ints


def decide(batch: Any, rules: tuple[ModeRule, ...], places: Places, *, visits: bool) -> Decided:
    """Decide the mode of every row of a batch of ``grouped`` (or ``visits``), in the order of the rules.

    A row that fits a rule but for its exits goes on to the next one; the first such rule and its first exit, in the
    order of :data:`~drgpay.tables.EXITS`, are kept.
    """
    facts = _Facts(batch, places, visits)
    n = batch.num_rows
    rule, left, exit_ = (np.full(n, -1, np.int64) for _ in range(3))
    mode = np.full(n, BY_ITEM if visits else DRG, np.int64)
    for number, one in enumerate(rules):
        if one.visits != visits:
            continue
        fits = (rule < 0) & facts.fits(one)
        out = facts.exits(one)
        leaves = fits & (out >= 0)
        first = leaves & (left < 0)
        left[first], exit_[first] = number, out[first]
        taken = fits & ~leaves
        rule[taken], mode[taken] = number, MODES.index(one.mode)
    return Decided(rule, mode, left, exit_)


class _Facts:
    """The columns of a batch as the conditions ask for them; codes are compared once per distinct value."""

    def __init__(self, batch: Any, places: Places, visits: bool) -> None:
        self._batch, self._places, self._visits = batch, places, visits
        self.n = batch.num_rows

    def fits(self, rule: ModeRule) -> Flags:
        """Rows that fulfil every condition."""
        ok = np.ones(self.n, bool)
        for name, wanted in rule.when:
            ok &= self._condition(name, wanted)
        return ok

    def exits(self, rule: ModeRule) -> Ints:
        """The first exit that holds for each row; −1 none."""
        found = np.full(self.n, -1, np.int64)
        named = dict(rule.exits)
        for number, name in reversed(list(enumerate(_EXIT_OF))):
            if name in named:
                found[self._exit(name, named[name])] = number
        return found

    def _condition(self, name: str, wanted: tuple[str, ...] | int | bool) -> Flags:
        match name, wanted:
            case "los_from", int():
                return self._days() >= wanted
            case "los_upto", int():
                return self._days() <= wanted
            case "elsewhere", bool():
                return np.asarray(self._elsewhere() == wanted, bool)
            case "internet", bool():
                return np.asarray(_flags(self._batch.column("internet")) == wanted, bool)
        assert isinstance(wanted, tuple)
        match name:
            case "institutions":
                return self._one_of("institution_id", wanted)
            case "levels":
                return self._of_institution(self._places.levels, wanted)
            case "kinds":
                return self._of_institution(self._places.kinds, wanted)
            case "departments":
                return self._one_of("department_id", wanted)
            case "schemes":
                return self._one_of("insurance_scheme", wanted)
            case "visit_kinds":
                return self._one_of("kind", wanted)
            case "dx":
                return self._codes("dx", wanted, first=True)
            case _:
                return self._codes("proc", wanted)

    def _exit(self, name: str, wanted: tuple[str, ...] | int) -> Flags:
        if isinstance(wanted, int):
            cost = integers(self._batch.column("total_cost"))
            return cost < wanted if name == "cost_below" else cost > wanted
        if name == "ways":
            return np.isin(integers(self._batch.column("discharge_way"), -1), [int(w) for w in wanted])
        return self._codes(name, wanted, secondary=name == "dx")

    def _days(self) -> Ints:
        if self._visits:
            return np.full(self.n, -1, np.int64)
        return integers(self._batch.column("los"), -1)

    def _one_of(self, column: str, wanted: tuple[str, ...]) -> Flags:
        return codes_in(self._batch.column(column), pa.array(wanted, pa.string())) >= 0

    def _of_institution(self, kind: Mapping[str, str], wanted: tuple[str, ...]) -> Flags:
        fitting = sorted(h for h, value in kind.items() if value in wanted)
        return self._one_of("institution_id", tuple(fitting))

    def _elsewhere(self) -> Flags:
        if self._visits or not self._places.areas:
            return np.zeros(self.n, bool)
        return codes_in(self._batch.column("stay_id"), pa.array(sorted(self._places.areas), pa.string())) >= 0

    def _codes(
        self, column: str, prefixes: tuple[str, ...], *, first: bool = False, secondary: bool = False
    ) -> Flags:
        """Rows in which a code (the first, one of the others, or any) begins with one of the prefixes."""
        if column not in self._batch.schema.names:
            return np.zeros(self.n, bool)
        lists = self._batch.column(column)
        values = lists.values
        if not pa.types.is_dictionary(values.type):
            values = pc.dictionary_encode(values)
        known = np.zeros(len(values.dictionary) + 1, bool)  # the last one is no code
        for prefix in prefixes:
            known[:-1] |= np.asarray(pc.starts_with(values.dictionary, prefix).fill_null(False))
        hit = known[integers(values.indices, -1)]
        offsets = np.asarray(lists.offsets.to_numpy(zero_copy_only=False), np.int64)
        start, end = offsets[:-1].copy(), offsets[1:].copy()
        if lists.null_count:
            end = np.where(np.asarray(lists.is_valid().to_numpy(zero_copy_only=False), bool), end, start)
        if first:
            end = np.minimum(start + 1, end)
        if secondary:
            start = np.minimum(start + 1, end)
        before = np.append(0, np.cumsum(hit))
        found: Flags = before[end] - before[start] > 0
        return found


def _flags(column: Any) -> Flags:
    return np.asarray(pc.fill_null(column, False).to_numpy(zero_copy_only=False), bool)


@dataclass(frozen=True)
class RateTable:
    """Rates of a parameter as arrays: ``key[category, level]`` is the place of its segments, −1 for none. ``upto`` of
    an open segment is beyond any stay."""

    name: str
    categories: Any
    levels: Any
    key: Ints
    segments: tuple[tuple[tuple[int, int, int], ...], ...]
    """by place: (first day or 0, last day or a bound beyond all, fen)"""

    def find(self, category: Ints, level: Ints, rows: Ints) -> Ints:
        """Place of the segments of the named rows; a row without any is a failure of the policy."""
        place = self.key[category[rows], level[rows]]
        if (place < 0).any():
            at = int(rows[np.argmax(place < 0)])
            names = (self.categories, self.levels)
            missing = [n[int(c)].as_py() if c >= 0 else NONE for n, c in zip(names, (category[at], level[at]),
                       strict=True)]  # fmt: skip
            raise DrgpayError(
                Kind.POLICY,
                zh=f"没有 {' '.join(missing)} 的标准",
                en=f"no rate for {' '.join(missing)}",
                field=self.name,
                fix_zh="在政策中补上该类别和等级的标准",
                fix_en="add the rate of that category and level to the policy",
            )
        return place

    def single(self, category: Ints, level: Ints, rows: Ints) -> Ints:
        """The one amount of each of the named rows."""
        amounts = np.array([s[0][2] for s in self.segments] or [0], np.int64)
        return amounts[self.find(category, level, rows)]

    def by_days(self, category: Ints, level: Ints, days: Ints, rows: Ints) -> Ints:
        """Σ over the segments of days in it × rate, for the named rows."""
        place = self.find(category, level, rows)
        total = np.zeros(len(rows), np.int64)
        for number, segments in enumerate(self.segments):
            mine = np.flatnonzero(place == number)
            for start, upto, fen in segments:
                total[mine] += np.maximum(np.minimum(days[rows[mine]], upto) - (start - 1), 0) * fen
        return total


def rate_table(policy: Policy, name: str, categories: tuple[str, ...], levels: tuple[str, ...]) -> RateTable:
    """The rates of a parameter with the fields category and level as arrays, for the categories the rules name."""
    rates: tuple[Rate, ...] = policy.rates(name)
    key = np.full((len(categories) + 1, len(levels) + 1), -1, np.int64)
    found: dict[tuple[Rate, ...], int] = {}
    for i, category in enumerate(categories):
        for j, level in enumerate((*levels, "")):
            its = rates_of(rates, category, level)
            if its:
                key[i, j] = found.setdefault(its, len(found))
    segments = tuple(tuple((r.start or 0, 10**9 if r.upto is None else r.upto, r.fen) for r in its) for its in found)
    return RateTable(name, pa.array(categories, pa.string()), pa.array(levels, pa.string()), key, segments)
