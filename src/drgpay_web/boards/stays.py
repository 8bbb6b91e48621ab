"""The settled stays of a period, as far as the reader's scope goes."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from drgpay.runs import Where
from drgpay_web import flow, store
from drgpay_web.boards.periods import chosen
from drgpay_web.boards.stay import stays_scope
from drgpay_web.people import Act, actor_of, door
from drgpay_web.ui import lang_of
from drgpay_web.ui.tables import page_of

COLUMNS = ("discharge_date", "drg", "case_class", "total_cost", "points", "actual", "due", "balance")
FILTERS = ("drg", "case_class", "discharge_date", "balance")


@door(Act.STAY_SEE)
@require_safe
def stays(request: HttpRequest) -> HttpResponse:
    """Settled stays, filtered and ordered by the address."""
    actor, lang = actor_of(request), lang_of(request)
    period = chosen(request, actor, lang)
    if period is None:
        return render(request, "boards/none.html", {"title": "boards.stays"})
    result = period.result
    where: tuple[Where, ...] = ()
    if actor.assigned_only(Act.STAY_SEE):
        given = sorted(set(flow.stays_given(actor).values_list("stay_id", flat=True)))
        if not given:
            said = {"title": "boards.stays", "said": "boards.none_given", "next": "boards.none_given_next"}
            return render(request, "boards/none.html", said)
        where = (Where("stay_id", "in", given),)
    whose = "institution_id" if actor.role.side == "bureau" else "department_id"
    columns = ("stay_id", whose, *COLUMNS)

    def leads(column: str, row: dict[str, Any]) -> str:
        return reverse("stay", args=[result.pk, row["stay_id"]]) if column == "stay_id" else ""

    context = {
        "period": period,
        "table": page_of(
            request, store.folder(result), "settled_stays", stays_scope(actor), columns=columns, where=where,
            filters=("stay_id", whose, *FILTERS), links=leads, names=store.names_in(result),
        ),
        "excel": take_address(request, result.pk, "settled_stays", columns),
    }  # fmt: skip
    return render(request, "boards/stays.html", context)


def take_address(request: HttpRequest, result: int, table: str, columns: tuple[str, ...] = ()) -> str:
    """Where the same selection is taken as a file; empty for those who may not."""
    if not actor_of(request).may(Act.EXPORT_TABLE):
        return ""
    asked = {name: value for name, value in request.GET.items() if name not in ("page", "period")}
    more = {"columns": ",".join(columns)} if columns else {}
    return f"{reverse('take-table', args=[result, table])}?{urlencode(asked | more)}"
