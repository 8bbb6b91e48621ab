"""Settlements of one visit: reversals that cancel, and lists that are not several stays.

A mid-stay settlement, or a list sent again, gives several lists with one visit id. A reversal (冲正, a red entry)
repeats a settlement with opposite amounts. Both are looked for in a file before its rows are judged; what is held is
8 bytes per row, and the few rows that matter.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from drgpay.steps.intake.files import Source
from drgpay.steps.intake.headers import header_key, known_headers
from drgpay.steps.intake.values import typed
from drgpay.tables import STAYS
from drgpay.units.vector import Ints

VISIT, WITHDRAWN = "visit_id", "withdrawn"
"""columns that a view of a format may have beside those of STAYS"""
VISIT_HEADERS = (VISIT, "mdtrt_id", "就诊ID", "就诊编号", "就诊登记号")
"""headers of the visit in a file with drgpay's own columns"""
AMOUNTS = ("total_cost", "personal_paid", "fund_by_item")
_SAME = ("institution_id", "person_id", "admission_date", "discharge_date")
"""what a settlement and its reversal have in common where no visit id says so"""


def may_be_negative(path: Path, source: Source) -> bool:
    """Whether a file may hold negative amounts. A text file without a sign at the start of a cell has none."""
    separator = getattr(source, "separator", "")
    if not separator:
        return True
    with path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as content:
        return any(content.find(mark.encode() + b"-") >= 0 for mark in (separator, '"'))


def named_places(header: Sequence[str]) -> dict[str, int]:
    """Where the columns of STAYS, and the visit, stand in a header; the first of several."""
    known = known_headers(STAYS.columns) | dict.fromkeys(map(header_key, VISIT_HEADERS), VISIT)
    places: dict[str, int] = {}
    for at, cell in enumerate(header):
        name = known.get(header_key(cell))
        if name:
            places.setdefault(name, at)
    return places


@dataclass(frozen=True)
class Visits:
    """What was found: lines of settlements that cancel, and lines of visits with several lists -> how many."""

    cancelled: frozenset[int] = frozenset()
    several: Mapping[int, int] = field(default_factory=dict)

    def at(self, lines: Ints) -> tuple[Ints, Ints, list[str]]:
        """Positions among some lines: cancelled ones; those of visits with several lists, with the number of them."""
        cancelled = np.flatnonzero(np.isin(lines, list(self.cancelled)))
        several = np.flatnonzero(np.isin(lines, list(self.several)))
        return cancelled, several, [str(self.several[line]) for line in lines[several].tolist()]


@dataclass(frozen=True)
class _Row:
    line: int
    key: tuple[str, ...]
    amounts: tuple[int | None, ...]

    @property
    def negative(self) -> bool:
        return any(amount is not None and amount < 0 for amount in self.amounts)

    def reverses(self, other: _Row) -> bool:
        """The amounts are opposite, and not all nothing."""
        pairs = list(zip(self.amounts, other.amounts, strict=True))
        return self.negative and all(a == (None if b is None else -b) for a, b in pairs)


def find_visits(source: Source, places: Mapping[str, int], rows: int, reversals: bool) -> Visits:
    """Go through a file. ``places``: column (of STAYS, or :data:`VISIT`) -> header position; ``reversals``: there may
    be negative amounts."""
    visit = places.get(VISIT)
    wanted = [name for name in (VISIT, *AMOUNTS, *_SAME, "stay_id") if name in places]
    if visit is not None:
        twice = _twice(source.column(visit))
        return judge(_rows(source, places, wanted, rows, (VISIT,), twice)) if len(twice) else Visits()
    if not reversals or "total_cost" not in places:
        return Visits()
    keys = _SAME if "person_id" in places else ("institution_id", "stay_id")
    found = list(_rows(source, places, wanted, rows, tuple(name for name in keys if name in places), None))
    negative = {row.key for row in found if row.negative}
    return Visits(judge(row for row in found if row.key in negative).cancelled)


def _twice(cells: Iterator[Any]) -> Any:
    """Hashes of the ids that occur more than once."""
    parts = [_hashes(part) for part in cells]
    hashes = np.sort(np.concatenate([np.zeros(0, np.uint64), *parts]))
    return np.unique(hashes[1:][hashes[1:] == hashes[:-1]])


def _hashes(cells: Any) -> Any:
    """64-bit hashes of ids; blank ones are left out."""
    text = pl.Series(cells.cast(pa.string()), dtype=pl.String).str.strip_chars().drop_nulls()
    return text.filter(text != "").hash(0).to_numpy()


def _rows(
    source: Source, places: Mapping[str, int], wanted: Sequence[str], rows: int, keys: Sequence[str], twice: Any
) -> Iterator[_Row]:
    """The rows whose visit occurs twice (``twice``: its hashes), or all of them; rows without a key are left out."""
    for chunk in source.chunks([places[name] for name in wanted], rows):
        cells = {name: chunk.columns[places[name]] for name in wanted}
        at: Ints = np.arange(len(chunk.lines))
        if twice is not None:
            visits = pl.Series(cells[VISIT].cast(pa.string()), dtype=pl.String).str.strip_chars().fill_null("")
            at = np.flatnonzero(np.isin(visits.hash(0).to_numpy(), twice) & (visits != "").to_numpy())
        if not len(at):
            continue
        those = {name: cell.take(pa.array(at)) for name, cell in cells.items()}
        parts = [pc.fill_null(those[name].cast(pa.string()), "").to_pylist() for name in keys]
        amounts = [
            typed(STAYS[name], those[name]).values.to_pylist() if name in those else [None] * len(at)
            for name in AMOUNTS
        ]
        for line, key, money in zip(
            chunk.lines[at].tolist(), zip(*parts, strict=True), zip(*amounts, strict=True), strict=True
        ):
            stripped = tuple(part.strip() for part in key)
            if any(stripped):
                yield _Row(line, stripped, money)


def judge(rows: Iterator[_Row]) -> Visits:
    """Reversals cancel the nearest settlement before them that they reverse, else one after; what is left of a visit
    and is more than one list is no stay."""
    visits: dict[tuple[str, ...], list[_Row]] = {}
    for row in rows:
        visits.setdefault(row.key, []).append(row)
    cancelled: set[int] = set()
    several: dict[int, int] = {}
    for lists in visits.values():
        for at, row in enumerate(lists):
            if not row.negative:
                continue
            near = [*reversed(lists[:at]), *lists[at + 1 :]]
            other = next((o for o in near if o.line not in cancelled and not o.negative and row.reverses(o)), None)
            if other is not None:
                cancelled |= {row.line, other.line}
        left = [row for row in lists if row.line not in cancelled]
        if len(left) > 1:
            several |= {row.line: len(left) for row in left}
    return Visits(frozenset(cancelled), several)
