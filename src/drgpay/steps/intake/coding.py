"""The checks on the codes of typed stays, whole columns at a time.

Every code of a batch is looked up once; what the lists say of it is a bit in its marks. What is said of few codes is
then looked at in few places only.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from drgpay.steps.intake.batch import Batch
from drgpay.steps.intake.findings import Flags
from drgpay.steps.intake.known import GRAY, UNKNOWN, KnownCodes
from drgpay.steps.intake.rules import RULES
from drgpay.steps.intake.showing import shown
from drgpay.tables import STAYS
from drgpay.units.vector import Ints

NEWBORN_DAYS = 28
"""a newborn is at most 28 days old"""
_FEW = 64
"""codes of a stay up to which repeated ones are looked for by going along, not by sorting"""


class _Codes:
    """The codes of one column, end to end: ``indices`` into the dictionary (its length for null), the ``first`` place
    of every stay that has any (``filled``), and ``ends``, where each stay's codes end."""

    def __init__(self, b: Batch, name: str) -> None:
        lists = b.batch.column(name)
        self.b, self.name, self.flat = b, name, lists.flatten()
        lengths = pc.list_value_length(lists)
        self.lengths = np.asarray((pc.fill_null(lengths, 0) if lengths.null_count else lengths).to_numpy())
        self.ends = np.cumsum(self.lengths)
        self.filled = np.flatnonzero(self.lengths)
        self.first = (self.ends - self.lengths)[self.filled]
        self.null = len(self.flat.dictionary)
        indices = pc.fill_null(self.flat.indices, self.null) if self.flat.null_count else self.flat.indices
        self.indices = np.asarray(indices.to_numpy())

    def owner(self, places: Ints) -> Ints:
        """The stay of every place."""
        return np.searchsorted(self.ends, places, side="right")

    def name_them(self, rule: str, places: Ints, *, near: KnownCodes | None = None) -> None:
        """A rule broken by the codes at some places, ascending; the finding of a stay shows those codes, and the
        cells they stand in. ``near``: name the known codes nearest to them."""
        if len(places) == 0:
            return
        at, start = np.unique(self.owner(places), return_index=True)
        numbers, which = np.unique(self.indices[places], return_inverse=True)
        codes = self.flat.dictionary.take(pa.array(numbers)).to_pylist()
        named = pa.array([shown(code) for code in codes], pa.string()).take(pa.array(which))
        offsets = pa.array(np.append(start, len(places)).astype(np.int32))
        values = pc.binary_join(pa.ListArray.from_arrays(offsets, named), "|")
        texts = None
        if near is not None:
            parts = np.split(which, start[1:])
            texts = [_proposed(rule, self.name, [codes[i] for i in of], near) for of in parts]
        origins = self.b.read.origins.get(self.name)
        cells = None if origins is None else [of.tolist() for of in np.split(origins[places], start[1:])]
        self.b.notes.add(rule, STAYS[self.name], at, values, texts, places=cells)

    def repeated(self) -> Ints:
        """Places whose code stands earlier in the same stay."""
        if self.lengths.max(initial=0) > _FEW:
            return self._repeated_anywhere()
        again = np.zeros(len(self.indices), bool)
        ends = np.repeat(self.ends.astype(np.int32), self.lengths)
        for apart in range(1, int(self.lengths.max(initial=0))):
            at = np.flatnonzero(self.indices[apart:] == self.indices[:-apart])
            again[at[(ends[at] > at + apart) & (self.indices[at] != self.null)] + apart] = True
        return np.flatnonzero(again)

    def _repeated_anywhere(self) -> Ints:
        """The same by sorting, for stays of very many codes."""
        owner = np.repeat(np.arange(len(self.lengths)), self.lengths)
        keys = owner * (len(self.flat.dictionary) + 1) + self.indices
        again = np.ones(len(keys), bool)
        again[np.unique(keys, return_index=True)[1]] = False
        return np.flatnonzero(again & (self.indices != self.null))


def _proposed(rule: str, kind: str, codes: list[str], known: KnownCodes) -> tuple[str, str]:
    """The words of a rule about codes that are not known, with those that may have been meant."""
    near = [(shown(code), known.near(kind, code)) for code in dict.fromkeys(codes)]
    zh = ";".join(f"{code}:最接近的是 {'、'.join(those)}" for code, those in near if those)
    en = "; ".join(f"{code}: nearest {', '.join(those)}" for code, those in near if those)
    general = RULES[rule].texts(STAYS[kind])
    return (f"{general[0]}({zh})", f"{general[1]} ({en})") if zh else general


class _Marked:
    """The places of a column whose codes some check speaks of: ``places``, ``marks`` and ``owner`` of each; the same
    of the first codes, which other checks speak of, as ``heads``, ``head_marks`` and ``head_owner``."""

    def __init__(self, column: _Codes, codes: KnownCodes) -> None:
        self.column, self.codes = column, codes
        self.of_code = codes.marks(column.name, column.flat.dictionary)
        any_place = UNKNOWN | GRAY | sum(codes.bit(one.id) for one in codes.lists if one.rule and not one.principal)
        head = GRAY | sum(codes.bit(one.id) for one in codes.lists if one.principal or column.b.context.quality)
        self.places = np.flatnonzero(((self.of_code & any_place) != 0)[column.indices])
        self.marks: Ints = self.of_code[column.indices[self.places]]
        self.owner = column.owner(self.places)
        at = np.flatnonzero(((self.of_code & head) != 0)[column.indices[column.first]])
        self.heads, self.head_owner = column.first[at], column.filled[at]
        self.head_marks: Ints = self.of_code[column.indices[self.heads]]

    def with_head(self) -> Ints:
        """The marks of all codes of the stays of ``heads``."""
        if not len(self.heads):
            return self.head_marks
        of_stay = np.bitwise_or.reduceat(self.of_code[self.column.indices], self.column.first)
        return np.asarray(of_stay[np.searchsorted(self.column.first, self.heads)])

    def name_where(self, rule: str, wrong: Flags, *, near: KnownCodes | None = None) -> None:
        """A rule broken at some of the places."""
        self.column.name_them(rule, self.places[wrong], near=near)

    def principal(self, rule: str, bits: int) -> None:
        """A rule broken by principal codes that have one of the marks."""
        self.column.name_them(rule, self.heads[(self.head_marks & bits) != 0])

    def of_other_sex(self, rule: str) -> Flags:
        """Codes that the lists of a rule give to the other sex alone."""
        bits = dict.fromkeys(STAYS["sex"].choices, 0)
        for one in self.codes.lists:
            if one.rule == rule:
                bits[one.sex] |= self.codes.bit(one.id)
        sex = self.column.b.batch.column("sex")
        others = {value: sum(bits[other] for other in bits if other != value) for value in bits}
        of_value = np.array([*(others.get(value, 0) for value in sex.dictionary.to_pylist()), 0], np.int64)
        indices = pc.fill_null(sex.indices, len(sex.dictionary)).to_numpy()
        return np.asarray((self.marks & of_value[indices[self.owner]]) != 0)

    def outside(self, rule: str, bounds: str, values: Ints) -> Flags:
        """Codes whose stay has a value (negative: unknown) outside the bounds in the lists of a rule."""
        own = values[self.owner]
        wrong = np.zeros(len(self.places), bool)
        for one in self.codes.lists:
            if one.rule == rule:
                low, high = getattr(one, bounds)
                listed = (self.marks & self.codes.bit(one.id)) != 0
                wrong |= listed & (own >= 0) & ((own < low) | (own > high))
        return wrong


def judge_codes(b: Batch) -> None:
    """Diagnoses and procedures: present, known, in keeping with sex, age and weight, and fit to be principal."""
    dx, proc, codes = _Codes(b, "dx"), _Codes(b, "proc"), b.context.codes
    missing = dx.lengths == 0
    missing[dx.filled[dx.indices[dx.first] == dx.null]] = True
    b.note("dx_missing", "dx", missing, value=False)
    dx.name_them("dx_repeated", dx.repeated())
    if b.context.quality:
        proc.name_them("proc_repeated", proc.repeated())
    if codes is None:
        return
    diagnoses, procedures = _Marked(dx, codes), _Marked(proc, codes)
    unknown = (diagnoses.marks & UNKNOWN) != 0
    if unknown.any():
        first = (dx.ends - dx.lengths)[diagnoses.owner] == diagnoses.places
        diagnoses.name_where("dx_unknown", unknown & first, near=codes)
        diagnoses.name_where("dx_other_unknown", unknown & ~first, near=codes)
    procedures.name_where("proc_unknown", (procedures.marks & UNKNOWN) != 0, near=codes)
    diagnoses.principal("dx_gray", GRAY)
    gray = (diagnoses.marks & GRAY) != 0
    if gray.any():
        diagnoses.name_where("dx_other_gray", gray & ((dx.ends - dx.lengths)[diagnoses.owner] != diagnoses.places))
    procedures.name_where("proc_gray", (procedures.marks & GRAY) != 0)
    for rule in dict.fromkeys(one.rule for one in codes.lists if one.principal):
        diagnoses.principal(rule, codes.bits(rule))
    diagnoses.name_where("dx_sex", diagnoses.of_other_sex("dx_sex"))
    procedures.name_where("proc_sex", procedures.of_other_sex("proc_sex"))
    diagnoses.name_where("dx_age", diagnoses.outside("dx_age", "age", b.years))
    procedures.name_where("proc_age", procedures.outside("proc_age", "age", b.years))
    adult = np.zeros(b.rows, bool)
    adult[diagnoses.owner[(diagnoses.marks & codes.bits("age_adult")) != 0]] = True
    b.note("age_adult", "age_days", adult & b.null("age") & (b.years == 0))
    grams = np.where(b.null("birth_weight"), -1, b.ints("birth_weight"))
    contradicted = np.zeros(b.rows, bool)
    contradicted[diagnoses.owner[diagnoses.outside("birth_weight_dx", "weight", grams)]] = True
    b.note("birth_weight_dx", "birth_weight", contradicted)
    if b.context.quality:
        _wishes(b, diagnoses, codes)


def _wishes(b: Batch, marked: _Marked, codes: KnownCodes) -> None:
    """What the principal diagnosis leaves to be wished for, seen beside the others and the age."""
    all_marks = marked.with_head()
    days: Any = b.ints("age_days")
    older = ~b.null("age_days") & (days > NEWBORN_DAYS) & (b.years == 0)
    for rule, principal, wrong in (
        ("external_cause_missing", "injury", (all_marks & codes.bit("external_cause")) == 0),
        ("dx_symptom", "symptom", (all_marks & codes.bit("definite")) != 0),
        ("newborn_dx", "perinatal", older[marked.head_owner]),
    ):
        marked.column.name_them(rule, marked.heads[wrong & ((marked.head_marks & codes.bit(principal)) != 0)])
