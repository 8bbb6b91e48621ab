"""Pages of performance pay besides those of its cases: a new plan, a new quarter, one's own slips."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from drgpay_web import flow
from drgpay_web.hospital import actions, orders, reads, shares
from drgpay_web.papers import giving
from drgpay_web.people import Act, NotThere, actor_of, door
from drgpay_web.ui import Unfit, lang_of, w
from drgpay_web.ui.values import printed, text_of


@require_http_methods(["GET", "POST"])
@door(Act.PLAN_DRAFT)
def new_plan(request: HttpRequest) -> HttpResponse:
    """Choose what a new plan comes from."""
    actor, lang = actor_of(request), lang_of(request)
    choices = reads.plan_choices(actions.house_of(actor), lang)
    base = request.POST.get("choice", "")
    return _opened(request, lambda: actions.open_plan(actor, base=base), choices, "plan")


@require_http_methods(["GET", "POST"])
@door(Act.QUARTER_ORDER)
def new_quarter(request: HttpRequest) -> HttpResponse:
    """Choose the quarter that is worked out."""
    actor = actor_of(request)
    choices = [(one, one) for one in orders.quarters_there(actor.area)]
    period = request.POST.get("choice", "")
    return _opened(request, lambda: actions.open_quarter(actor, period=period), choices, "quarter")


def _opened(request: HttpRequest, made: Callable[[], flow.Case], choices: Any, what: str) -> HttpResponse:
    """The form, or the case it opened; where that cannot be, the form says why."""
    error: Unfit | None = None
    if request.method == "POST":
        try:
            return redirect("case", pk=made().pk)
        except Unfit as unfit:
            error = unfit
    context = {
        "choices": choices, "title": f"hospital.open_{what}", "lead": f"hospital.{what}_lead",
        "label": f"hospital.{what}_choice", "error": error.said(lang_of(request)) if error else "",
    }  # fmt: skip
    return render(request, "hospital/open.html", context, status=error.status if error else 200)


@door(Act.QUARTER_SEE)
@require_http_methods(["GET", "HEAD", "POST"])
def take(request: HttpRequest, pk: int, kind: str) -> HttpResponse:
    """What departments, or persons, get of a quarter as a workbook with the taker's mark; a reason is asked first."""
    actor, lang = actor_of(request), lang_of(request)
    case = flow.case_seen(actor, pk)
    if case.machine != "hospital_quarter" or kind not in shares.COLUMNS:
        raise NotThere
    actor.need(shares.SEE[kind], case.unit)
    found, result = shares.shares(actor, case, kind, lang), orders.result_of(case)
    if result is None or not found.rows:
        raise NotThere
    table = giving.sheet(
        w("hospital.pools" if kind == "departments" else "hospital.slip", lang), shares.COLUMNS[kind], found.rows,
        lang, lambda column, row: text_of(column, row, lang, found.name),
    )  # fmt: skip
    return giving.take_list(request, table, len(found.rows), period=case.period, result=result, about=case.unit.name,
                            persons=kind == "people")  # fmt: skip


@require_GET
@door(Act.SLIP_OWN)
def slips(request: HttpRequest) -> HttpResponse:
    """One's own slips."""
    lang = lang_of(request)
    rows = [
        {
            "case": case, "staff": row["staff_id"], "state": w(f"hospital.quarter.state.{case.state}", lang),
            "cells": [printed(row[name], "fen", lang) for name in ("earned", "held", "paid")],
        }
        for case, row in reads.own_slips(actor_of(request))
    ]  # fmt: skip
    return render(request, "hospital/slips.html", {"rows": rows})


@require_http_methods(["GET", "HEAD", "POST"])
@door(Act.SLIP_SEE)
def slip(request: HttpRequest, pk: int, staff: str, ending: str) -> HttpResponse:
    """A slip as a file, asked for with a reason: one's own; the performance office's those of the hospital."""
    actor = actor_of(request)
    if ending not in giving.ENDINGS:
        raise NotThere
    case, made = reads.slip_paper(actor, pk, staff)
    at, by = giving.made_by(case, reads.SEEN)
    offer = giving.Offer("slip.person", case.unit, case.period, made, at, case, persons=True, by=by)
    return giving.take(request, offer, chosen=ending)
