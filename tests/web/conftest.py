"""Tests of the office. Those that ask for ``office`` or ``template`` need a data base, and say so by the mark."""

from __future__ import annotations

import pytest

from support.office import office, start, template  # noqa: F401 - fixtures
from support.office_settled import ran, settled  # noqa: F401 - fixtures

start()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "web" in item.path.parts:
            item.add_marker("web")
            if {"office", "template"} & set(getattr(item, "fixturenames", ())):
                item.add_marker("db")
