"""Sums that were asked for lately, kept in memory as long as there is room: results are folders nobody edits."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Collection, Hashable
from pathlib import Path
from threading import Lock
from typing import Any, Generic, TypeVar

from drgpay.places import MANIFEST

T = TypeVar("T")


class Lately(Generic[T]):
    """What was made for a key, of so many cells at most in all; what was not asked for longest goes first. Whoever
    asks gets the same object as others did, and changes nothing of it."""

    def __init__(self, room: int, cells: Callable[[T], int]) -> None:
        self._kept: OrderedDict[Hashable, T] = OrderedDict()
        self._lock, self._room, self._held, self._cells = Lock(), room, 0, cells

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """The one that is kept, else what ``make`` makes; one that would take an eighth of the room is not kept."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        made = make()
        size = self._cells(made)
        with self._lock:
            if key not in self._kept and size * 8 <= self._room:
                self._kept[key] = made
                self._held += size
                while self._held > self._room:
                    _, gone = self._kept.popitem(last=False)
                    self._held -= self._cells(gone)
        return made


def stamp(folder: Path) -> tuple[str, int, int]:
    """What is another when a folder of results is another."""
    said = (folder / MANIFEST).stat()
    return str(folder), said.st_mtime_ns, said.st_size


def plain(value: Any) -> Hashable:
    """The value of a filter as a part of a key, with its kind: 1 is not True."""
    if isinstance(value, Collection) and not isinstance(value, str):
        return tuple(map(plain, value))
    return type(value).__name__, value
