"""Why a figure of a statement is what it is: formula, ledger entries, largest stays, parameters and clauses."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from drgpay.runs import MONTH_ITEMS, STATEMENT_ITEMS, explain_cell
from drgpay.tables import INSTITUTION_MONTHS, STATEMENTS
from drgpay_web import store
from drgpay_web.boards.explained import shown
from drgpay_web.boards.periods import period_words
from drgpay_web.people import Act, NotThere, actor_of, door
from drgpay_web.ui import lang_of
from drgpay_web.ui.tables import title_of


def explained_items(table: str) -> frozenset[str]:
    """The columns of a statement that can be explained."""
    items = STATEMENT_ITEMS if table == STATEMENTS.name else MONTH_ITEMS
    return frozenset(name for name, item in items.items() if table in (STATEMENTS.name, item.table.name))


@door(Act.STATEMENT_SEE)
@require_safe
def figure(request: HttpRequest, result: int, house: str, item: str) -> HttpResponse:
    """The explanation of one figure of an institution's statement."""
    actor, lang = actor_of(request), lang_of(request)
    unit = next((one for one in actor.institutions(Act.STATEMENT_SEE) if one.code == house), None)
    found = store.result_seen(actor, result)
    table = STATEMENTS if len(found.period) == 4 else INSTITUTION_MONTHS
    if unit is None or item not in explained_items(table.name):
        raise NotThere
    sections, sources = explain_cell(store.folder(found), house, item)
    context = {
        "unit": unit,
        "result": found,
        "period_words": period_words(found, lang),
        "title": title_of(table[item], lang),
        **shown(actor, found, sections, sources, lang),
    }
    return render(request, "boards/figure.html", context)
