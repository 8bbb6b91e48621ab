"""A small table of a board as a workbook: the boards say what it holds, the papers whose it is."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods

from drgpay_web.boards.taking import taken
from drgpay_web.papers import giving
from drgpay_web.people import Act, actor_of, door


@door(Act.EXPORT_TABLE)
@require_http_methods(["GET", "HEAD", "POST"])
def take(request: HttpRequest, grid: str) -> HttpResponse:
    """One of them, with the filter of the board."""
    table, result, about = taken(request, actor_of(request), grid)
    return giving.take_list(request, table, len(table.rows), period=result.period, result=result, about=about)
