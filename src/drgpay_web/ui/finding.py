"""What the search finds: each room names its own in ``finders.py`` as ``FINDERS``."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import Any

from drgpay_web.ui.parts import parts

MOST = 20
"""lines of a kind that are shown"""
LONGEST = 100
"""signs that can be asked for"""


@dataclass(frozen=True)
class Found:
    """A line of what was found: its text, where it leads, and what it is."""

    text: str
    address: str
    note: str = ""


@dataclass(frozen=True)
class Finder:
    """Finds one kind of thing: ``key`` of its words (``<key>_how`` says what can be typed), the act that opens it,
    its rank among the kinds, and how: ``find(actor, asked, lang)`` gives only what the actor may see."""

    key: str
    act: str
    rank: int
    find: Callable[[Any, str, str], Iterable[Found]]


@dataclass(frozen=True)
class Kind:
    """What was found of a kind; ``more``: not all of it is shown."""

    key: str
    rows: list[Found]
    more: bool


@cache
def _all() -> tuple[Finder, ...]:
    found: list[Finder] = [one for part in parts("finders") for one in part.FINDERS]
    return tuple(sorted(found, key=lambda one: (one.rank, one.key)))


def finders(actor: Any) -> list[Finder]:
    """The kinds of things that an actor can search."""
    return [one for one in _all() if actor.may(one.act)]


def find(actor: Any, asked: str, lang: str) -> list[Kind]:
    """What is found by kind, of the kinds of which something is."""
    found = []
    for one in finders(actor) if asked else ():
        rows = list(islice(one.find(actor, asked, lang), MOST + 1))
        if rows:
            found.append(Kind(one.key, rows[:MOST], len(rows) > MOST))
    return found


def holds(asked: str, *texts: str) -> bool:
    """One of the texts has what is asked in it, small and capital letters alike."""
    low = asked.lower()
    return any(low in text.lower() for text in texts)
