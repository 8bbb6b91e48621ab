"""A scheme turned into look-up tables: everything about a rule that one code decides is decided here, once.

For every MDC the principal diagnoses fall into classes (which ``pdx`` lists they are in), the principal procedures
too. A rule made of ``pdx``, ``pproc`` and ``pop`` is settled for each pair of classes beforehand; what needs other
codes, age, weight or flags stays open and is computed for the few stays it can concern.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from drgpay.scheme import UNGROUPED, Adrg, Mdc, Scheme
from drgpay.scheme.rules import Atom, Compare, Const, Expr, InList, Operation, Severity, Sites, atoms, fold
from drgpay.steps.grouping.codebook import Codebook

Bools = npt.NDArray[np.bool_]

SEVERE, SITED, RULE_DX, CONDITION_DX = 1 | 2, 4, 8, 16
"""What a diagnosis among all diagnoses may matter for (bits per code). Severe: 1 = CC, 2 = MCC."""
TABLE_SHIFT = 5
"""A diagnosis' bits and the number of its exclusion table share one word: the number stands above the bits."""
RULE_PROC, PRE_PROC = 1, 2
"""What a procedure among all procedures may matter for (bits per code)."""
OPEN = 1 << 15
"""Bit of a decision: some rule before the settled one needs more than the two principal codes."""
_FACTS = 3
"""comparisons of splits that have a bit of their own"""
MASKED = 63
"""The last open rule of an MDC with a bit of its own; the later ones share it."""


@dataclass(frozen=True)
class Rule:
    """A tree with the membership of every list it looks at, by number of the code."""

    expr: Expr
    members: Mapping[InList, Bools]


@dataclass(frozen=True)
class Condition:
    """An MDC condition other than ``pdx`` alone.

    ``guard`` says which stays can satisfy it at all: ``pdx`` those whose principal diagnosis has the MDC's bit,
    ``fact`` those for which ``fact`` holds.
    """

    mdc: int
    rule: Rule
    sites: npt.NDArray[np.uint32]
    guard: str
    pre: bool
    fact: Compare | None = None


@dataclass(frozen=True)
class Entry:
    """A place a stay can reach in an MDC: an ADRG, or the QY group (switch ``qy``)."""

    code: str
    mdc: int
    expr: Expr
    lists: Mapping[str, frozenset[str]]
    unrelated: bool = False


class Compiled:
    """The look-up tables of one scheme. Numbers of MDC and entries follow the order of evaluation."""

    def __init__(self, scheme: Scheme) -> None:
        self.scheme = scheme
        self.mdcs = [m.code for m in scheme.mdcs]
        self.entries = self._entries()
        self.none = len(self.entries)
        self.dx = Codebook(_dx_codes(scheme))
        self.proc = Codebook(_proc_codes(scheme))
        self.operation = self.proc.members(scheme.operation - scheme.invalid_op)
        self.barred = self.proc.members(scheme.invalid_op | scheme.gray_op)
        self.never = self.proc.members(scheme.invalid_op)
        self._compile_severity()
        self._compile_conditions()
        self._compile_decisions()
        self._compile_drgs()
        self.dx_word = (self.own_table << TABLE_SHIFT) | self.dx_bits

    def _entries(self) -> list[Entry]:
        result = []
        for number, mdc in enumerate(self.scheme.mdcs):
            unrelated = Entry(f"{mdc.code}QY", number, Operation(False), {}, unrelated=True)
            due = "qy" in self.scheme.switches and not mdc.pre
            for adrg in self.scheme.adrgs_of[mdc.code]:
                if due and adrg.kind == "medical":
                    result.append(unrelated)
                    due = False
                result.append(Entry(adrg.code, number, adrg.rule, adrg.lists, unrelated=adrg.kind == "qy"))
            if due:
                result.append(unrelated)
        return result

    def _compile_severity(self) -> None:
        tables: dict[str, int] = {"": 0}
        for name in self.scheme.exclusion.values():
            tables.setdefault(name, len(tables))
        size = self.dx.size
        self.dx_bits = np.zeros(size, dtype=np.uint8)
        self.own_table = np.zeros(size, dtype=np.int32)
        self.principal_table = np.full(size, -1, dtype=np.int32)
        for level, found in ((1, self.scheme.cc), (2, self.scheme.mcc)):
            for code, table in found.items():
                self.dx_bits[self.dx.id_of[code]] = level
                self.own_table[self.dx.id_of[code]] = tables[table]
        for code, table in self.scheme.exclusion.items():
            self.principal_table[self.dx.id_of[code]] = tables[table]

    def _compile_conditions(self) -> None:
        """Bits of an MDC are 1 << its number; ``tables`` has those a principal diagnosis allows."""
        self.tables = np.zeros(self.dx.size, dtype=np.uint32)
        self.plain_bits = np.uint32(0)
        self.conditions: list[Condition] = []
        for number, mdc in enumerate(self.scheme.mdcs):
            rule = self.rule(mdc.condition, mdc.by_name)
            bit = np.uint32(1 << number)
            self.tables[_allowed(rule, self.dx.size)] |= bit
            if isinstance(mdc.condition, InList) and mdc.condition.kind == "pdx":
                self.plain_bits |= bit
            else:
                self.conditions.append(self._condition(number, mdc, rule))

    def _condition(self, number: int, mdc: Mdc, rule: Rule) -> Condition:
        sites = np.zeros(self.dx.size, dtype=np.uint32)
        names = sorted({site for those in mdc.dx.values() for site in those})
        for code, those in mdc.dx.items():
            sites[self.dx.id_of[code]] = sum(1 << names.index(site) for site in those)
        if any(isinstance(a, Sites) for a in atoms(rule.expr)):
            self.dx_bits[sites > 0] |= SITED
        for atom, members in rule.members.items():
            if atom.kind in ("adx", "odx"):
                self.dx_bits[members] |= CONDITION_DX
        guard = "all"
        if not (self.tables >> np.uint32(number) & np.uint32(1)).all():
            guard = "pdx"
        elif _needs(rule.expr, lambda atom: isinstance(atom, Sites)):
            guard = "sites"
        elif _needs(rule.expr, lambda atom: isinstance(atom, InList) and atom.kind in ("adx", "odx")):
            guard = "dx"
        elif mdc.pre and all(_needs(e.expr, _lists_procedures) for e in self.entries if e.mdc == number):
            guard = "pre"
        fact = next((a for a in _facts(rule.expr) if _needs(rule.expr, lambda atom, one=a: atom == one)), None)  # type: ignore[misc]
        if guard == "all" and fact is not None:
            guard = "fact"
        return Condition(number, rule, sites, guard, mdc.pre, fact)

    def rule(self, expr: Expr, lists: Mapping[str, frozenset[str]]) -> Rule:
        """The tree with its lists as yes/no tables, less what may not stand in that place."""
        members: dict[InList, Bools] = {}
        for atom in atoms(expr):
            if isinstance(atom, InList):
                codes = lists[atom.name] - self._barred(atom.kind)
                book = self.proc if _lists_procedures(atom) else self.dx
                members[atom] = book.members(codes)
        return Rule(expr, members)

    def _barred(self, kind: str) -> frozenset[str]:
        if kind == "pdx":
            return self.scheme.invalid_dx
        if kind == "pproc":
            return self.scheme.invalid_op | self.scheme.gray_op
        return self.scheme.invalid_op if kind in ("proc", "oproc") else frozenset()

    def _compile_decisions(self) -> None:
        count = len(self.mdcs)
        self.columns = count + 1
        dx_class = np.zeros((self.dx.size, self.columns), dtype=np.int32)
        proc_class = np.zeros((self.proc.size, self.columns), dtype=np.int32)
        self.proc_bits = np.zeros(self.proc.size, dtype=np.uint8)
        self.open_rules: dict[int, list[tuple[int, Rule]]] = defaultdict(list)
        decisions: list[npt.NDArray[np.uint16]] = []
        masks: list[npt.NDArray[np.uint64]] = []
        start = 0
        for mdc in range(count):
            entries = [(n, e) for n, e in enumerate(self.entries) if e.mdc == mdc]
            of_dx, has_dx = self._classes(self.dx, entries, "pdx", None)
            of_proc, has_proc = self._classes(self.proc, entries, "pproc", self.operation & ~self.barred)
            shape = (len(next(iter(has_dx.values()))), len(next(iter(has_proc.values()))), 4)
            decision = np.full(shape, self.none, dtype=np.uint16)
            mask = np.zeros(shape, dtype=np.uint64)
            for number, entry in reversed(entries):
                can, must = _settle(entry, has_dx, has_proc, shape)
                decision[can & ~must] |= OPEN
                decision[must] = number
                mask[must] = 0
                if (can & ~must).any():
                    mask[can & ~must] |= np.uint64(1 << min(len(self.open_rules[mdc]), MASKED))
                    self.open_rules[mdc].append((number, self.rule(entry.expr, entry.lists)))
                self._mark_bits(entry, self.scheme.mdcs[mdc].pre)
            dx_class[:, mdc] = start + of_dx * (shape[1] * 4)
            proc_class[:, mdc] = of_proc * 4
            decisions.append(decision.reshape(-1))
            masks.append(mask.reshape(-1))
            start += decision.size
        dx_class[:, count] = start
        decisions.append(np.full(4, self.none, dtype=np.uint16))
        self.decisions = np.concatenate(decisions)
        # which open rules of the MDC can hold where a decision is open
        self.open_masks = np.concatenate([*masks, np.zeros(4, dtype=np.uint64)])
        self.dx_kind, rows = _distinct(dx_class)
        self.dx_class = rows.reshape(-1)
        self.proc_kind, rows = _distinct(proc_class)
        self.proc_class = rows.reshape(-1)

    def _classes(
        self, book: Codebook, entries: list[tuple[int, Entry]], kind: str, operation: Bools | None
    ) -> tuple[npt.NDArray[np.int32], dict[tuple[str, str], Bools]]:
        """Class of every code, and for each list (and ``operation``) whether the codes of a class are in it."""
        names: list[tuple[str, str]] = [("", "")]
        columns: list[Bools] = [np.zeros(book.size, dtype=np.bool_) if operation is None else operation]
        for _, entry in entries:
            for atom in atoms(entry.expr):
                if isinstance(atom, InList) and atom.kind == kind and (entry.code, atom.name) not in names:
                    names.append((entry.code, atom.name))
                    columns.append(book.members(entry.lists[atom.name] - self._barred(kind)))
        table = np.stack(columns, axis=1)
        of_code, rows = _distinct(table)
        return of_code, {name: rows[:, i] for i, name in enumerate(names)}

    def _mark_bits(self, entry: Entry, pre: bool) -> None:
        for atom in atoms(entry.expr):
            if isinstance(atom, InList) and atom.kind in ("adx", "odx"):
                self.dx_bits[self.dx.members(entry.lists[atom.name])] |= RULE_DX
            elif isinstance(atom, InList) and _lists_procedures(atom):
                listed = self.proc.members(entry.lists[atom.name])
                if atom.kind != "pproc":
                    self.proc_bits[listed] |= RULE_PROC
                if pre:
                    self.proc_bits[listed] |= PRE_PROC

    def _compile_drgs(self) -> None:
        """``drg_of[(entry << shift) + (facts << 2) + standing]``; -1 where the split needs more.

        ``facts`` has a bit for each of ``split_facts``, the comparisons that splits name most; ``shift`` is the room.
        Entries whose splits read the same and name no list share a ``split_kind``: they are computed together.
        """
        qy = [e.code for e in self.entries if e.unrelated]
        self.drg_codes = [*(d.code for d in self.scheme.drgs), *qy, UNGROUPED]
        number = {code: i for i, code in enumerate(self.drg_codes)}
        self.ungrouped = number[UNGROUPED]
        compared = Counter(fact for d in self.scheme.drgs for fact in dict.fromkeys(_facts(d.split)))
        self.split_facts = [fact for fact, _ in compared.most_common(_FACTS)]
        self.shift = 2 + len(self.split_facts)
        self.drg_of = np.full((self.none + 1) << self.shift, self.ungrouped, dtype=np.int16)
        self.split_kind = np.full(self.none + 1, -1, dtype=np.int16)
        self.open_splits: list[list[tuple[Rule, npt.NDArray[np.int16]]]] = []
        kinds: dict[Any, int] = {}
        for i, entry in enumerate(self.entries):
            if entry.unrelated:
                self.drg_of[i << self.shift : (i + 1) << self.shift] = number[entry.code]
                continue
            drgs = self.scheme.drgs_of[entry.code]
            if all(isinstance(a, Severity) or a in self.split_facts for d in drgs for a in atoms(d.split)):
                for drg in drgs:
                    for at in range(1 << self.shift):
                        if self._split_holds(drg.split, at):
                            self.drg_of[(i << self.shift) + at] = number[drg.code]
            else:
                self.drg_of[i << self.shift : (i + 1) << self.shift] = -1
                rules = [self.rule(d.split, entry.lists) for d in drgs]
                alone = i if any(rule.members for rule in rules) else -1
                kind = kinds.setdefault((alone, *(d.split for d in drgs)), len(kinds))
                if kind == len(self.open_splits):
                    self.open_splits.append(
                        [(rule, np.full(self.none, self.ungrouped, dtype=np.int16)) for rule in rules]
                    )
                self.split_kind[i] = kind
                for drg, (_, code_of) in zip(drgs, self.open_splits[kind], strict=True):
                    code_of[i] = number[drg.code]
        self.adrg_codes = [a.code for a in self.scheme.adrgs]
        place = {code: i for i, code in enumerate(self.adrg_codes)}
        self.adrg_of = np.array([*(place.get(e.code, -1) for e in self.entries), -1], dtype=np.int16)
        self.status_of = np.array([0] * len(self.scheme.drgs) + [2] * len(qy) + [1], dtype=np.int8)

    def _split_holds(self, split: Expr, place: int) -> bool:
        """Whether a split of severities and facts holds: ``place`` has the standing and above it the facts."""

        def leaf(atom: Const | Atom) -> bool:
            if isinstance(atom, Severity):
                return place & 3 in atom.levels
            if isinstance(atom, Compare):
                return bool(place >> (2 + self.split_facts.index(atom)) & 1)
            return isinstance(atom, Const) and atom.value

        return fold(split, leaf, lambda x: not x, lambda x, y: x and y, lambda x, y: x or y)


def _facts(expr: Expr) -> Iterator[Compare]:
    """The comparisons with a number."""
    return (a for a in atoms(expr) if isinstance(a, Compare) and isinstance(a.value, int))


def _lists_procedures(atom: Const | Atom) -> bool:
    return isinstance(atom, InList) and "proc" in atom.kind


def _owners(scheme: Scheme) -> Iterator[Mdc | Adrg]:
    """Everything that has lists of its own."""
    yield from scheme.mdcs
    yield from scheme.adrgs


def _dx_codes(scheme: Scheme) -> Iterable[str]:
    for mdc in scheme.mdcs:
        yield from mdc.dx
    for owner in _owners(scheme):
        for name, codes in owner.lists.items():
            if "dx" in name:
                yield from codes
    for part in (scheme.mcc, scheme.cc, scheme.exclusion, scheme.invalid_dx):
        yield from part


def _proc_codes(scheme: Scheme) -> Iterable[str]:
    for owner in _owners(scheme):
        for name, codes in owner.lists.items():
            if "proc" in name:
                yield from codes
    for part in (scheme.operation, scheme.invalid_op, scheme.gray_op):
        yield from part


def _settle(
    entry: Entry,
    has_dx: Mapping[tuple[str, str], Bools],
    has_proc: Mapping[tuple[str, str], Bools],
    shape: tuple[int, int, int],
) -> tuple[Bools, Bools]:
    """For each pair of classes and pair of bits: can the rule hold, must it hold."""
    some = np.arange(4)
    proc_listed, dx_listed = (some & 1) > 0, (some & 2) > 0

    def leaf(atom: Const | Atom) -> Bounds:
        match atom:
            case InList(kind="pdx", name=name):
                sure = has_dx[entry.code, name][:, None, None]
                return sure, sure
            case InList(kind="pproc", name=name):
                sure = has_proc[entry.code, name][None, :, None]
                return sure, sure
            case Operation(principal=True):
                sure = has_proc["", ""][None, :, None]
                return sure, sure
            case InList():
                return (proc_listed if _lists_procedures(atom) else dx_listed)[None, None, :], _NO
            case _:
                return _open(atom)

    can, must = _bounds(entry.expr, leaf)
    return np.broadcast_to(can, shape), np.broadcast_to(must, shape)


Bounds = tuple[Bools, Bools]
"""Whether a tree can hold and whether it must, given what is known."""
_NO = np.zeros(1, dtype=np.bool_)


def _open(atom: Const | Atom) -> Bounds:
    """A constant is what it is; of any other atom nothing is known."""
    return (_NO | atom.value, _NO | atom.value) if isinstance(atom, Const) else (~_NO, _NO)


def _bounds(expr: Expr, leaf: Callable[[Const | Atom], Bounds]) -> Bounds:
    """Whether a tree can hold and whether it must, from what is known of its atoms."""
    return fold(
        expr,
        leaf,
        lambda x: (~x[1], ~x[0]),
        lambda x, y: (x[0] & y[0], x[1] & y[1]),
        lambda x, y: (x[0] | y[0], x[1] | y[1]),
    )


def _needs(expr: Expr, is_one: Callable[[Const | Atom], bool]) -> bool:
    """The tree cannot hold where no atom of this sort holds."""
    return not _bounds(expr, lambda atom: (_NO, _NO) if is_one(atom) else _open(atom))[0].any()


def _allowed(rule: Rule, size: int) -> Bools:
    """The principal diagnoses with which the rule can hold, by number of the code."""

    def leaf(atom: Const | Atom) -> Bounds:
        if isinstance(atom, InList) and atom.kind == "pdx":
            return rule.members[atom], rule.members[atom]
        return _open(atom)

    return np.broadcast_to(_bounds(rule.expr, leaf)[0], size)


def _distinct(table: npt.NDArray[Any]) -> tuple[npt.NDArray[np.int32], npt.NDArray[Any]]:
    """Number of each row among the distinct rows (the first row is number 0), and the distinct rows."""
    others = np.flatnonzero((table != table[0]).any(axis=1))
    rows = np.ascontiguousarray(table[others])
    _, first, kind = np.unique(
        rows.view(f"V{rows.dtype.itemsize * rows.shape[1]}"), return_index=True, return_inverse=True
    )
    order = np.argsort(first)  # numbered as they come
    number = np.zeros(len(table), dtype=np.int32)
    number[others] = np.argsort(order)[kind.reshape(-1)] + 1
    return number, table[[0, *others[first[order]]]]
