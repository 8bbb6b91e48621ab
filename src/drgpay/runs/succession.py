"""Institutions over time (机构沿革): opened, closed, renamed, merged, split, of another level, each from a day on
(design/12 §4).

What an institution was before a day stays its own. From the day on the successor of one that was merged or split has
its history: base period, last year's grade and indicator values, members of communities. Days on which a merger or
another level begins cut the year, and each part is scored by the institutions of its first day.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cached_property
from typing import Any

import polars as pl

from drgpay.errors import DrgpayError, Kind
from drgpay.policy import Segment
from drgpay.runs.laws import Segments
from drgpay.steps import points
from drgpay.tables import INSTITUTION_EVENTS, INSTITUTIONS

Row = dict[str, Any]
OPENED, CLOSED, RENAMED = "opened", "closed", "renamed"
MERGED, SPLIT, LEVEL = "merged_into", "split", "level_changed"
_GOES_OVER = (MERGED, SPLIT)
"""events that give an institution's history to a successor"""
_ENDS = (CLOSED, *_GOES_OVER)
_NEEDS = {RENAMED: "new_name", LEVEL: "new_level", MERGED: "successor", SPLIT: "successor"}
"""event → the column it cannot do without"""
_TOLD = ("new_name", "new_level", "successor")


@dataclass(frozen=True)
class Succession:
    """The institutions of a register and what became of them. ``events``: rows of ``institution_events`` by day."""

    places: pl.DataFrame
    events: tuple[Row, ...] = ()

    @staticmethod
    def of(places: pl.DataFrame, events: pl.DataFrame) -> Succession:
        """From the registers ``institutions`` and ``institution_events``."""
        return Succession(places, tuple(events.sort("from_date", "institution_id", "event_id").to_dicts()))

    @cached_property
    def ends(self) -> Mapping[str, Row]:
        """Institution → the event it ends with."""
        return {row["institution_id"]: row for row in self.events if row["event"] in _ENDS}

    @cached_property
    def begins(self) -> Mapping[str, date]:
        """Institution → its first day, where it was opened."""
        return {row["institution_id"]: row["from_date"] for row in self.events if row["event"] == OPENED}

    def gone(self, h: str, day: date) -> bool:
        """Whether an institution is no more on a day."""
        return h in self.ends and self.ends[h]["from_date"] <= day

    def there(self, h: str, first: date, last: date) -> bool:
        """Whether an institution was open on some day of a time."""
        return not self.gone(h, first) and self.begins.get(h, first) <= last

    def heir(self, h: str, day: date) -> str:
        """Who has the history of an institution on a day: itself, or the successor of its successors."""
        while self.gone(h, day) and self.ends[h]["event"] in _GOES_OVER:
            h = self.ends[h]["successor"]
        return h

    def heirs(self, day: date) -> dict[str, str]:
        """Institutions that have gone over into another until a day, and that one."""
        found = {h: self.heir(h, day) for h in sorted(self.ends)}
        return {h: heir for h, heir in found.items() if heir != h}

    def on(self, day: date) -> pl.DataFrame:
        """The register of institutions with the names and levels of a day; those that are no more have their last."""
        if not self.events:
            return self.places
        name = {r["institution_id"]: r["new_name"] for r in self.events
                if r["event"] == RENAMED and r["from_date"] <= day}  # fmt: skip
        level = {r["institution_id"]: r["new_level"] for r in self.events
                 if r["event"] == LEVEL and r["from_date"] <= day}  # fmt: skip
        h = pl.col("institution_id").cast(pl.String)
        return self.places.with_columns(
            pl.coalesce(h.replace_strict(name, default=None, return_dtype=pl.String), pl.col("name")).alias("name"),
            pl.coalesce(
                h.replace_strict(level, default=None, return_dtype=pl.String), pl.col("level").cast(pl.String)
            )
            .cast(self.places.schema["level"])
            .alias("level"),
        )

    def scored(self, day: date) -> pl.DataFrame:
        """The institutions that have coefficients on a day: :meth:`on` without those that have gone over."""
        over = list(self.heirs(day))
        return self.on(day).filter(~pl.col("institution_id").cast(pl.String).is_in(over)) if over else self.on(day)

    def joined(self, base: points.Base, day: date) -> points.Base:
        """A base period whose sums by institution stand with the heirs of a day."""
        over = self.heirs(day)
        if not over:
            return base
        sums = base.institution_sums.with_columns(pl.col("institution_id").cast(pl.String).replace(over))
        by = [name for name in sums.columns if name not in ("n", "cost")]
        return replace(base, institution_sums=sums.group_by(by).agg(pl.col("n", "cost").sum()).sort(by))

    def added(self, operated: points.Operated, day: date) -> dict[str, tuple[int, int]]:
        """Counts of operated stays that stand with the heirs of a day."""
        over, found = self.heirs(day), dict[str, tuple[int, int]]()
        for h, (n, hard) in operated.items():
            before = found.get(over.get(h, h), (0, 0))
            found[over.get(h, h)] = before[0] + n, before[1] + hard
        return found

    def inherited(self, known: Mapping[Any, Any], day: date) -> dict[Any, Any]:
        """Values by institution, or by (institution, …), with those an heir has not got itself taken from its
        predecessors; of several the one that went over last, then the first by code."""
        found = dict(known)
        over = self.heirs(day)
        for h in sorted(over, key=lambda h: (-self.ends[h]["from_date"].toordinal(), h)):
            for key, value in known.items():
                if key == h or (isinstance(key, tuple) and key[0] == h):
                    found.setdefault(over[h] if key == h else (over[h], *key[1:]), value)
        return found

    def members(self, members: pl.DataFrame, day: date) -> pl.DataFrame:
        """Members of communities with the heirs of a day: who signed with one that has gone over stays with it, and
        its community with the heir, where that has none of its own."""
        over = self.heirs(day)
        of = {row["member_id"]: row for row in members.to_dicts() if row["member_kind"] == "institution"}
        more = []
        for known, other in (*over.items(), *((heir, h) for h, heir in over.items())):
            if known in of and other not in of:
                of[other] = of[known] | {"member_id": other}
                more.append(of[other])
        return pl.concat([members, pl.DataFrame(more, schema=members.schema)]) if more else members

    def cut(self, segments: Segments) -> Segments:
        """Segments of stays by day of discharge, cut where a merger or another level begins."""
        days = {row["from_date"] for row in self.events if row["event"] in (*_GOES_OVER, LEVEL)}
        if not days:
            return segments
        found: list[Segment] = []
        for s in segments:
            firsts = [s.first, *sorted(day for day in days if s.first < day <= s.last)]
            lasts = [day - timedelta(1) for day in firsts[1:]] + [s.last]
            found += [replace(s, first=a, last=b) for a, b in zip(firsts, lasts, strict=True)]
        return tuple(found)

    def open_days(self) -> dict[str, tuple[date | None, date | None]]:
        """Institutions that were opened or ended: first day, and the day from which they are no more."""
        ends = {h: row["from_date"] for h, row in self.ends.items()}
        return {h: (self.begins.get(h), ends.get(h)) for h in sorted({*self.begins, *ends})}


def check_events(succession: Succession) -> None:
    """Raise DATA for events that cannot be: without what they need, or with what is not theirs, into itself or in a
    circle, twice the end, before the beginning or after the end, two names or levels from one day."""
    for row in succession.events:
        _check_columns(row)
    for h, row in succession.ends.items():
        _check_successor(succession, h, row)
    by: dict[str, list[Row]] = {}
    for row in succession.events:
        by.setdefault(row["institution_id"], []).append(row)
    for rows in by.values():
        for row, zh, en in _contradictions(rows):
            raise _wrong(row, "event", zh, en)


def _check_columns(row: Row) -> None:
    needed = _NEEDS.get(row["event"])
    if needed is not None and row[needed] is None:
        zh = INSTITUTION_EVENTS[needed].zh
        raise _wrong(row, needed, f"缺少{zh}", f"{needed} is missing")
    for name in _TOLD:
        if name != needed and row[name] is not None:
            zh = INSTITUTION_EVENTS[name].zh
            raise _wrong(row, name, f"这类事项没有{zh}", f"an event of this kind has no {name}")


def _check_successor(succession: Succession, h: str, row: Row) -> None:
    """The successor is another institution, and there on the day; following successors never leads back."""
    if row["event"] == CLOSED:
        return
    met, at = {h}, row["successor"]
    if at == h:
        raise _wrong(row, "successor", "不能并入自己", "an institution cannot go over into itself")
    while at in succession.ends and succession.ends[at]["event"] in _GOES_OVER:
        met.add(at)
        at = succession.ends[at]["successor"]
        if at in met:
            raise _wrong(row, "successor", "承继关系成环", "the successors lead back in a circle")
    if not succession.there(row["successor"], row["from_date"], row["from_date"]):
        raise _wrong(row, "successor", "承继机构当日不存在", "the successor is not there on that day")


def _contradictions(rows: list[Row]) -> Iterator[tuple[Row, str, str]]:
    """What in the events of one institution, by day, cannot be together."""
    ends = [row for row in rows if row["event"] in _ENDS]
    opened = [row for row in rows if row["event"] == OPENED]
    if len(ends) > 1:
        yield ends[1], "该机构已有关闭、并入或拆分", "the institution ends twice"
    if len(opened) > 1:
        yield opened[1], "该机构已有新设", "the institution is opened twice"
    for row in rows:
        if ends and row is not ends[0] and row["from_date"] >= ends[0]["from_date"]:
            yield row, "晚于该机构的关闭、并入或拆分", "not before the end of the institution"
        if opened and row is not opened[0] and row["from_date"] < opened[0]["from_date"]:
            yield row, "早于该机构的新设", "before the institution was opened"
    met: set[tuple[str, date]] = set()
    for row in rows:
        key = (row["event"], row["from_date"])
        if key in met:
            yield row, "同一天有两条同类事项", "two events of one kind from the same day"
        met.add(key)


def _wrong(row: Row, field: str, zh: str, en: str) -> DrgpayError:
    about = f"{row['event_id']} · {row['institution_id']} · {row['from_date']}"
    return DrgpayError(
        Kind.DATA, zh=f"机构沿革 {about}:{zh}", en=f"institution event {about}: {en}", file=INSTITUTION_EVENTS.name,
        field=field, value=str(row[field]) if row[field] is not None else None,
        fix_zh="改正该行;有登记日期的另加一行同编号的",
        fix_en="correct the row; where rows have days, add one with the same event_id",
    )  # fmt: skip


def succession_of(registers: Any) -> Succession:
    """The institutions over time of a region's registers, or of those a run keeps."""
    return Succession.of(registers[INSTITUTIONS], registers[INSTITUTION_EVENTS])
