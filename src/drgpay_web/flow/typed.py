"""What is typed with a move, by the move's fields: text in, values out, or a reason why not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from drgpay_web.flow.machine import Field, Guarded


def typed(words: str, fields: Sequence[Field], values: Mapping[str, Any]) -> dict[str, Any]:
    """The values of the fields of a machine with these ``words``. Raises :class:`Guarded` naming the first field that
    is missing or wrong."""
    return {field.name: _value(words, field, values.get(field.name)) for field in fields}


def _value(words: str, field: Field, said: Any) -> Any:
    named = f"{words}.field.{field.name}"
    text = said.strip() if isinstance(said, str) else said
    if field.kind == "flag":
        return text in (True, "on", "true", "1")
    if text in (None, ""):
        if field.required:
            raise Guarded("flow.field_missing", field_key=named)
        return None
    if field.kind == "date":
        return _date(named, text)
    if field.kind == "number":
        return _number(named, text)
    if field.kind == "choice" and text not in field.choices:
        raise Guarded("flow.field_choice", field_key=named)
    if not isinstance(text, str) or len(text) > field.most:
        raise Guarded("flow.field_length", field_key=named, most=field.most)
    return text


def _date(named: str, said: Any) -> date:
    try:
        return said if isinstance(said, date) else date.fromisoformat(said)
    except (TypeError, ValueError):
        raise Guarded("flow.field_date", field_key=named) from None


def _number(named: str, said: Any) -> int:
    try:
        return int(said)
    except (TypeError, ValueError):
        raise Guarded("flow.field_number", field_key=named) from None
