"""Pages of cases: facts, moves, timeline, comments, attachments; notices; the calendar."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from drgpay_web import clock, inbox
from drgpay_web.flow import actions, calendar, contacts, giving, lists, reads
from drgpay_web.flow.forms import fields_of
from drgpay_web.flow.machine import Guarded, Move, Stale, in_words, step_words
from drgpay_web.flow.models import Attachment, Case, Comment, Notice, WorkingDay
from drgpay_web.people import Act, Actor, NotThere, Person, Role, actor_of, door
from drgpay_web.ui import lang_of, w
from drgpay_web.ui.errors import PageError
from drgpay_web.ui.going import came_to_end, going
from drgpay_web.ui.values import printed

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
    return page(request, pk)


@require_POST
@door(Act.CASE_SEE)
def move(request: HttpRequest, pk: int) -> HttpResponse:
    """Make a move; where it is not possible the page comes back with what was typed."""
    actor = actor_of(request)
    found = reads.case_seen(actor, pk)
    name, version = request.POST.get("move", ""), request.POST.get("version", "")
    if not version.isdigit():
        raise Guarded("flow.no_such_move")
    typed = {key.removeprefix("f_"): _typed(request, key) for key in request.POST if key.startswith("f_")}
    try:
        actions.do(
            actor, found, name, version=int(version), values=typed, note=request.POST.get("note", "").strip()[:2000]
        )
    except (Guarded, Stale) as error:
        return page(request, pk, error, name, typed | {"note": request.POST.get("note", "")})
    try:
        reads.case_seen(actor, pk)
    except NotThere:  # who gave it back is led on, not to a page that is his no more
        messages.success(request, w("flow.not_yours_now", lang_of(request), number=found.number))
        return redirect("/")
    return redirect("case", pk=pk)


def _typed(request: HttpRequest, key: str) -> str:
    """What was typed in a field; of a field with several choices, all of them."""
    return ",".join(request.POST.getlist(key))


@require_POST
@door(Act.CASE_SEE)
def recall(request: HttpRequest, pk: int) -> HttpResponse:
    """Take one's last step back."""
    actor = actor_of(request)
    found, version = reads.case_seen(actor, pk), request.POST.get("version", "")
    try:
        if not version.isdigit():
            raise Guarded("flow.not_recallable")
        actions.recall(actor, found, version=int(version))
    except (Guarded, Stale) as error:
        return page(request, pk, error)
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
        return page(request, pk, error)
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
        return page(request, pk, error)
    return redirect("case", pk=pk)


@require_GET
@door(Act.CASE_SEE)
def attachment(request: HttpRequest, pk: int, number: int) -> FileResponse:
    """An attachment as a file, never shown in the browser."""
    found = reads.case_seen(actor_of(request), pk)
    its = next((one for one in reads.attachments(found, actor_of(request)) if one.pk == number), None)
    if its is None:
        raise NotThere
    answer = FileResponse(inbox.path_of(its.stored).open("rb"), as_attachment=True, filename=its.name)
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Cache-Control"] = "no-store"
    return answer


@require_GET
@door(Act.CASE_SEE)
def progress(request: HttpRequest, pk: int) -> HttpResponse:
    """What goes on for a case, asked again by its page while it does."""
    reads.case_seen(actor_of(request), pk)
    said = going(request, pk, request.path)
    return HttpResponse(said) if said else came_to_end(render(request, "flow/ended.html"))


def page(
    request: HttpRequest, pk: int, error: PageError | None = None, tried: str = "", typed: Any = None
) -> HttpResponse:
    """The page of a case; with an error and what was typed where a move was not possible."""
    actor, lang = actor_of(request), lang_of(request)
    goes = going(request, pk, reverse("case-progress", args=[pk]))  # first: what ends meanwhile is asked again
    case = reads.case_seen(actor, pk)
    rules = case.rules
    steps = list(case.steps.select_related("person"))
    can = sorted(reads.moves_for(actor, case, steps), key=lambda one: not one.waits(case))  # what is waited for first
    moves = [(one, one.ready(case, actor) if one.ready else None) for one in can]
    along = "list" if request.GET.get("along") == "list" else ""
    light = reads.light_of(case)
    context = {
        "case": case,
        "rules": rules,
        "title": w(rules.words, lang),
        "state": reads.state_words(actor, case),
        "light": LIGHT_CLASS[light],
        "light_words": w(f"flow.light_{light}", lang),
        "facts": [(w(key, lang), text, href) for key, text, href in (rules.facts(case, lang) if rules.facts else [])],
        "moves": [_form(case, actor, one, typed if one.name == tried else None) for one, why in moves if not why],
        "waiting": [(w(f"{rules.words}.move.{one.name}", lang), why.said(lang)) for one, why in moves if why],
        "recallable": bool(steps) and steps[-1].before is not None and steps[-1].person_id == actor.person.pk,
        "timeline": [_told(rules.words, one, lang) for one in reads.timeline(case, actor)],
        "attachments": reads.attachments(case, actor),
        "case_papers": [
            (one.name, w(f"{rules.words}.paper.{one.name}", lang)) for one in rules.papers if one.there(case)
        ],
        "case_links": [(one, w(one.rules.words, lang)) for one in reads.linked(case, actor)],
        "may_attach": case.open and actor.may(Act.CASE_ATTACH, case.unit),
        "may_comment": actor.may(Act.CASE_COMMENT, case.unit),
        "takers": giving.may_take(case) if case.open and actor.may(Act.CASE_HAND_OVER, case.unit) else [],
        "contact": contacts.contact_line(case.area, rules.contact) if actor.role.side == "hospital" else "",
        "along": along,
        **_beside(actor, case, along),
        "error": error.said(lang) if error else "",
        "going": goes,
        "panel": rules.panel,
        **(rules.panel_of(case, actor) if rules.panel_of else {}),
    }
    return render(request, "flow/case.html", context, status=error.status if error else 200)


def _beside(actor: Actor, case: Case, along: str) -> dict[str, int | None]:
    """The cases before and after this one: along the list it was opened from, else along the work list as it was last
    filtered. Of a case that is on it no more (a move was just made) the next is the first that waits."""
    queue = list(lists.along_list(actor, case) if along else lists.along_work(actor))
    if case.pk not in queue:
        return {"previous": None, "next": queue[0] if queue else None}
    at = queue.index(case.pk)
    return {"previous": queue[at - 1] if at else None, "next": queue[at + 1] if at + 1 < len(queue) else None}


def _form(case: Case, actor: Actor, move: Move, typed: dict[str, str] | None) -> dict[str, Any]:
    """A move as a form: its label and fields with what was typed before."""
    said = typed or {}
    label = w(f"{case.rules.words}.move.{move.name}", actor.person.language)
    return {
        "move": move, "label": label, "fields": fields_of(case, actor, move, said), "open": typed is not None,
        "note": said.get("note", ""),
    }  # fmt: skip


def _told(words: str, one: Any, lang: str) -> Told:
    if isinstance(one, Comment):
        return Told(one.at, one.person.name, one.role, "", [("", one.text)])
    if isinstance(one, Attachment):
        return Told(one.at, one.person.name, "", w("flow.attached", lang), [("", one.name)])
    known = {field.name for move in one.case.rules.moves if move.name == one.move for field in move.fields}
    said = [
        (w(f"{words}.field.{name}", lang), _shown(words, one, name, lang)) for name in one.values if name in known
    ]
    if one.move == "hand_over":
        said = [(w("flow.hand_over_to", lang), one.values["to"] or w("flow.everybody", lang))]
    said = [(label, text) for label, text in said if text]
    if one.note:
        said.append((w("flow.note", lang), one.note))
    role = "" if one.role == str(Role.SYSTEM) else one.role  # its person bears the same name
    return Told(
        one.at, one.person.name, role, step_words(words, one, lang), said, w(f"{words}.state.{one.target}", lang)
    )


def _shown(words: str, step: Any, name: str, lang: str) -> str:
    value = step.values[name]
    if isinstance(value, bool):
        return w("ui.yes" if value else "ui.no", lang)
    field = next(
        (f for move in step.case.rules.moves if move.name == step.move for f in move.fields if f.name == name), None
    )
    if field and field.told and value:
        return str(field.told(value, lang))
    if field and field.told_of and value:
        return str(field.told_of(step.case, value, lang))
    if field and field.kind == "money" and value is not None:
        return printed(value, "fen", lang)
    if field and field.kind == "persons":
        return "、".join(Person.objects.filter(pk__in=value).order_by("pk").values_list("name", flat=True))
    if field and value in field.choices:
        return w(f"{words}.choice.{value}", lang)
    return "" if value is None else str(value)


@require_GET
@door(Act.NOTICE_SEE)
def notices(request: HttpRequest) -> HttpResponse:
    """A person's notices, the newest first."""
    actor, lang = actor_of(request), lang_of(request)
    mine = reads.notices_of(actor.person).select_related("case").order_by("-pk")[:NOTICES_SHOWN]
    rows = [{"notice": one, "text": _notice(actor, one, lang)} for one in mine]
    return render(request, "flow/notices.html", {"rows": rows, "unread": any(not one.read_at for one in mine)})


def _notice(actor: Actor, one: Notice, lang: str) -> str:
    """What a notice says; where it begins with the number of its case, the kind of the case stands before."""
    text = in_words(one.key, reads.notice_told(actor, one), lang)
    if one.case is None or not text.startswith(one.case.number):
        return text
    return f"{w(one.case.rules.words, lang)} {text}"


@require_POST
@door(Act.NOTICE_SEE)
def read(request: HttpRequest) -> HttpResponse:
    """Mark all notices as read."""
    actions.read_notices(actor_of(request))
    return redirect("notices")


@require_http_methods(["GET", "HEAD", "POST"])
@door(Act.CONTACT_SEE)
def bureau_contacts(request: HttpRequest) -> HttpResponse:
    """Whom to call at the bureau, by topic; B1 says it."""
    actor, lang, error = actor_of(request), lang_of(request), ""
    if request.method == "POST":
        said = {name: request.POST.get(name, "").strip() for name in ("topic", "office", "phone", "hours")}
        try:
            contacts.name_contact(actor, **said)
        except Guarded as wrong:
            error = wrong.said(lang)
        else:
            return redirect("contacts")
    known = contacts.contacts(actor.area)
    context = {
        "rows": [(w(f"flow.topic_{topic}", lang), known.get(topic)) for topic in contacts.TOPICS],
        "topics": [(topic, w(f"flow.topic_{topic}", lang)) for topic in contacts.TOPICS],
        "may_edit": actor.may(Act.CONTACT_EDIT),
        "error": error,
        "typed": request.POST,
    }
    return render(request, "flow/contacts.html", context, status=422 if error else 200)


@door(Act.CALENDAR_SEE)
def days(request: HttpRequest) -> HttpResponse:
    """The calendar of working days of a year; B1 changes days."""
    actor, lang = actor_of(request), lang_of(request)
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
