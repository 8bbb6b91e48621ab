"""The period a board is about: chosen in the address, else the latest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

from drgpay_web import store
from drgpay_web.people import Actor
from drgpay_web.store import Result
from drgpay_web.ui import w


@dataclass(frozen=True)
class Chosen:
    """The result a page is about, those of all periods that could be, and how they are chosen (number, words, whether
    it is the one)."""

    result: Result
    offered: list[Result]
    choices: list[tuple[int, str, bool]]

    @property
    def state(self) -> str:
        """The words of the result that is shown."""
        return next(words for _, words, here in self.choices if here)


def chosen(request: HttpRequest, actor: Actor, lang: str) -> Chosen | None:
    """The result that ``period`` of the address names by its number, or ``year`` and ``month``; else the latest. None
    where there is none yet. Raises NotThere."""
    offered = store.periods_seen(actor)
    asked = request.GET.get("period", "")
    if asked.isascii() and asked.isdigit():
        result = store.result_seen(actor, int(asked))
    elif offered:
        result = _named(offered, request.GET.get("year", ""), request.GET.get("month", ""))
    else:
        return None
    listed = offered if any(one.pk == result.pk for one in offered) else [result, *offered]
    return Chosen(result, listed, [(one.pk, period_words(one, lang), one.pk == result.pk) for one in listed])


def _named(offered: list[Result], year: str, month: str) -> Result:
    """The month of a year, else the whole year, else its latest month; where it has none, the latest of all."""
    wanted = [f"{year}-{month}", year] if month else [year]
    of_year = [one for one in offered if one.period[:4] == year]
    found = [one for name in wanted for one in of_year if one.period == name]
    return (found or of_year or offered)[0]


def period_words(result: Any, lang: str) -> str:
    """``2024 年 3 月(已封账)``."""
    year, _, month = result.period.partition("-")
    period = (
        w("boards.period_month", lang, year=year, month=int(month))
        if month
        else w("boards.period_year", lang, year=year)
    )
    key = result.state if result.state in ("sealed", "published") else "open"
    return w(f"boards.period_{key}", lang, period=period)
