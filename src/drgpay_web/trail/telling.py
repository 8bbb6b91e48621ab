"""Events as sentences."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from drgpay.runs import register_tables
from drgpay_web.people import Act, acts, role_words
from drgpay_web.people.matrix import Role
from drgpay_web.trail.models import Event
from drgpay_web.ui import w
from drgpay_web.ui.words import words

_named: dict[str, tuple[str, ...]] = {}
_states: dict[str, str] = {}


def name_act(act: str, *keys: str) -> None:
    """Say by which keys of words an act is told that has no line in the matrix, as a move of a case."""
    _named[act] = keys


def name_states(machine: str, words: str) -> None:
    """Say by the words of which kind of case the states in events of a machine are told."""
    _states[machine] = words


def sentence(event: Event, lang: str) -> str:
    """``张三(经办)接收清单:case:12,已完成`` – who, as what, did what to what, and how it ended."""
    who = event.person if event.person != "-" else w("trail.nobody", lang)
    role = f"{w('trail.as', lang, role=role_words(Role(event.role), lang))}" if event.role else ""
    if event.role == Role.SYSTEM:  # its person bears the same name
        who, role = role_words(Role.SYSTEM, lang), ""
    return w(
        "trail.sentence",
        lang,
        who=who,
        role=role,
        act=act_words(event.act, lang),
        subject=subject_words(event.subject, lang),
        outcome=w(f"trail.{event.outcome}", lang),
    )


def values_of(event: Event, lang: str) -> list[tuple[str, str, str]]:
    """What changed: name, value before, value after; states in words, else ids; a value that stayed is left out."""
    before: dict[str, Any] = json.loads(event.before or "{}")
    after: dict[str, Any] = json.loads(event.after or "{}")
    names = [*before, *(name for name in after if name not in before)]
    machine = event.act.partition(".")[0]

    def told(name: str, value: Any) -> str:
        key = f"{_states.get(machine, '')}.state.{value}" if name == "state" else ""
        return w(key, lang) if key in words() else _word("value", _plain(value), lang)

    lines = [
        (_word("field", name, lang), told(name, before.get(name)), told(name, after.get(name))) for name in names
    ]
    return [line for line in lines if line[1] != line[2]]


def _plain(value: Any) -> str:
    return "" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def act_words(act: str, lang: str) -> str:
    """An act in words: of the matrix, as it was named, or ``trail.act_<act>`` for the others (sign-in …)."""
    if act in list(Act):
        return acts()[Act(act)].word(lang)
    if act in _named:
        return " · ".join(w(key, lang) for key in _named[act])
    return _word("act", act.replace(".", "_"), lang)


def subject_words(subject: str, lang: str) -> str:
    """``账号 h1a`` for ``account:h1a``; registers by their titles, records without their area."""
    kind, _, its = subject.partition(":")
    if kind == "register":
        its = _registers(lang).get(its.rpartition("/")[2], its)
    elif kind == "pin":
        its = its.rpartition("/")[2]
    return f"{_word('kind', kind, lang)} {its}".strip()


def _word(part: str, name: str, lang: str) -> str:
    """The text of ``trail.<part>_<name>``; the name itself where there is none."""
    key = f"trail.{part}_{name}"
    return w(key, lang) if key in words() else name


@cache
def _registers(lang: str) -> dict[str, str]:
    return {table.name: table.en if lang == "en" else table.zh for table in register_tables()}
