"""A small synthetic region and its settled year, made once for all tests of this folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from drgpay.runs import Order, run
from drgpay.samples import make_region
from support.engines import usual
from support.once import once


@pytest.fixture(scope="session")
def small_region(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A region of 4,000 stays and 8 institutions. Tests must not write into it."""
    return once(tmp_path_factory, "regions", _small) / "small"


def _small(at: Path) -> None:
    make_region(at / "small", stays=4_000, seed=7, institutions=8)


@pytest.fixture(scope="session")
def small_run(small_region: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The year 2024 of the small region under the demo practice. Tests must not write into it."""
    order = Order(small_region, "demo", 2024)
    return once(tmp_path_factory, "small-run", lambda at: run(order, at / "year", usual(2))) / "year"
