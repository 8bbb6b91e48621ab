"""What the rows of a register name must be there: institutions, stays of the same institution, groups, departments.

Which column names what is declared in :mod:`drgpay.tables` (``Column.refers``); one checker goes over any register.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from drgpay.tables import ALL, REFERENCES, STAYS, Column, Table

_OWN = "institution_id"
_KEPT = {kind: t for kind, (_, _, name) in REFERENCES.items() for t in ALL if t.name == name and t != STAYS}
"""what is named → the register that keeps it; stays are too many, and groups are in the scheme"""


@dataclass(frozen=True)
class Known:
    """What is there, by kind (see :data:`drgpay.tables.REFERENCES`); a kind that is not given is not looked up.

    ``ids``: kind → ids. ``homes``: kind → id → the institutions that have one of that id, for what institutions have
    (stays, departments).
    ``near``: kind → ids to propose from, where these are more than ``ids`` or fewer.
    """

    ids: Mapping[str, frozenset[str]] = field(default_factory=dict)
    homes: Mapping[str, Mapping[str, frozenset[str]]] = field(default_factory=dict)
    near: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def nearest(self, kind: str, value: str) -> str:
        """The id most like ``value`` (at least half alike), or nothing."""
        match = SequenceMatcher(b=value.casefold(), autojunk=False)
        found = []
        for one in self.near.get(kind) or sorted(self.ids[kind]):
            match.set_seq1(one.casefold())
            if match.quick_ratio() * 2 >= 1 and match.ratio() * 2 >= 1:
                found.append((-match.ratio(), one))
        return min(found)[1] if found else ""


def known_in(rows: Callable[[Table], Iterable[Mapping[str, Any]] | None]) -> Known:
    """What the registers that keep institutions, communities, departments and so on have; ``rows``: the rows of such
    a register, None where it is not there or not to be looked at."""
    ids: dict[str, frozenset[str]] = {}
    homes: dict[str, dict[str, frozenset[str]]] = {}
    for kind, table in _KEPT.items():
        found = rows(table)
        if found is None:
            continue
        name = next(column.name for column in table.columns if column.refers == kind)
        its = [(row.get(name), row.get(_OWN)) for row in found]
        ids[kind] = frozenset(one for one, _ in its if one is not None)
        if _OWN in table.key and name != _OWN:
            own: dict[str, set[str]] = {}
            for one, at in its:
                if one is not None and at is not None:
                    own.setdefault(one, set()).add(at)
            homes[kind] = {one: frozenset(at) for one, at in own.items()}
    return Known(ids, homes)


@dataclass(frozen=True)
class Astray:
    """A cell that names what is not there: its row (from 0), column, value, and what is wrong in both languages."""

    at: int
    column: Column
    value: str
    zh: str
    en: str


def astray(table: Table, rows: Any, known: Known) -> Iterator[Astray]:
    """The cells of a register (an Arrow table in its columns) that name what is not there, column by column."""
    for column in table.references():
        values = rows.column(column.name).cast(pa.string())
        for kind, its in _kinds(column, rows):
            if kind not in known.ids:
                continue
            there = pa.array(sorted(known.ids[kind]), pa.string())
            lost = pc.and_(pc.and_(its, pc.is_valid(values)), pc.invert(pc.is_in(values, value_set=there)))
            for at in pc.indices_nonzero(lost).to_pylist():
                yield Astray(at, column, values[at].as_py(), *_missing(kind, values[at].as_py(), known))
            if kind in known.homes and _OWN in table.names:
                own = pc.if_else(its, rows.column(_OWN).cast(pa.string()), None)
                yield from _strange(column, kind, values, own, known)


def _kinds(column: Column, rows: Any) -> Iterator[tuple[str, Any]]:
    """What a column names, and in which rows."""
    if column.refers:
        yield column.refers, pa.repeat(True, rows.num_rows)
    for other, said, kind in column.refers_when:
        yield kind, pc.fill_null(pc.equal(_plain(rows.column(other)), said), False)


def _plain(values: Any) -> Any:
    whole = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    return whole.cast(pa.string())


def _missing(kind: str, value: str, known: Known) -> tuple[str, str]:
    zh, en, kept = REFERENCES[kind]
    near = known.nearest(kind, value)
    home_zh, home_en = f"没有这个{zh}", f"no such {en} in {kept}"
    return (
        f"{home_zh};" + (f"最接近的是 {near}" if near else "改正编号"),
        f"{home_en}; " + (f"the nearest is {near}" if near else "correct it"),
    )


def _strange(column: Column, kind: str, values: Any, own: Any, known: Known) -> Iterator[Astray]:
    """What is there, but of another institution than the row says."""
    zh, en, _ = REFERENCES[kind]
    this = f"这份{zh}" if kind == "stay" else f"这个{zh}"
    for at, (one, said) in enumerate(zip(values.to_pylist(), own.to_pylist(), strict=True)):
        homes = known.homes[kind].get(one or "", frozenset())
        if homes and said is not None and said not in homes:
            there = sorted(homes)
            yield Astray(
                at, column, str(one),
                f"{this}属于机构 {'、'.join(there)},不是 {said};改正编号或机构",
                f"the {en} belongs to {', '.join(there)}, not to {said}; correct the {en} or the institution",
            )  # fmt: skip
