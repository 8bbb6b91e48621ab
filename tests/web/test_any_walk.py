"""Random walks over every machine there is: whoever does what in which order, the same things hold."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.examples import TIMES
from support.openers import OPENERS
from support.walking import World, walk


def machines() -> set[str]:
    from drgpay_web import flow

    return {rules.name for rules in flow.machines()}


@pytest.fixture
def world(office: Any, monkeypatch: pytest.MonkeyPatch) -> World:
    from drgpay_web import clock

    here = World()
    monkeypatch.setattr(clock, "today", lambda: here.day)
    return here


def test_every_machine_has_an_opener() -> None:
    assert machines() == set(OPENERS)


@pytest.mark.parametrize("name", sorted(OPENERS))
def test_whoever_does_what(name: str, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.db import transaction

    OPENERS[name].prepare(world, monkeypatch)

    @settings(max_examples=2 * TIMES, deadline=None, suppress_health_check=list(HealthCheck))
    @given(data=st.data())
    def walks(data: st.DataObject) -> None:
        with transaction.atomic():
            walk(world, name, OPENERS[name], data.draw)
            transaction.set_rollback(True)

    walks()
