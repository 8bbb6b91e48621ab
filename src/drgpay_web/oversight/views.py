"""Pages of this room besides the cases themselves: leads, the audit sample, the year's treatments."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from drgpay.tables import DOCTOR_POINTS, NUMBERS, VIOLATION_TIERS, Table
from drgpay_web import clock, jobs, store
from drgpay_web.oversight import actions, lists, looks, opening
from drgpay_web.papers import giving
from drgpay_web.people import Act, Actor, Unit, actor_of, door
from drgpay_web.ui import PageError, Unfit, lang_of, w
from drgpay_web.ui.tables import headed
from drgpay_web.ui.values import kind_of, printed

ROWS = 50


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
        asked_for = lists.Asked(kind, look, asked.get("rule", ""), asked.get("house", ""))
        found = lists.listed(actor, asked_for, lang, start=(page - 1) * ROWS, limit=ROWS)
        said = lists.Said(actor, look, lang)
        context |= {
            "heads": [(headed(one, lang), one.type in NUMBERS) for one in lists.COLUMNS[kind]],
            "rows": _rows(found, kind, said),
            "rules": [(row["rule"], row[lang], row["suspicions"]) for row in said.rules if row["suspicions"]],
            "total": found.total,
            "page": page,
            "more": found.total > (page - 1) * ROWS + len(found.rows),
            "before": page - 1,
            "excel": reverse(f"oversight-{kind}-take") if found.rows and actor.may(Act.EXPORT_TABLE) else "",
            "asked": urlencode({"look": look.pk, "rule": asked_for.rule, "house": asked_for.house}),
        }
    return render(request, "oversight/leads.html", context, status=error.status if error else 200)


def _rows(found: lists.Listed, kind: str, said: lists.Said) -> list[dict[str, Any]]:
    """What the page shows of each row: by what a case of it is opened, its case, its cells."""
    return [
        {
            "name": name,
            "case": case,
            "cells": [
                (said.text(one, row), one.type in NUMBERS, one.name == "case") for one in lists.COLUMNS[kind]
            ],
        }
        for row, name, case in zip(found.rows, found.names, found.cases, strict=True)
    ]  # fmt: skip


@door(Act.SUSPICION_LEADS)
@require_http_methods(["GET", "HEAD", "POST"])
def take_leads(request: HttpRequest) -> HttpResponse:
    """The leads that are found as a workbook with the taker's mark; a reason is asked first."""
    return _taken(request, "leads")


@door(Act.SUSPICION_LEADS)
@require_http_methods(["GET", "HEAD", "POST"])
def take_sample(request: HttpRequest) -> HttpResponse:
    """The stays that were drawn, in the same way."""
    return _taken(request, "sample")


def _taken(request: HttpRequest, kind: str) -> HttpResponse:
    actor, lang, asked = actor_of(request), lang_of(request), request.GET
    look = _look(actor, asked.get("look", ""))
    if look is None:
        return redirect(f"oversight-{kind}")  # which says what is to be done
    found = lists.listed(actor, lists.Asked(kind, look, asked.get("rule", ""), asked.get("house", "")), lang)
    sheet = giving.sheet(
        w(f"oversight.{kind}", lang), lists.COLUMNS[kind], found.rows, lang, lists.Said(actor, look, lang).text
    )
    return giving.take_list(request, sheet, found.total, period=look.period, result=look)


def _look(actor: Actor, asked: str) -> store.Result | None:
    return looks.look_seen(actor, int(asked)) if asked.isdigit() else looks.looks(actor.area).first()


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
