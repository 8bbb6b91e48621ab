"""Hypothesis draws the same examples on every machine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from drgpay.scheme import package
from support.engines import ON_SPARK
from support.examples import TIMES
from support.timing import Timing, mark

settings.register_profile(
    "reproducible",
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
    max_examples=10 if ON_SPARK else 35 * TIMES,  # a job of Spark for every example
)
settings.register_profile("search", deadline=None, max_examples=1000)
settings.load_profile("reproducible")

pytest_plugins = ["support.on_spark"] if ON_SPARK else []

# Tables on the screen are as wide as a terminal; the tests read whole rows.
os.environ["COLUMNS"] = "200"


def pytest_configure(config: pytest.Config) -> None:
    if os.environ.get("DRGPAY_TEST_TIMING"):
        config.pluginmanager.register(Timing())


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    mark(items)


@pytest.fixture(autouse=True, scope="module")
def shipped_schemes(request: pytest.FixtureRequest) -> Iterator[None]:
    """Tests beside the office find the shipped schemes only, also in a process that tests of the office have used: an
    office looks for those brought to it for as long as its process lives."""
    if Path(__file__).parent / "web" in request.path.parents:
        yield
        return
    kept = list(package._kept_at)
    package._kept_at.clear()
    yield
    package._kept_at[:] = kept
