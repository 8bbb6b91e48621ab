"""Generated stays that reach every group of a scheme on purpose, and then are disturbed."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pyarrow as pa

from drgpay.scheme import Adrg, Drg, Mdc, Scheme
from drgpay.scheme.rules import And, Compare, Const, Expr, Flag, InList, Not, Operation, Or, Severity, Sites

Stay = dict[str, Any]

SCHEMA = pa.schema(
    {
        "sex": pa.string(),
        "age": pa.int16(),
        "age_days": pa.int32(),
        "birth_weight": pa.int32(),
        "admission_weight": pa.int32(),
        "los": pa.int16(),
        "dx": pa.list_(pa.string()),
        "proc": pa.list_(pa.string()),
        "icu": pa.bool_(),
        "bilateral": pa.bool_(),
    }
)
_COLUMN = {"weight": "birth_weight"}
_TOP = {"age": 99, "age_days": 36000, "birth_weight": 5000, "admission_weight": 5000, "los": 60}


def as_batch(stays: list[Stay]) -> pa.RecordBatch:
    """The stays as a record batch with plain string lists."""
    return pa.RecordBatch.from_pylist(stays, schema=SCHEMA)


def dictionary_coded(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The same batch with dictionary-coded sex and codes, as a Parquet scan returns it."""
    columns = []
    for name in batch.schema.names:
        column = batch.column(name)
        if name == "sex":
            column = column.dictionary_encode()
        elif name in ("dx", "proc"):
            values = column.values.dictionary_encode()
            column = pa.ListArray.from_arrays(column.offsets, values, mask=column.is_null())
        columns.append(column)
    return pa.RecordBatch.from_arrays(columns, names=batch.schema.names)


class StayMaker:
    """Makes stays for a scheme; the same seed makes the same stays."""

    def __init__(self, scheme: Scheme, seed: int) -> None:
        self.scheme = scheme
        self.random = random.Random(f"{scheme.id} {seed}")
        self._sorted: dict[Any, list[str]] = {}
        self._mdc = {m.code: m for m in scheme.mdcs}
        self._dx = sorted({code for m in scheme.mdcs for code in m.dx})
        self._severe = {2: sorted(scheme.mcc), 1: sorted(scheme.cc)}
        self._sites = [
            (mdc, site)
            for mdc in scheme.mdcs
            for site in sorted({site for those in mdc.dx.values() for site in those})
        ]
        self._operations = sorted(scheme.operation)
        self._any_proc = sorted(
            {code for a in scheme.adrgs for n, codes in a.lists.items() if "proc" in n for code in codes}
            | scheme.operation
            | scheme.invalid_op
        )

    def every_group(self) -> Iterator[Stay]:
        """One stay made for each group, undisturbed, in the order of the scheme."""
        for adrg in self.scheme.adrgs:
            for drg in self.scheme.drgs_of[adrg.code]:
                yield self.for_group(self._mdc[adrg.mdc], adrg, drg)

    def many(self, count: int) -> list[Stay]:
        """``count`` stays: groups on purpose, most of them disturbed, and pure noise."""
        result: list[Stay] = []
        while len(result) < count:
            for stay in self.every_group():
                for _ in range(self.random.choice((0, 0, 1, 2))):
                    self.disturb(stay)
                result.append(stay)
                if self.random.random() < 0.15:
                    result.append(self.noise())
        return result[:count]

    def for_group(self, mdc: Mdc, adrg: Adrg, drg: Drg) -> Stay:
        """A stay built to satisfy the MDC's condition, the ADRG's rule and the DRG's split."""
        draft = _Draft()
        self._satisfy(adrg.rule, adrg.lists, draft, adrg, mdc)
        self._satisfy(mdc.condition, mdc.by_name, draft, adrg, mdc)
        self._satisfy(drg.split, adrg.lists, draft, adrg, mdc)
        if not draft.principal:
            draft.principal = self.random.choice(self._dx)
        stay: Stay = {
            "sex": draft.facts.get("sex", self.random.choice(("male", "female"))),
            "icu": draft.facts.get("icu", False),
            "bilateral": draft.facts.get("bilateral", False),
            "dx": [draft.principal, *dict.fromkeys(draft.others)],
            "proc": ([draft.operation] if draft.operation else []) + draft.procedures,
        }
        for name, top in _TOP.items():
            low, high = draft.ranges.get(name, (0, top))
            stay[name] = self.random.choice((low, high, self.random.randint(low, max(low, high))))
        if stay["age"] == 0 and "age_days" not in draft.ranges:
            stay["age_days"] = self.random.randint(0, 364)
        return stay

    def _listed(self, atom: InList, lists: Any, adrg: Adrg, mdc: Mdc) -> str:
        """A code of the list, often one that no earlier group of the MDC lists for the same use."""
        codes = lists[atom.name]
        if lists is not adrg.lists:
            return self._pick(codes)
        if atom.kind == "pdx":
            codes = codes & mdc.dx.keys() or codes
        if self.random.random() < 0.5:
            earlier = (b for b in self.scheme.adrgs_of[mdc.code] if b.order < adrg.order)
            others = {c for b in earlier for name, cs in b.lists.items() if name[:2] == atom.kind[:2] for c in cs}
            codes = codes - others or codes
        return self.random.choice(sorted(codes))

    def _pick(self, codes: Any) -> str:
        return self.random.choice(self._cached(id(codes), lambda: codes))

    def _cached(self, key: Any, codes: Callable[[], Iterable[str]]) -> list[str]:
        if key not in self._sorted:
            self._sorted[key] = sorted(codes())
        return self._sorted[key]

    def _satisfy(self, expr: Expr, lists: Any, draft: _Draft, adrg: Adrg, mdc: Mdc) -> None:
        match expr:
            case And(terms=terms):
                for term in terms:
                    self._satisfy(term, lists, draft, adrg, mdc)
            case Or(terms=terms):
                self._satisfy(self.random.choice(terms), lists, draft, adrg, mdc)
            case Not(term=Flag(name=name)):
                draft.facts[name] = False
            case Not(term=Operation()):
                draft.operation, draft.procedures = None, []
            case Flag(name=name):
                draft.facts[name] = True
            case InList(kind="pdx"):
                if not draft.principal:
                    draft.principal = self._listed(expr, lists, adrg, mdc)
            case InList(kind="pproc"):
                draft.operation = self._listed(expr, lists, adrg, mdc)
            case InList(kind="proc" | "oproc", least=least):
                if expr.kind == "oproc" and not draft.operation:
                    draft.operation = self.random.choice(self._any_proc)
                draft.procedures += [self._listed(expr, lists, adrg, mdc) for _ in range(least)]
            case InList(name=name, least=least):
                if sum(code in lists[name] for code in draft.others) < least:
                    draft.others += [self._listed(expr, lists, adrg, mdc) for _ in range(least)]
            case Operation():
                draft.operation = draft.operation or self.random.choice(self._operations)
            case Compare(field="sex", value=value):
                draft.facts["sex"] = value
            case Compare(field=field, op=op, value=int(value)):
                draft.narrow(_COLUMN.get(field, field), op, value)
            case Sites(least=least):
                sites = [site for of, site in self._sites if of is mdc]
                for site in self.random.sample(sites, least):
                    draft.others.append(self._pick_of_site(mdc, site))
            case Severity(levels=levels):
                standing = self.random.choice(sorted(levels))
                for level in (1, 2):
                    if standing & level:
                        codes = self._severe[level]
                        draft.others += self.random.sample(codes, min(2, len(codes)))
            case Const() | Not():
                pass

    def _pick_of_site(self, mdc: Mdc, site: str) -> str:
        key = (mdc.code, site)
        return self.random.choice(
            self._cached(key, lambda: [code for code, those in mdc.dx.items() if site in those])
        )

    def noise(self) -> Stay:
        """A stay of random codes, some unknown, with anything missing."""
        chance = self.random
        dx: list[str | None] = chance.choices(self._dx, k=chance.choice((0, 1, 1, 2, 4, 9)))
        return {
            "sex": chance.choice(("male", "female", None)),
            "age": chance.choice((None, 0, 0, 1, 6, 7, 16, 17, 40, 69, 70, 80)),
            "age_days": chance.choice((None, 0, 28, 29, 300, 5000)),
            "birth_weight": chance.choice((None, 1499, 1500, 2000, 2499, 2500, 4000)),
            "admission_weight": chance.choice((None, 999, 1000, 1499, 1500, 2000, 2499, 2500, 4000)),
            "los": chance.choice((None, 0, 1, 2, 3, 6, 7, 13, 14)),
            "dx": chance.choice((dx, dx, dx, None)),
            "proc": chance.choice((None, chance.choices(self._any_proc, k=chance.choice((0, 1, 2, 5))))),
            "icu": chance.choice((None, False, True)),
            "bilateral": chance.choice((None, False, True)),
        }

    def disturb(self, stay: Stay) -> None:
        """Change one thing: codes added, lost, repeated, moved, unknown or null; facts missing or at a bound."""
        chance = self.random
        dx, proc = stay["dx"], stay["proc"]
        match chance.randrange(11):
            case 0:
                dx.append(chance.choice(self._dx))
            case 1:
                dx.insert(0, chance.choice(self._dx))
            case 2:
                dx.append(chance.choice(self._severe[chance.choice((1, 2))]))
            case 3:
                proc.append(chance.choice(self._any_proc))
            case 4:
                proc.insert(0, chance.choice((chance.choice(self._any_proc), "99.9999x999", None, "")))
            case 5:
                chance.shuffle(dx)
                chance.shuffle(proc)
            case 6:
                stay["dx"], stay["proc"] = dx[: chance.randint(0, len(dx))], proc[: chance.randint(0, len(proc))]
            case 7:
                stay[chance.choice(("sex", "age", "age_days", "birth_weight", "admission_weight", "los"))] = None
            case 8:
                dx.insert(chance.randint(0, len(dx)), chance.choice((None, "", "Z99.999", "K35.8", *dx)))
            case 9:
                dx += [self._pick_of_site(m, s) for m, s in chance.sample(self._sites, min(2, len(self._sites)))]
            case _:
                stay.update({k: v for k, v in self.noise().items() if k not in ("dx", "proc")})


class _Draft:
    """What a stay under construction must have."""

    def __init__(self) -> None:
        self.principal: str | None = None
        self.operation: str | None = None
        self.others: list[str] = []
        self.procedures: list[str] = []
        self.facts: dict[str, Any] = {}
        self.ranges: dict[str, tuple[int, int]] = {}

    def narrow(self, column: str, op: str, value: int) -> None:
        low, high = self.ranges.get(column, (0, _TOP[column]))
        match op:
            case "<":
                high = min(high, value - 1)
            case "<=":
                high = min(high, value)
            case ">":
                low = max(low, value + 1)
            case ">=":
                low = max(low, value)
        self.ranges[column] = (low, high)
