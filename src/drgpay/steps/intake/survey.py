"""What a file of stays is taken for, before its rows are read: format, encoding, which header is which column."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from drgpay.steps.intake.formats import Hints, Opened, catalogue, open_stays
from drgpay.steps.intake.headers import header_key, known_headers, likely, meaning, names_of
from drgpay.steps.intake.kernel import stays_columns
from drgpay.steps.intake.stays import demanded
from drgpay.tables import GROUPED, STAYS, WITHDRAWN, Column

_CODES = ("dx", "proc")


@dataclass(frozen=True)
class Head:
    """A header cell of a file and what it is read as: ``field`` is a column of STAYS, empty where no column is read
    from it; ``how`` is alias, format, name, known (a field that is not needed) or unknown; ``guess`` the column an
    unknown one may be, empty where none is near."""

    position: int
    header: str
    field: str
    how: str
    guess: str = ""


@dataclass(frozen=True)
class Missing:
    """A column that is needed and that no header gives; ``guess``: the header that may be it, or empty."""

    field: str
    zh: str
    en: str
    guess: str = ""


@dataclass(frozen=True)
class Survey:
    """A file before its rows are read: its format and the words that say so (Chinese, English), the encoding of a
    text file, its header cells in order, and the columns it lacks."""

    format: str
    said: tuple[str, str]
    encoding: str
    heads: tuple[Head, ...]
    missing: tuple[Missing, ...]


def survey(path: Path, hints: Hints | None = None, need: str = "settlement") -> Survey:
    """Look at the header of a file of stays; ``hints`` and ``need`` as for :func:`read_stays`.

    Raises DrgpayError of kind DATA for a file that cannot be opened, and USAGE for an unknown format.
    """
    said = hints or Hints()
    opened = open_stays(path, said)
    own = {header_key(header) for header in said.columns}
    read = _of_format(opened) if opened.unknown is not None else _of_names(opened, need)
    heads = []
    for position, cell in enumerate(opened.seen):
        field, how = read.get(position, ("", "unknown" if cell.strip() else "known"))
        if header_key(cell) in own and field:
            how = "alias"
        heads.append(Head(position, cell.strip(), field, how))
    lacking = [name for name in STAYS.names if name in demanded(opened, need) - _given(opened, heads, said)]
    guessed = _guessed(heads, opened, need)
    return Survey(
        opened.format,
        opened.said,
        opened.encoding,
        tuple(guessed),
        tuple(_missing(STAYS[name], guessed) for name in lacking),
    )


def _given(opened: Opened, heads: Sequence[Head], hints: Hints) -> set[str]:
    """The columns that a file gives: by its headers, by constants, or made of others."""
    return {head.field for head in heads} | {*hints.constants} | {*opened.reads}


def _of_format(opened: Opened) -> dict[int, tuple[str, str]]:
    """Header position -> (column, how it is known), of a file of a format."""
    unknown = {cell for cell, _ in opened.unknown or ()}
    read = {at: ("", "known") for at, cell in enumerate(opened.seen) if cell.strip() not in unknown}
    for name in reversed(STAYS.names):  # a cell that several columns are made of is shown as the first of them
        read |= dict.fromkeys(opened.reads.get(name, ()), (name, "format"))
    return read


def _of_names(opened: Opened, need: str) -> dict[int, tuple[str, str]]:
    """The same of a file in drgpay's own columns."""
    wanted = known_headers(stays_columns(need))
    passed = known_headers((*GROUPED.columns, *STAYS.columns, WITHDRAWN))
    read = {}
    for position, cell in enumerate(opened.source.header[: len(opened.seen)]):
        name, order = meaning(cell, STAYS, wanted, passed)
        if name:
            read[position] = (name, "name")
        elif order < 0:
            read[position] = ("", "known")
    return read


def _guessed(heads: Sequence[Head], opened: Opened, need: str) -> list[Head]:
    """Unknown headers with the column they may be: one that no other header gives, the nearest by name."""
    known = _known_names(opened.format, need)
    free = {name for name in known.values() if name not in {head.field for head in heads}}
    found = []
    for head in heads:
        guess = ""
        if head.how == "unknown":
            near = difflib.get_close_matches(header_key(head.header), known, n=1)
            guess = known[near[0]] if near and known[near[0]] in free else ""
        found.append(replace(head, guess=guess))
    return found


def _known_names(form: str, need: str) -> Mapping[str, str]:
    """Header key -> column, of every name of a column, and of the headers of the file's format."""
    known = known_headers(stays_columns(need))
    if form in catalogue():
        for entry in catalogue()[form].entries:
            name = entry.use.partition(".")[0]
            if name in STAYS.names:
                known |= {header_key(header): name for header in entry.headers if "{" not in header}
    return known


def _missing(column: Column, heads: Sequence[Head]) -> Missing:
    unknown = [head.header for head in heads if head.how == "unknown"]
    guess = next((head.header for head in heads if head.guess == column.name), "")
    if not guess and column.name in _CODES:
        guess = likely(column.name, unknown)
    if not guess:
        keys = {header_key(cell): cell for cell in unknown}
        near = [difflib.get_close_matches(header_key(name), keys, n=1) for name in names_of(column)]
        guess = next((keys[found[0]] for found in near if found), "")
    return Missing(column.name, column.zh, column.en, guess)
