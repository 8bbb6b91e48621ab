"""A number of a plan as a form in the reader's words, and the registers that a quarter is worked out of."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from drgpay import runs
from drgpay.report import performance_word
from drgpay.tables import PERFORMANCE_CHANGES, PERFORMANCE_REGISTERS, STAFF
from drgpay_web import clock, flow, store, trail
from drgpay_web.hospital.actions import house_of
from drgpay_web.hospital.plan_moves import trial_of
from drgpay_web.papers import excel
from drgpay_web.people import Act, NotThere, Unit, actor_of, door
from drgpay_web.ui import field_word, lang_of, w

LINES, MORE = 6, 3
"""steps of a scale that can be typed, and further keys where a table may have any"""
NEEDED = ("hospital_departments", "staff", "distributable_sums")
"""registers without which no quarter is worked out"""
OTHERS = ("in_house_stays", "pilot_feedback")
"""registers that no quarter reads"""


@require_http_methods(["GET", "POST"])
@door(Act.PLAN_DRAFT)
def value(request: HttpRequest, pk: int) -> HttpResponse:
    """A number of a draft: what it is, and what it is to be; a table has a cell for every part."""
    actor, lang = actor_of(request), lang_of(request)
    case = flow.case_seen(actor, pk)
    if case.machine != "hospital_plan" or case.state not in ("draft", "tried"):
        raise NotThere
    data, on = case.data, clock.today()
    known = {one.name: one for one in runs.plan_seen(data["base"], data["changes"], on, lang)}
    sent = request.POST if request.method == "POST" else request.GET
    chosen, error = known.get(sent.get("p", "")), None
    if request.method == "POST" and chosen:
        text = "" if sent.get("as_before") else _typed(request, chosen.name)
        try:
            version = int(sent.get("version", "")) if sent.get("version", "").isdigit() else 0
            flow.do(actor, case, "edit", version=version, values={"parameter": chosen.name, "value": text})
            return redirect("case", pk=pk)
        except (flow.Guarded, flow.Stale) as wrong:
            error = wrong
    context = {
        "case": case, "known": known.values(), "chosen": chosen, "error": error.said(lang) if error else "",
        "changed": chosen is not None and chosen.name in data["changes"],
        **(_form(case, chosen.name, request, lang) if chosen else {}),
    }  # fmt: skip
    return render(request, "hospital/plan_value.html", context, status=error.status if error else 200)


def _typed(request: HttpRequest, name: str) -> str:
    """The text of what was typed."""
    sent = request.POST
    keys = zip(sent.getlist("key"), sent.getlist("cell"), strict=False)
    bands = zip(sent.getlist("bound"), sent.getlist("step"), strict=False)
    return runs.plan_value(
        name, line=sent.get("line", ""), chosen=sent.getlist("chosen"), cells=tuple(keys), bands=tuple(bands)
    )


def _form(case: flow.Case, name: str, request: HttpRequest, lang: str) -> dict[str, Any]:
    """The form of a number; what was typed before stands in it."""
    field = runs.plan_field(case.data["base"], case.data["changes"], name, clock.today())
    sent = request.POST
    cells = list(zip(sent.getlist("key"), sent.getlist("cell"), strict=False)) or list(field.cells)
    steps = list(zip(sent.getlist("bound"), sent.getlist("step"), strict=False)) or list(field.bands)
    wards = case.unit.children.filter(kind=Unit.DEPARTMENT).order_by("code")
    choices = [(one, _word(one, lang)) for one in field.choices] if field.kind != "codes" \
        else [(one.code, one.name) for one in wards]  # fmt: skip
    chosen = sent.getlist("chosen") if sent else field.chosen
    return {
        "field": field, "value": sent.get("line", field.value),
        "cells": [(key, _word(key, lang), text) for key, text in cells if key],
        "more": range(MORE) if field.open else (),
        "steps": [*steps, *[("", "")] * (LINES - len(steps))] if field.kind == "bands" else (),
        "choices": [(code, word, code in chosen) for code, word in choices],
    }  # fmt: skip


def _word(code: str, lang: str) -> str:
    """A code of a plan in words: those of performance pay before the general ones."""
    own = performance_word(code)
    said = own.en if lang == "en" else own.zh
    return field_word(code, lang) if said == code else said


@door(Act.SLIP_ALL)
@require_safe
def trial(request: HttpRequest, pk: int) -> HttpResponse:
    """Everybody's change by a trial as a workbook; that it was taken is recorded."""
    actor, lang = actor_of(request), lang_of(request)
    case = flow.case_seen(actor, pk)
    job = trial_of(case) if case.machine == "hospital_plan" else None
    if job is None or not actor.may(Act.SLIP_ALL, case.unit):
        raise NotThere
    names = {row["staff_id"]: row["name"] for row in store.rows(case.area, STAFF, owner=case.unit.code)}
    names |= {unit.code: unit.name for unit in case.unit.children.all()}
    title = w("hospital.trial_word", lang)
    mark = f"{case.unit.name} {case.number} {actor.person.name} {clock.now():%Y-%m-%d %H:%M}"
    made, count = excel.at_once(
        f"{case.unit.name}_{title}_{case.number}", title=title, mark=mark, columns=PERFORMANCE_CHANGES.columns,
        rows=(job.result or {})["rows"], sums={}, total="", lang=lang,
        names=lambda column, row: names.get(row[column], "") if column in ("unit_id", "department_id") else "",
    )  # fmt: skip
    trail.record(actor, "hospital_plan.trial", f"case:{case.number}", after={"rows": count})
    return made


@door(Act.PLAN_SEE)
@require_safe
def registers(request: HttpRequest) -> HttpResponse:
    """The hospital's own registers: which a quarter needs, which have rows, and the way to form and file."""
    actor, lang = actor_of(request), lang_of(request)
    house, may = house_of(actor), actor.may(Act.REGISTER_WRITE)
    rows = [
        {
            "name": table.name, "title": table.en if lang == "en" else table.zh, "needed": table.name in NEEDED,
            "count": store.row_count(actor.area, table, house.code),
            "last": store.last_written(actor.area, table, house.code),
        }
        for table in PERFORMANCE_REGISTERS
        if table.name not in OTHERS
    ]  # fmt: skip
    rows.sort(key=lambda row: not row["needed"])
    lacking = [str(row["title"]) for row in rows if row["needed"] and not row["count"]]
    joined = ", ".join(lacking) if lang == "en" else "、".join(lacking)
    said = w("hospital.registers_lack", lang, names=joined) if lacking else ""
    return render(request, "hospital/registers.html", {"rows": rows, "may_write": may, "lacking": said})
