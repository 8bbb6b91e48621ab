"""Pages of this room besides the cases themselves: leads, the audit sample, the year's treatments."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from drgpay import runs
from drgpay.tables import AUDIT_SAMPLE, DOCTOR_POINTS, RULE_STATUS, SUSPICIONS, VIOLATION_TIERS, Table
from drgpay.units import show_coefficient
from drgpay_web import clock, jobs, store
from drgpay_web.flow.models import Case
from drgpay_web.oversight import actions, looks, opening, seen
from drgpay_web.oversight.models import Lead
from drgpay_web.people import Act, Actor, Unit, actor_of, door
from drgpay_web.ui import PageError, Unfit, field_word, lang_of, w
from drgpay_web.ui.tables import headed
from drgpay_web.ui.values import kind_of, printed

ROWS = 50
LIKELY_FIRST = ("standing", "-score", "-amount")
"""the order of leads: what the data cannot tell from honest care comes last"""


@require_GET
@door(Act.SUSPICION_LEADS)
def leads(request: HttpRequest) -> HttpResponse:
    """The leads of a look, the likeliest first and unclear ones last, to open cases from."""
    return _leads(request, "leads")


@require_GET
@door(Act.SUSPICION_LEADS)
def sample(request: HttpRequest) -> HttpResponse:
    """The stays that were drawn to be coded again."""
    return _leads(request, "sample")


def _leads(request: HttpRequest, kind: str, error: PageError | None = None) -> HttpResponse:
    actor, lang = actor_of(request), lang_of(request)
    asked = request.POST if request.method == "POST" else request.GET
    look = _look(actor, asked.get("look", ""))
    page = max(int(asked["page"]), 1) if asked.get("page", "").isdigit() else 1
    going = jobs.Job.objects.filter(area=actor.area, kind=looks.LOOK, state__in=("queued", "running")).first()
    context: dict[str, Any] = {
        "kind": kind,
        "look": look,
        "looks": looks.looks(actor.area)[:ROWS],
        "results": looks.results(actor),
        "going": going,
        "may_open": actor.may(Act.SUSPICION_WORK),
        "may_look": actor.may(Act.SUSPICION_LOOK),
        "rule": asked.get("rule", ""),
        "house": asked.get("house", ""),
        "houses": [(unit.code, unit.name) for unit in actor.institutions(Act.SUSPICION_LEADS)],
        "error": error.said(lang) if error else "",
    }
    if look is not None:
        found = (_suspicions if kind == "leads" else _drawn)(actor, look, asked, page, lang)
        shown = (page - 1) * ROWS + len(found["rows"])
        context |= {**found, "page": page, "more": found["total"] > shown, "before": page - 1}
    return render(request, "oversight/leads.html", context, status=error.status if error else 200)


def _look(actor: Actor, asked: str) -> store.Result | None:
    return looks.look_seen(actor, int(asked)) if asked.isdigit() else looks.looks(actor.area).first()


def _where(asked: Any) -> list[runs.Where]:
    return [runs.Where("institution_id", "is", asked["house"])] if asked.get("house") else []


def _browse(look: store.Result, table: Table, where: list[runs.Where], sort: tuple[str, ...], page: int) -> Any:
    order = tuple(runs.Sort(name.lstrip("-"), name.startswith("-")) for name in sort)
    view = runs.View(table.name, where=tuple(where), sort=order, scope=runs.Scope.everything())
    return runs.browse(store.folder(look), view, offset=(page - 1) * ROWS, limit=ROWS, totals=False)


def _suspicions(actor: Actor, look: store.Result, asked: Any, page: int, lang: str) -> dict[str, Any]:
    where = [runs.Where("state", "is", "open"), *_where(asked)]
    if asked.get("rule"):
        where.append(runs.Where("rule", "is", asked["rule"]))
    found = _browse(look, SUSPICIONS, where, LIKELY_FIRST, page)
    cases, names, known = (
        _cases(actor, [r["suspicion_id"] for r in found.rows]),
        _names(actor),
        seen.precision(actor.area),
    )
    rules = looks.rows_of(store.folder(look), RULE_STATUS)
    words = {row["rule"]: row[lang] for row in rules}
    return {
        "total": found.total,
        "rules": [(row["rule"], row[lang], row["suspicions"]) for row in rules if row["suspicions"]],
        "rows": [
            {
                "name": row["suspicion_id"],
                "case": cases.get(row["suspicion_id"]),
                "score": show_coefficient(row["score"]),
                "precision": w("oversight.precision", lang, right=known[row["rule"]][0], of=known[row["rule"]][1])
                if row["rule"] in known
                else w("oversight.not_known", lang),
                "rule": row["rule"],
                "said": words[row["rule"]],
                "kind": field_word(row["violation"], lang),
                "house": names.get(row["institution_id"], row["institution_id"] or w("oversight.several", lang)),
                "stay": row["stay_id"] or "",
                "amount": printed(row["amount"], "fen", lang),
            }
            for row in found.rows
        ],
    }


def _drawn(actor: Actor, look: store.Result, asked: Any, page: int, lang: str) -> dict[str, Any]:
    found = _browse(look, AUDIT_SAMPLE, _where(asked), ("institution_id", "number"), page)
    cases, names = _cases(actor, [opening.drawn(r["stay_id"]) for r in found.rows]), _names(actor)
    return {
        "total": found.total,
        "rules": [],
        "rows": [
            {
                "name": row["stay_id"],
                "case": cases.get(opening.drawn(row["stay_id"])),
                "house": names.get(row["institution_id"], row["institution_id"]),
                "stay": row["stay_id"],
                "number": row["number"],
            }
            for row in found.rows
        ],
    }


def _cases(actor: Actor, names: list[str]) -> dict[str, Case]:
    found = Lead.objects.filter(area=actor.area, name__in=names).select_related("case")
    return {one.name: one.case for one in found}


def _names(actor: Actor) -> dict[str, str]:
    return dict(Unit.objects.filter(area=actor.area, kind=Unit.INSTITUTION).values_list("code", "name"))


@require_POST
@door(Act.SUSPICION_LOOK)
def look(request: HttpRequest) -> HttpResponse:
    """Have a result looked through."""
    asked = request.POST.get("result", "")
    try:
        job = looks.order(actor_of(request), result=int(asked) if asked.isdigit() else 0)
    except Unfit as error:
        return _leads(request, "leads", error)
    return redirect("job", pk=job.pk)


@require_POST
@door(Act.SUSPICION_WORK)
def open_cases(request: HttpRequest) -> HttpResponse:
    """Open cases from what was ticked."""
    actor, kind = actor_of(request), request.POST.get("kind", "")
    found = _look(actor, request.POST.get("look", ""))
    chosen = request.POST.getlist("name")
    try:
        if found is None:
            raise Unfit("oversight.none_chosen")
        (opening.open_drawn if kind == "sample" else opening.open_leads)(actor, found, chosen)
    except Unfit as error:
        return _leads(request, "sample" if kind == "sample" else "leads", error)
    return redirect("/cases/of/suspicion")


@require_GET
@door(Act.SUSPICION_LEADS)
def treatments(request: HttpRequest) -> HttpResponse:
    """A year's treatments: what is to be made public, doctors' points, next year's tiers."""
    return _treatments(request)


def _treatments(request: HttpRequest, error: PageError | None = None) -> HttpResponse:
    actor, lang = actor_of(request), lang_of(request)
    asked = request.POST.get("year", "") or request.GET.get("year", "")
    year = int(asked) if asked.isdigit() and 1990 <= int(asked) <= 2199 else clock.today().year
    cases = actions.treated_cases(actor.area, year)
    whole = actions.year_of(actor.area, year, cases)
    context = {
        "year": year,
        "years": sorted({year, clock.today().year, clock.today().year - 1}, reverse=True),
        "heads": actions.heads(lang),
        "rows": actions.printed_rows(actor.area, whole.publications, lang),
        "waiting": actions.to_publish(actor, year),
        "doctors": _table(actor, DOCTOR_POINTS, whole.doctors, lang),
        "tiers": _table(actor, VIOLATION_TIERS, whole.tiers, lang),
        "cases": len(cases),
        "may_publish": actor.may(Act.SUSPICION_PUBLISH),
        "error": error.said(lang) if error else "",
    }
    return render(request, "oversight/treatments.html", context, status=error.status if error else 200)


def _table(actor: Actor, table: Table, rows: list[dict[str, Any]], lang: str) -> dict[str, Any]:
    """A small table in words, institutions by their names."""
    names = _names(actor)

    def said(name: str, row: dict[str, Any]) -> str:
        value = row[name]
        if name == "doctor_id":
            return f"{store.doctor_name(actor.area, row['institution_id'], value)} {value}".strip()
        own = names.get(value) if name == "institution_id" else None
        return printed(value, kind_of(table[name]), lang) if own is None else own

    return {
        "heads": [headed(column, lang) for column in table.columns],
        "rows": [[said(name, row) for name in table.names] for row in rows],
    }


@require_POST
@door(Act.SUSPICION_PUBLISH)
def announce(request: HttpRequest) -> HttpResponse:
    """Make one announcement of what waits."""
    asked = request.POST.get("year", "")
    try:
        made = actions.announce(
            actor_of(request), year=int(asked) if asked.isdigit() else 0, audience=request.POST.get("audience", "")
        )
    except Unfit as error:
        return _treatments(request, error)
    return redirect("case", pk=made.pk)
