"""Pages of the grid: a period's statements by institution, and the same as a workbook."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from drgpay_web import flow
from drgpay_web.clearing import grid as rows_of_grid
from drgpay_web.clearing import reads
from drgpay_web.papers import giving
from drgpay_web.people import Act, actor_of, door
from drgpay_web.ui import Unfit, lang_of, w

PLACE = "periods/grid"


@require_GET
@door(Act.RUN_SEE)
def grid(request: HttpRequest) -> HttpResponse:
    """A period: every institution's statements with what is open about it, and what can be done with several. Without
    a question in the address it is the one that was asked the last time."""
    actor, lang, asked = actor_of(request), lang_of(request), request.GET
    if not asked and (query := flow.kept(actor, PLACE)):
        return redirect(f"{request.path}?{query}")
    flow.keep(actor, PLACE, asked, rows_of_grid.ASKED)
    period = rows_of_grid.chosen(actor, asked)
    context: dict[str, Any] = {"asked": asked, "periods": rows_of_grid.periods(actor), "period": period}
    if period is not None:
        houses = rows_of_grid.grid(actor, period, asked, lang)
        rows = [cell.row for house in houses for cell in house.cells]
        moves = flow.at_once(rows, actor)
        context |= {
            "houses": [(one, [(beside, rows_of_grid.told(beside, lang)) for beside in one.beside]) for one in houses],
            "heads": rows_of_grid.columns(period, lang),
            "state": reads.state_words("period", period.state, lang),
            "look": reads.STATE_CLASS[period.state],
            "at_once": moves,
            "ticking": bool(moves),
            "machine": rows[0].case.machine if rows else "",
            "groups": [(name, w(f"clearing.group_{name}", lang)) for name in rows_of_grid.GROUPS],
            "units": [(str(unit.pk), unit.name) for unit in actor.institutions(Act.RUN_SEE)],
            "filtered": any(asked.get(name) for name in rows_of_grid.ASKED if name != "period"),
            "may_take": bool(rows) and actor.may(Act.EXPORT_TABLE),
            "question": urlencode([(name, asked[name]) for name in rows_of_grid.ASKED if asked.get(name)]),
        }
    return render(request, "clearing/grid.html", context)


@door(Act.RUN_SEE)
@require_http_methods(["GET", "HEAD", "POST"])
def take(request: HttpRequest) -> HttpResponse:
    """The same selection as a workbook; a reason is asked first."""
    actor, lang = actor_of(request), lang_of(request)
    period = rows_of_grid.chosen(actor, request.GET)
    if period is None:
        raise Unfit("clearing.no_statements")
    houses = rows_of_grid.grid(actor, period, request.GET, lang)
    table = rows_of_grid.table(period, houses, lang)
    return giving.take_list(request, table, sum(one.tall for one in houses), period=period.period)
