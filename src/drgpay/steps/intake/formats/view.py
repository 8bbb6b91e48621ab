"""A file of a known format seen as a file in drgpay's own columns.

Every column of STAYS that the format carries becomes a column of the view, made from the headers of the file by name;
what is read and checked after that is the same for all formats.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import pyarrow as pa

from drgpay.errors import DrgpayError
from drgpay.steps.intake import care
from drgpay.steps.intake.chunks import Chunk, Source
from drgpay.steps.intake.formats import beside, cells, checks, details, lists
from drgpay.steps.intake.formats.catalogue import Entry, Format, Placed
from drgpay.steps.intake.headers import header_key, headless, known_headers
from drgpay.steps.intake.values import Fault, Typed, typed
from drgpay.steps.intake.visits import VISIT, WITHDRAWN
from drgpay.tables import STAYS, Table

Cells = Mapping[int, Any]
_ACCOUNT = frozenset({"310200"})
"""fund payment type of the personal account: the patient's own money, not the fund's"""
_CODES = {"dx": "dx_main_flag", "proc": "proc_main_flag"}
_SPECIAL: dict[str, Callable[[Any], Typed]] = {
    "age": cells.whole_years,
    "birth_weight": cells.no_zero,
    "admission_weight": cells.no_zero,
    "discharge_way": cells.way,
}


@dataclass(frozen=True)
class _Made:
    """A column of the view: the header positions it needs, how it is made of them, and the header that people see."""

    positions: tuple[int, ...]
    make: Callable[[Cells], Typed]
    seen: int
    heads: tuple[int, ...] = ()
    """the headers of a list that stands in several columns, one per place"""


@dataclass(frozen=True)
class _Check:
    """A check on fields beside the columns: needed header positions, and (column or header cell, fault)."""

    positions: tuple[int, ...]
    run: Callable[[Cells], Iterator[tuple[str, Fault]]]


class View:
    """A :class:`Source` in columns of STAYS over a file of a format.

    ``seen``: the header cells as they stand in the file, for people; ``names``: column -> one of them; ``spread``:
    column -> all of them, where its codes stand in several; ``unknown``:
    (header cell, nearest known one); ``summed``: columns that no header gives, added up from their parts; ``reads``:
    column of the table -> header positions it is made of.

    A column under its own name in STAYS (an alias file leads there) goes before the field of the format; one under
    another of its names (``险种``) is taken where the format has no such field.
    """

    def __init__(
        self,
        source: Source,
        seen: Sequence[str],
        form: Format,
        newborn_age: str,
        constants: Mapping[str, str],
        table: Table = STAYS,
    ) -> None:
        self._source, self._form, self._newborn_age, self._constants = source, form, newborn_age, constants
        self._seen = tuple(cell.strip() for cell in seen)
        self._placed, unknown = form.place(source.file, source.header)
        self._unknown = unknown
        taken = {at for placed in self._placed for _, at in placed.places}
        keys = {header_key(cell): i for i, cell in enumerate(source.header) if i not in taken}
        self._named = {name: keys[name] for name in table.names if name in keys}
        own = known_headers(table.columns)
        self._added = {own[key]: at for key, at in keys.items() if key in own}
        self.summed: list[str] = []
        find = self._column if table == STAYS else self._detail
        columns = {name: made for name in table.names if (made := find(name))}
        read = {header_key(source.header[made.seen]) for made in columns.values()}
        if table == STAYS:
            columns |= self._beside()
        self._columns = tuple(columns.values())
        self._checks = (*self._fees(), *self._durations()) if table == STAYS else ()
        self.header = tuple(columns)
        self.reads = {name: made.positions for name, made in columns.items() if name in table.names}
        self.unknown = tuple(pair for pair in unknown if header_key(pair[0]) not in read)
        self.names = {name: self._seen[made.seen] for name, made in columns.items()}
        self.spread = {name: [self._seen[at] for at in made.heads] for name, made in columns.items() if made.heads}
        self.floats = frozenset(i for i, made in enumerate(self._columns) if source.floats & set(made.positions))

    @property
    def file(self) -> str:
        """Name of the file."""
        return self._source.file

    def chunks(self, wanted: Sequence[int], rows: int) -> Iterator[Chunk]:
        """See :class:`Source`; the faults of making the columns, and those of the checks, come with the chunk.

        A negative position is one of the file itself: -1 its first column, -2 its second.
        """
        made = {i: self._columns[i] for i in wanted if i >= 0}
        own = [i for i in wanted if i < 0]
        needs = [part.positions for part in made.values()] + [check.positions for check in self._checks]
        needed = sorted({position for positions in needs for position in positions} | {-1 - i for i in own})
        for chunk in self._source.chunks(needed, rows):
            columns: dict[int, Any] = {i: chunk.columns[-1 - i] for i in own}
            faults: list[tuple[str, Fault]] = []
            for i, column in made.items():
                value = column.make(chunk.columns)
                columns[i] = value.values
                faults += [(self.header[i], fault) for fault in value.faults]
            for check in self._checks:
                faults += check.run(chunk.columns)
            yield replace(chunk, columns=columns, faults=tuple(faults))

    def column(self, position: int) -> Iterator[Any]:
        """See :class:`Source`."""
        made = self._columns[position]
        for chunk in self._source.chunks(made.positions, 1 << 16):
            yield made.make(chunk.columns).values

    def _all(self, use: str) -> list[Placed]:
        return [placed for placed in self._placed if placed.entry.use == use]

    def _one(self, use: str) -> Placed | None:
        return next(iter(self._all(use)), None)

    def _column(self, name: str) -> _Made | None:
        if name in self._named:
            at = self._named[name]
            return _Made((at,), lambda data: Typed(data[at]), at)
        if name in _CODES and (made := self._wide(name) or self._flagged(name)):
            return made
        if name == "stay_id" and (made := self._key()):
            return made
        if name == "age_days" and (made := self._infant_age()):
            return made
        places = tuple(placed.first for placed in self._all(name))
        if not places and name in self._added:
            places = (self._added[name],)
        if not places:
            return self._sum(name)
        if len(places) > 1:
            return _Made(places, lambda data: cells.first_filled([data[at] for at in places]), places[0])
        at, special = places[0], _SPECIAL.get(name)
        return _Made(places, lambda data: special(data[at]) if special else Typed(data[at]), at)

    def _detail(self, name: str) -> _Made | None:
        """A column of STAY_DETAILS: as of STAYS where that has it, else made of the fields marked for it."""
        if name in STAYS.names or name in self._named:
            return self._column(name)
        marked = {mark: [p for p in self._placed if p.entry.detail == mark] for mark in (name, "fees", "fees.kind")}
        if name in details.ITEMS and marked["fees"] and marked["fees.kind"]:
            items, kinds, only = marked["fees"][0], marked["fees.kind"][0], details.ITEMS[name]
            return _Made(
                tuple(at for part in (items, kinds) for _, at in part.places),
                lambda data: lists.summed([_gathered(data, items)], only=(_beside(data, items, kinds), only)),
                items.first,
            )
        placed = marked[name]
        if not placed:
            return self._column(name)
        make = details.maker(name, placed[0].entry)
        return _Made(
            tuple(at for part in placed for _, at in part.places),
            lambda data: make([_gathered(data, part) for part in placed]),
            placed[0].first,
        )

    def _wide(self, name: str) -> _Made | None:
        main, other = self._one(f"{name}.main"), self._one(f"{name}.other")
        numbered = [pair for placed in (main, other) if placed for pair in placed.places]
        if not numbered:
            return None
        if main is None and other is not None:
            leads = any(entry.use == f"{name}.main" for entry in self._form.entries)
            if leads or other.places[0][0] > 1:
                raise self._headless(name, other)
        stars = self._asterisks() if name == "dx" else {}
        order: list[int] = []  # behind every diagnosis the asterisk code given beside it
        for number, at in numbered:
            order += [at, stars[number]] if number in stars else [at]
        positions = tuple(order)

        alone = other is not None and len(other.places) == 1  # it may hold several codes
        together = lists.chained if alone else lists.zipped

        def make(data: Cells) -> Typed:
            beside_it = set(stars.values())
            return Typed(together([lists.asterisks(data[at]) if at in beside_it else data[at] for at in positions]))

        return _Made(positions, make, positions[0], positions if len(positions) > 1 else ())

    def _headless(self, name: str, others: Placed) -> DrgpayError:
        seen = [self._seen[at] for _, at in others.places]
        return headless(self.file, name, seen, [cell for cell, _ in self._unknown])

    def _flagged(self, name: str) -> _Made | None:
        codes = self._one(f"{name}.code")
        if codes is None:
            return None
        flags = [placed for use in ("flag", "type") if (placed := self._one(f"{name}.{use}"))]
        if codes.places[0][0] > 1 and not flags:
            raise self._headless(name, codes)
        order, kinds = self._one(f"{name}.order"), self._one(f"{name}.kind")
        parts = [codes, *flags, *(placed for placed in (order, kinds) if placed)]

        def make(data: Cells) -> Typed:
            beside = partial(_beside, data, codes)
            return lists.main_first(
                beside(codes),
                [beside(flag) for flag in flags],
                order and beside(order),
                kinds and beside(kinds),
                _CODES[name],
            )

        return _Made(tuple(at for placed in parts for _, at in placed.places), make, codes.first)

    def _key(self) -> _Made | None:
        record, times = self._one("record"), self._one("times")
        if record is None:
            return None
        admitted = self._one("admission_date")
        positions = tuple(placed.first for placed in (record, times, admitted) if placed)
        named, constant = self._named.get("institution_id"), self._constants.get("institution_id")

        def make(data: Cells) -> Typed:
            institution = data[named] if named is not None else None
            if constant:
                institution = pa.repeat(pa.scalar(constant), len(data[record.first]))
            return cells.key(
                data[record.first],
                institution,
                data[times.first] if times else None,
                data[admitted.first] if admitted else None,
            )

        return _Made((*positions, *((named,) if named is not None else ())), make, record.first)

    def _asterisks(self) -> dict[int, int]:
        """Number of a diagnosis -> position of the asterisk code beside it."""
        placed = [p for p in self._placed if p.entry.field == "additional_diag_code"]
        return {number: at for one in placed for number, at in one.places}

    def _field(self, field: str) -> Placed | None:
        return next((placed for placed in self._placed if placed.entry.field == field), None)

    def _beside(self) -> dict[str, _Made]:
        """What the checks want to know that is in no column of STAYS."""
        found: dict[str, _Made] = {}
        if visit := self._field("encounter_id"):
            found[VISIT] = _Made((visit.first,), lambda data: Typed(data[visit.first]), visit.first)
        valid, refunded = self._field("valid_flag"), self._field("refunded_flag")
        if some := [placed.first for placed in (valid, refunded) if placed]:
            found[WITHDRAWN] = _Made(
                tuple(some),
                lambda data: beside.withdrawn(*(placed and data[placed.first] for placed in (valid, refunded))),
                some[0],
            )
        if hours := self._field("ventilator_duration"):
            found[care.VENTILATOR] = _Made(
                (hours.first,), lambda data: beside.minutes_of(data[hours.first], hours.entry.unit), hours.first
            )
        if made := self._intensive_care():
            found[care.ICU] = made
        return found

    def _intensive_care(self) -> _Made | None:
        kinds, entered, left, sums = (
            self._field(f"icu_{part}") for part in ("type", "in_time", "out_time", "total_duration")
        )
        if entered is None or left is None:
            return None
        parts = [placed for placed in (kinds, entered, left, sums) if placed]

        def make(data: Cells) -> Typed:
            return beside.icu_of(
                kinds and _gathered(data, kinds), _gathered(data, entered), _gathered(data, left),
                sums and _gathered(data, sums),
            )  # fmt: skip

        return _Made(tuple(at for placed in parts for _, at in placed.places), make, entered.first)

    def _infant_age(self) -> _Made | None:
        known = self._all("age_days")
        placed = next((p for p in known if p.entry.unit != cells.UNDECLARED), next(iter(known), None))
        if placed is None:
            return None
        at, unit = placed.first, self._newborn_age or placed.entry.unit
        years = self._one("age")
        positions = (at, *((years.first,) if years else ()))

        def make(data: Cells) -> Typed:
            return cells.infant_age(data[at], unit, data[years.first] if years else None)

        return _Made(positions, make, at)

    def _sum(self, name: str) -> _Made | None:
        parts = self._all(f"sum.{name}")
        if not parts:
            return None
        self.summed.append(name)
        kinds = self._one("fund.kind") if name == "fund_by_item" else None
        positions = tuple(at for placed in (*parts, *((kinds,) if kinds else ())) for _, at in placed.places)

        def make(data: Cells) -> Typed:
            amounts = [_gathered(data, part) for part in parts]
            return lists.summed(amounts, (_beside(data, parts[0], kinds), _ACCOUNT) if kinds else None)

        return _Made(positions, make, parts[0].first)

    def _fees(self) -> Iterator[_Check]:
        total, fees, items = self._one("total_cost"), self._all("fee"), self._one("sum.total_cost")
        if total is None or not (fees or items):
            return
        top = checks.top_fees({e.field: e.part_of for e in self._form.entries if e.use == "fee"})
        complete = bool(items) or set(top) <= {placed.entry.field for placed in fees}
        part_of = {placed.entry.field: placed.entry.part_of for placed in fees}
        head = self._seen

        def run(data: Cells) -> Iterator[tuple[str, Fault]]:
            amounts = {"items": lists.summed([_gathered(data, items)])} if items else {}
            amounts |= {placed.entry.field: typed(lists.AMOUNT, data[placed.first]) for placed in fees}
            for placed in fees:
                for fault in amounts[placed.entry.field].faults:
                    yield head[placed.first], replace(fault, rule="fee_unreadable", texts=None)
            cost = typed(lists.AMOUNT, data[total.first]).values
            wrong = checks.fee_total_check(cost, {f: a.values for f, a in amounts.items()}, part_of, complete)
            if wrong:
                yield head[total.first], wrong

        parts = (total, *fees, *((items,) if items else ()))
        yield _Check(tuple(at for placed in parts for _, at in placed.places), run)

    def _durations(self) -> Iterator[_Check]:
        los = self._one("los")
        for placed in (*self._all("duration"), *self._all("duration.stay")):
            within = los if placed.entry.use == "duration.stay" else None
            positions = (placed.first, *((within.first,) if within else ()))
            yield _Check(positions, partial(_duration, placed.entry, placed.first, within, self._seen))


def _duration(
    entry: Entry, at: int, los: Placed | None, header: Sequence[str], data: Cells
) -> Iterator[tuple[str, Fault]]:
    days = typed(STAYS["los"], data[los.first]).values if los else None
    for fault in checks.duration_check(data[at], entry.unit, days):
        yield header[at], fault


def _gathered(data: Cells, placed: Placed) -> Any:
    return lists.zipped([data[at] for _, at in placed.places])


def _beside(data: Cells, main: Placed, placed: Placed) -> Any:
    """The cells of an entry as lists, at the numbers at which the main one has its own."""
    if len(main.places) == 1:
        return _gathered(data, placed)
    positions = dict(placed.places)
    empty = pa.nulls(len(data[main.first]), pa.string())
    return lists.zipped([data[positions[n]] if n in positions else empty for n, _ in main.places])
