"""Registers of samples as CSV, the way a user would bring them."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from drgpay.tables import Column, Table
from drgpay.units import show_coefficient, show_fen


def write_register(folder: Path, table: Table, rows: Iterable[Mapping[str, Any]]) -> None:
    """A register as CSV: English headers, money in yuan, ratios as decimals; what is text already stays as it is."""
    cells = ([_cell(column, row[column.name]) for column in table.columns] for row in rows)
    write_csv(folder / f"{table.name}.csv", table.names, cells)


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
