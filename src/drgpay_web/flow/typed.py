"""What is typed with a move, by the move's fields: text in, values out, or a reason why not."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from datetime import date
from typing import Any

from drgpay.errors import DrgpayError
from drgpay.units import parse_fen
from drgpay_web.flow.machine import Field, Guarded


def typed(
    words: str,
    fields: Sequence[Field],
    values: Mapping[str, Any],
    choices: Mapping[str, Container[str]] | None = None,
) -> dict[str, Any]:
    """The values of the fields of a machine with these ``words``; ``choices``: of fields whose choices depend on the
    case. Raises :class:`Guarded` naming the first field that is missing or wrong."""
    own = choices or {}
    return {f.name: _value(words, f, values.get(f.name), own.get(f.name, f.choices)) for f in fields}


def _value(words: str, field: Field, said: Any, choices: Container[str]) -> Any:
    named = f"{words}.field.{field.name}"
    text = said.strip(" ,\t\n" if field.kind == "persons" else None) if isinstance(said, str) else said
    if field.kind == "flag":
        return text in (True, "on", "true", "1")
    if text in (None, "", [], ()):
        if field.required:
            raise Guarded("flow.field_missing", field_key=named)
        return None
    if field.kind == "date":
        return _date(named, text)
    if field.kind == "number":
        return _number(named, text)
    if field.kind == "money":
        return _money(named, text)
    if field.kind == "persons":
        return _persons(named, text, choices)
    if field.kind == "choice" and text not in choices:
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


def _money(named: str, said: Any) -> int:
    """Yuan as typed, in whole fen; whole fen as they are."""
    if isinstance(said, int) and not isinstance(said, bool):
        return said
    try:
        return parse_fen(str(said))
    except DrgpayError:
        raise Guarded("flow.field_money", field_key=named) from None


def _persons(named: str, said: Any, choices: Container[str]) -> list[int]:
    """Numbers of persons, each of the choices, none twice."""
    numbers = [str(one) for one in said] if isinstance(said, (list, tuple)) else str(said).replace(",", " ").split()
    if len(set(numbers)) != len(numbers) or any(one not in choices for one in numbers):
        raise Guarded("flow.field_choice", field_key=named)
    return [int(one) for one in numbers]
