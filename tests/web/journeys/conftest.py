"""Journeys: a served demo, persons with browsers of their own. Skipped, and said so, where there is no Chromium."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from support.browsing import Person, chromium
from support.served import Served, demo_at, serving


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "journeys" in item.path.parts:
            item.add_marker("browser")
            item.add_marker("slow")  # the demo they need takes minutes; rooms are tested without a browser besides


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def served(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if base.name.startswith("popen") else base
    home = demo_at(tmp_path_factory.mktemp("served") / "office", shared)
    with serving(home) as it:
        yield it


@pytest.fixture
def person(browser: Any, served: Served) -> Iterator[Callable[[], Person]]:
    """Another person with each call; at the end nothing may have gone wrong before any of them."""
    there: list[Person] = []

    def another() -> Person:
        there.append(Person(browser, served))
        return there[-1]

    yield another
    wrong = [line for one in there for line in one.wrong]
    for one in there:
        one.close()
    assert wrong == []


@pytest.fixture(scope="session")
def pictures(request: pytest.FixtureRequest) -> Path | None:
    """Where pictures of pages go; None where none are wanted (``DRGPAY_TEST_PICTURES`` names the folder)."""
    said = os.environ.get("DRGPAY_TEST_PICTURES")
    return Path(said) if said else None
