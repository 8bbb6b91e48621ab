"""Groups that are there and that the scheme does not know, put into a synthetic region: parts of an ADRG with another
cost, by a procedure, severity or age, and principal diagnoses that no MDC takes. The truth is kept apart."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from drgpay.engine import WRITE_OPTIONS
from drgpay.errors import DrgpayError, Kind
from drgpay.samples import casemix
from drgpay.samples.plan import HIDDEN, Plan, source
from drgpay.samples.stays import Block, Ints
from drgpay.scheme import Scheme, load, load_codes
from drgpay.steps.grouping import group_batch
from drgpay.tables import HIDDEN_GROUPS, STAYS

Bools = npt.NDArray[np.bool_]

MOST = 20
"""hidden groups of a region"""
_COMMON = 60.0
"""stays per ten thousand of an ADRG that hides a group"""
_AGE = 65
_SHARE = (0.2, 0.35)
_MULTIPLE = (14_000, 26_000)


@dataclass(frozen=True)
class Hidden:
    """One hidden group: stays of ``adrg`` with a procedure of ``codes`` (put onto a ``share`` of them), with an MCC,
    of an age from ``least`` on, or with one of ``codes`` in place of their principal diagnosis (a ``share``). They
    cost ``multiple`` (1/10,000) of what they did."""

    kind: str
    adrg: str
    groups: Ints
    multiple: int
    codes: tuple[str, ...] = ()
    share: float = 0.0
    least: int | None = None


def choose(plan: Plan, count: int) -> tuple[Hidden, ...]:
    """Which groups to hide, of every kind in turn, in ADRG of their own that are common. USAGE when there are more
    than fit."""
    rng = source(plan.seed, HIDDEN)
    scheme = load(plan.scheme_id)
    places: dict[str, list[int]] = defaultdict(list)
    for place, group in enumerate(plan.groups):
        places[group.adrg].append(place)
    common = [
        adrg for adrg, n in sorted(casemix.FREQUENCY.items())
        if n >= _COMMON and adrg in places and adrg[0] not in "MNOP" and adrg not in casemix.CYCLES
    ]  # fmt: skip
    idle, strange = _idle_procedures(plan, scheme), _strange_diagnoses(scheme, common)
    fits: Mapping[str, Callable[[str], bool]] = {
        "procedure": lambda adrg: True,
        "severity": lambda adrg: len(scheme.drgs_of[adrg]) == 1,
        "age": lambda adrg: 0.2 <= sum(casemix.PROFILES[_case(plan, places[adrg][0]).profile][-2:]) <= 0.6,
        "no_mdc": strange.__contains__,
    }
    order = [common[i] for i in rng.permutation(len(common))]
    found: list[Hidden] = []
    for number in range(count):
        kind = list(fits)[number % len(fits)]
        adrg = next((a for a in order if fits[kind](a)), None)
        if adrg is None or (kind == "procedure" and number >= len(idle)):
            raise DrgpayError(
                Kind.USAGE, zh=f"最多能藏 {number} 个病组", en=f"no more than {number} groups can be hidden",
                field="hidden_groups", value=count, fix_zh="减少个数", fix_en="ask for fewer",
            )  # fmt: skip
        order.remove(adrg)
        multiple, share = int(rng.integers(*_MULTIPLE)), float(rng.uniform(*_SHARE))
        its = Hidden(kind, adrg, np.array(places[adrg], np.int64), multiple)
        if kind == "procedure":
            its = replace(its, codes=idle[number], share=share)
        elif kind == "no_mdc":
            its = replace(its, codes=strange[adrg], share=share)
        elif kind == "age":
            its = replace(its, least=_AGE)
        found.append(its)
    return tuple(found)


def _case(plan: Plan, place: int) -> casemix.Case:
    return plan.groups[place].case()


def _idle_procedures(plan: Plan, scheme: Scheme) -> list[tuple[str, ...]]:
    """Pairs of procedures of one category that no list has and no stay of the region reports."""
    book = load_codes("icd9cm3-nhsa-2.0")
    listed = {code for a in scheme.adrgs for name, codes in a.lists.items() if "proc" in name for code in codes}
    free = sorted(book.known - book.gray - scheme.operation - listed - set(plan.templates.proc_codes))
    by_category: dict[str, list[str]] = defaultdict(list)
    for code in free:
        by_category[code[:5]].append(code)
    pairs = [tuple(codes[:2]) for _, codes in sorted(by_category.items()) if len(codes) > 1]
    return [pairs[i] for i in source(plan.seed, HIDDEN, 0).permutation(len(pairs))]


def _strange_diagnoses(scheme: Scheme, common: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Diagnoses of one category that no MDC and no ADRG takes, by the ADRG that takes most of that category."""
    book = load_codes("icd10-nhsa-2.0")
    taken = {code for mdc in scheme.mdcs for codes in (mdc.dx, *mdc.lists.values()) for code in codes}
    taken |= {code for a in scheme.adrgs for name, codes in a.lists.items() if "dx" in name for code in codes}
    homes: dict[str, Counter[str]] = defaultdict(Counter)
    for adrg in scheme.adrgs:
        for code in adrg.lists["pdx"] if adrg.rule_text == "pdx" else ():
            homes[code[:3]][adrg.code] += 1
    found: dict[str, list[str]] = defaultdict(list)
    for code in sorted(book.known - book.gray - taken - scheme.invalid_dx):
        near = homes.get(code[:3])
        if near:
            found[min((-n, adrg) for adrg, n in near.items())[1]].append(code)
    return {
        adrg: tuple(c for c in found[adrg] if c[:3] == found[adrg][0][:3])[:3] for adrg in common if adrg in found
    }


def hide(plan: Plan, block: Block, hidden: Sequence[Hidden]) -> Block:
    """The block with the hidden groups in its stays; nothing else changes."""
    rng = source(plan.seed, HIDDEN, block.year, block.number + 1)
    stays = block.stays
    columns = {name: stays.column(name) for name in stays.schema.names}
    multiple = np.full(stays.num_rows, 10_000, np.int64)
    for its in hidden:
        mine: Bools = np.isin(block.facts.group, its.groups)
        drawn, which = rng.random(stays.num_rows), rng.integers(0, max(len(its.codes), 1), stays.num_rows)
        if its.kind == "severity":
            rows = pa.array(np.flatnonzero(mine))
            groups = group_batch(load(plan.scheme_id), stays.take(rows))
            severe = groups.column("severity").cast(pa.string()).to_numpy(zero_copy_only=False) == "mcc"
            mine[np.flatnonzero(mine)[~severe]] = False
        elif its.kind == "age":
            mine &= stays.column("age").to_numpy() >= (its.least or 0)
        else:
            mine &= drawn < its.share
            name = "proc" if its.kind == "procedure" else "dx"
            columns[name] = _with_codes(columns[name], mine, which, its.codes, first=name == "dx")
        multiple[mine] = its.multiple
    total = _times(columns["total_cost"], multiple, up=True)
    columns["total_cost"] = pa.array(total)
    for name in ("personal_paid", "fund_by_item"):
        columns[name] = pa.array(_times(columns[name], multiple, up=False))
    batch = pa.RecordBatch.from_arrays([columns[name] for name in STAYS.names], schema=STAYS.schema)
    return replace(block, stays=batch)


def _times(column: Any, multiple: Ints, *, up: bool) -> Ints:
    amounts = column.to_numpy() * multiple
    return -(-amounts // 10_000) if up else amounts // 10_000  # type: ignore[no-any-return]


def _with_codes(column: Any, rows: Bools, which: Ints, codes: tuple[str, ...], *, first: bool) -> Any:
    """Lists of codes with one of ``codes`` in place of the first of some rows, or behind the others."""
    names = column.values.dictionary.to_pylist()
    number = np.array([len(names) + i for i in range(len(codes))])[which]
    offsets, values = column.offsets.to_numpy().astype(np.int64), column.values.indices.to_numpy().astype(np.int64)
    if first:
        values = values.copy()
        values[offsets[:-1][rows]] = number[rows]
        laid, ends = values, offsets
    else:
        laid = np.insert(values, offsets[1:][rows], number[rows])
        ends = np.concatenate([[0], np.cumsum(np.diff(offsets) + rows)])
    coded = pa.DictionaryArray.from_arrays(pa.array(laid.astype(np.int32)), pa.array([*names, *codes], pa.string()))
    return pa.ListArray.from_arrays(pa.array(ends.astype(np.int32)), coded)


def write_hidden(path: Path, hidden: Sequence[Hidden]) -> None:
    """HIDDEN_GROUPS: what was hidden."""
    rows = [
        {"number": number, "factor": its.kind, "adrg": its.adrg, "codes": list(its.codes), "least_age": its.least,
         "multiple": its.multiple}
        for number, its in enumerate(hidden, start=1)
    ]  # fmt: skip
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(HIDDEN_GROUPS.of(rows), path, **WRITE_OPTIONS)
