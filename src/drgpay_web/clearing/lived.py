"""What a demo's office has asked for beside its months: the year before, cleared and sealed, opened again."""

from __future__ import annotations

from datetime import date

from drgpay_web import clock, flow
from drgpay_web.clearing import actions, reopening_moves
from drgpay_web.people import Role, Unit, somebody

DAY, YEAR = date(2024, 4, 3), 2023


def live(area: str) -> None:
    """A re-opening that waits for its approval; where there is one, or the year is not closed, nothing."""
    b1 = somebody(Role.B1, Unit.objects.get(area=area, kind=Unit.AREA))
    there = flow.Case.objects.filter(machine="reopening", area=area).exists()
    if b1 and not there and reopening_moves.last_closing(area, YEAR):
        with clock.moved_to(DAY):
            actions.reopen(b1, year=YEAR, reason="年度专项稽核认定一例不符合住院指征，清算封账后发现。")
