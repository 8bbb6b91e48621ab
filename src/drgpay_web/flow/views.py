"""Pages of cases: facts, moves, timeline, comments, attachments; notices; the calendar."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from drgpay_web import clock, inbox
from drgpay_web.flow import actions, calendar, reads
from drgpay_web.flow.machine import Guarded, Move, Stale, in_words
from drgpay_web.flow.models import Attachment, Case, Comment, Notice, WorkingDay
from drgpay_web.people import Act, NotThere, actor_of, door
from drgpay_web.ui import w
from drgpay_web.ui.errors import PageError

LIGHT_CLASS = {"late": "late", "day": "soon", "soon": "soon", "calm": "", "none": "open"}
NOTICES_SHOWN = 200


@dataclass(frozen=True)
class Told:
    """A line of a timeline: when, who in which role, what, and what was said with it."""

    at: Any
    who: str
    role: str
    what: str
    said: list[tuple[str, str]]
    state: str = ""


@require_GET
@door(Act.CASE_SEE)
def case(request: HttpRequest, pk: int) -> HttpResponse:
    """The page of a case."""
    return _page(request, reads.case_seen(actor_of(request), pk))


@require_POST
@door(Act.CASE_SEE)
def move(request: HttpRequest, pk: int) -> HttpResponse:
    """Make a move; where it is not possible the page comes back with what was typed."""
    actor = actor_of(request)
    found = reads.case_seen(actor, pk)
    name, version = request.POST.get("move", ""), request.POST.get("version", "")
    if not version.isdigit():
        raise Guarded("flow.no_such_move")
    typed = {key.removeprefix("f_"): value for key, value in request.POST.items() if key.startswith("f_")}
    try:
        actions.do(
            actor, found, name, version=int(version), values=typed, note=request.POST.get("note", "").strip()[:2000]
        )
    except (Guarded, Stale) as error:
        fresh = reads.case_seen(actor, pk)
        return _page(request, fresh, error, name, typed | {"note": request.POST.get("note", "")})
    return redirect("case", pk=pk)


@require_POST
@door(Act.CASE_COMMENT)
def comment(request: HttpRequest, pk: int) -> HttpResponse:
    """Say something on a case."""
    actor = actor_of(request)
    found = reads.case_seen(actor, pk)
    try:
        actions.comment(actor, found, text=request.POST.get("text", ""))
    except Guarded as error:
        return _page(request, found, error)
    return redirect("case", pk=pk)


@require_POST
@door(Act.CASE_ATTACH)
def attach(request: HttpRequest, pk: int) -> HttpResponse:
    """Attach a file to a case."""
    actor = actor_of(request)
    found = reads.case_seen(actor, pk)
    file = request.FILES.get("file")
    try:
        if file is None:
            raise inbox.NotKept("inbox.empty")
        actions.attach(actor, found, chunks=file.chunks(), name=file.name or "")
    except (Guarded, inbox.NotKept) as error:
        return _page(request, found, error)
    return redirect("case", pk=pk)


@require_GET
@door(Act.CASE_SEE)
def attachment(request: HttpRequest, pk: int, number: int) -> FileResponse:
    """An attachment as a file, never shown in the browser."""
    found = reads.case_seen(actor_of(request), pk)
    its = Attachment.objects.filter(case=found, pk=number).first()
    if its is None:
        raise NotThere
    answer = FileResponse(inbox.path_of(its.stored).open("rb"), as_attachment=True, filename=its.name)
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Cache-Control"] = "no-store"
    return answer


def _page(
    request: HttpRequest, case: Case, error: PageError | None = None, tried: str = "", typed: Any = None
) -> HttpResponse:
    actor, lang = actor_of(request), _lang(request)
    rules = case.rules
    steps = list(case.steps.select_related("person"))
    moves = reads.moves_for(actor, case, steps)
    queue = [row.case.pk for row in reads.work_list(actor) if row.case.machine == case.machine]
    at = queue.index(case.pk) if case.pk in queue else -1
    light = reads.light_of(case)
    context = {
        "case": case,
        "rules": rules,
        "title": w(rules.words, lang),
        "state": w(f"{rules.words}.state.{case.state}", lang),
        "light": LIGHT_CLASS[light],
        "light_words": w(f"flow.light_{light}", lang),
        "facts": [(w(key, lang), text, href) for key, text, href in (rules.facts(case, lang) if rules.facts else [])],
        "moves": [_form(rules.words, one, lang, typed if one.name == tried else None) for one in moves],
        "timeline": [_told(rules.words, one, lang) for one in reads.timeline(case)],
        "attachments": list(case.attachments.select_related("person")),
        "may_attach": case.open and actor.may(Act.CASE_ATTACH, case.unit),
        "may_comment": actor.may(Act.CASE_COMMENT, case.unit),
        "previous": queue[at - 1] if at > 0 else None,
        "next": queue[at + 1] if 0 <= at < len(queue) - 1 else None,
        "error": error.said(lang) if error else "",
        "panel": rules.panel,
        **(rules.panel_of(case, actor) if rules.panel_of else {}),
    }
    return render(request, "flow/case.html", context, status=error.status if error else 200)


def _form(words: str, move: Move, lang: str, typed: dict[str, str] | None) -> dict[str, Any]:
    """A move as a form: its label and fields with what was typed before."""
    said = typed or {}
    fields = [
        {
            "field": field,
            "label": w(f"{words}.field.{field.name}", lang),
            "value": said.get(field.name, ""),
            "choices": [(c, w(f"{words}.choice.{c}", lang)) for c in field.choices],
        }
        for field in move.fields
    ]
    return {
        "move": move, "label": w(f"{words}.move.{move.name}", lang), "fields": fields, "open": typed is not None,
        "note": said.get("note", ""),
    }  # fmt: skip


def _told(words: str, one: Any, lang: str) -> Told:
    if isinstance(one, Comment):
        return Told(one.at, one.person.name, one.role, "", [("", one.text)])
    if isinstance(one, Attachment):
        return Told(one.at, one.person.name, "", w("flow.attached", lang), [("", one.name)])
    what = w("flow.step_open", lang) if one.move == "open" else w(f"{words}.move.{one.move}", lang)
    said = [(w(f"{words}.field.{name}", lang), _shown(words, one, name, lang)) for name in one.values]
    said = [(label, text) for label, text in said if text]
    if one.note:
        said.append((w("flow.note", lang), one.note))
    return Told(one.at, one.person.name, one.role, what, said, w(f"{words}.state.{one.target}", lang))


def _shown(words: str, step: Any, name: str, lang: str) -> str:
    value = step.values[name]
    if isinstance(value, bool):
        return w("ui.yes" if value else "ui.no", lang)
    field = next((f for move in step.case.rules.moves for f in move.fields if f.name == name and f.choices), None)
    if field and value in field.choices:
        return w(f"{words}.choice.{value}", lang)
    return "" if value is None else str(value)


@require_GET
@door(Act.NOTICE_SEE)
def notices(request: HttpRequest) -> HttpResponse:
    """A person's notices, the newest first."""
    lang = _lang(request)
    mine = Notice.objects.filter(person=actor_of(request).person).order_by("-pk")[:NOTICES_SHOWN]
    rows = [{"notice": one, "text": in_words(one.key, one.values, lang)} for one in mine]
    return render(request, "flow/notices.html", {"rows": rows, "unread": any(not one.read_at for one in mine)})


@require_POST
@door(Act.NOTICE_SEE)
def read(request: HttpRequest) -> HttpResponse:
    """Mark all notices as read."""
    actions.read_notices(actor_of(request))
    return redirect("notices")


@door(Act.CALENDAR_SEE)
def days(request: HttpRequest) -> HttpResponse:
    """The calendar of working days of a year; B1 changes days."""
    actor, lang = actor_of(request), _lang(request)
    asked = request.GET.get("year", "")
    year = int(asked) if asked.isdigit() and 1990 <= int(asked) <= 2200 else clock.today().year
    error = ""
    if request.method == "POST":
        try:
            day = date.fromisoformat(request.POST.get("day", ""))
        except ValueError:
            error = w("flow.calendar_bad", lang)
        else:
            working = {"work": True, "rest": False}.get(request.POST.get("kind", ""))
            calendar.set_day(actor, day=day, working=working, name=request.POST.get("name", "").strip()[:60])
            return redirect(f"/calendar?year={day.year}")
    context = {
        "year": year,
        "rows": WorkingDay.objects.filter(day__year=year).order_by("day"),
        "known": calendar.known_year(year),
        "may_edit": actor.may(Act.CALENDAR_EDIT),
        "error": error,
        "typed": request.POST,
    }
    return render(request, "flow/calendar.html", context, status=422 if error else 200)


def _lang(request: HttpRequest) -> str:
    return getattr(request, "lang", "zh")
