"""A cell of a register as it is shown, and as it is typed."""

from __future__ import annotations

from datetime import date
from typing import Any

from drgpay.tables import Column
from drgpay.units import show_coefficient, show_fen
from drgpay_web.ui import field_word, w
from drgpay_web.ui.values import paper_kind


def shown(column: Column, value: Any, lang: str) -> str:
    """A value as people read it: yuan, words, days."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return w("ui.yes" if value else "ui.no", lang)
    if column.type == "fen":
        return show_fen(value)
    if column.choices and isinstance(value, str):
        return field_word(value, lang)
    return typed(column, value)


def value(column: Column, its: Any, lang: str) -> Any:
    """A value on paper: amounts as they are kept, all else as people read it."""
    return its if paper_kind(column.type) != "text" else shown(column, its, lang)


def typed(column: Column, value: Any) -> str:
    """A value as it would be typed: yuan without groups, codes as they are."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, date):
        return value.isoformat()
    if column.type == "fen":
        return show_fen(value, group=False)
    if column.type in ("ratio", "points"):
        return show_coefficient(value)
    return "|".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)


def control(column: Column) -> str:
    """How a column is typed: choice, flag, date, number, text."""
    if column.choices:
        return "choice"
    if column.type in ("flag", "date"):
        return column.type
    return "number" if column.type.startswith("int") else "text"
