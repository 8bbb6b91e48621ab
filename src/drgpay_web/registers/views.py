"""Pages of registers, all made from the declaration of the table: list, row, history, template, import."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from drgpay import runs
from drgpay.report.papers import Column as Head
from drgpay.report.papers import Line
from drgpay.report.papers import Table as Sheet
from drgpay.tables import INSTITUTIONS, NUMBERS, Column
from drgpay_web import inbox, jobs, store
from drgpay_web.papers import giving
from drgpay_web.people import Act, NotThere, actor_of, door
from drgpay_web.registers import actions, cells, reads
from drgpay_web.registers.rules import HOUSE, Seen, need_write, register_of, registers_of
from drgpay_web.ui import field_word, lang_of
from drgpay_web.ui.errors import PageError
from drgpay_web.ui.values import paper_kind

PAGE = 50


@require_GET
@door(Act.REGISTER_SEE)
def registers(request: HttpRequest) -> HttpResponse:
    """Every register one may see, with how many rows it has."""
    actor = actor_of(request)
    rows = [(seen, reads.count(actor.area, seen)) for seen in registers_of(actor)]
    kept = sorted(rows, key=lambda row: row[1] == 0)
    return render(request, "registers/list.html", {"rows": kept, "lang_name": lang_of(request)})


@require_GET
@door(Act.REGISTER_SEE)
def register(request: HttpRequest, name: str) -> HttpResponse:
    """The rows of a register in force, found by any text in them, page by page."""
    actor, lang = actor_of(request), lang_of(request)
    seen = register_of(actor, name)
    asked = request.GET.get("q", "").strip()[:100]
    found = reads.found(actor.area, seen, asked, lang)
    start = int(request.GET["from"]) if request.GET.get("from", "").isdigit() else 0
    shown = [_line(seen, key, row, lang) for key, row in found[start : start + PAGE]]
    context = {
        "seen": seen,
        "title": seen.title(lang),
        "columns": [(_title_of(c, lang), c.type in NUMBERS) for c in seen.table.columns],
        "lines": shown,
        "q": asked,
        "total": len(found),
        "first": start + 1,
        "last": start + len(shown),
        "excel": f"{reverse('register-take', args=[name])}?{urlencode({'q': asked})}"
        if found and actor.may(Act.EXPORT_TABLE)
        else "",
        "back": _address(asked, start - PAGE) if start else "",
        "more": _address(asked, start + PAGE) if start + PAGE < len(found) else "",
    }
    return render(request, "registers/register.html", context)


@door(Act.REGISTER_SEE)
@require_http_methods(["GET", "HEAD", "POST"])
def take(request: HttpRequest, name: str) -> HttpResponse:
    """The rows that are found as a workbook with the taker's mark; a reason is asked first."""
    actor, lang = actor_of(request), lang_of(request)
    seen = register_of(actor, name)
    rows = [row for _, row in reads.found(actor.area, seen, request.GET.get("q", "").strip()[:100], lang)]
    columns = tuple(Head(_title_of(c, lang), paper_kind(c.type)) for c in seen.table.columns)
    lines = tuple(Line(tuple(cells.value(c, row.get(c.name), lang) for c in seen.table.columns)) for row in rows)
    return giving.take_list(request, Sheet(seen.title(lang), columns, lines), len(rows))


@door(Act.REGISTER_SEE)
def row(request: HttpRequest, name: str) -> HttpResponse:
    """A row as a form: an existing one by its key, else a new one."""
    actor, lang = actor_of(request), lang_of(request)
    seen = register_of(actor, name)
    need_write(actor, seen)
    key = request.GET.get("key", "")
    error: PageError | None = None
    if request.method == "POST":
        reason = request.POST.get("reason", "").strip()[:2000]
        typed = {c.name: request.POST.get(f"c_{c.name}", "") for c in seen.table.columns}
        try:
            actions.write_row(actor, seen, typed=typed, reason=reason)
            return redirect("register", name=name)
        except store.NotRight as wrong:
            error = wrong
    else:
        found = _found(actor.area, seen, key) if key else {}
        typed = {c.name: cells.typed(c, found.get(c.name)) for c in seen.table.columns}
    fields = [
        {
            "column": column,
            "label": _title_of(column, lang),
            "hint": column.printed_unit if column.type not in ("fen", "points", "ratio") else "",
            "money": column.type == "fen",
            "control": "choice" if choices else cells.control(column),
            "value": typed[column.name],
            "fixed": bool(key) and column.name in seen.table.key,
            "choices": choices,
            "wrong": _of_field(error, column.name, lang),
        }
        for column in seen.table.columns
        for choices in [_choices(actor.area, seen, column, typed[column.name], lang)]
    ]
    context = {"seen": seen, "title": seen.title(lang), "fields": fields, "key": key, "error": _said(error, lang)}
    return render(request, "registers/row.html", context, status=error.status if error else 200)


@require_POST
@door(Act.REGISTER_WRITE)
def out(request: HttpRequest, name: str) -> HttpResponse:
    """Take a row out of force."""
    actor = actor_of(request)
    seen = register_of(actor, name)
    key = request.POST.get("key", "")
    _found(actor.area, seen, key)
    actions.take_out(actor, seen, key=key, reason=request.POST.get("reason", "").strip()[:2000])
    return redirect("register", name=name)


@require_GET
@door(Act.REGISTER_SEE)
def history(request: HttpRequest, name: str) -> HttpResponse:
    """Every row a key ever had: who entered it, when, from where, why."""
    actor, lang = actor_of(request), lang_of(request)
    seen = register_of(actor, name)
    rows = store.history(actor.area, seen.table, request.GET.get("key", ""), seen.owner)
    shown = [one for one in rows if one.values is None or seen.shows(one.values)]
    if not any(one.values for one in shown):
        raise NotThere
    lines = [(one, _line(seen, one.key, store.decoded(seen.table, one.values or {}), lang)["cells"]) for one in shown]
    columns = [(_title_of(c, lang), c.type in NUMBERS) for c in seen.table.columns]
    context = {"seen": seen, "title": seen.title(lang), "columns": columns, "lines": lines}
    return render(request, "registers/history.html", context)


@require_GET
@door(Act.REGISTER_WRITE)
def template(request: HttpRequest, name: str) -> FileResponse:
    """The workbook to fill, with drop-downs and notes."""
    lang = lang_of(request)
    seen = register_of(actor_of(request), name)
    need_write(actor_of(request), seen)
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / f"{seen.table.name}.xlsx"
        runs.register_template((seen.table,), file, lang)
        answer = FileResponse(file.open("rb"), as_attachment=True, filename=f"{seen.title(lang)}.xlsx")
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Cache-Control"] = "no-store"
    return answer


@require_POST
@door(Act.REGISTER_WRITE)
def take_file(request: HttpRequest, name: str) -> HttpResponse:
    """Have a file of rows entered."""
    actor = actor_of(request)
    seen = register_of(actor, name)
    file = request.FILES.get("file")
    if file is None:
        raise inbox.NotKept("inbox.empty")
    reason = request.POST.get("reason", "").strip()[:2000]
    job = actions.import_file(actor, seen, chunks=file.chunks(), name=file.name or "", reason=reason)
    return redirect("register-imported", name=name, pk=job.pk)


@require_GET
@door(Act.REGISTER_WRITE)
def imported(request: HttpRequest, name: str, pk: int) -> HttpResponse:
    """What became of a file: while it is read its progress, then its rows and findings."""
    actor, lang = actor_of(request), lang_of(request)
    seen = register_of(actor, name)
    job = jobs.job_seen(actor, pk)
    if job.kind != actions.IMPORT or job.payload.get("table") != seen.table.name:
        raise NotThere
    found = (job.result or {}).get("findings", [])
    lines = [
        {**one, "said": one[lang], "fix": one[f"fix_{lang}"], "label": _label(seen, one["field"], lang)}
        for one in found
    ]
    context = {
        **jobs.shown(request, job), "seen": seen, "title": seen.title(lang), "lines": lines, "result": job.result,
    }  # fmt: skip
    return render(request, "registers/imported.html", context)


def _choices(area: str, seen: Seen, column: Column, typed: str, lang: str) -> list[tuple[str, str]]:
    """What a column may be: its choices, or the institutions where it names one; and what was typed."""
    found = [(code, field_word(code, lang)) for code in column.choices]
    if column.refers == "institution" and seen.table != INSTITUTIONS:
        found = [(row[HOUSE], f"{row['name']} {row[HOUSE]}") for row in store.rows(area, INSTITUTIONS)]
    return found if not typed or not found or typed in dict(found) else [*found, (typed, typed)]


def _found(area: str, seen: Seen, key: str) -> dict[str, Any]:
    found = next((row for its, row in reads.rows(area, seen) if its == key), None)
    if found is None:
        raise NotThere
    return found


def _line(seen: Seen, key: str, row: dict[str, Any], lang: str) -> dict[str, Any]:
    shown = [(cells.shown(c, row.get(c.name), lang), c.type in NUMBERS) for c in seen.table.columns]
    return {"cells": shown, "query": urlencode({"key": key}), "key": key}


def _address(asked: str, start: int) -> str:
    return "?" + urlencode({"q": asked, "from": max(start, 0)})


def _title_of(column: Any, lang: str) -> str:
    return str(column.en.split(":")[0] if lang == "en" else column.zh)


def _label(seen: Seen, field: str, lang: str) -> str:
    return _title_of(seen.table[field], lang) if field in seen.table.names else field


def _of_field(error: PageError | None, name: str, lang: str) -> str:
    findings = error.findings if isinstance(error, store.NotRight) else ()
    return next((f"{getattr(f, lang)} → {getattr(f, f'fix_{lang}')}" for f in findings if f.field == name), "")


def _said(error: PageError | None, lang: str) -> str:
    return error.said(lang) if error else ""
