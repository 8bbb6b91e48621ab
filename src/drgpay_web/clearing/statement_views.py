"""Pages of statements: lists, a line with its entries and largest stays, papers, disputes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_http_methods

from drgpay import runs
from drgpay.tables import LEDGER, SETTLED_STAYS
from drgpay_web import flow, store
from drgpay_web.clearing import reads
from drgpay_web.clearing.lines import EVENTS, HOUSE, SCHEME, lines_of
from drgpay_web.clearing.links import parsed
from drgpay_web.clearing.statement_moves import MACHINES, result_of
from drgpay_web.papers import giving
from drgpay_web.people import Act, Actor, NotThere, actor_of, door
from drgpay_web.ui import field_word, lang_of
from drgpay_web.ui.pages import page_of
from drgpay_web.ui.tables import page_of as table_page
from drgpay_web.ui.values import printed

PAPERS = ("month", "year", "stays")
IN_DISPUTE = ("disputed", "answering", "answered", "escalated")
_ENTRY = ("date", "event", "debit", "credit", "amount")
_STAY = ("stay_id", "department_id", "drg", "case_class", "points", "total_cost", "personal_paid", "due", "refused")
_MOST = 1000


@require_GET
@door(Act.STATEMENT_SEE)
def statements(request: HttpRequest) -> HttpResponse:
    """Statements within one's reach, the latest period first."""
    period = request.GET.get("period", "")
    found = reads.statements(actor_of(request), period=period if _is_period(period) else "")
    return _list(request, found, "clearing.statements", period=period)


@require_GET
@door(Act.STATEMENT_SEE)
def disputes(request: HttpRequest) -> HttpResponse:
    """Statements that are disputed or have been answered."""
    found = reads.statements(actor_of(request), states=IN_DISPUTE)
    return _list(request, found, "clearing.disputes", "clearing.no_disputes")


def _list(
    request: HttpRequest, found: Any, title: str, none: str = "clearing.no_statements", **more: Any
) -> HttpResponse:
    lang = lang_of(request)
    page = page_of(request, found)
    rows = [reads.statement_row(case, lang) for case in page]
    return render(
        request,
        "clearing/statements.html",
        {"page": page, "rows": rows, "title": title, "none": none, "none_next": f"{none}_next", **more},
    )


def _is_period(text: str) -> bool:
    try:
        parsed(text)
    except ValueError:
        return False
    return True


def statement_of(actor: Actor, pk: int) -> flow.Case:
    """A statement within the actor's reach. Raises NotThere."""
    case = flow.case_seen(actor, pk)
    if case.machine not in MACHINES:
        raise NotThere
    return case


@require_GET
@door(Act.STATEMENT_SEE)
def line(request: HttpRequest, pk: int, name: str) -> HttpResponse:
    """A line of a statement: the entries it is made of, and the institution's largest stays."""
    actor, lang = actor_of(request), lang_of(request)
    case = statement_of(actor, pk)
    scope, result = actor.scope(Act.STATEMENT_SEE), result_of(case)
    folder, scheme = store.folder(result), case.data["scheme"]
    lines = lines_of(folder, case.period, case.unit.code, scheme, scope)
    found = next((one for one in lines if one.name == name), None)
    if found is None:
        raise NotThere
    own, names = (runs.Where(HOUSE, "is", case.unit.code), runs.Where(SCHEME, "is", scheme)), store.names_in(result)
    stays = table_page(
        _largest(request), folder, SETTLED_STAYS.name, scope, columns=_STAY, where=own,
        names=lambda column, row: names(column, {**row, HOUSE: case.unit.code}),
        links=lambda column, row: f"/stays/{result.pk}/{row['stay_id']}" if column == "stay_id" else "",
    )  # fmt: skip
    context = {
        "case": case, "line": found, "title": found.title(lang), "text": found.text(lang),
        "scheme": field_word(scheme, lang), "entries": _entries(folder, scope, own, name, lang), "stays": stays,
    }  # fmt: skip
    return render(request, "clearing/line.html", context)


def _largest(request: HttpRequest) -> HttpRequest:
    """The request, with the largest payments first where it asks for no order."""
    if "sort" not in request.GET:
        asked = request.GET.copy()
        asked["sort"] = "-due"
        request.GET = asked  # type: ignore[assignment]
    return request


def _entries(folder: Path, scope: runs.Scope, own: tuple[runs.Where, ...], name: str, lang: str) -> dict[str, Any]:
    """The ledger's entries of a line, as its events begin; of a line without entries there are none."""
    events = EVENTS.get(name, ())
    if not events:
        return {"heads": [], "rows": []}
    page = runs.browse(
        folder, runs.View(LEDGER.name, columns=_ENTRY, where=own, scope=scope), limit=_MOST, totals=False
    )
    known = runs.names_of_run(folder)
    said: dict[str, Callable[[Any], str]] = {
        "event": lambda event: runs.event_words(event, lang, known),
        "debit": lambda account: runs.account_words(account, lang, known),
        "credit": lambda account: runs.account_words(account, lang, known),
    }
    rows = [row for row in page.rows if row["event"].split(":")[0] in events]
    return {
        "heads": [(c.en.split(":")[0] if lang == "en" else c.zh, c.type == "fen") for c in page.columns],
        "rows": [
            [
                (said[c.name](row[c.name]) if c.name in said else printed(row[c.name], c.type, lang), c.type == "fen")
                for c in page.columns
            ]
            for row in rows
        ],
    }


@require_http_methods(["GET", "HEAD", "POST"])
@door(Act.STATEMENT_SEE)
def paper(request: HttpRequest, pk: int, kind: str, ending: str) -> HttpResponse:
    """A paper of a statement's institution: the figures of the screen. For the list of stays a reason is asked."""
    case = statement_of(actor_of(request), pk)
    if kind not in PAPERS or ending not in giving.ENDINGS:
        raise NotThere
    offer = giving.statement_offer(result_of(case), case.unit, kind, case)
    if offer.persons:
        return giving.take(request, offer, chosen=ending)
    return giving.give(request, offer, ending, f"{case.unit.name}_{case.period}_{case.number}_{kind}")
