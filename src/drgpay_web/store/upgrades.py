"""Columns of registers that were renamed or read otherwise since rows were recorded.

Rows are never rewritten: a row keeps the columns of its day, and is read as its table is declared now. A version that
renames a column adds a line to :data:`UPGRADES`; ``drgpay-web check`` tells what still does not fit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from drgpay.tables import Table

Upgrade = Callable[[Mapping[str, Any]], Mapping[str, Any]]
"""the values of a row as they were kept -> as the next declaration wants them; what is so already stays"""

UPGRADES: dict[str, tuple[Upgrade, ...]] = {}
"""by table, the oldest first"""


def renamed(old: str, new: str) -> Upgrade:
    """A column that has another name now."""

    def upgrade(values: Mapping[str, Any]) -> Mapping[str, Any]:
        if old not in values:
            return values
        kept = {name: value for name, value in values.items() if name != old}
        return {new: values[old]} | kept

    return upgrade


def upgraded(table: Table, values: Mapping[str, Any]) -> Mapping[str, Any]:
    """The values of a row as its table is declared now; a row that has the columns of today stays as it is."""
    if set(values) == set(table.names):
        return values
    for upgrade in UPGRADES.get(table.name, ()):
        values = upgrade(values)
    return values
