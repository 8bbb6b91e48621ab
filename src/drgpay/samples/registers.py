"""Registers of samples as CSV, the way a user would bring them."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from drgpay.tables import RECORDING, Column, Table
from drgpay.units import show_coefficient, show_fen


def write_register(folder: Path, table: Table, rows: Iterable[Mapping[str, Any]]) -> None:
    """A register as CSV: English headers, money in yuan, ratios as decimals; what is text already stays as it is.
    Where some row says when it was recorded (``recorded_on``), the register has that column too; a column that may be
    empty and that no row names is left out."""
    rows = list(rows)
    columns = [c for c in table.columns if not c.null or any(c.name in row for row in rows)]
    dated = [RECORDING[0]] if any(RECORDING[0].name in row for row in rows) else []
    cells = [[*(_cell(c, row[c.name]) for c in columns), *(row.get(c.name) for c in dated)] for row in rows]
    write_csv(folder / f"{table.name}.csv", [*(c.name for c in columns), *(c.name for c in dated)], cells)


def write_csv(path: Path, head: Iterable[str], rows: Iterable[Iterable[Any]]) -> None:
    """A CSV file in UTF-8, a line per row."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(head)
        writer.writerows(rows)


def _cell(column: Column, value: Any) -> Any:
    if value is None or isinstance(value, str):
        return value
    if column.type == "fen":
        return show_fen(value, group=False)
    return show_coefficient(value) if column.type == "ratio" else value
