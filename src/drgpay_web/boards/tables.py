"""Any table of a result, as far as the reader may see it."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from drgpay.runs import View, columns_of, tables_of
from drgpay_web import store
from drgpay_web.boards.explained import title_of_table
from drgpay_web.boards.periods import chosen, period_words
from drgpay_web.boards.stays import take_address
from drgpay_web.people import Act, NotThere, actor_of, door
from drgpay_web.people.doors import looked
from drgpay_web.ui import lang_of
from drgpay_web.ui.tables import page_of

MOST_FILTERS = 5


@door(Act.BOARD_INSTITUTION)
@require_safe
def tables(request: HttpRequest) -> HttpResponse:
    """The tables of a period's result, with how many rows of them are for the reader."""
    actor, lang = actor_of(request), lang_of(request)
    period = chosen(request, actor, lang)
    if period is None:
        return render(request, "boards/none.html", {"title": "boards.tables"})
    seen = tables_of(store.folder(period.result), actor.scope(Act.BOARD_INSTITUTION))
    rows = [(title_of_table(one.table, lang), one.table.name, one.rows) for one in seen
            if one.rows and store.table_seen(actor, one.table)]  # fmt: skip
    return render(request, "boards/tables.html", {"period": period, "rows": rows, "result": period.result})


def _said_in(lang: str, names: list[str]) -> tuple[str, ...]:
    """The columns for a reader, of a table that says something in both languages; of another none in particular."""
    other = "zh" if lang == "en" else "en"
    return tuple(name for name in names if name != other) if {"zh", "en"} <= set(names) else ()


@door(Act.BOARD_INSTITUTION)
@require_safe
def table(request: HttpRequest, result: int, table: str) -> HttpResponse:
    """The rows of one of them."""
    actor, lang = actor_of(request), lang_of(request)
    found = store.result_seen(actor, result)
    place, scope = store.folder(found), actor.scope(Act.BOARD_INSTITUTION)
    seen = next((one for one in tables_of(place, scope) if one.table.name == table), None)
    if seen is None or not store.table_seen(actor, seen.table):
        raise NotThere
    if "stay_id" in seen.table.names:
        looked.send(sender=None, actor=actor, act=Act.STAY_SEE, address=request.path)

    def leads(column: str, row: dict[str, Any]) -> str:
        stay = row.get("stay_id")
        return (
            reverse("stay", args=[found.pk, stay]) if column == "stay_id" and stay and actor.may(Act.STAY_SEE) else ""
        )

    columns = _said_in(lang, [column.name for column in columns_of(place, View(table, scope=scope))])
    context = {
        "result": found,
        "period_words": period_words(found, lang),
        "title": title_of_table(seen.table, lang),
        "masked": bool(seen.masked),
        "table": page_of(
            request, place, table, scope, columns=columns, filters=seen.table.key[:MOST_FILTERS], links=leads,
            names=store.names_in(found),
        ),
        "excel": take_address(request, found.pk, table, columns),
    }  # fmt: skip
    return render(request, "boards/table.html", context)
