"""The list of a machine's cases: filtered, ordered, moved together, taken as a file."""

from __future__ import annotations

import re
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST

from drgpay.report.papers import Column, Line, Table
from drgpay_web.flow import actions, giving, lists, reads
from drgpay_web.flow.forms import at_once
from drgpay_web.flow.machine import Machine, machines
from drgpay_web.flow.models import Case
from drgpay_web.people import Act, Actor, NotThere, actor_of, door
from drgpay_web.ui import lang_of, w
from drgpay_web.ui.errors import PageError
from drgpay_web.ui.pages import page_of

ASKED = ("state", "unit", "period", "light", "whose", "q", "sort")
FIXED = ("number", "unit", "period", "subject", "state", "deadline")
"""what every list shows; a machine's own columns come before the state"""
MOST = 5_000
"""cases in a file"""
FIGURE = re.compile(r"-?[\d,]+(\.\d+)?%?( / \d+)?")
SHORT = 12
"""characters of a cell that is not broken"""


def _rules(actor: Actor, name: str) -> Machine:
    """A machine whose cases the actor may see somewhere."""
    found = next((one for one in machines() if one.name == name), None)
    if found is None:
        raise NotThere
    actor.need(found.see)
    return found


@require_GET
@door(Act.CASE_SEE)
def cases(request: HttpRequest, machine: str) -> HttpResponse:
    """The cases of a machine. Without a question in the address it is the one that was asked the last time."""
    actor, lang = actor_of(request), lang_of(request)
    rules = _rules(actor, machine)
    if not request.GET and (query := lists.kept(actor, lists.place_of(rules))):
        return redirect(f"{request.path}?{query}")
    lists.keep(actor, lists.place_of(rules), request.GET, ASKED)
    return _listed(request, actor, rules, lang)


def _listed(request: HttpRequest, actor: Actor, rules: Machine, lang: str) -> HttpResponse:
    page = page_of(request, lists.listed(actor, rules, request.GET))
    rows = reads.rows_of(actor, page.object_list)  # type: ignore[arg-type]
    there, own, state = (
        lists.choices(actor, rules),
        _own(rules, [row.case for row in rows], lang),
        f"{rules.words}.state",
    )
    kinds = {title: _kind(cells) for title, cells in own.items()}
    moves = at_once(rows, actor)
    takers = giving.takers(actor, [rules]) if actor.may(Act.CASE_HAND_OVER) and any(r.case.open for r in rows) else []
    sort = request.GET.get("sort", "")
    context = {
        "rules": rules,
        "title": w(rules.words, lang),
        "page": page,
        "heads": [_head(name, sort, lang) for name in _names(there, rows)],
        "own_heads": [(title, kinds[title] == "number") for title in own],
        "rows": [
            {
                "row": row, "case": row.case, "state": reads.state_words(actor, row.case),
                "own": [(cells[at], kinds[title]) for title, cells in own.items()],
                "ticks": any(move.many for move in row.moves) or (bool(takers) and row.case.open),
                "light_words": w(f"flow.light_{row.light}", lang),
            }
            for at, row in enumerate(rows)
        ],
        "states": [(code, w(f"{state}.{code}", lang), count) for code, count in there.states],
        "there": there,
        "asked": request.GET,
        "filtered": any(request.GET.get(name) for name in ASKED if name != "sort"),
        "at_once": moves,
        "takers": takers,
        "ticking": bool(moves or takers),
        "may_take": bool(rows) and actor.may(Act.EXPORT_TABLE),
        "question": urlencode([(name, request.GET[name]) for name in ASKED if request.GET.get(name)]),
        **(rules.head_of(actor) if rules.head_of else {}),
    }  # fmt: skip
    return render(request, "flow/cases.html", context)


def _names(there: lists.Choices, rows: list[reads.Row]) -> list[str]:
    """The columns that are worth showing: no unit where there is one only, none in which nothing would stand."""
    told = any(row.case.subject for row in rows)
    shown = {"unit": len(there.units) > 1, "period": bool(there.periods), "subject": told}
    return [name for name in FIXED if shown.get(name, True)]


def _own(rules: Machine, cases: list[Case], lang: str) -> dict[str, list[str]]:
    """The machine's own columns: by title, the text of every case."""
    said = [dict(rules.columns(case, lang)) if rules.columns else {} for case in cases]
    keys = dict.fromkeys(key for one in said for key in one)
    return {w(key, lang): [one.get(key, "") for one in said] for key in keys}


def _kind(cells: list[str]) -> str:
    """How a column of its own is set: figures to the right, short words and days on one line."""
    said = [text for text in cells if text]
    if said and all(FIGURE.fullmatch(text) for text in said):
        return "number"
    return "short" if all(len(text) <= SHORT for text in said) else ""


def _head(name: str, sort: str, lang: str) -> dict[str, str]:
    up, down = sort == name, sort == f"-{name}"
    state = "ascending" if up else "descending" if down else "none"
    return {"name": name, "title": w(f"flow.{name}", lang), "sort": f"-{name}" if up else name, "state": state}


@require_POST
@door(Act.CASE_SEE)
def many(request: HttpRequest, machine: str) -> HttpResponse:
    """Make a move on the cases that were ticked: for each whether it was made, or why not."""
    actor, lang = actor_of(request), lang_of(request)
    rules = _rules(actor, machine)
    name = request.POST.get("move", "")
    if name not in {move.name for move in rules.moves if move.many}:
        raise NotThere
    cases = [(case, version) for case, version in ticked(actor, request.POST) if case.machine == machine]
    prefix = f"f_{name}__"
    values = {
        key.removeprefix(prefix): ",".join(request.POST.getlist(key))
        for key in request.POST
        if key.startswith(prefix)
    }
    note = request.POST.get("note", "").strip()[:2000]
    done = actions.do_many(actor, cases, name, values=values, note=note)
    title = f"{w(rules.words, lang)} · {w(f'{rules.words}.move.{name}', lang)}"
    back = request.POST.get("back", "") or f"/cases/of/{machine}?{lists.kept(actor, lists.place_of(rules))}"
    return told(request, actor, done, title, back)


def ticked(actor: Actor, sent: QueryDict) -> list[tuple[Case, int]]:
    """The cases that were ticked in a list, each with the version that was seen. Raises NotThere for one that is not
    the actor's to see."""
    said = [text.partition(":") for text in sent.getlist("case")]
    return [
        (reads.case_seen(actor, int(pk)), int(version))
        for pk, _, version in said
        if pk.isdigit() and version.isdigit()
    ]


def told(
    request: HttpRequest, actor: Actor, done: list[tuple[Case, PageError | None]], title: str, back: str
) -> HttpResponse:
    """What became of each of the cases that were ticked, and the way back to the list they were ticked in."""
    lang = lang_of(request)
    context = {
        "title": title,
        "lines": [(case, reads.state_words(actor, case), why.said(lang) if why else "") for case, why in done],
        "made": sum(why is None for _, why in done),
        "back": back if url_has_allowed_host_and_scheme(back, allowed_hosts=None) else "/",
    }
    return render(request, "flow/many.html", context, status=200 if done else 422)


def list_table(actor: Actor, machine: str, asked: QueryDict, lang: str) -> tuple[Table, int]:
    """The same selection as a table, as on the screen, its first :data:`MOST` cases; and how many there are in all.
    Raises NotThere."""
    rules = _rules(actor, machine)
    found = lists.listed(actor, rules, asked)
    return _table(rules, list(found.select_related("handler")[:MOST]), actor, lang), found.count()


def _table(rules: Machine, cases: list[Case], actor: Actor, lang: str) -> Table:
    """The list as it leaves the house."""
    own = _own(rules, cases, lang)
    titles = [w(f"flow.{name}", lang) for name in (*FIXED, "handler")]
    at = len(FIXED) - 2
    rows = []
    for number, case in enumerate(cases):
        cells = [
            case.number, case.unit.name, case.period, case.subject, reads.state_words(actor, case),
            case.deadline.isoformat() if case.deadline else "", case.handler.name if case.handler else "",
        ]  # fmt: skip
        rows.append(Line((*cells[:at], *(texts[number] for texts in own.values()), *cells[at:])))
    columns = tuple(Column(title) for title in (*titles[:at], *own, *titles[at:]))
    return Table(w(rules.words, lang), columns, tuple(rows))
