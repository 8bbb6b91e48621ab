"""Runs, candidates, statements, disputes, posting and seals: the whole way of a month with real runs (13 §2)."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from support.clearing import Desk, make_region


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_region(tmp_path_factory.mktemp("clearing") / "region")


@pytest.fixture
def desk(office: Any, region: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    from drgpay_web import clock, store

    monkeypatch.setattr(clock, "today", lambda: date(2024, 4, 8))
    return Desk(store.import_region(region))


def test_a_month_from_the_look_to_the_seal(desk: Desk) -> None:
    import time
    t=time.time()
    case = desk.settle("2024-01")
    print(time.time()-t)
    case = desk.seal(case)
    print(time.time()-t)
    assert case.state == "sealed"
