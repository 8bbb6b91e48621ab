"""Values of tables as people read and type them: money in yuan, points with four decimals, codes in words."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from drgpay.report import is_share
from drgpay.runs import account_words, event_words
from drgpay.tables import COEFFICIENTS, LEDGER, NUMBERS, Column
from drgpay.units import (
    parse_coefficient,
    parse_fen,
    parse_points,
    show_coefficient,
    show_fen,
    show_percent,
    show_points,
)
from drgpay.words import in_word

Names = Callable[[str, Mapping[str, Any]], str]
"""the name of what a column of a row names by its code; empty for none"""
_OF_LEDGER = {LEDGER["debit"]: account_words, LEDGER["credit"]: account_words, LEDGER["event"]: event_words}
_SHOWN = {"fen": show_fen, "points": show_points, "ratio": show_coefficient, "share": show_percent}
_TYPED = {"fen": parse_fen, "points": parse_points, "ratio": parse_coefficient}


_ON_PAPER = {
    "fen": "fen", "points": "points", "ratio": "ratio", "share": "percent", "int32": "int", "int64": "int",
}  # fmt: skip


def paper_kind(kind: str) -> str:
    """The kind of a column on papers (``drgpay.report.papers``): amounts and counts as numbers; small whole numbers
    are years and numbers of something, which nobody adds up."""
    return _ON_PAPER.get(kind, "text")


def printed(value: Any, kind: str, lang: str) -> str:
    """A value of a column of type ``kind`` (as in ``drgpay.tables``) for the screen; empty for none."""
    if value is None:
        return ""
    if kind in _SHOWN:
        return _SHOWN[kind](value)
    if kind == "flag":
        return ("否", "是")[bool(value)] if lang == "zh" else ("no", "yes")[bool(value)]
    if isinstance(value, date):
        return value.isoformat()
    if kind == "codes":
        return " ".join(value)
    return in_word(value, lang) if isinstance(value, str) else str(value)


def kind_of(column: Column) -> str:
    """How a column is shown: its type, but ``share`` for a ratio that is read as per cent, and ``point_value``."""
    if column.name == "point_value":
        return "points"
    return "share" if column.type == "ratio" and is_share(column) else column.type


def text_of(column: Column, row: Mapping[str, Any], lang: str, names: Names | None = None) -> str:
    """A cell as text: the value printed, with the name of what it names before its code; accounts and events of the
    ledger and what a coefficient was made of in words."""
    if (say := _OF_LEDGER.get(column)) and row.get(column.name):
        return say(row[column.name], lang, {})
    text = printed(row.get(column.name), kind_of(column), lang)
    if column == COEFFICIENTS["inputs"]:
        return re.sub(r"[a-z][a-z_]+", lambda code: in_word(code[0], lang), text)
    name = names(column.name, row) if names and text else ""
    return f"{name} {text}" if name else text


def typed(text: str, kind: str) -> Any:
    """What somebody typed for a column of this type. Raises DrgpayError for what is no number."""
    if kind in _TYPED:
        return _TYPED[kind](text)
    if kind in NUMBERS:
        return int(text) if text.lstrip("-").isdigit() else parse_fen(text)
    if kind == "flag":
        return text in ("1", "是", "yes", "true")
    return text
