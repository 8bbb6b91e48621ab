"""Grouping a record batch: whole-number array work only, no Python loop over stays.

Equal to ``reference.py`` stay by stay (tested). Every decision one code can settle is looked up in tables made when
the scheme is compiled; rules that need several codes, age, weight or flags are computed for the few stays whose
class leaves them open.
"""

from __future__ import annotations

import operator
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from drgpay.scheme import SEVERITIES, Scheme
from drgpay.scheme.rules import STANDINGS, Atom, Compare, Const, Flag, InList, Operation, Severity, Sites, fold
from drgpay.steps.grouping.batch import Bools, Stays
from drgpay.steps.grouping.codebook import Ints
from drgpay.steps.grouping.compiled import (
    CONDITION_DX,
    MASKED,
    OPEN,
    PRE_PROC,
    RULE_DX,
    RULE_PROC,
    SEVERE,
    SITED,
    TABLE_SHIFT,
    Compiled,
    Condition,
    Rule,
)
from drgpay.steps.grouping.loops import WORTH, compiled_pass

STATUSES = ("grouped", "ungrouped", "qy")
_COMPARE = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
}
_RANK = np.array([0, 1, 2, 2], dtype=np.int8)
"""Severity rank of each standing."""
_OTHER_BITS = np.uint8(0xFF & ~SEVERE)
_COLUMNS = {"weight": "birth_weight"}


class Kernel:
    """A compiled scheme; ``group`` may be called from several threads at once."""

    def __init__(self, scheme: Scheme) -> None:
        self.scheme = scheme
        self.tables = Compiled(scheme)
        self._retry = "retry_procedures" in scheme.switches
        self._vocabulary = {
            "mdc": pa.array(self.tables.mdcs, pa.string()),
            "adrg": pa.array(self.tables.adrg_codes, pa.string()),
            "drg": pa.array(self.tables.drg_codes, pa.string()),
            "severity": pa.array(SEVERITIES, pa.string()),
            "status": pa.array(STATUSES, pa.string()),
        }

    def group(self, batch: Any) -> Any:
        """Group every stay of a record batch.

        Columns read: ``dx``, ``proc`` (lists of codes, plain or dictionary-coded, the principal one first) and,
        where present, ``sex`` (male, female), ``age`` (years), ``age_days``, ``birth_weight`` and
        ``admission_weight`` (grams), ``los`` (days), ``icu``, ``bilateral``. Nulls are allowed everywhere; a
        comparison with a missing value is false.
        Returns a batch of as many rows with the dictionary columns ``mdc`` (null = none), ``adrg`` (null = none),
        ``drg`` (``0000`` = ungrouped), ``severity`` (none, cc, mcc) and ``status`` (grouped, ungrouped, qy); the
        dictionaries are the scheme's own and the same for every batch.
        """
        mdc, entry, drg, severity = self._numbers(batch)
        if self._retry:
            self._try_later_procedures(batch, mdc, entry, drg)
        columns = {
            "mdc": (mdc, mdc == len(self.tables.mdcs)),
            "adrg": (adrg := self.tables.adrg_of.take(entry), adrg < 0),
            "drg": (drg, None),
            "severity": (severity, None),
            "status": (self.tables.status_of.take(drg), None),
        }
        return pa.RecordBatch.from_arrays(
            [self._column(name, *numbers) for name, numbers in columns.items()], names=list(columns)
        )

    def _column(self, name: str, numbers: npt.NDArray[Any], missing: Bools | None) -> Any:
        mask = missing if missing is not None and missing.any() else None
        return pa.DictionaryArray.from_arrays(pa.array(numbers, mask=mask), self._vocabulary[name], safe=False)

    def _try_later_procedures(
        self, batch: Any, mdc: npt.NDArray[Any], entry: npt.NDArray[Any], drg: npt.NDArray[Any]
    ) -> None:
        """Switch ``retry_procedures``: each later procedure alone, for the stays still ungrouped."""
        place = batch.schema.get_field_index("proc")
        procedures = batch.column(place)
        left = np.flatnonzero(drg == self.tables.ungrouped)
        later = 1
        while len(left):
            lists = procedures.take(pa.array(left))
            lengths = lists.value_lengths().fill_null(0).to_numpy(zero_copy_only=False)
            left = left[lengths > later]
            if not len(left):
                break
            lists = procedures.take(pa.array(left))
            where = lists.offsets.to_numpy()[:-1] + later
            alone = pa.ListArray.from_arrays(
                pa.array(np.arange(len(left) + 1, dtype=np.int32)), lists.values.take(pa.array(where))
            )
            again = batch.take(pa.array(left)).set_column(place, "proc", alone)
            new_mdc, new_entry, new_drg, _ = self._numbers(again)
            found = new_drg != self.tables.ungrouped
            those = left[found]
            mdc[those], entry[those], drg[those] = new_mdc[found], new_entry[found], new_drg[found]
            left = left[~found]
            later += 1

    def _numbers(
        self, batch: Any
    ) -> tuple[npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[np.int8]]:
        """MDC, entry, DRG and severity of each stay as numbers of the compiled tables."""
        tables = self.tables
        work = Work(tables, Stays(batch, tables.dx, tables.proc))
        mdc, entry = work.find_entries()
        place = (entry.astype(np.intp) << tables.shift) + work.standing
        for bit, fact in enumerate(tables.split_facts, start=2):
            place += work.compared(fact).view(np.uint8).astype(np.intp) << bit
        drg = tables.drg_of.take(place)
        unsettled = np.flatnonzero(drg < 0)
        if len(unsettled):
            for kind, where in _parts(tables.split_kind[entry[unsettled]]):
                those = unsettled[where]
                some = SomeStays(work, those)
                result = np.full(len(those), tables.ungrouped, dtype=drg.dtype)
                for rule, code_of in tables.open_splits[kind]:
                    held = some.holds(rule)
                    result[held] = code_of[entry[those[held]]]
                drg[those] = result
        return mdc, entry, drg, _RANK[work.standing]


class Work:
    """One batch being grouped: the arrays that several steps read."""

    def __init__(self, tables: Compiled, stays: Stays) -> None:
        self.tables, self.stays = tables, stays
        compiled = compiled_pass() if stays.count >= WORTH else None
        if compiled is None:
            self.principal, self.operation = stays.dx.at_place(0), stays.proc.at_place(0)
            self._read_dx()
            self.proc_bits = self.stays.proc.collect_few(self.tables.proc_bits)
        else:
            words = stays.dx.word_of(tables.dx_word), tables.principal_table
            found = compiled(*stays.dx.places, *words, *stays.proc.places, stays.proc.word_of(tables.proc_bits))
            self.principal, self.operation, self.dx_bits, self.proc_bits = found
        self.standing = self.dx_bits & SEVERE
        # which stays have a code that some rule looks for among all of them
        self.listed = (self.dx_bits & RULE_DX) >> 2 | self.proc_bits & RULE_PROC
        self._fallthrough = "mdc_fallthrough" in tables.scheme.switches
        if "skip_invalid_procedure" in tables.scheme.switches:
            self._skip_barred()

    def _skip_barred(self) -> None:
        left = np.flatnonzero(self.tables.barred[self.operation])
        place = 1
        while len(left):
            self.operation[left] = self.stays.proc.at_place(place)[left]
            left = left[self.tables.barred[self.operation[left]]]
            place += 1

    def _read_dx(self) -> None:
        """Bits of the diagnoses of each stay: severity, and what some rule looks for among all diagnoses."""
        lists = self.stays.dx
        principal_table = self.tables.principal_table[self.principal]

        def settle(words: npt.NDArray[np.int32], stays: slice, firsts: Ints) -> npt.NDArray[np.uint8]:
            counts = (words >> TABLE_SHIFT) != np.repeat(principal_table[stays], lists.lengths[stays])
            counts[firsts] = False
            bits = words.astype(np.uint8)
            bits &= counts.view(np.uint8) * np.uint8(SEVERE) | _OTHER_BITS
            return bits

        self.dx_bits = lists.collect(self.tables.dx_word, settle)

    def find_entries(self) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.uint16]]:
        """MDC and entry of each stay; the number after the last means none."""
        tables = self.tables
        possible = self._possible()
        mdc = _lowest(possible, len(tables.mdcs))
        entry = self._decide(slice(None), mdc)
        if self._fallthrough:
            self._try_later_mdcs(possible, mdc, entry)
        headless = self.stays.dx.headless()
        if headless.any():
            mdc[headless], entry[headless] = len(tables.mdcs), tables.none
        return mdc, entry

    def _try_later_mdcs(
        self, possible: npt.NDArray[np.uint32], mdc: npt.NDArray[np.int8], entry: npt.NDArray[np.uint16]
    ) -> None:
        """Switch ``mdc_fallthrough``; a stay that stays ungrouped keeps the first MDC it reached."""
        none = self.tables.none
        left = np.flatnonzero(entry == none)
        while len(left):
            rest = possible[left]
            rest &= rest - np.uint32(1)
            possible[left] = rest
            now = _lowest(rest, len(self.tables.mdcs))
            found = self._decide(left, now)
            hit = found != none
            mdc[left[hit]], entry[left[hit]] = now[hit], found[hit]
            left = left[~hit & (rest != 0)]

    def _possible(self) -> npt.NDArray[np.uint32]:
        """Bits of the MDC whose condition holds, in order of evaluation from the lowest.

        MDC A counts only if one of its groups matches, so that is found out here.
        """
        tables = self.tables
        in_tables = tables.tables.take(self.principal)
        result: npt.NDArray[np.uint32] = in_tables & tables.plain_bits
        for condition in tables.conditions:
            bit = np.uint32(1 << condition.mdc)
            stays = self._candidates(condition, in_tables & bit)
            if not len(stays):
                continue
            stays = stays[SomeStays(self, stays).holds(condition.rule, condition.sites)]
            if condition.pre:
                mdc = np.full(len(stays), condition.mdc, dtype=np.int8)
                stays = stays[self._decide(stays, mdc) != tables.none]
            result[stays] |= bit
        return result

    def _candidates(self, condition: Condition, in_table: npt.NDArray[np.uint32]) -> Ints:
        match condition.guard:
            case "pdx":
                return np.flatnonzero(in_table != 0)
            case "sites":
                return np.flatnonzero((self.dx_bits & SITED) != 0)
            case "dx":
                return np.flatnonzero((self.dx_bits & CONDITION_DX) != 0)
            case "pre":
                return np.flatnonzero((self.proc_bits & PRE_PROC) != 0)
            case "fact":
                assert condition.fact is not None
                return np.flatnonzero(self.compared(condition.fact))
            case _:
                return np.arange(self.stays.count)

    def compared(self, fact: Compare) -> Bools:
        """Whether a comparison with a number holds, for every stay."""
        numbers, present = self.stays.number(_COLUMNS.get(fact.field, fact.field))
        found: Bools = _COMPARE[fact.op](numbers, fact.value)
        return found if present is None else found & present

    def _decide(self, left: Any, mdc: npt.NDArray[np.int8]) -> npt.NDArray[np.uint16]:
        """The first entry of the MDC that holds, for some stays."""
        tables = self.tables
        column = mdc.astype(np.int32)
        # take() lets other threads run, which indexing with an array does not
        cell = tables.dx_class.take(tables.dx_kind.take(self.principal[left]) * tables.columns + column)
        cell += tables.proc_class.take(tables.proc_kind.take(self.operation[left]) * tables.columns + column)
        cell += self.listed[left]
        result: npt.NDArray[np.uint16] = tables.decisions.take(cell)
        unsettled = np.flatnonzero(result >= OPEN)
        if len(unsettled):
            result &= np.uint16(OPEN - 1)
            for number, where in _parts(mdc[unsettled]):
                those = unsettled[where]
                stays = those if isinstance(left, slice) else left[those]
                some = SomeStays(self, stays)
                best = result[those]
                open_to = tables.open_masks.take(cell[those])
                rules = tables.open_rules[number]
                for place, (entry, rule) in reversed(list(enumerate(rules))):
                    asked = np.flatnonzero((open_to >> np.uint64(min(place, MASKED)) & np.uint64(1)) > 0)
                    if len(asked):
                        few = some if len(asked) == len(stays) else SomeStays(self, stays[asked])
                        found = asked[few.holds(rule)]
                        best[found] = np.minimum(best[found], entry)
                result[those] = best
        return result


class SomeStays:
    """Some stays of the batch, for rules that need more than tables."""

    def __init__(self, work: Work, stays: Ints) -> None:
        self._work, self._stays = work, stays
        self._lists: dict[str, tuple[Ints, Ints, Ints]] = {}

    def holds(self, rule: Rule, sites: npt.NDArray[np.uint32] | None = None) -> Bools:
        """Whether the rule holds, for each of these stays."""

        def leaf(atom: Const | Atom) -> Bools:
            return self.atom(atom, rule.members, sites)

        return fold(rule.expr, leaf, np.logical_not, np.logical_and, np.logical_or)

    def atom(
        self, atom: Const | Atom, members: Mapping[InList, Bools], sites: npt.NDArray[np.uint32] | None
    ) -> Bools:
        work, stays = self._work, self._stays
        match atom:
            case Const(value=value):
                return np.full(len(stays), value)
            case InList(kind="pdx"):
                return members[atom][work.principal[stays]]
            case InList(kind="pproc"):
                return members[atom][work.operation[stays]]
            case InList(kind=kind, least=least):
                column = "proc" if "proc" in kind else "dx"
                return self._any(column, members[atom], others=kind in ("odx", "oproc"), least=least)
            case Operation(principal=True):
                codes = work.operation[stays]
                return work.tables.operation[codes] & ~work.tables.barred[codes]
            case Operation():
                return self._any("proc", work.tables.operation)
            case Compare(field="sex", value=value):
                return work.stays.sex_is(str(value))[stays]
            case Compare(field=field, op=op, value=value):
                numbers, present = work.stays.number(_COLUMNS.get(field, field))
                found: Bools = _COMPARE[op](numbers[stays], value)
                return found if present is None else found & present[stays]
            case Severity(levels=levels):
                among = np.array([standing in levels for standing in range(len(STANDINGS))])
                listed: Bools = among[work.standing[stays]]
                return listed
            case Flag(name=name):
                return work.stays.flag(name)[stays]
            case Sites(least=least):
                assert sites is not None
                return self._sites(sites, least)

    def _codes(self, column: str) -> tuple[Ints, Ints, Ints]:
        if column not in self._lists:
            lists = self._work.stays.dx if column == "dx" else self._work.stays.proc
            self._lists[column] = lists.of(self._stays)
        return self._lists[column]

    def _any(self, column: str, member: Bools, others: bool = False, least: int = 1) -> Bools:
        starts, codes, places = self._codes(column)
        hits = member[codes]
        if others:
            hits &= places > 0
        if least > 1:
            rows = np.repeat(np.arange(len(self._stays)), np.diff(starts))[hits]
            different = np.unique(rows * len(member) + codes[hits]) // len(member)
            return np.bincount(different, minlength=len(self._stays)) >= least
        counts = np.concatenate(([0], np.cumsum(hits)))[starts]
        return np.diff(counts) > 0

    def _sites(self, sites: npt.NDArray[np.uint32], least: int) -> Bools:
        """Two sites need two different diagnoses and two different sites among them; one site needs one."""
        starts, codes, _ = self._codes("dx")
        of_code = sites[codes]
        named = np.flatnonzero(of_code)
        rows = np.repeat(np.arange(len(self._stays)), np.diff(starts))[named]
        result = np.zeros(len(self._stays), dtype=np.bool_)
        if not len(named):
            return result
        first = np.flatnonzero(np.diff(rows, prepend=-1))
        of_code, codes = of_code[named], codes[named]
        union = np.bitwise_or.reduceat(of_code, first)
        several = np.minimum.reduceat(codes, first) != np.maximum.reduceat(codes, first)
        enough = (several & ((union & (union - np.uint32(1))) != 0)) if least == 2 else union != 0
        result[rows[first]] = enough
        return result


def _lowest(bits: npt.NDArray[np.uint32], none: int) -> npt.NDArray[np.int8]:
    """Number of the lowest bit; ``none`` when there is no bit."""
    lowest = bits & (~bits + np.uint32(1))
    number = np.bitwise_count(lowest - np.uint32(1))
    return np.where(lowest == 0, none, number).astype(np.int8)


def _parts(keys: npt.NDArray[Any]) -> list[tuple[int, Ints]]:
    """The positions of each distinct key."""
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    bounds = np.flatnonzero(np.diff(ordered)) + 1
    return [(int(keys[part[0]]), part) for part in np.split(order, bounds)]


_KEPT = 8
_kernels: list[tuple[Scheme, Kernel]] = []
"""kernels of this process, the latest first"""


def compile_scheme(scheme: Scheme) -> Kernel:
    """The kernel of a scheme, made once per process for the same content."""
    for known, kernel in _kernels:
        if known is scheme:
            return kernel
    for known, kernel in _kernels:  # the same content in another object; a digest takes longer than a look
        if (known.id, known.switches) == (scheme.id, scheme.switches) and known.digest == scheme.digest:
            return kernel
    kernel = Kernel(scheme)
    _kernels[:] = [(scheme, kernel), *_kernels[: _KEPT - 1]]
    return kernel


def group_batch(scheme: Scheme, batch: Any) -> Any:
    """Group a record batch under a scheme: :meth:`Kernel.group` of its compiled kernel."""
    return compile_scheme(scheme).group(batch)
