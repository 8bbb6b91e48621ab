"""What another value would change: the form, and the page of results."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from drgpay import report, runs
from drgpay.units import show_fen
from drgpay.words import value_words
from drgpay_web import clock, jobs, store, trail
from drgpay_web.people import Act, NotThere, actor_of, door
from drgpay_web.policy import actions
from drgpay_web.policy.views import known
from drgpay_web.ui import lang_of, w
from drgpay_web.ui.errors import PageError
from drgpay_web.ui.pages import page_of
from drgpay_web.ui.safety import charts
from drgpay_web.ui.values import printed

MOST = 8
"""values that are changed at once"""
_KINDS = {"int": "int64"}
_SIDES = ("old", "new", "diff")
_COUNTS = ("institutions", "winners", "losers")
_SWEPT = (("points", "points"), ("due", "fen"), ("settled", "fen"), ("gini", "ratio"), ("winners", "int64"),
          ("losers", "int64"))  # fmt: skip


@door(Act.POLICY_WHATIF)
def form(request: HttpRequest) -> HttpResponse:
    """Choose a settled year, the values to change (one by one), another practice, or a range; then order it."""
    actor, lang = actor_of(request), lang_of(request)
    said = request.POST if request.method == "POST" else request.GET
    years = [one for one in store.results_of(actor.area) if len(one.period) == len("2024") and one.state != "lost"]
    parameters = store.parameters(actor.area, lang)
    by_name = {one.name: one for one in parameters}
    chosen = [name for name in dict.fromkeys(said.getlist("p")) if name in by_name and by_name[name].simple][:MOST]
    swept = by_name.get(said.get("s", ""))
    error: PageError | None = None
    if request.method == "POST":
        try:
            return redirect("policy-tried", pk=_order(request, years, chosen, swept).pk)
        except PageError as wrong:
            error = wrong
    context = {
        "years": years,
        "chosen": [{"p": by_name[name], "value": said.get(f"v_{name}", by_name[name].value)} for name in chosen],
        "swept": swept if swept and swept.swept else None,
        "simple": [one for one in parameters if one.simple and one.is_set and one.name not in chosen],
        "numbers": [one for one in parameters if one.swept and one.is_set],
        "practices": store.practices(actor.area),
        "said": said,
        "error": error.said(lang) if error else "",
    }
    return render(request, "policy/whatif.html", context, status=error.status if error else 200)


def _order(request: HttpRequest, years: list[Any], chosen: list[str], swept: Any) -> jobs.Job:
    sent = request.POST
    result = next((one for one in years if str(one.pk) == sent.get("run")), None)
    if result is None:
        raise NotThere
    changes = {name: sent[f"v_{name}"].strip()[:60] for name in chosen if sent.get(f"v_{name}", "").strip()}
    practice = known(request, sent["practice"])[0].id if sent.get("practice") else ""
    first, last, step = (sent.get(name, "").strip()[:20] for name in ("first", "last", "step"))
    over = f"{swept.name}={first}..{last}{f':{step}' if step else ''}" if swept and first and last else ""
    return actions.try_out(actor_of(request), result=result, changes=changes, practice=practice, sweep=over)


@require_GET
@door(Act.POLICY_WHATIF)
def result(request: HttpRequest, pk: int) -> HttpResponse:
    """Progress while it is computed, then before and after: figures, levels, institutions; or a range's curve."""
    lang, job = lang_of(request), _tried(request, pk)
    content = job.result
    again = urlencode({"run": job.payload["result"], "p": list(job.payload["changes"])}, doseq=True)
    context: dict[str, Any] = {**jobs.shown(request, job), "content": content, "again": again}
    if content is None:
        return render(request, "policy/tried.html", context)
    context["changes"] = [
        {"title": row[lang], "old": value_words(row["old"], lang), "new": value_words(row["new"], lang)}
        for row in content["changes"]
    ]
    if content["kind"] == "sweep":
        context |= _curve(content, lang)
        return charts(render(request, "policy/tried.html", context))
    context |= {
        "figures": [
            [row[lang], *(printed(row[side], _KINDS.get(row["kind"], row["kind"]), lang) or "–" for side in _SIDES)]
            for row in content["figures"]
        ],
        "total": w(f"policy.total_{content['total']}", lang),
        "levels": [
            [
                printed(row["level"], "text", lang),
                row["institutions"],
                row["winners"],
                row["losers"],
                *_sides(row, lang),
            ]
            for row in content["levels"]
        ],
        "page": page_of(request, [_institution(row, lang) for row in content["institutions"]]),
        "outside": [_title(name, lang) for name in content["outside"]],
    }
    return render(request, "policy/tried.html", context)


@require_GET
@door(Act.POLICY_WHATIF)
def excel(request: HttpRequest, pk: int) -> FileResponse:
    """The same as a workbook."""
    lang, job = lang_of(request), _tried(request, pk)
    if job.result is None:
        raise NotThere
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / "whatif.xlsx"
        report.write_whatif(job.result, file, lang)
        trail.record(actor_of(request), "policy.excel", f"job:{job.pk}")
        answer = FileResponse(file.open("rb"), as_attachment=True, filename=f"{w('policy.whatif', lang)}_{pk}.xlsx")
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Cache-Control"] = "no-store"
    return answer


def _tried(request: HttpRequest, pk: int) -> jobs.Job:
    job = jobs.job_seen(actor_of(request), pk)
    if job.kind not in (actions.ONE, actions.MANY):
        raise NotThere
    return job


def _sides(row: dict[str, Any], lang: str) -> list[str]:
    """Due before, after and the change, and the change of what is settled."""
    names = (*(f"due_{side}" for side in _SIDES), "settled_diff")
    return [printed(row[name], "fen", lang) for name in names]


def _institution(row: dict[str, Any], lang: str) -> list[str]:
    points = printed(row["points_diff"], "points", lang)
    return [row["name"], printed(row["level"], "text", lang), points, *_sides(row, lang)]


def _title(name: str, lang: str) -> str:
    seen = runs.parameters_seen(runs.practice_names()[0].id, clock.today(), None, lang)
    return next((one.title for one in seen if one.name == name), name)


def _curve(content: dict[str, Any], lang: str) -> dict[str, Any]:
    """A range as a table and as the curves of what is due by level."""
    rows = [
        {
            "value": row["value"],
            "current": row["current"],
            "cells": [printed(row[n], k, lang) or "–" for n, k in _SWEPT],
        }
        for row in content["rows"]
    ]
    lines = [
        {
            "x": [row["value"] for row in content["rows"]],
            "y": [show_fen(row[f"due_{level}_diff"], group=False) for row in content["rows"]],
            "name": printed(level, "text", lang), "mode": "lines+markers", "type": "scatter",
        }
        for level in content["levels"]
    ]  # fmt: skip
    axes = {"xaxis": {"title": {"text": content[lang]}}, "yaxis": {"title": {"text": w("policy.due_change", lang)}}}
    layout = {**axes, "margin": {"t": 20}, "hovermode": "x unified"}
    return {"swept": content[lang], "rows": rows, "chart": {"data": lines, "layout": layout}}
