"""What is known of codes: the editions, and the lists the checks of a stay go by (``data/checks/lists.yaml``)."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from drgpay.steps.intake.findings import Flags
from drgpay.steps.intake.repair import proposals
from drgpay.steps.intake.rules import RULES, read_data
from drgpay.units.vector import Ints

_LAST = "\U0010ffff"
FEW = 500
"""codes that are looked up one by one"""


@dataclass(frozen=True)
class CodeList:
    """Some codes of an edition, and what a check says of them.

    ``id``; ``rule``: the check it belongs to, or empty; ``kind``: ``dx`` or ``proc``; ``codes``: single codes with
    all their subdivisions, ranges ``low-high`` with those of both ends, and patterns with ``?``; ``source``; ``sex``:
    who alone may have them; ``age`` (years) and ``weight`` (grams): (lowest, highest), inclusive; ``principal``: the
    check speaks of the principal diagnosis alone.
    """

    id: str
    rule: str
    kind: str
    codes: Sequence[str]
    source: str
    sex: str = ""
    age: Sequence[int] = ()
    weight: Sequence[int] = ()
    principal: bool = False

    def __post_init__(self) -> None:
        if (self.rule and self.rule not in RULES) or self.kind not in ("dx", "proc"):
            raise ValueError(f"list {self.id}: no such check or kind")

    def within(self, codes: Any) -> Flags:
        """Which of sorted codes (an Arrow text array) belong to the list."""
        plain = codes.to_pylist()
        found = np.zeros(len(plain), bool)
        for spec in self.codes:
            if "?" in spec:
                found |= pc.match_like(codes, spec.replace("?", "_")).to_numpy(zero_copy_only=False)
            else:
                low, _, high = spec.partition("-")
                found[bisect_left(plain, low) : bisect_left(plain, (high or low) + _LAST)] = True
        return found


@cache
def code_lists() -> tuple[CodeList, ...]:
    """The lists that are shipped."""
    return tuple(CodeList(**row) for row in read_data("lists"))


UNKNOWN, GRAY = 1 << 62, 1 << 61
"""marks of codes beside those of the lists"""


@dataclass(frozen=True)
class KnownCodes:
    """The codes of an edition, as sorted Arrow text arrays: ``dx`` all diagnoses (gray ones too), ``dx_gray`` those
    that may not be reported, ``proc`` all procedures and ``proc_gray`` the gray ones of them; ``lists``: what the
    checks know of them."""

    dx: Any = field(repr=False)
    dx_gray: Any = field(repr=False)
    proc: Any = field(repr=False)
    lists: tuple[CodeList, ...] = field(repr=False, default=())
    proc_gray: Any = field(repr=False, default=None)
    _near: dict[tuple[str, str], tuple[str, ...]] = field(init=False, repr=False, compare=False, default_factory=dict)
    _marks: dict[str, Ints] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        marks = {}
        for kind, codes in (("dx", self.dx), ("proc", self.proc)):
            of_code = np.zeros(len(codes) + 1, np.int64)
            for number, one in enumerate(self.lists):
                if one.kind == kind:
                    of_code[:-1][one.within(codes)] |= 1 << number
            of_code[-1] = UNKNOWN
            marks[kind] = of_code
        for kind, codes, those in (("dx", self.dx, self.dx_gray), ("proc", self.proc, self.proc_gray)):
            if those is not None:
                gray = pc.is_in(codes, value_set=those).to_numpy(zero_copy_only=False)
                marks[kind][:-1][gray] |= GRAY
        object.__setattr__(self, "_marks", marks)

    @classmethod
    def of(
        cls,
        dx: Iterable[str],
        dx_gray: Iterable[str],
        proc: Iterable[str],
        lists: Sequence[CodeList] = (),
        proc_gray: Iterable[str] = (),
    ) -> KnownCodes:
        """From plain codes."""
        all_dx, gray, all_proc, gray_proc = (
            pa.array(sorted(set(codes)), pa.string()) for codes in (dx, dx_gray, proc, proc_gray)
        )
        return cls(all_dx, gray, all_proc, tuple(lists), gray_proc)

    @cached_property
    def plain(self) -> dict[str, frozenset[str]]:
        """All codes by kind, ``dx`` and ``proc``."""
        return {"dx": frozenset(self.dx.to_pylist()), "proc": frozenset(self.proc.to_pylist())}

    @cached_property
    def _sorted(self) -> dict[str, list[str]]:
        return {"dx": self.dx.to_pylist(), "proc": self.proc.to_pylist()}

    def near(self, kind: str, code: str) -> tuple[str, ...]:
        """The codes a person may have meant who wrote one that is not known."""
        if (kind, code) not in self._near:
            self._near[kind, code] = proposals(code, self._sorted[kind])
        return self._near[kind, code]

    def bit(self, name: str) -> int:
        """The mark of a list; 0 when there is none of that name."""
        return next((1 << number for number, one in enumerate(self.lists) if one.id == name), 0)

    def bits(self, rule: str) -> int:
        """The marks of all lists of a check."""
        return sum(1 << number for number, one in enumerate(self.lists) if one.rule == rule)

    def marks(self, kind: str, codes: Any) -> Ints:
        """The marks of codes (an Arrow text array without nulls), and a 0 at the end, for null."""
        if len(codes) <= FEW:  # to look them up one by one is quicker than to make a table of all there are
            its = self._places[kind]
            places = np.fromiter((its.get(code, -1) for code in codes.to_pylist()), np.int64, len(codes))
        else:
            found = pc.index_in(codes, value_set=self.dx if kind == "dx" else self.proc)
            places = pc.fill_null(found, -1).to_numpy(zero_copy_only=False)
        return np.append(self._marks[kind][places], 0)

    @cached_property
    def _places(self) -> dict[str, dict[str, int]]:
        """Where a code stands, by kind."""
        return {kind: {code: at for at, code in enumerate(codes)} for kind, codes in self._sorted.items()}
