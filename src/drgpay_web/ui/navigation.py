"""The places of the left side: each room names its own in ``navigation.py`` as ``PLACES``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Place:
    """A line of the navigation: ``key`` of its words, address, the act that opens it, its group and rank in it.

    Groups: ``work``, ``money``, ``data``, ``rules``, ``system``, in this order; words ``ui.group_<group>``.
    """

    key: str
    address: str
    act: str
    group: str = "work"
    rank: int = 50
    count: Callable[[Any], int] | None = None
    """how many things there wait for the actor"""


GROUPS = ("work", "money", "data", "rules", "system")


@cache
def places() -> tuple[Place, ...]:
    """All places of all rooms, sorted."""
    found: list[Place] = []
    for folder in sorted(Path(__file__).parents[1].iterdir()):
        name = f"drgpay_web.{folder.name}.navigation"
        if (folder / "navigation.py").is_file() and folder.name != "ui" and find_spec(name):
            found += import_module(name).PLACES
    return tuple(sorted(found, key=lambda place: (GROUPS.index(place.group), place.rank, place.key)))


def navigation(actor: Any, here: str) -> list[tuple[str, list[tuple[Place, bool, int]]]]:
    """By group the places this actor may open, each with whether the page is there now and how much waits there."""
    shown = [place for place in places() if actor.may(place.act)]
    best = max((p.address for p in shown if _is_at(p.address, here)), key=len, default="")
    groups = ((group, [_line(p, best, actor) for p in shown if p.group == group]) for group in GROUPS)
    return [(group, lines) for group, lines in groups if lines]


def _line(place: Place, best: str, actor: Any) -> tuple[Place, bool, int]:
    return place, place.address == best, place.count(actor) if place.count else 0


def _is_at(address: str, here: str) -> bool:
    return here == address or (address != "/" and here.startswith(address.rstrip("/") + "/"))
