"""Registers written as CSV files, as they are read again."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from drgpay.engine import drafted
from drgpay.tables import Column, Table
from drgpay.units import show_coefficient, show_fen


def _cell(column: Column, value: Any) -> str:
    if value is None:
        return ""
    if column.type == "fen":
        return show_fen(value, group=False)
    if column.type in ("ratio", "points"):
        return show_coefficient(value)
    if column.type == "flag":
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, date) else str(value)


def write_register(path: Path, table: Table, rows: Iterable[Mapping[str, Any]]) -> None:
    """A register as CSV, as it can be read again: money in yuan, ratios as decimals."""
    with drafted(path) as draft, draft.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(table.names)
        for row in rows:
            writer.writerow([_cell(column, row.get(column.name)) for column in table.columns])
