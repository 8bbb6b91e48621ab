"""The places of the left side: each room names its own in ``navigation.py`` as ``PLACES``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from drgpay_web.ui.parts import parts


@dataclass(frozen=True)
class Place:
    """A line of the navigation: ``key`` of its words, address, the act that opens it, its group and rank in it.

    Groups: :data:`GROUPS`, in this order; words ``ui.group_<group>``.
    """

    key: str
    address: str
    act: str
    group: str = "work"
    rank: int = 50
    count: Callable[[Any], int] | None = None
    """how many things there wait for the actor"""


GROUPS = ("work", "boards", "money", "fund", "watch", "data", "inside", "rules", "system")


@cache
def places() -> tuple[Place, ...]:
    """All places of all rooms, sorted."""
    found: list[Place] = [place for part in parts("navigation") for place in part.PLACES]
    return tuple(sorted(found, key=lambda place: (GROUPS.index(place.group), place.rank, place.key)))


def open_to(actor: Any) -> list[Place]:
    """The places that an actor may open, in their order."""
    return [place for place in places() if actor.may(place.act)]


def navigation(actor: Any, here: str) -> list[tuple[str, list[tuple[Place, bool, int]]]]:
    """By group the places this actor may open, each with whether the page is there now and how much waits there."""
    shown = open_to(actor)
    best = _nearest(shown, here)
    at = best.address if best else ""
    groups = ((group, [_line(p, at, actor) for p in shown if p.group == group]) for group in GROUPS)
    return [(group, lines) for group, lines in groups if lines]


def place_at(actor: Any, address: str) -> Place | None:
    """The place of the menu that an address belongs to, of those the actor may open; None for none."""
    return _nearest(open_to(actor), address)


def _nearest(shown: list[Place], address: str) -> Place | None:
    fitting = [place for place in shown if _is_at(place.address, address)]
    return max(fitting, key=lambda place: len(place.address), default=None)


def _line(place: Place, best: str, actor: Any) -> tuple[Place, bool, int]:
    return place, place.address == best, place.count(actor) if place.count else 0


def _is_at(address: str, here: str) -> bool:
    return here == address or (address != "/" and here.startswith(address.rstrip("/") + "/"))
