"""Which tests take long: ``make slow-list`` measures every test's processor time and writes ``tests/slow.txt``.

Tests named there are marked slow when they are collected: a file, or a function of it with all its parameters. A file
is named as a whole where what its tests share takes most of the time.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
LIST = TESTS / "slow.txt"
_LONG = 2.0
"""seconds of one function, over all its parameters"""
_SHARED = (4.0, 0.5)
"""seconds of what a file's tests share, and of that for each function left, from where the file is slow"""
_BEGINS = 0.8
"""seconds from where a set-up is what tests share"""


def named() -> frozenset[str]:
    """What the list names: ``spec/test_a.py`` or ``spec/test_a.py::test_b``."""
    return frozenset(line for line in LIST.read_text("utf-8").split("\n") if line and not line.startswith("#"))


def name_of(nodeid: str) -> str:
    """A test as the list names it, without parameters and class."""
    file, *inside = nodeid.split("[", maxsplit=1)[0].split("::")
    return "::".join([file.removeprefix("tests/"), *inside[-1:]])


def mark(items: list[pytest.Item]) -> None:
    """Mark the listed tests slow."""
    slow = named()
    for item in items:
        name = name_of(item.nodeid)
        if name in slow or name.split("::")[0] in slow:
            item.add_marker("slow")


def chosen(calls: dict[str, float], shared: dict[str, float]) -> list[str]:
    """The list, from seconds by function and seconds of what is shared by file."""
    slow = {name for name, seconds in calls.items() if seconds >= _LONG}
    for file, seconds in shared.items():
        left = [name for name in calls if name.startswith(f"{file}::") and name not in slow]
        if seconds >= _SHARED[0] and seconds > _SHARED[1] * len(left):
            slow = {name for name in slow if not name.startswith(f"{file}::")} | {file}
    return sorted(slow)


class Timing:
    """The plugin that measures. It needs all tests in one process."""

    def __init__(self) -> None:
        self.calls: dict[str, float] = defaultdict(float)
        self.shared: dict[str, float] = defaultdict(float)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Iterator[None]:
        begun = _spent()
        yield
        name, seconds = name_of(item.nodeid), _spent() - begun
        if seconds >= _BEGINS:
            self.shared[name.split("::")[0]] += seconds
        else:
            self.calls[name] += seconds

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Iterator[None]:
        begun = _spent()
        yield
        self.calls[name_of(item.nodeid)] += _spent() - begun

    def pytest_sessionfinish(self) -> None:
        lines = [line for line in LIST.read_text("utf-8").split("\n") if line.startswith("#")]
        LIST.write_text("\n".join([*lines, *chosen(self.calls, self.shared), ""]), "utf-8")


def _spent() -> float:
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system
