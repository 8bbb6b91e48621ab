"""Tests of the office. Those that ask for ``office`` or ``template`` need a data base, and say so by the mark."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.inspected import inspection, looked  # noqa: F401 - fixtures
from support.office import day, office, start, template  # noqa: F401 - fixtures
from support.office_rules import forget_machines
from support.office_settled import ran, settled  # noqa: F401 - fixtures
from support.paid_house import house, own_registers, paid_region, paid_year  # noqa: F401 - fixtures

start()


@pytest.fixture(autouse=True, scope="module")
def _only_machines_of_rooms() -> Iterator[None]:
    """What machines a module of tests made is not known to the next."""
    yield
    forget_machines()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "web" in item.path.parts:
            item.add_marker("web")
            if {"office", "template"} & set(getattr(item, "fixturenames", ())):
                item.add_marker("db")
