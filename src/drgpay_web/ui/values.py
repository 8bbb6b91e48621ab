"""Values of tables as people read and type them: money in yuan, points with four decimals, codes in words."""

from __future__ import annotations

from datetime import date
from typing import Any

from drgpay.units import parse_coefficient, parse_fen, parse_points, show_coefficient, show_fen, show_points
from drgpay.words import in_word

NUMBERS = frozenset({"fen", "points", "ratio", "int8", "int16", "int32", "int64"})
_SHOWN = {"fen": show_fen, "points": show_points, "ratio": show_coefficient}
_TYPED = {"fen": parse_fen, "points": parse_points, "ratio": parse_coefficient}


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


def typed(text: str, kind: str) -> Any:
    """What somebody typed for a column of this type. Raises DrgpayError for what is no number."""
    if kind in _TYPED:
        return _TYPED[kind](text)
    if kind in NUMBERS:
        return int(text) if text.lstrip("-").isdigit() else parse_fen(text)
    if kind == "flag":
        return text in ("1", "是", "yes", "true")
    return text
