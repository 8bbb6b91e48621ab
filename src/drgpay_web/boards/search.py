"""Search: a stay by its number, an institution, a group, a rule or parameter."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from drgpay.runs import View, Where, browse
from drgpay_web import store
from drgpay_web.people import Act, Actor, actor_of, door
from drgpay_web.store import Result

MOST = 20


@door(Act.SEARCH_USE)
@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """What is found within the reader's scope, in the latest period."""
    actor, asked = actor_of(request), request.GET.get("q", "").strip()[:100]
    periods = store.periods_seen(actor) if actor.may(Act.BOARD_DEPARTMENT) or actor.may(Act.STAY_SEE) else []
    found: list[tuple[str, list[tuple[str, str]]]] = []
    if asked:
        found = [("boards.found_institutions", _institutions(actor, asked))]
        for result in periods[:1]:
            found.append(("boards.found_groups", _groups(actor, result, asked)))
        found.append(("boards.found_stays", _stays(actor, periods, asked)))
        found.append(("boards.found_terms", [(asked, f"/glossary?{urlencode({'q': asked})}")]))
    return render(request, "boards/search.html", {"q": asked, "found": [one for one in found if one[1]]})


def _institutions(actor: Actor, asked: str) -> list[tuple[str, str]]:
    houses = actor.institutions(Act.BOARD_INSTITUTION)
    fitting = [unit for unit in houses if asked in unit.name or asked == unit.code]
    return [(f"{unit.name} {unit.code}", reverse("board-institution", args=[unit.code])) for unit in fitting[:MOST]]


def _groups(actor: Actor, result: Result, asked: str) -> list[tuple[str, str]]:
    """Groups by code or a part of their name, with the stays in them."""
    if not actor.may(Act.STAY_SEE) or actor.assigned_only(Act.STAY_SEE):
        return []
    scope, place = actor.scope(Act.STAY_SEE), store.folder(result)
    rows: dict[str, Any] = {}
    for where in (Where("drg", "is", asked.upper()), Where("name", "has", asked)):
        view = View("group_names", ("drg", "name"), (where,), scope=scope)
        rows |= {row["drg"]: row["name"] for row in browse(place, view, limit=MOST, totals=False).rows}
    stays = reverse("board-stays")
    return [
        (f"{drg} {name}", f"{stays}?{urlencode({'period': result.pk, 'drg.is': drg})}") for drg, name in rows.items()
    ]


def _stays(actor: Actor, periods: list[Result], asked: str) -> list[tuple[str, str]]:
    """A stay by its whole number, in the latest period that has it."""
    if not actor.may(Act.STAY_SEE) or actor.assigned_only(Act.STAY_SEE):
        return []
    view = View("settled_stays", ("stay_id",), (Where("stay_id", "is", asked),), scope=actor.scope(Act.STAY_SEE))
    for result in periods:
        if browse(store.folder(result), view, limit=1, totals=False).rows:
            return [(asked, reverse("stay", args=[result.pk, asked]))]
    return []
