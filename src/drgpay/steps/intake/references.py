"""What the rows of a register name must be there: institutions, stays of the same institution, groups, departments.

Which column names what is declared in :mod:`drgpay.tables` (``Column.refers``); one checker goes over any register.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from drgpay.tables import REFERENCES, Column, Table

_OWN = "institution_id"


@dataclass(frozen=True)
class Known:
    """What is there, by kind (see :data:`drgpay.tables.REFERENCES`); a kind that is not given is not looked up.

    ``ids``: kind → ids. ``homes``: stay → the institutions that have one of that id, where stays are looked up.
    ``near``: kind → ids to propose from, where these are more than ``ids`` or fewer.
    """

    ids: Mapping[str, frozenset[str]] = field(default_factory=dict)
    homes: Mapping[str, frozenset[str]] = field(default_factory=dict)
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
            if kind == "stay" and _OWN in table.names:
                yield from _strange(column, values, rows.column(_OWN).cast(pa.string()), known)


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


def _strange(column: Column, stays: Any, own: Any, known: Known) -> Iterator[Astray]:
    """Stays that are there, but of another institution than the row says."""
    for at, (stay, said) in enumerate(zip(stays.to_pylist(), own.to_pylist(), strict=True)):
        homes = known.homes.get(stay or "", frozenset())
        if homes and said is not None and said not in homes:
            home = "、".join(sorted(homes))
            zh = f"这份病例属于机构 {home},不是 {said};改正病例号或机构"
            en = f"the stay belongs to {home}, not to {said}; correct the stay or the institution"
            yield Astray(at, column, str(stay), zh, en)
