"""The formats there are: their tables of columns (package data), and which header is which column of a format.

A header in a table may be numbered: ``JBDM{1-15}`` stands for JBDM1 to JBDM15 in a template, and for JBDM with any
number on reading. Headers of a node of the settlement list may carry the node's name: ``diseinfo.diag_code_2``,
``diag_code_2`` and ``diag_code2`` are one.
"""

from __future__ import annotations

import csv
import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from typing import Any

import yaml

from drgpay.errors import DrgpayError, Kind
from drgpay.steps.intake.headers import COMPARED, header_key

CANONICAL = "canonical"
"""drgpay's own columns, read by :func:`drgpay.steps.intake.headers.locate`"""

_NUMBERED = re.compile(r"(.*)\{(0?)1-(\d+)\}(.*)")


@dataclass(frozen=True)
class Entry:
    """One field of a format.

    ``use``: what is done with it: a column of STAYS; ``record`` and ``times`` (the parts of a stay_id); ``dx.main``,
    ``dx.other``, ``proc.main``, ``proc.other`` (codes of a wide list); ``dx.code`` … ``proc.flag`` (nodes of the
    settlement list); ``fee``, ``duration``, ``duration.stay`` (checked); ``sum.X`` (added up when no header gives X);
    ``beside`` (asked for by its field, for what no column of STAYS holds); empty: known, and not read. ``headers``:
    alternatives, the first that is there is taken. ``part_of``: the fee this one is already contained in; ``detail``:
    the column of STAY_DETAILS it gives, ``fees`` and ``fees.kind`` for items of all kinds.
    """

    field: str
    use: str
    unit: str
    values: str
    part_of: str
    node: str
    headers: tuple[str, ...]
    count: int
    zh: str
    note: str
    detail: str = ""

    def spelled(self) -> tuple[str, ...]:
        """The headers a template has for it: the first alternative, all of its numbers."""
        head = self.headers[0]
        if self.node:
            return tuple(f"{head}_{n}" for n in range(1, self.count + 1))
        match = _NUMBERED.fullmatch(head)
        if not match:
            return (head,)
        width = len(match[2]) + 1
        return tuple(f"{match[1]}{n:0{width}}{match[4]}" for n in range(1, int(match[3]) + 1))

    def pattern(self, header: str) -> str:
        """A regular expression for the keys of one of its headers; its group is the number, if there is one."""
        match = _NUMBERED.fullmatch(header)
        if match:
            return re.escape(header_key(match[1])) + r"0*(\d{1,4})" + re.escape(header_key(match[4]))
        plain = re.escape(header_key(header))
        return rf"(?:{self.node}[._])?{plain}(?:[._]?0*(\d{{1,4}}))?" if self.node else plain


@dataclass(frozen=True)
class Placed:
    """An entry found in a file: (number in its list, header position), in order; number 0 where there is none."""

    entry: Entry
    places: tuple[tuple[int, int], ...]

    @property
    def first(self) -> int:
        """The header position of the first."""
        return self.places[0][1]


@dataclass(frozen=True)
class Format:
    """One format; see ``data/formats/formats.yaml``."""

    id: str
    zh: str
    en: str
    files: tuple[str, ...]
    entries: tuple[Entry, ...]
    must: tuple[tuple[str, ...], ...]
    never: tuple[str, ...]
    passes: str

    def lacking(self, header: Sequence[str]) -> tuple[str, ...]:
        """What keeps a header from being of this format: the headers that miss (``A|B`` for alternatives)."""
        keys = {header_key(cell) for cell in header}
        owned = {e: [re.compile(e.pattern(h)) for h in e.headers] for e in self.entries if e.node}
        missing = []
        for names in self.must:
            patterns = [p for e, own in owned.items() if set(e.headers) & set(names) for p in own]
            plain = {header_key(name) for name in names}
            if not (plain & keys or any(p.fullmatch(key) for p in patterns for key in keys)):
                missing.append("|".join(names))
        return tuple(missing)

    def fits(self, header: Sequence[str]) -> bool:
        """Whether a header is of this format."""
        keys = {header_key(cell) for cell in header}
        return not self.lacking(header) and not any(header_key(name) in keys for name in self.never)

    def headers(self) -> Iterator[str]:
        """Every header of the format, all alternatives; of numbered ones the first."""
        for entry in self.entries:
            for header in entry.headers:
                yield _NUMBERED.sub(r"\1\g<2>1\4", header) + ("_1" if entry.node else "")

    @cached_property
    def _patterns(self) -> list[tuple[re.Pattern[str], int, int]]:
        """(what a header looks like, its entry, which alternative it is)."""
        return [
            (re.compile(entry.pattern(header)), at, rank)
            for at, entry in enumerate(self.entries)
            for rank, header in enumerate(entry.headers)
        ]

    def place(self, file: str, header: Sequence[str]) -> tuple[tuple[Placed, ...], tuple[tuple[str, str], ...]]:
        """(the entries in a header, in the order of the format; (unknown header cell, nearest known one or "")).

        Raises DrgpayError of kind DATA when two headers are the same column.
        """
        found: dict[int, dict[int, dict[int, int]]] = {}  # entry -> alternative -> number -> position
        unknown: list[tuple[str, str]] = []
        for position, cell in enumerate(header):
            key = header_key(cell)
            hits = [(at, rank, match) for p, at, rank in self._patterns if (match := p.fullmatch(key))]
            if not hits:
                if key and not (self.passes and re.fullmatch(self.passes, key)):
                    unknown.append((cell.strip(), self._nearest(key) if len(unknown) < COMPARED else ""))
                continue
            for at, rank, match in hits:
                number = int(match[match.lastindex]) if match.lastindex else 0
                numbers = found.setdefault(at, {}).setdefault(rank, {})
                if number in numbers:
                    raise _twice(file, self.entries[at], header[numbers[number]], cell)
                numbers[number] = position
        placed = (Placed(self.entries[at], tuple(sorted(found[at][min(found[at])].items()))) for at in sorted(found))
        return tuple(placed), tuple(unknown)

    def _nearest(self, key: str) -> str:
        near = difflib.get_close_matches(key, {header_key(h): h for h in self.headers()}, n=1)
        return {header_key(h): h for h in self.headers()}[near[0]] if near else ""


def _twice(file: str, entry: Entry, first: str, second: str) -> DrgpayError:
    return DrgpayError(
        Kind.DATA,
        zh=f"两列都是“{entry.zh}”:{first}、{second}",
        en=f"two columns mean {entry.field}: {first}, {second}",
        fix_zh="只保留一列",
        fix_en="keep one of them",
        file=file,
        field=first,
    )


@cache
def catalogue() -> dict[str, Format]:
    """Every format by its id, in the order of the catalogue; the canonical one is not among them."""
    folder = files("drgpay") / "data" / "formats"
    formats = {}
    for about in yaml.safe_load((folder / "formats.yaml").read_text(encoding="utf-8")):
        lines = (folder / f"{about['table']}.csv").read_text(encoding="utf-8").splitlines()
        rows = [(row, _spelled(row, about)) for row in csv.DictReader(lines)]
        entries = tuple(_entry(row, headers) for row, headers in rows if headers)
        formats[about["id"]] = Format(
            about["id"],
            about["zh"],
            about["en"],
            tuple(about["files"]),
            entries,
            tuple(tuple(names) for names in about["must"]),
            tuple(about["never"]),
            about.get("passes", ""),
        )
    return formats


def _spelled(row: dict[str, str], about: dict[str, Any]) -> str:
    """The headers of a row of a table in a format."""
    own = about.get("spelled", {})
    names = own.get(f"{row['field']}:{row['unit']}", own.get(row["field"]))
    return row[about["column"]] if names is None else ";".join(names)


def _entry(row: dict[str, str], headers: str) -> Entry:
    return Entry(
        row["field"],
        row["use"],
        row["unit"],
        row["values"],
        row.get("part_of", ""),
        row.get("node", ""),
        tuple(headers.split(";")),
        int(row.get("count") or 0),
        row["zh"],
        row["note"],
        row.get("detail", ""),
    )


def named(name: str) -> Format | None:
    """The format of that name; None for the canonical one. Raises DrgpayError of kind USAGE for any other name."""
    if name == CANONICAL:
        return None
    if name in catalogue():
        return catalogue()[name]
    names = (CANONICAL, *catalogue())
    near = difflib.get_close_matches(name, names, n=1)
    raise DrgpayError(
        Kind.USAGE,
        zh="没有这种格式",
        en="no such format",
        value=name,
        fix_zh=(f"是否指 {near[0]}?" if near else "") + "格式有 " + "、".join(names),
        fix_en=(f"did you mean {near[0]}? " if near else "") + "formats: " + ", ".join(names),
    )
