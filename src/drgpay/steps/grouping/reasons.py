"""Why stays of a batch have no group: the same as :func:`.why.why`, whole columns at a time.

Only the stays without a group are looked at, and of the rules only those that compare a fact which is missing.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from drgpay.scheme import Scheme
from drgpay.scheme.rules import Atom, Compare, Const, Expr, InList, atoms, fold
from drgpay.steps.grouping.batch import Bools, Stays
from drgpay.steps.grouping.codebook import Ints
from drgpay.steps.grouping.compiled import Entry, Rule
from drgpay.steps.grouping.kernel import SomeStays, Work, compile_scheme
from drgpay.steps.grouping.why import FACTS, REASONS, Why, gray_diagnoses, known_diagnoses
from drgpay.steps.grouping.wording import Said

CODES = tuple(REASONS)
_COLUMNS = {"weight": "birth_weight"}
Bounds = tuple[Bools, Bools]
"""of some stays: whether a rule can hold, and whether it must, given what is not known"""


class Reasons:
    """What the reasons need of a scheme, made once; may be shared by threads."""

    def __init__(self, scheme: Scheme) -> None:
        self.scheme = scheme
        self.tables = compile_scheme(scheme).tables
        self._rules: dict[tuple[int, str], Rule] = {}

    @cached_property
    def _compared(self) -> frozenset[int]:
        """Entries whose rule or splits compare a fact."""
        return frozenset(n for n, entry in enumerate(self.tables.entries) if self._compares(entry))

    def _compares(self, entry: Entry) -> bool:
        trees = [entry.expr, *(d.split for d in self.scheme.drgs_of.get(entry.code, ()))]
        return any(isinstance(atom, Compare) for tree in trees for atom in atoms(tree))

    @cached_property
    def _principals(self) -> dict[str, int]:
        """Principal diagnosis -> the first MDC whose condition names it and could hold with it."""
        found: dict[str, int] = {}
        for number, mdc in reversed(list(enumerate(self.scheme.mdcs))):
            allowed = (self.tables.tables >> np.uint32(number) & np.uint32(1)) > 0
            for atom in atoms(mdc.condition):
                if isinstance(atom, InList) and atom.kind == "pdx":
                    found |= {c: number for c in mdc.by_name[atom.name] if allowed[self.tables.dx.id_of[c]]}
        return found

    def rule(self, number: int, name: str, expr: Expr, lists: Any) -> Rule:
        """A rule or split with its lists as tables, kept."""
        key = number, name
        if key not in self._rules:
            self._rules[key] = self.tables.rule(expr, lists)
        return self._rules[key]

    def of(self, batch: Any, groups: Any) -> tuple[Ints, Ints, list[Why]]:
        """Which stays have no group, the number of each one's reason, and the different reasons.

        ``groups``: what :meth:`Kernel.group` made of the batch.
        """
        status = groups.column("status").cast(pa.string()).to_numpy(zero_copy_only=False)
        at = np.flatnonzero(status != "grouped")
        if not len(at):
            return at, np.zeros(0, np.intp), []
        rows = pa.array(at)
        batch, groups = batch.take(rows), groups.take(rows)
        work = Work(self.tables, Stays(batch, self.tables.dx, self.tables.proc))
        headless = work.stays.dx.headless()
        dx = _firsts(batch.column("dx"), headless)
        mdc, adrg = (groups.column(name).cast(pa.string()) for name in ("mdc", "adrg"))
        names = dx.dictionary.to_pylist()
        which = dx.indices.to_numpy(zero_copy_only=False)

        def among(found: Callable[[str], bool]) -> Bools:
            of_name: Bools = np.array([found(name) for name in names], dtype=np.bool_)
            return np.asarray(of_name[which])

        invalid = among(self.scheme.invalid_dx.__contains__)
        gray = among(gray_diagnoses().__contains__)
        unknown = among(lambda code: code not in known_diagnoses() and code not in self._own)
        listed = among(self._principals.__contains__)
        no_mdc = mdc.is_null().to_numpy(zero_copy_only=False)
        split = adrg.is_valid().to_numpy(zero_copy_only=False)
        qy = status[at] == "qy"
        open_ = np.flatnonzero(~(headless | qy | invalid | gray))
        facts = np.zeros(len(at), dtype=np.int64)
        facts[open_] = _Missing(self, work, open_).facts()
        cases = (
            ("no_principal", headless),
            ("unrelated_operation", qy),
            ("invalid_principal", invalid),
            ("gray_principal", gray),
            ("missing_data", facts > 0),
            ("unknown_principal", no_mdc & unknown),
            ("condition", no_mdc & listed),
            ("no_mdc", no_mdc),
            ("no_split", split),
            ("no_group", np.ones(len(at), np.bool_)),
        )
        code = np.select([where for _, where in cases], [CODES.index(name) for name, _ in cases])
        places = [*self.tables.mdcs, *self.tables.adrg_codes, ""]
        number = {name: i for i, name in enumerate(places)}
        of_mdc, of_adrg = (
            np.array([number[name or ""] for name in column.to_pylist()], dtype=np.int64) for column in (mdc, adrg)
        )
        of_table = np.array([self._principals.get(name, len(places) - 1) for name in names], dtype=np.int64)[which]
        named = {"condition": of_table, "no_split": of_adrg, "no_group": of_mdc, "unrelated_operation": of_mdc}
        place = np.full(len(at), len(places) - 1, dtype=np.int64)
        for name, those in named.items():
            here = code == CODES.index(name)
            place[here] = those[here]
        keys = np.stack([code, np.where(headless, -1, which), place, facts], axis=1)
        different, back = np.unique(keys, axis=0, return_inverse=True)
        whys = [
            Why(CODES[c], names[d] if d >= 0 else "", places[p], _facts(f) if CODES[c] == "missing_data" else ())
            for c, d, p, f in different.tolist()
        ]
        return at, back.reshape(-1), whys

    @cached_property
    def _own(self) -> frozenset[str]:
        return frozenset(self.tables.dx.codes) - self.scheme.invalid_dx


def _firsts(lists: Any, headless: Bools) -> Any:
    """The first code of each list, dictionary-coded; the empty text where there is none."""
    offsets = lists.offsets.to_numpy()[:-1]
    places = np.where(headless, -1, offsets)
    there = pa.array(np.maximum(places, 0), mask=headless)
    codes = lists.values.take(there)
    return codes.cast(pa.string()).fill_null("").dictionary_encode()


def _facts(bits: int) -> tuple[str, ...]:
    return tuple(name for place, name in reversed(list(enumerate(FACTS))) if bits >> place & 1)


class _Missing:
    """The facts some stays lack, and whether with them they could reach a group."""

    def __init__(self, reasons: Reasons, work: Work, stays: Ints) -> None:
        self._reasons, self._work, self._stays = reasons, work, stays
        self._scheme = reasons.scheme
        self._absent = {name: work.stays.missing(_COLUMNS.get(name, name))[stays] for name in FACTS}

    def facts(self) -> npt.NDArray[np.int64]:
        """Bits, by place in :data:`FACTS`, of the facts that are missing and without which there is no group."""
        open_ = {name: where.copy() for name, where in self._absent.items()}
        left = np.flatnonzero(np.any(list(open_.values()), axis=0))
        left = left[self._could(left, open_)]
        result = np.zeros(len(self._stays), dtype=np.int64)
        for name in FACTS:
            here = left[open_[name][left]]
            if len(here):
                without = {**open_, name: np.zeros_like(open_[name])}
                open_[name][here[self._could(here, without)]] = False
        for place, name in enumerate(FACTS):
            result[left] |= open_[name][left].astype(np.int64) << place
        return result

    def _could(self, those: Ints, open_: dict[str, Bools]) -> Bools:
        """Whether each of those stays (places in ``stays``) could reach a group if its open facts had some value."""
        result = np.zeros(len(those), dtype=np.bool_)
        going = np.arange(len(those))
        falls = "mdc_fallthrough" in self._scheme.switches
        for number, mdc in enumerate(self._scheme.mdcs):
            if not len(going):
                break
            here = those[going]
            condition = self._reasons.rule(number, "", mdc.condition, mdc.by_name)
            can, must = self._bounds(here, condition, open_, self._sites(number))
            compared = any(isinstance(atom, Compare) for atom in atoms(mdc.condition))
            able = np.flatnonzero(can)
            if len(able):
                result[going[able]] = self._in_mdc(number, here[able], open_, all_rules=compared)
            over = result[going] | (must & (not mdc.pre and not falls))
            going = going[~over]
        return result

    def _in_mdc(self, mdc: int, those: Ints, open_: dict[str, Bools], *, all_rules: bool) -> Bools:
        """Whether a group of the MDC can take the stays; rules without a fact matter only where the MDC was not
        open before."""
        result = np.zeros(len(those), dtype=np.bool_)
        over = np.zeros(len(those), dtype=np.bool_)
        tables = self._reasons.tables
        for number, entry in enumerate(tables.entries):
            if entry.mdc != mdc or not (all_rules or number in self._reasons._compared):
                continue
            left = np.flatnonzero(~(result | over))
            if not len(left):
                break
            rule = self._reasons.rule(number, entry.code, entry.expr, entry.lists)
            can, must = self._bounds(those[left], rule, open_)
            over[left] = must
            left = left[can]
            drgs = () if entry.unrelated else self._scheme.drgs_of[entry.code]
            if any(isinstance(atom, Compare) for drg in drgs for atom in atoms(drg.split)) and len(left):
                some = np.zeros(len(left), dtype=np.bool_)
                for drg in drgs:
                    split = self._reasons.rule(number, drg.code, drg.split, entry.lists)
                    some |= self._bounds(those[left], split, open_)[0]
                left = left[some]
            result[left] = True
        return result

    def _sites(self, mdc: int) -> npt.NDArray[np.uint32] | None:
        return next((c.sites for c in self._reasons.tables.conditions if c.mdc == mdc), None)

    def _bounds(
        self, those: Ints, rule: Rule, open_: dict[str, Bools], sites: npt.NDArray[np.uint32] | None = None
    ) -> Bounds:
        some = SomeStays(self._work, self._stays[those])

        def leaf(atom: Const | Atom) -> Bounds:
            found = some.atom(atom, rule.members, sites)
            if isinstance(atom, Compare):
                free = open_[atom.field][those]
                return found | free, found & ~free
            return found, found

        return fold(
            rule.expr,
            leaf,
            lambda x: (~x[1], ~x[0]),
            lambda x, y: (x[0] & y[0], x[1] & y[1]),
            lambda x, y: (x[0] | y[0], x[1] | y[1]),
        )


_KEPT = 8
_made: list[tuple[Scheme, Reasons]] = []


def reasons_of(scheme: Scheme) -> Reasons:
    """The reasons of a scheme, made once per process."""
    for known, made in _made:
        if known is scheme:
            return made
    made = Reasons(scheme)
    _made[:] = [(scheme, made), *_made[: _KEPT - 1]]
    return made


def reason_columns(scheme: Scheme, batch: Any, groups: Any, lang: str = "zh") -> dict[str, Any]:
    """``reason`` (words) and ``reason_code`` of every stay, null for those in a group; see :data:`REASONS`."""
    at, which, whys = reasons_of(scheme).of(batch, groups)
    indices = np.zeros(groups.num_rows, dtype=np.int64)
    absent = np.ones(groups.num_rows, dtype=np.bool_)
    indices[at], absent[at] = which, False
    said: list[Said] = [why.said(scheme) for why in whys]
    places = pa.array(indices, mask=absent)
    words = pa.array([text[0 if lang == "zh" else 1] for text in said], pa.string())
    codes = pa.array([why.code for why in whys], pa.string())
    if not whys:
        return {name: pa.nulls(groups.num_rows, pa.string()) for name in ("reason", "reason_code")}
    return {"reason": words.take(places), "reason_code": codes.take(places)}
