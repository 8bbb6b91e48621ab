"""Register rows as JSON and back: days as text, all else as it is; the key of a row as one text."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

from drgpay.tables import RECORDING, Table
from drgpay_web.store.upgrades import upgraded

DAYS = frozenset({"date"})


def coded(table: Table, row: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a table's own columns, to be kept."""
    return {name: _plain(row.get(name)) for name in table.names}


def decoded(table: Table, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values as the core takes them, of columns as they are called now; a column that came later is empty, one
    that went is left out."""
    values, found = upgraded(table, values), {}
    for column in table.columns:
        value = values.get(column.name)
        found[column.name] = date.fromisoformat(value) if value and column.type in DAYS else value
    return found


def key_of(table: Table, row: Mapping[str, Any]) -> str:
    """The key columns of a row as one text."""
    return json.dumps([_plain(row.get(name)) for name in table.key], ensure_ascii=False, separators=(",", ":"))


def own(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row without who recorded it and when."""
    recording = {column.name for column in RECORDING}
    return {name: value for name, value in row.items() if name not in recording}


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value
