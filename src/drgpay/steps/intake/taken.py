"""``<register>.taken.csv``: the rows a register took from results, the one second file it may have (design/12 §3)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from drgpay.tables import Table

_ENDING = ".taken.csv"


def taken_file(folder: Path, table: Table) -> Path:
    """Where the rows lie that a register took from results."""
    return folder / f"{table.name}{_ENDING}"


def is_taken(path: Path) -> bool:
    """The file is the second one of a register."""
    return path.name.endswith(_ENDING)


def row_digest(values: Iterable[Any]) -> str:
    """Digest of a row by the values of its register's columns, in their order: what a row is known by again."""
    text = "\x1f".join("" if value is None else str(value) for value in values)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
