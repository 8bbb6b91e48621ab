"""A small table of a board as it leaves the house: what is on the screen, and of which result."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest

from drgpay.report.papers import Table
from drgpay_web.boards import judged, spending
from drgpay_web.boards.filters import Seen, seen, titled
from drgpay_web.boards.grids import Grid, table_of
from drgpay_web.boards.performance import GRIDS
from drgpay_web.people import Act, Actor, NotThere
from drgpay_web.store import Result

TAKEN: dict[str, Callable[[Seen], Grid | None]] = {
    **{name: getattr(judged, name) for name in GRIDS}, "by_day": spending.by_day, "by_house": spending.by_institution,
}  # fmt: skip
OF_FUND = ("by_day", "by_house")


def need(actor: Actor, grid: str) -> None:
    """Raise NotThere for no table of this name, and what a reader without the right to it is told."""
    if grid not in TAKEN:
        raise NotThere
    actor.need(Act.FUND_SEE if grid in OF_FUND else Act.BOARD_INSTITUTION)


def made_of(grid: str, seen: Seen) -> Grid:
    """One of them. Raises NotThere where there is nothing of it."""
    made = TAKEN[grid](seen)
    if made is None or not made.rows:
        raise NotThere
    return made


def taken(request: HttpRequest, actor: Actor, grid: str) -> tuple[Table, Result, str]:
    """One of them, of what the filter in the address leaves; its result; what it is about in words. Raises NotThere
    where there is nothing of it for the reader."""
    need(actor, grid)
    found = seen(request, actor)
    if found is None:
        raise NotThere
    return table_of(made_of(grid, found), found.lang), found.result, titled(found)
