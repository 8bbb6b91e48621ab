"""The filter of both boards and the drill: it stands in the address, is remembered, and goes along with the reader.

``year`` and ``month`` (none: the whole year) or ``period`` say which result; ``institution_id.is``,
``department_id.is``, ``drg.is`` and ``insurance_scheme.is`` what of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, QueryDict
from django.urls import reverse

from drgpay.runs import BoardTerms, Scope, Where
from drgpay.tables import SETTLED_STAYS
from drgpay_web import flow, store
from drgpay_web.boards.periods import Chosen, chosen
from drgpay_web.people import Act, Actor, NotThere, Unit
from drgpay_web.ui import field_word, lang_of, w
from drgpay_web.ui.summaries import HOUSE, filters_of
from drgpay_web.ui.values import Names, text_of

DEPARTMENT, GROUP, SCHEME = "department_id", "drg", "insurance_scheme"
FILTERED = (HOUSE, DEPARTMENT, GROUP, SCHEME)
ASKED = ("year", "month", *(f"{name}.is" for name in FILTERED))
BOARDS = ("board-payment", "board-performance")


@dataclass(frozen=True)
class Seen:
    """What a reader looks at on a board: a result, and what of it. ``house``: the institution it is about;
    ``act``: what lets the reader see it."""

    actor: Actor
    lang: str
    period: Chosen
    where: tuple[Where, ...]
    house: Unit | None
    act: Act = Act.BOARD_INSTITUTION

    @property
    def result(self) -> store.Result:
        """The result that is shown."""
        return self.period.result

    @property
    def year(self) -> int:
        """Its year."""
        return int(self.result.period[:4])

    @cached_property
    def folders(self) -> list[Path]:
        """Its folder, and those it is compared with."""
        return store.beside(self.actor, self.result)

    @cached_property
    def scope(self) -> Scope:
        """What the reader may see of them."""
        return self.actor.scope(self.act)

    @cached_property
    def terms(self) -> BoardTerms:
        """Targets and limits."""
        return store.terms_of_boards(self.actor.area)

    @cached_property
    def names(self) -> Names:
        """Names of what rows name by codes."""
        return named_within(store.names_in(self.result), self.where)

    def of(self, column: str) -> str:
        """What is filtered by a column; empty where nothing is."""
        return str(next((one.value for one in self.where if one.column == column), ""))

    @property
    def asked(self) -> dict[str, str]:
        """The filter as an address has it."""
        year, _, month = self.result.period.partition("-")
        found = {"year": year, "month": month, **{f"{one.column}.is": str(one.value) for one in self.where}}
        return {name: value for name, value in found.items() if value}

    @property
    def query(self) -> str:
        """The same as a query."""
        return urlencode(self.asked)

    def board(self, name: str, **more: str) -> str:
        """The address of a board with this filter and ``more`` of it (columns without ``.is``; empty takes away)."""
        asked = self.asked | {f"{column}.is": value for column, value in more.items()}
        return f"{reverse(name)}?{urlencode({key: value for key, value in asked.items() if value})}"

    def page(self, name: str, **more: str) -> str:
        """The address of a page of this result with this filter and what else it asks."""
        its = {f"{one.column}.is": str(one.value) for one in self.where}
        return f"{reverse(name)}?{urlencode({'period': self.result.pk, **its, **more})}"


def named_within(names: Names, where: Sequence[Where]) -> Names:
    """Names for rows that lack what they are filtered by."""
    fixed = {one.column: one.value for one in where}
    return lambda column, row: names(column, {**fixed, **row})


def place_of(actor: Actor) -> str:
    """Under which name a person's filter is kept: what fits one identity does not fit another."""
    return f"boards/{actor.membership.pk if actor.membership else 0}"


def remembered(request: HttpRequest, actor: Actor) -> str:
    """Where to go on with the filter of the last time; empty where the address has one, or there is none."""
    query = "" if request.GET else flow.kept(actor, place_of(actor))
    return f"{request.path}?{query}" if query else ""


def seen(request: HttpRequest, actor: Actor) -> Seen | None:
    """What the address asks for, which is remembered; None where there is no result yet. Raises NotThere for what is
    not the reader's."""
    period = chosen(request, actor, lang_of(request))
    return seen_in(request, actor, period) if period else None


def seen_in(request: HttpRequest, actor: Actor, period: Chosen) -> Seen:
    """What the address asks for of a period, which is remembered. Raises as :func:`seen`."""
    found = seen_of(actor, lang_of(request), period, request.GET)
    plain = QueryDict(mutable=True)
    plain.update(found.asked)
    flow.keep(actor, place_of(actor), plain, ASKED)
    return found


def seen_of(actor: Actor, lang: str, period: Chosen, asked: QueryDict) -> Seen:
    """A period as an address filters it. Raises NotThere for what is not the reader's."""
    houses = {unit.code: unit for unit in actor.institutions(Act.BOARD_INSTITUTION)}
    where = tuple(one for one in filters_of(asked) if one.column in FILTERED)
    code = next((one.value for one in where if one.column == HOUSE), "")
    if code and code not in houses:
        raise NotThere
    if not code and not actor.may(Act.BOARD_AREA):
        code = next(iter(houses), "")
        where = (Where(HOUSE, "is", code), *where)
    if not code:
        where = tuple(one for one in where if one.column != DEPARTMENT)
    return Seen(actor, lang, period, where, houses.get(code))


def bar(found: Seen, board: str) -> dict[str, Any]:
    """What ``boards/bar.html`` shows: the two boards with the same filter, and its fields."""
    lang, period = found.lang, found.result.period
    there = [one.period for one in found.period.offered]
    years = sorted({one[:4] for one in there} | {period[:4]}, reverse=True)
    months = sorted(one[5:] for one in there if one[:4] == period[:4] and len(one) > len(period[:4]))
    whole = any(one == period[:4] for one in there)
    houses = found.actor.institutions(Act.BOARD_INSTITUTION)
    wards = store.departments_in(found.actor.area, found.house.code) if found.house else []
    group = found.of(GROUP)
    schemes = [(code, field_word(code, lang)) for code in SETTLED_STAYS[SCHEME].choices]
    return {
        "address": reverse(board),
        "state": found.period.state,
        "boards": [(found.board(name), f"boards.{name.removeprefix('board-')}", name == board) for name in BOARDS],
        "years": [(one, one == period[:4]) for one in years],
        "months": [
            *([("", w("boards.whole_year", lang), len(period) == len(years[0]))] if whole else []),
            *((one, w("boards.month", lang, month=int(one)), one == period[5:]) for one in months),
        ],
        "houses": [(one.code, one.name, one.code == found.of(HOUSE)) for one in houses] if len(houses) > 1 else [],
        "wards": [(code, name, code == found.of(DEPARTMENT)) for code, name in wards],
        "schemes": [(code, name, code == found.of(SCHEME)) for code, name in schemes],
        "group": group,
        "group_name": found.names(GROUP, {GROUP: group}) if group else "",
        "cleared": f"{reverse(board)}?{urlencode({'year': period[:4], 'month': period[5:]})}",
        "filtered": len(_own(found.where, found.actor)) > 0,
    }  # fmt: skip


def _own(where: Sequence[Where], actor: Actor) -> list[Where]:
    """The filters that a reader has chosen: a hospital is always its own."""
    return [one for one in where if one.column != HOUSE or actor.may(Act.BOARD_AREA)]


def titled(found: Seen) -> str:
    """What the board is about, in words: the area or an institution, its department, a group."""
    parts = [found.house.name if found.house else found.actor.unit.line()[0].name]
    row = {one.column: one.value for one in found.where}
    for column in (DEPARTMENT, GROUP):
        if row.get(column):
            parts.append(text_of(SETTLED_STAYS[column], row, found.lang, found.names))
    return " · ".join(parts)
