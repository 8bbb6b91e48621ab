"""A chunk of a file of stays as a typed, judged batch: cells are read, repaired where there is one reading only,
derived where the file has what it takes, and everything that was done is said.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from drgpay.steps.intake.age_cells import spread
from drgpay.steps.intake.batch import AsRead, CheckContext
from drgpay.steps.intake.care import ICU, VENTILATOR, judge_care
from drgpay.steps.intake.codes import read_codes
from drgpay.steps.intake.crosswalk import Crosswalk
from drgpay.steps.intake.duplicates import Repeats
from drgpay.steps.intake.files import Chunk
from drgpay.steps.intake.findings import Flags, Notes, whole_file
from drgpay.steps.intake.formats import Opened
from drgpay.steps.intake.headers import Layout, header_key
from drgpay.steps.intake.kernel import judge, stays_columns
from drgpay.steps.intake.repair import repaired
from drgpay.steps.intake.values import Fault, Typed, typed
from drgpay.steps.intake.visits import VISIT, VISIT_HEADERS, WITHDRAWN, Visits
from drgpay.tables import STAYS
from drgpay.units.vector import Ints

_NULLING = frozenset(
    ("unreadable", "not_listed", "scheme_other", "too_large", "age_unit", "unneeded", "admission_weight_age",
     "admission_weight_bounds")
)  # fmt: skip
"""faults that leave a null behind, which must not be reproached a second time as a missing value"""
UNNEEDED = {
    "birth_weight": ("unneeded", ""),
    "age_days": ("unneeded", ""),
    "admission_weight": ("admission_weight_age", "admission_weight_bounds"),
}
"""columns a stay of one year or older does not need → the rule of a cell that cannot be read, for such a stay, and
for others ("" = as it is)"""
_BESIDE = (WITHDRAWN, VENTILATOR, ICU)
_TOTALS = ("合计", "总计", "小计", "总合计", "合计:", "总计:", "total", "sum", "grand total")
_DAMAGED = r"^[0-9](?:\.[0-9]+)?[eE]\+[0-9]+$"
_LONG = r"^[1-9][0-9]{15,29}$"
"""an id of more digits than a spreadsheet keeps"""
_NUMBERS = r"[0-9]+"


@dataclass(frozen=True)
class Reading:
    """A file of stays while it is read: what it is, what is asked of it, where its dates stand, and what was found of
    its visits on going through it before."""

    opened: Opened
    layout: Layout
    context: CheckContext
    crosswalk: Crosswalk | None
    dates: Mapping[str, int]
    visits: Visits = field(default_factory=Visits)

    @cached_property
    def _beside(self) -> dict[str, int]:
        """Fields beside the columns of STAYS, and where they stand in the view of a format."""
        if self.opened.unknown is None:
            return {}
        header = self.opened.source.header
        return {name: header.index(name) for name in _BESIDE if name in header}

    def wanted(self) -> list[int]:
        """The header positions that are read."""
        of_columns = {place for places in self.layout.places.values() for place in places}
        return sorted(of_columns | set(self.dates.values()) | set(self._beside.values()))

    def ids(self) -> Iterator[Any]:
        """The ids of all rows."""
        for place in self.layout.places.get("stay_id", ()):
            for cells in self.opened.source.column(place):
                yield typed(STAYS["stay_id"], cells).values

    def _head(self, place: int) -> str:
        """A header cell as it stands in the file."""
        seen = self.opened.seen or self.opened.source.header
        return (seen[place] if place < len(seen) else self.opened.source.header[place]).strip()

    @cached_property
    def _names(self) -> dict[str, str]:
        """Column -> the header people know it by."""
        if self.opened.unknown is not None:
            return dict(self.opened.names)
        return {name: self._head(places[0]) for name, places in self.layout.places.items()}

    @cached_property
    def _headers(self) -> dict[str, list[str]]:
        """The same for lists in several columns: all of them."""
        if self.opened.unknown is not None:
            return {name: list(heads) for name, heads in self.opened.spread.items()}
        return {name: [self._head(at) for at in places] for name, places in self.layout.places.items() if places[1:]}

    def on_the_file(self) -> Any:
        """Findings on the file as a whole."""
        opened, need, layout = self.opened, self.context.need, self.layout
        absent = []
        for name in layout.absent:
            if name == "los" and self.dates:
                absent.append(("los_derived", STAYS[name], ""))
            elif need != "settlement" and not STAYS[name].later:
                absent.append(("stay_id_made" if name == "stay_id" else "column_absent", STAYS[name], ""))
        summed = [("amount_summed", STAYS[name], "") for name in opened.summed]
        unknown = layout.unknown if opened.unknown is None else opened.unknown
        heads = [("column_unknown", *head) for head in gathered(unknown)]
        return whole_file(opened.source.file, need, [*absent, *summed, *heads])

    def judged(self, chunk: Chunk, repeats: Repeats) -> tuple[Any, Notes]:
        """The rows of a chunk in the columns of the need, and everything found in them."""
        columns = stays_columns(self.context.need)
        values, read = self._values(chunk)
        for name, value in values.items():
            found = tuple(fault for where, fault in chunk.faults if where == name)
            values[name] = replace(value, faults=(*value.faults, *found))
        values |= unneeded(values)
        batch = pa.record_batch([values[c.name].values for c in columns], names=[c.name for c in columns])
        ids = batch.column("stay_id")
        notes = Notes(
            self.opened.source.file,
            self.context.need,
            chunk.lines,
            ids,
            self._names,
            headers=self._headers,
            quality=self.context.quality,
        )
        for where, fault in chunk.faults:
            if where not in values:
                notes.add(fault.rule, None, fault.at, fault.values, fault.texts, field=where)
        silent = _faults(values, notes)
        over = np.flatnonzero(chunk.inside)
        notes.add("lines", None, over, [str(n + 1) for n in chunk.inside[over].tolist()])
        again = self._again(batch, chunk, repeats, notes)
        self._totals(batch, notes)
        self._settlements(chunk, notes)
        read = replace(read, silent=silent)
        judge(batch, replace(self.context, duplicates=again), notes, read)
        extras = {name: (self._shown(name), chunk.columns[at]) for name, at in self._beside.items()}
        weighed = self.opened.unknown is not None and "admission_weight" in self.layout.places
        judge_care(batch, self.context, notes, extras, read, weighed=weighed)
        return batch, notes

    def _shown(self, name: str) -> str:
        return self.opened.names.get(name, name)

    def _values(self, chunk: Chunk) -> tuple[dict[str, Typed], AsRead]:
        """The typed columns of a chunk, and their cells as they stand."""
        places = self.layout.places
        cells = {name: [chunk.columns[at] for at in at_all] for name, at_all in places.items()}
        as_text = {name: one[0] for name, one in cells.items() if len(one) == 1 and _is_text(one[0].type)}
        years, days = spread(*(cells[name][0] if name in cells else None for name in ("age", "age_days")))
        cells |= {name: [one] for name, one in (("age", years), ("age_days", days)) if one is not None}
        values = {c.name: self._column(c.name, chunk, cells) for c in stays_columns(self.context.need)}
        if self.dates:
            values["los"] = self._los(chunk, values["los"])
        for kind in ("dx", "proc"):
            values[kind] = self._codes(kind, values[kind])
        origins = {kind: at for kind in ("dx", "proc") if (at := values[kind].origins) is not None}
        return values, AsRead(cells=as_text, origins=origins if self._headers else {})

    def _column(self, name: str, chunk: Chunk, cells: Mapping[str, list[Any]]) -> Typed:
        column = STAYS[name]
        if name not in cells:
            if name == "stay_id":
                return Typed(pa.array(chunk.lines).cast(pa.string()))
            return Typed(pa.nulls(len(chunk.lines), column.arrow))
        return read_codes(column, cells[name]) if column.type == "codes" else typed(column, cells[name][0])

    def _codes(self, kind: str, read: Typed) -> Typed:
        """Codes with their damage repaired, in the insurer's edition."""
        known = self.context.codes
        if known is not None:
            way = self.crosswalk and (self.crosswalk.dx if kind == "dx" else self.crosswalk.proc)
            read = repaired(kind, read, way.either if way else known.plain[kind])
        return self.crosswalk.convert(STAYS[kind], read) if self.crosswalk else read

    def _los(self, chunk: Chunk, read: Typed) -> Typed:
        """The length of stay from the dates where it is blank: days between them, same day = 1."""
        admitted, left = (
            typed(STAYS[name], chunk.columns[self.dates[name]]).values.cast(pa.int32())
            for name in ("admission_date", "discharge_date")
        )
        days = pc.subtract(left, admitted)
        high = STAYS["los"].high or 0
        sane = pc.and_(pc.greater_equal(days, 0), pc.less_equal(days, high))
        blank = np.asarray(read.values.is_null().to_numpy(zero_copy_only=False))
        for fault in read.faults:
            blank[fault.at] = False
        here = pc.and_(pa.array(blank), pc.fill_null(sane, False))
        if not pc.any(here).as_py():
            return read
        derived = pc.max_element_wise(days, pa.scalar(1, pa.int32())).cast(pa.int16(), safe=False)
        values = pc.if_else(here, derived, read.values)
        if "los" in self.layout.absent:  # said once, of the file
            return replace(read, values=values)
        at = np.flatnonzero(here.to_numpy(zero_copy_only=False))
        said = Fault("los_derived", at, tuple(str(n) for n in values.take(pa.array(at)).to_pylist()))
        return replace(read, values=values, faults=(*read.faults, said))

    def _again(self, batch: Any, chunk: Chunk, repeats: Repeats, notes: Notes) -> Ints:
        """Lines of stays handed in again; stays under the id of another one, and damaged ids, are noted."""
        if "stay_id" not in self.layout.places:
            return self.context.duplicates
        ids, column = batch.column("stay_id"), STAYS["stay_id"]
        twice = repeats.twice(ids)
        damaged = np.zeros(len(ids), bool)
        if pc.any(pc.match_substring(ids, "E+", ignore_case=True)).as_py():
            damaged = _matching(ids, _DAMAGED)
        if twice.any():
            for at in np.flatnonzero(twice & _matching(ids, _LONG)).tolist():
                damaged[at] = _rounded(ids[at].as_py())
        if not (damaged.any() or twice.any()):
            return np.zeros(0, np.int64)
        plain = pc.if_else(pa.array(damaged), pa.scalar(None, pa.string()), ids)
        dates = [chunk.columns[at] for at in self.dates.values()]
        others = [name for name in batch.schema.names if name != "stay_id"]

        def content(at: int) -> str:
            cells = [batch.column(name)[at].as_py() for name in others]
            return repr((cells, [str(cell[at]).strip() for cell in dates]))

        same, other = repeats.other(plain, content)
        notes.add("stay_id_damaged", column, np.flatnonzero(damaged), ids.take(pa.array(np.flatnonzero(damaged))))
        notes.add("stay_id_shared", column, np.flatnonzero(other))
        return np.asarray(chunk.lines[same])

    def _totals(self, batch: Any, notes: Notes) -> None:
        """Rows of totals, which are no stays, and nothing else is said of them: the word stands for the id, or there
        is neither an id nor anything about a patient."""
        bare = np.flatnonzero(batch.column("dx").is_null().to_numpy(zero_copy_only=False))
        if not len(bare):
            return
        few = batch.take(pa.array(bare))
        folded = pc.utf8_lower(pc.fill_null(few.column("stay_id"), ""))
        words = pc.is_in(pc.utf8_rtrim(pc.utf8_trim_whitespace(folded), ":："), value_set=pa.array(_TOTALS))
        said = np.asarray(words.to_numpy(zero_copy_only=False))
        nothing = np.ones(len(bare), bool)
        for name in ("stay_id", "sex", "age", "age_days"):
            nothing &= np.asarray(few.column(name).is_null().to_numpy(zero_copy_only=False))
        total = np.zeros(batch.num_rows, bool)
        total[bare[said | nothing]] = True
        if total.any():
            notes.only("total_row", STAYS["stay_id"], total)

    def _settlements(self, chunk: Chunk, notes: Notes) -> None:
        """Lists that were withdrawn, that cancel each other, and several of one visit."""
        cancelled, several, counts = self.visits.at(chunk.lines)
        head = self._names.get("stay_id", "")
        if WITHDRAWN in self._beside:
            flags = pc.fill_null(pc.equal(chunk.columns[self._beside[WITHDRAWN]], "1"), False)
            withdrawn = np.asarray(flags.to_numpy(zero_copy_only=False), bool)
            if withdrawn.any():
                notes.only("list_withdrawn", None, withdrawn, self._shown(WITHDRAWN))
        if len(cancelled):
            pair = np.zeros(len(chunk.lines), bool)
            pair[cancelled] = True
            notes.only("refund_pair", None, pair, head)
        notes.add("visit_lists", None, several, counts, field=self._shown(VISIT))


def _is_text(kind: Any) -> bool:
    plain = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(pa.types.is_string(plain) or pa.types.is_large_string(plain))


def _rounded(digits: str) -> bool:
    """Whether a long number is what a spreadsheet makes of one: 15 digits and zeros, or the binary number next to
    that. It may also be an id that happens to end so, if it does not occur again."""
    step = 10 ** (len(digits) - 15)
    kept = int(digits) // step * step
    return any(int(digits) in (near, _binary(near)) for near in (kept, kept + step))


def _binary(number: int) -> int:
    """The nearest number of 53 binary digits, as a spreadsheet holds it."""
    over = number.bit_length() - 53
    return number if over <= 0 else (number + (1 << (over - 1)) >> over) << over


def _matching(ids: Any, pattern: str) -> Flags:
    return np.asarray(pc.fill_null(pc.match_substring_regex(ids, pattern), False).to_numpy(zero_copy_only=False))


def gathered(unknown: tuple[tuple[str, str], ...]) -> list[tuple[str, str]]:
    """Unknown header cells, those that differ in their number only as one: ``OTHER1 … OTHER40 (40)``."""
    own = set(map(header_key, VISIT_HEADERS))
    groups: dict[str, list[tuple[str, str]]] = {}
    for head, near in unknown:
        if header_key(head) not in own:
            stem = pl.Series([head]).str.replace_all(_NUMBERS, "#")[0] if any(map(str.isdigit, head)) else head
            groups.setdefault(stem, []).append((head, near))
    return [of[0] if len(of) == 1 else (f"{of[0][0]} … {of[-1][0]} ({len(of)})", of[0][1]) for of in groups.values()]


def unneeded(values: Mapping[str, Typed]) -> dict[str, Typed]:
    """Columns whose faults a stay of one year or older need not mind, with these turned into a warning."""
    if not any(values[name].faults for name in UNNEEDED):
        return {}
    years = pc.fill_null(values["age"].values, 0).to_numpy()
    changed: dict[str, Typed] = {}
    for name, (spared, otherwise) in UNNEEDED.items():
        faults: list[Fault] = []
        for fault in values[name].faults:
            grown = years[fault.at] >= 1
            if fault.rule not in ("unreadable", "too_large") or not (otherwise or grown.any()):
                faults.append(fault)
                continue
            if grown.any():
                faults.append(_some(fault, grown, spared))
            if not grown.all():
                faults.append(_some(fault, ~grown, otherwise or fault.rule))
        changed[name] = replace(values[name], faults=tuple(faults))
    return changed


def _some(fault: Fault, which: Flags, rule: str) -> Fault:
    """A part of a fault, under a rule that may be another one."""
    at = np.flatnonzero(which)
    texts = fault.texts if rule == fault.rule else None
    return Fault(rule, fault.at[at], tuple(fault.values[i] for i in at), texts and tuple(texts[i] for i in at))


def _faults(values: Mapping[str, Typed], notes: Notes) -> dict[str, Flags]:
    """Note the faults of reading; returns the cells that became null by them."""
    silent: dict[str, Flags] = {}
    for name, column in values.items():
        for fault in column.faults:
            kept_back = [""] * len(fault.at) if STAYS[name].type == "text" else list(fault.values)
            notes.add(fault.rule, STAYS[name], fault.at, kept_back, fault.texts, places=fault.places)
            if fault.rule in _NULLING:
                silent.setdefault(name, np.zeros(len(notes.lines), bool))[fault.at] = True
    return silent
