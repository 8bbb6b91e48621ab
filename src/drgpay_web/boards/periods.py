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
    """The result a page is about, and those that could be chosen (number, words, whether it is the one)."""

    result: Result
    choices: list[tuple[int, str, bool]]


def chosen(request: HttpRequest, actor: Actor, lang: str) -> Chosen | None:
    """The result that ``period`` of the address names; None where there is none yet. Raises NotThere."""
    offered = store.periods_seen(actor)
    asked = request.GET.get("period", "")
    if asked.isdigit():
        result = store.result_seen(actor, int(asked))
    elif offered:
        result = offered[0]
    else:
        return None
    listed = offered if any(one.pk == result.pk for one in offered) else [result, *offered]
    return Chosen(result, [(one.pk, period_words(one, lang), one.pk == result.pk) for one in listed])


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
