"""Budget and prepayment on the payment board: what there is, what is used of it, day by day."""

from __future__ import annotations

from typing import Any

from drgpay.runs import Spent, Where, budget_spent, spent, spent_by_day, together
from drgpay.tables import ADVANCES
from drgpay_web import flow, store
from drgpay_web.boards.charts import bars, text
from drgpay_web.boards.filters import SCHEME, Seen
from drgpay_web.boards.grids import Grid
from drgpay_web.boards.tiles import Tile
from drgpay_web.people import Act
from drgpay_web.ui import w
from drgpay_web.ui.summaries import HOUSE
from drgpay_web.ui.values import printed

KNOWN = (HOUSE, SCHEME)
HOW = "budget,prepayment,use_ratio"
"""names by which it is told how these figures are computed"""


def _where(seen: Seen) -> tuple[Where, ...]:
    """The filters that budgets and prepayments know."""
    return tuple(one for one in seen.where if one.column in KNOWN)


def _advances(seen: Seen) -> list[dict[str, Any]]:
    """What was prepaid, as the register has it."""
    return store.rows(seen.actor.area, ADVANCES)


def _budgets(seen: Seen) -> list[dict[str, Any]]:
    """What institutions have of the year's budget, as the talks on it came out."""
    talks = flow.cases_of(seen.actor, machine="budget_talk").filter(period=str(seen.year), state="closed")
    return [
        {"year": seen.year, HOUSE: one.unit.code, SCHEME: one.data["scheme"], "amount": one.data["final"]}
        for one in talks if one.data.get("final") is not None
    ]  # fmt: skip


def tiles(seen: Seen) -> list[Tile]:
    """Budget and prepayment with the share that is used; of a hospital its own."""
    lang, link = seen.lang, f"/fund?year={seen.year}" if seen.actor.may(Act.FUND_SEE) else ""
    where = _where(seen)

    def of(amounts: list[dict[str, Any]]) -> Spent | None:
        return together(spent(seen.folders, amounts, scope=seen.scope, where=where).values())

    whole = budget_spent(seen.folders[0], seen.scope, where) if seen.house is None else of(_budgets(seen))
    ahead = of(_advances(seen))
    found = []
    for key, one, place in (("boards.budget", whole, "/budgets" if link else ""), ("boards.prepaid", ahead, link)):
        if one is None:
            found.append(Tile(w(key, lang), "", ((w("boards.nothing_entered", lang), "", ""),), place, HOW))
        else:
            beside = ((w("boards.used", lang), printed(one.share, "share", lang) or "–", ""),
                      (w("boards.used_amount", lang), printed(one.used, "fen", lang), ""))  # fmt: skip
            found.append(Tile(w(key, lang), printed(one.amount, "fen", lang), beside, place, HOW))
    return found


def by_institution(seen: Seen) -> Grid | None:
    """Prepayment and its use by institution; for the bureau."""
    if seen.house is not None:
        return None
    parts = spent(seen.folders, _advances(seen), scope=seen.scope, where=_where(seen))
    rows = tuple((seen.names(HOUSE, {HOUSE: house}) or house, one.amount, one.used, one.share)
                 for house, one in parts.items())  # fmt: skip
    links = tuple(seen.board("board-payment", **{HOUSE: house}) for house in parts)
    return Grid(w("boards.prepaid_by_house", seen.lang), _heads(seen, "boards.institution_word"), rows, links,
                w("boards.prepaid_note", seen.lang), "prepayment,use_ratio")  # fmt: skip


def _heads(seen: Seen, first: str) -> tuple[tuple[str, str], ...]:
    lang, kind = seen.lang, "date" if first == "boards.day" else "text"
    return (
        (w(first, lang), kind), (w("boards.prepaid", lang), "fen"), (w("boards.used_amount", lang), "fen"),
        (w("boards.used", lang), "share"),
    )  # fmt: skip


def by_day(seen: Seen) -> Grid | None:
    """A hospital's prepayment day by day: paid until then, and what the fund owes until then."""
    if seen.house is None:
        return None
    days = _days(seen)
    rows = tuple((one.on, one.spent.amount, one.spent.used, one.spent.share) for one in days)
    return Grid(w("boards.prepaid_by_day", seen.lang), _heads(seen, "boards.day"), rows, (),
                w("boards.prepaid_note", seen.lang), "prepayment,use_ratio")  # fmt: skip


def _days(seen: Seen) -> Any:
    return spent_by_day(seen.folders, _advances(seen), scope=seen.scope, where=_where(seen))


def chart(grid: Grid, lang: str) -> Any:
    """The same as two lines."""
    days = [printed(row[0], "date", lang) for row in grid.rows]
    names = [head for head, _ in grid.columns]
    series = {names[at]: [text(row[at], "fen") for row in grid.rows] for at in (1, 2)}
    return bars(days, series, w("boards.yuan", lang), lines="days")
