"""Moves as forms: labels, choices, and what was typed before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from drgpay_web.flow.machine import Move
from drgpay_web.flow.models import Case
from drgpay_web.flow.reads import Row
from drgpay_web.people import Actor
from drgpay_web.ui import w


def fields_of(
    case: Case, actor: Actor, move: Move, said: Mapping[str, str], before: str = ""
) -> list[dict[str, Any]]:
    """The fields of a move on a case, for ``flow/move_fields.html``. ``before``: what stands before their names."""
    words, lang = case.rules.words, actor.person.language
    return [
        {
            "field": field,
            "name": f"{before}{field.name}",
            "label": w(f"{words}.field.{field.name}", lang),
            "value": _before(field.kind, said.get(field.name, field.now(case) if field.now else "")),
            "choices": field.of(case, actor, lang)
            if field.of
            else [(code, w(f"{words}.choice.{code}", lang)) for code in field.choices],
        }
        for field in move.fields
    ]


def at_once(rows: Sequence[Row], actor: Actor) -> list[dict[str, Any]]:
    """The moves that can be made on several of these cases at once, as forms for ``flow/at_once.html``; what is
    chosen in the fields of one is of the first case that has it."""
    first: dict[str, tuple[Case, Move]] = {}
    for row in rows:
        for move in row.moves:
            if move.many:
                first.setdefault(move.name, (row.case, move))
    return [
        {
            "move": move,
            "label": w(f"{case.rules.words}.move.{move.name}", actor.person.language),
            "fields": fields_of(case, actor, move, {}, f"{move.name}__"),
        }
        for case, move in first.values()
    ]


def _before(kind: str, said: str) -> Any:
    return said.split(",") if kind == "persons" else said
