"""The performance board: indices beside targets and peers, evaluation, satisfaction, goals and pools; alerts."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_safe

from drgpay_web.boards import judged
from drgpay_web.boards.charts import bars
from drgpay_web.boards.filters import Seen, remembered, seen
from drgpay_web.boards.grids import shown
from drgpay_web.boards.payment import by_month
from drgpay_web.boards.short import board_of, deeper, may_drill
from drgpay_web.boards.tiles import tiles_of
from drgpay_web.people import Act, actor_of, door
from drgpay_web.ui import lang_of, w
from drgpay_web.ui.safety import charts
from drgpay_web.ui.values import printed

BOARD = "board-performance"
MEASURES = ("n", "cmi", "cost_index", "time_index", "mean_los", "mortality", "low_risk_mortality",
            "mid_low_mortality")  # fmt: skip
GRIDS = ("results", "indicators", "marks", "satisfaction", "goals", "pools")
"""its small tables, functions of ``judged``"""


@door(Act.BOARD_INSTITUTION)
@require_safe
def performance(request: HttpRequest) -> HttpResponse:
    """How institutions treat: of the area, or of what the filter leaves of it."""
    actor, lang = actor_of(request), lang_of(request)
    if again := remembered(request, actor):
        return HttpResponseRedirect(again)
    found = seen(request, actor)
    if found is None:
        return render(request, "boards/none.html", {"title": "boards.performance"})
    leads = partial(deeper, found, "performance")
    context = {
        **board_of(found, BOARD, "performance", "cost_index"),
        "tiles": [*tiles_of(found, MEASURES, leads, found.terms.targets), *judged.tiles(found)],
        "red": printed(found.terms.red_cost_index, "ratio", lang),
        "drills": found.page("board-drill", set="performance") if may_drill(found) else "",
        "grids": [(name, grid) for name in GRIDS if (grid := shown(getattr(judged, name)(found), lang))],
        "indices": _chart(found, ("cost_index", "time_index"), "boards.index_unit"),
        "mix": _chart(found, ("cmi",), "boards.index_unit"),
    }
    return charts(render(request, "boards/performance.html", context))


def _chart(found: Seen, measures: tuple[str, ...], unit: str) -> Any:
    months, series = by_month(found, measures)
    return bars(months, series, w(unit, found.lang), lines="dots") if months else None
