"""The registers a region may hold, as the data dictionary declares them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any

from drgpay.engine import frame
from drgpay.errors import DrgpayError, Kind
from drgpay.runs.region import Registers, known_places, register_file, together
from drgpay.steps import intake
from drgpay.tables import ALL, Table

_SAID = ("name", "type", "null", "bounds", "choices", "refers", "refers_when")
"""of a column, what decides which values it takes"""


@cache
def register_tables() -> tuple[Table, ...]:
    """Every register a region (or a hospital's folder of registers) may hold; ``kept`` says whether as rows or as a
    file."""
    return tuple(table for table in ALL if table.kept in ("rows", "file"))


def register_named(name: str) -> Table:
    """A register by its English or Chinese name. USAGE with the nearest when there is none."""
    key = intake.header_key(name)
    names = {intake.header_key(one): table for table in register_tables() for one in table.file_names}
    if key in names:
        return names[key]
    near = get_close_matches(key, names, n=1, cutoff=0.4)
    other = names[near[0]] if near else register_tables()[0]
    raise DrgpayError(
        Kind.USAGE, zh="没有这个登记表", en="no such register", value=name,
        fix_zh=f"最接近的是 {other.zh}", fix_en=f"the nearest is {other.name}",
    )  # fmt: skip


def declaration_digest(table: Table) -> str:
    """sha256 of what a declaration says of its rows: key, and every column's type, bounds, choices and what it names.
    Names in words may change without it; rows that were checked under another digest are to be checked again."""
    said = {
        "name": table.name,
        "key": table.key,
        "columns": [{name: getattr(column, name) for name in _SAID} for column in table.columns],
    }
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def known_of(registers: Mapping[str, Sequence[Mapping[str, Any]]], folder: Path | None = None) -> intake.Known:
    """What rows may name, of registers in memory (name → rows) and, for those not among them, of the files in
    ``folder``: institutions, communities, departments, staff. What is in neither is not looked up."""
    rows = {register_named(name).name: its for name, its in registers.items()}
    missing = [table for table in register_tables() if table.name not in rows]
    beside = known_places(folder, None, missing) if folder is not None else intake.Known()
    own = intake.known_in(lambda table: _typed(table, rows[table.name]) if table.name in rows else None)
    return intake.Known({**beside.ids, **own.ids}, {**beside.homes, **own.homes})


def with_others(folder: Path, own: Registers, read: Collection[Table], known_on: date | None = None) -> Registers:
    """Registers that were read with the others of a region's folder, checked with what they name of each other.
    Raises DATA naming what is wrong in all of them. Tables kept in folders are checked row by row where they are
    used."""
    known = known_places(folder, known_on, register_tables())
    frames, wrong = dict(own.frames), []
    for table in register_tables():
        path = None if table in read or table.folder else register_file(folder, table)
        if path is not None:
            try:
                frames[table.name] = frame(intake.read_register(path, table, known, known_on))
            except DrgpayError as error:
                wrong.append(error)
    if wrong:
        raise together(wrong)
    return Registers(frames)


def _typed(table: Table, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return intake.check_rows(table, rows).rows
