"""Pages of drafts: beginning one, setting a value beside the one in force, and how two grouping schemes differ."""

from __future__ import annotations

from datetime import date

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from drgpay import runs
from drgpay_web import clock, flow, inbox, store
from drgpay_web.people import Act, NotThere, actor_of, door
from drgpay_web.policy import actions, drafting
from drgpay_web.ui import lang_of
from drgpay_web.ui.errors import PageError, Unfit
from drgpay_web.ui.pages import page_of


@door(Act.POLICY_DRAFT)
def begin(request: HttpRequest) -> HttpResponse:
    """Begin a draft: practice, document, days."""
    actor, error = actor_of(request), None
    if request.method == "POST":
        try:
            issued, in_force = (_day(request.POST.get(name, "")) for name in ("issued", "in_force"))
            case = actions.draft(
                actor, of=request.POST.get("of", ""), document=request.POST.get("document", "").strip()[:200],
                issued=issued, in_force=in_force,
            )  # fmt: skip
            return redirect("case", pk=case.pk)
        except PageError as wrong:
            error = wrong
    context = {
        "practices": store.practices(actor.area), "own": store.practice_of(actor.area), "said": request.POST,
        "today": clock.today(), "error": error.said(lang_of(request)) if error else "",
    }  # fmt: skip
    return render(request, "policy/begin.html", context, status=error.status if error else 200)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Unfit("policy.days_wrong") from None


@door(Act.POLICY_DRAFT)
def value(request: HttpRequest, pk: int) -> HttpResponse:
    """A parameter of a draft: what is in force, and what the draft sets."""
    actor, lang = actor_of(request), lang_of(request)
    case = flow.case_seen(actor, pk)
    if case.machine != "policy" or case.state != "draft":
        raise NotThere
    known = drafting.titles(case, lang)
    sent = request.POST if request.method == "POST" else request.GET
    chosen = known.get(sent.get("p", ""))
    error: PageError | None = None
    if request.method == "POST" and chosen:
        said = {name: sent.get(name, "") for name in ("value", "clause", "source")}
        try:
            version = int(sent.get("version", "0")) if sent.get("version", "").isdigit() else 0
            flow.do(actor, case, "set", version=version, values={"parameter": chosen.name, **said})
            return redirect("case", pk=pk)
        except (flow.Guarded, flow.Stale) as wrong:
            error = wrong
    kept = case.data["values"].get(chosen.name, {}) if chosen else {}
    context = {
        "case": case, "known": known.values(), "chosen": chosen, "error": error.said(lang) if error else "",
        "value": sent.get("value") or kept.get("value") or (chosen.value if chosen else ""),
        "clause": sent.get("clause") or kept.get("clause", ""),
        "source": sent.get("source") or kept.get("source", ""),
    }  # fmt: skip
    return render(request, "policy/value.html", context, status=error.status if error else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@door(Act.POLICY_DRAFT)
def scheme(request: HttpRequest, pk: int) -> HttpResponse:
    """Bring the file of a grouping scheme to a draft."""
    actor, lang, error = actor_of(request), lang_of(request), ""
    case = flow.case_seen(actor, pk)
    if case.machine != "policy" or case.state != "draft":
        raise NotThere
    file = request.FILES.get("file")
    if request.method == "POST":
        said = {name: request.POST.get(name, "").strip()[:60] for name in ("scheme_id", "title")}
        try:
            if file is None:
                raise inbox.NotKept("inbox.empty")
            job = actions.bring_scheme(actor, case, chunks=file.chunks(), name=file.name or "", **said)
        except PageError as wrong:
            error = wrong.said(lang)
        else:
            return redirect("job", pk=job.pk)
    context = {"case": case, "error": error, "said": request.POST}
    return render(request, "policy/scheme.html", context, status=422 if error else 200)


@require_GET
@door(Act.POLICY_SEE)
def schemes(request: HttpRequest) -> HttpResponse:
    """How two grouping schemes differ."""
    lang = lang_of(request)
    names = {one.id: one for one in runs.scheme_names()}
    old, new = (request.GET.get(side, "") for side in ("old", "new"))
    if any(one and one not in names for one in (old, new)):
        raise NotThere
    lines = runs.schemes_differ(old, new, lang) if old and new else []
    context = {"names": names.values(), "old": old, "new": new, "page": page_of(request, lines), "total": len(lines)}
    return render(request, "policy/schemes.html", context)
