"""Pages of files: what is taken and why, one's own downloads, the file itself, and which file a serial names."""

from __future__ import annotations

import hashlib
from typing import Any

from django.db.models import Q
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from drgpay.runs import browse
from drgpay_web import clock, flow, jobs, store, trail
from drgpay_web.papers import actions, excel, giving
from drgpay_web.papers.models import Download
from drgpay_web.people import Act, Actor, NotThere, actor_of, door
from drgpay_web.store import Result
from drgpay_web.ui import Unfit, lang_of, w

AT_ONCE = 5_000
"""rows that are written while one waits; more are a job"""
KINDS = {4: ("year", "stays"), 7: ("month", "stays")}
"""by the length of the period: the papers of an institution"""
LEAST = 12
"""signs of a digest that are enough to look for it"""


@door(Act.EXPORT_TABLE)
@require_http_methods(["GET", "HEAD", "POST"])
def take_table(request: HttpRequest, result: int, table: str) -> HttpResponse:
    """A selection of a table: asked for a reason, then made."""
    actor, lang = actor_of(request), lang_of(request)
    found = store.result_seen(actor, result)
    persons = request.POST.get("persons") == "1"
    view = actions.view_taken(actor, found, table, request.GET, persons)
    page = browse(store.folder(found), view, limit=0, totals=False)
    if not store.table_seen(actor, page.table):
        raise NotThere
    if request.method != "POST":
        may = actor.may(Act.EXPORT_PERSONS) and bool(page.masked)
        what = page.table.name.replace("_", " ") if lang == "en" else page.table.zh
        return _form(request, found, what, page.total, may_persons=may)
    reason = giving.reason_of(request)
    if page.total > excel.MOST:
        raise Unfit("papers.too_many", most=excel.MOST)
    if page.total > AT_ONCE:
        payload = actions.payload_of(found, table, request.GET, persons, reason, lang)
        key = hashlib.sha256(f"{actor.person.pk} {payload}".encode()).hexdigest()[:32]
        return redirect("job", pk=jobs.order(actor, kind="papers", area=actor.area, key=key, payload=payload).pk)
    actions.table_file(actor, result=found, table=table, asked=request.GET, persons=persons, reason=reason, lang=lang)
    return HttpResponseRedirect(reverse("downloads"))


@door(Act.EXPORT_TABLE)
@require_http_methods(["GET", "HEAD", "POST"])
def take_summary(request: HttpRequest, result: int) -> HttpResponse:
    """Sums as they are on the screen."""
    actor, lang = actor_of(request), lang_of(request)
    found = store.result_seen(actor, result)
    if request.method != "POST":
        return _form(request, found, w("papers.sums", lang), None)
    actions.summary_file(actor, result=found, asked=request.GET, reason=giving.reason_of(request), lang=lang)
    return HttpResponseRedirect(reverse("downloads"))


@door(Act.EXPORT_TABLE)
@require_http_methods(["GET", "HEAD", "POST"])
def take_cases(request: HttpRequest, machine: str) -> HttpResponse:
    """The list of a kind of case as it is filtered."""
    actor, lang = actor_of(request), lang_of(request)
    table, count = flow.list_table(actor, machine, request.GET, lang)
    said = w("flow.take_most", lang, most=flow.MOST) if count > flow.MOST else ""
    return giving.take_list(request, table, count, warning=said)


@door(Act.STATEMENT_SEE)
@require_http_methods(["GET", "HEAD", "POST"])
def take_statement(request: HttpRequest, result: int, house: str) -> HttpResponse:
    """A statement as a paper; the list of stays for those who may see stays."""
    actor, lang = actor_of(request), lang_of(request)
    unit = next((one for one in actor.institutions(Act.STATEMENT_SEE) if one.code == house), None)
    found = store.result_seen(actor, result)
    if unit is None:
        raise NotThere
    kinds = [kind for kind in KINDS[len(found.period)] if kind != "stays" or _may_stays(actor)]
    kind = request.POST.get("kind", kinds[0])
    if kind not in kinds:
        raise NotThere
    if request.method != "POST":
        context = giving.form_of(request, w("papers.statement", lang, name=unit.name), found.period,
                                 forms=giving.ENDINGS)  # fmt: skip
        return render(request, "papers/take.html", context | {"kinds": kinds})
    return giving.take(request, giving.statement_offer(found, unit, kind))


@door(Act.CASE_SEE)
@require_http_methods(["GET", "HEAD", "POST"])
def case_paper(request: HttpRequest, pk: int, name: str, ending: str) -> HttpResponse:
    """A letter or decision of a case: at once, or where it is the house's own with a reason."""
    case = flow.case_seen(actor_of(request), pk)
    found = giving.case_offer(case, name)
    if found is None or ending not in found[0].endings:
        raise NotThere
    offer, inside = found
    if inside:
        return giving.take(request, offer, chosen=ending)
    title = w(f"{case.rules.words}.paper.{name}", lang_of(request))
    return giving.give(request, offer, ending, f"{case.unit.name}_{title}_{case.number}")


def _may_stays(actor: Actor) -> bool:
    return actor.may(Act.STAY_SEE) and actor.may(Act.EXPORT_TABLE)


@door(Act.DOWNLOAD_SEE)
@require_safe
def downloads(request: HttpRequest) -> HttpResponse:
    """What one has taken, the latest first."""
    actions.forget_expired()
    mine = Download.objects.filter(person=actor_of(request).person).select_related("result").order_by("-pk")[:100]
    return render(request, "papers/downloads.html", {"mine": mine})


@door(Act.DOWNLOAD_SEE)
@require_safe
def download(request: HttpRequest, pk: int) -> HttpResponseBase:
    """One of them, to its own person and while its time lasts."""
    actor = actor_of(request)
    found = Download.objects.filter(pk=pk, person=actor.person).first()
    if found is None or found.until < clock.real_now() or not (actions.exports() / found.stored).is_file():
        raise NotThere
    trail.record(actor, "download.fetch", f"download:{found.pk}")
    answer = FileResponse((actions.exports() / found.stored).open("rb"), as_attachment=True, filename=found.name)
    answer["Cache-Control"] = "no-store"
    return answer


@door(Act.EXPORT_FIND)
@require_safe
def which(request: HttpRequest) -> HttpResponse:
    """Whose file a serial or a digest names: of files taken in the area."""
    actor, asked = actor_of(request), request.GET.get("asked", "").strip()
    found = []
    if len(asked) >= LEAST:
        its = Download.objects.filter(unit__area=actor.area).select_related("person", "unit", "result", "case")
        files = its.filter(Q(serial__iexact=asked) | Q(sha256__startswith=asked.lower())).order_by("-pk")[:20]
        fetched = trail.Event.objects.filter(act="download.fetch")
        found = [(one, fetched.filter(subject=f"download:{one.pk}")) for one in files]
    if asked:
        trail.record(actor, Act.EXPORT_FIND, f"serial:{asked[:64]}", after={"found": len(found)})
    return render(request, "papers/which.html", {"asked": asked, "found": found})


def _form(request: HttpRequest, result: Result, what: str, rows: int | None, **more: Any) -> HttpResponse:
    """Asks for the reason before anything is made."""
    return render(request, "papers/take.html", giving.form_of(request, what, result.period) | {"rows": rows, **more})
