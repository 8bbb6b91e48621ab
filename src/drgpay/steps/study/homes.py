"""Where stays without a group belong: codes that no category or group takes, beside those of the same kind."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import NamedTuple

from drgpay.scheme import UNGROUPED, Adrg, Mdc, Scheme
from drgpay.steps.study.factors import codes_name
from drgpay.steps.study.model import Change, Piece, Proposal
from drgpay.steps.study.moments import Moments, total
from drgpay.steps.study.splits import Judge
from drgpay.steps.study.sums import Values

OPEN = ("no_mdc", "no_group", "unrelated_operation")
"""reasons for which a scheme can be mended: no MDC takes the principal diagnosis, no ADRG of its MDC does, and an
operation that no ADRG of the MDC takes. Other reasons lie with the record."""
_PREFIXES = {"no_mdc": (5, 3), "no_group": (5, 3), "unrelated_operation": (5, 4)}
"""how many characters of a code its neighbours share, the closest first"""


class Lost(NamedTuple):
    """Stays without a group that look alike: why, the MDC they reached, principal diagnosis, first operation."""

    reason: str
    mdc: str
    dx: str
    operation: str
    stays: Moments

    @property
    def code(self) -> str:
        """The code that is not taken."""
        return self.operation if self.reason == "unrelated_operation" else self.dx


@dataclass(frozen=True)
class _Neighbours:
    """Which ADRG take codes of the same beginning."""

    scheme: Scheme

    @cached_property
    def _mdcs(self) -> Mapping[str, Mdc]:
        return {m.code: m for m in self.scheme.mdcs}

    @cached_property
    def _by_prefix(self) -> Mapping[tuple[bool, str], Counter[str]]:
        """Operation or diagnosis, and the beginning of codes → how many of them each ADRG lists. Only ADRG that a
        code alone leads to, of categories that a diagnosis alone leads to."""
        found: dict[tuple[bool, str], Counter[str]] = defaultdict(Counter)
        for adrg in self.scheme.adrgs:
            mdc = self._mdcs[adrg.mdc]
            plain = not mdc.pre and not any(any(sites) for sites in mdc.dx.values())
            if plain and adrg.rule_text in ("pdx", "pproc"):
                for code in adrg.lists[adrg.rule_text]:
                    for length in (3, 4, 5):
                        found[adrg.rule_text == "pproc", code[:length]][adrg.code] += 1
        return found

    def home(self, lost: Lost) -> str:
        """The ADRG with most codes of the same beginning, the closest beginning first; "" where there is none."""
        for length in _PREFIXES[lost.reason]:
            near = self._by_prefix.get((lost.reason == "unrelated_operation", lost.code[:length]), Counter())
            there = [
                (-n, code) for code, n in near.items() if lost.reason == "no_mdc" or self.adrgs[code].mdc == lost.mdc
            ]
            if there:
                return min(there)[1]
        return ""

    @cached_property
    def adrgs(self) -> Mapping[str, Adrg]:
        """ADRG by code."""
        return {a.code: a for a in self.scheme.adrgs}

    def opened(self, home: str, codes: Iterable[str]) -> list[Change]:
        """What lets these principal diagnoses into the MDC of an ADRG."""
        mdc = self._mdcs[self.adrgs[home].mdc]
        lacking = sorted(set(codes) - mdc.dx.keys())
        return [{"add": lacking, "to": f"MDC {mdc.code}"}] if lacking else []

    def free(self, home: str, taken: Iterable[str]) -> str:
        """A code for a new ADRG beside this one: MDC and kind are its first letters."""
        own, used = self.adrgs[home], {*self.adrgs, *taken}
        letters = "ABCDEFGHJ" if own.rule_text == "pproc" else "RSTUVWXYZ"
        order = (own.code[1], *letters)
        return next(c for letter in order for d in "123456789" if (c := f"{own.mdc}{letter}{d}") not in used)


def propose_homes(
    scheme: Scheme, lost: Sequence[Lost], values: Values, judge: Judge, known: frozenset[str]
) -> Iterator[Proposal]:
    """Codes that are nowhere, those of one category together: as a new ADRG where there are cases enough and their
    mean is not that of their neighbours, else placed with these. An unrelated operation is placed only with cases
    enough. ``known``: codes of the dictionaries; what is in none is a slip of coding, and gets no home."""
    near = _Neighbours(scheme)
    units: dict[tuple[str, str, str], list[Lost]] = defaultdict(list)
    for one in lost:
        home = near.home(one) if one.reason in OPEN and one.code in known else ""
        if home:
            units[one.reason, home, one.code[: _PREFIXES[one.reason][-1]]].append(one)
    placed: dict[tuple[str, str], list[Lost]] = defaultdict(list)
    taken: set[str] = set()
    for (reason, home, _), its in sorted(units.items()):
        stays = total(one.stays for one in its)
        own = total(values[d.code][""][""] for d in scheme.drgs_of[home] if d.code in values)
        sides = sorted((stays, own), key=lambda m: m.mean(judge.weights))
        if judge.enough(stays) and (not own.n or judge.unlike(*sides)):
            code = near.free(home, taken)
            taken.add(code)
            yield _new(near, reason, home, code, its, stays)
        elif reason != "unrelated_operation" or judge.enough(stays):
            placed[reason, home] += its
    for (reason, home), its in sorted(placed.items()):
        proposal = _placed(near, reason, home, its, values)
        if proposal.changes:
            yield proposal


def _codes(its: Iterable[Lost]) -> tuple[str, ...]:
    return tuple(sorted({one.code for one in its}))


def _before(scheme: Scheme, its: Sequence[Lost]) -> tuple[Piece, ...]:
    """The stays where they are now: without a group, or in that of unrelated operations."""
    qy = its[0].reason == "unrelated_operation"
    codes = sorted({f"{one.mdc}QY" if qy else UNGROUPED for one in its})
    return tuple(
        Piece(code, scheme.name(code), "", total(o.stays for o in its if not qy or f"{o.mdc}QY" == code))
        for code in codes
    )


def _new(near: _Neighbours, reason: str, home: str, code: str, its: Sequence[Lost], stays: Moments) -> Proposal:
    """A new ADRG of one group, tried before the neighbours; of operations before every ADRG without one."""
    own, codes = near.adrgs[home], _codes(its)
    name, drg = codes_name(codes), f"{code}9"
    operation = reason == "unrelated_operation"
    rule = "pproc" if operation else "pdx"
    medical = (a.code for a in near.scheme.adrgs_of[own.mdc] if a.kind in ("medical", "qy"))
    before = next(medical, "") if operation else home
    change: Change = {
        "group": code, "mdc": own.mdc, "name": name, "kind": own.kind, "rule": rule,
        **({"before": before} if before else {}), "lists": {rule: list(codes)},
        "drgs": {drg: {"name": name, "split": "always"}},
    }  # fmt: skip
    opened = [] if operation else near.opened(home, codes)
    return Proposal(
        "new_group", code, reason, _before(near.scheme, its), (Piece(drg, name, "always", stays),), Fraction(0),
        codes, (*opened, change), {drg: name},
    )  # fmt: skip


def _placed(near: _Neighbours, reason: str, home: str, its: Sequence[Lost], values: Values) -> Proposal:
    """The codes beside their neighbours."""
    own, codes = near.adrgs[home], _codes(its)
    opened = [] if reason == "unrelated_operation" else near.opened(home, codes)
    lacking = sorted(set(codes) - own.lists[own.rule_text])
    added: list[Change] = [{"add": lacking, "to": f"{home} {own.rule_text}"}] if lacking else []
    there = total(values[d.code][""][""] for d in near.scheme.drgs_of[home] if d.code in values)
    stays = total([there, *(one.stays for one in its)])
    return Proposal(
        "placed_codes", home, reason, _before(near.scheme, its), (Piece(home, own.name, own.rule_text, stays),),
        Fraction(0), codes, (*opened, *added),
    )  # fmt: skip
