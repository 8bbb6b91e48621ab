"""Every move of every machine, pressed by two who hold the same version: one acts, the other is told who did what.

What the one did is whole (``support/whole.py``): every step with its event, every notice, row and job once; of the
other nothing is left but that he was refused. Cases are led on, the same way every time, along the move that was
pressed least, typed as it fits, until each has been pressed by two (``support/walking.py`` walks at random besides).
"""

from __future__ import annotations

from typing import Any

import pytest

from support.openers import OPENERS
from support.racing import Race
from support.walking import World

QUICK = {
    "alert", "coding_note", "follow_up", "hospital_department", "in_house", "month_analysis", "reconciliation",
    "reopening",
}  # fmt: skip
LONG = {"evaluation", "evaluation_card", "hospital_quarter", "policy", "prepayment"}
"""machines whose jobs need years that are settled: minutes each, and not every move is led to, as of all others"""


def marked(name: str) -> Any:
    marks = [pytest.mark.exhaustive] if name in LONG else [] if name in QUICK else [pytest.mark.slow]
    return pytest.param(name, marks=marks)


@pytest.fixture
def world(office: Any, monkeypatch: pytest.MonkeyPatch) -> World:
    from drgpay_web import clock

    here = World()
    monkeypatch.setattr(clock, "today", lambda: here.day)
    return here


@pytest.mark.parametrize("name", [marked(name) for name in sorted(OPENERS)])
def test_of_two_who_press_one_acts_and_the_other_is_told(
    name: str, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    OPENERS[name].prepare(world, monkeypatch)
    race = Race(world, name, OPENERS[name])
    race.run()
    assert race.raced
    assert name in LONG or race.missing == []
