"""Pages of runs, candidates and periods."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from drgpay import runs
from drgpay_web import clock, flow, jobs, store, trail
from drgpay_web.clearing import actions, reads, reopening_moves, results
from drgpay_web.clearing.links import CLOSED, periods_of, standing
from drgpay_web.clearing.statement_moves import result_of
from drgpay_web.people import Act, NotThere, actor_of, door
from drgpay_web.ui import Unfit, lang_of, w
from drgpay_web.ui.pages import page_of


@require_GET
@door(Act.RUN_SEE)
def all_runs(request: HttpRequest) -> HttpResponse:
    """What comes next in the book, the form that orders a look, and all results."""
    return _runs(request)


def _runs(request: HttpRequest, error: Unfit | None = None) -> HttpResponse:
    actor, lang = actor_of(request), lang_of(request)
    found = store.Result.objects.filter(area=actor.area, kind__in=("run", "trial")).exclude(state="lost")
    page = page_of(request, found.select_related("job", "job__ordered_by", "pin").order_by("-pk"))
    year = _year(request)
    book = standing(actor.area, year)
    going = jobs.Job.objects.filter(area=actor.area, kind=actions.RUN, state__in=("queued", "running")).first()
    context = {
        "page": page,
        "rows": [(one, _state(one, lang), reads.STATE_CLASS.get(one.state, "")) for one in page],
        "year": year,
        "book": book,
        "periods": periods_of(year),
        "typed": request.POST
        or {"period": book.period or str(year), "kind": results.CANDIDATE, "policy": store.practice_of(actor.area)},
        "policies": _policies(actor.area, lang),
        "may_order": actor.may(Act.RUN_ORDER),
        "may_reopen": actor.may(Act.REOPENING_ASK) and book.next == CLOSED,
        "reopening": reopening_moves.open_case_of(actor.area, year) if actor.may(Act.REOPENING_SEE) else None,
        "going": going,
        "error": error.said(lang) if error else "",
    }  # fmt: skip
    return render(request, "clearing/runs.html", context, status=error.status if error else 200)


def _policies(area: str, lang: str) -> list[tuple[str, str]]:
    """The practices a run can be ordered by, with their titles."""
    return [(one.id, one.en if lang == "en" else one.zh) for one in store.practices(area)]


def _year(request: HttpRequest) -> int:
    asked = request.POST.get("period", "")[:4] or request.GET.get("year", "")
    known = asked.isascii() and asked.isdigit() and len(asked) == len("2024")
    return int(asked) if known and 1990 <= int(asked) <= 2199 else clock.today().year


@require_POST
@door(Act.REOPENING_ASK)
def reopen(request: HttpRequest) -> HttpResponse:
    """Ask for a sealed year to be opened again."""
    reason = request.POST.get("reason", "").strip()[:500]
    try:
        case = actions.reopen(actor_of(request), year=_year(request), reason=reason)
    except Unfit as error:
        return _runs(request, error)
    return redirect("case", pk=case.pk)


@require_POST
@door(Act.RUN_ORDER)
def look(request: HttpRequest) -> HttpResponse:
    """Have a period looked at before it is run."""
    said = {name: request.POST.get(name, "") for name in ("period", "kind", "policy")}
    try:
        job = actions.order_look(actor_of(request), **said)
    except Unfit as error:
        return _runs(request, error)
    return redirect("run-looked", pk=job.pk)


@require_GET
@door(Act.RUN_SEE)
def looked(request: HttpRequest, pk: int) -> HttpResponse:
    """What looks wrong before money moves, and the form that orders the run."""
    return _looked(request, _job(request, pk, actions.LOOK))


def _looked(request: HttpRequest, job: jobs.Job, error: Unfit | None = None) -> HttpResponse:
    actor, lang = actor_of(request), lang_of(request)
    notices = [
        {"stops": one["stops"], "title": _check(one["check"], lang), "text": one[lang]}
        for one in (job.result or {}).get("notices", [])
    ]
    pin = store.Pin.objects.get(pk=job.payload["pin"])
    context = {
        **jobs.shown(request, job),
        "period": job.payload["period"],
        "kind": _kind(job.payload["kind"], lang),
        "pin": pin,
        "practice": reads.practice_title(pin.area, pin.policy, lang),
        "notices": sorted(notices, key=lambda one: not one["stops"]),
        "stops": any(one["stops"] for one in notices),
        "ready": job.state == "done",
        "may_order": actor.may(Act.RUN_ORDER),
        "failed": error.said(lang) if error else "",
        "reason": request.POST.get("reason", ""),
    }
    return render(request, "clearing/looked.html", context, status=error.status if error else 200)


def _check(name: str, lang: str) -> str:
    found = runs.ready_checks().get(name)
    return name if found is None else found.en if lang == "en" else found.zh


@require_POST
@door(Act.RUN_ORDER)
def order(request: HttpRequest, pk: int) -> HttpResponse:
    """Order the run of what was looked at."""
    job = _job(request, pk, actions.LOOK)
    try:
        ordered = actions.order_run(actor_of(request), look=job, reason=request.POST.get("reason", "").strip()[:500])
    except Unfit as error:
        return _looked(request, job, error)
    return redirect("run-running", pk=ordered.pk)


@require_GET
@door(Act.RUN_SEE)
def running(request: HttpRequest, pk: int) -> HttpResponse:
    """A run while it goes on; when it is done its result."""
    job = _job(request, pk, actions.RUN)
    made = store.Result.objects.filter(job=job).first()
    if made:
        return redirect("run", pk=made.pk)
    context = {
        **jobs.shown(request, job),
        "period": job.payload["period"],
        "kind": _kind(job.payload["kind"], lang_of(request)),
    }
    return render(request, "clearing/running.html", context)


@require_GET
@door(Act.RUN_SEE)
def candidate(request: HttpRequest, pk: int) -> HttpResponse:
    """A result: its checks, where the money goes, how it differs from the one before, what changed since."""
    return _candidate(request, pk)


def _candidate(request: HttpRequest, pk: int, error: flow.Guarded | None = None) -> HttpResponse:
    actor, lang = actor_of(request), lang_of(request)
    result = actions.result_seen(actor, pk)
    scope = actor.scope(Act.RUN_SEE)
    period = flow.Case.objects.filter(machine="period", area=actor.area, period=result.period).order_by("-pk").first()
    checking = jobs.Job.objects.filter(key=results.verify_key(result), state__in=("queued", "running")).first()
    whole = any(check["done"] for check in results.verified(result)[-1:])
    why = results.unpublishable(actor, result) if result.kind == "run" else None
    context = {
        "result": result,
        "state": _state(result, lang),
        "class": reads.STATE_CLASS.get(result.state, ""),
        "checks": [
            {"name": check[lang], "ok": check["ok"], "done": check["done"], "note": check[f"note_{lang}"],
             "failure": check["failure"]}
            for check in results.verified(result)
        ],
        "whole": whole,
        "checking": checking,
        "practice": reads.practice(result, lang),
        "balance": reads.balance(result, scope, lang),
        "difference": reads.difference(result, lang),
        "changed": reads.changed(result, lang),
        "period": period,
        "accepted": result.job.payload if result.job and result.job.payload.get("accept") else None,
        "may_order": actor.may(Act.RUN_ORDER),
        "may_analyse": actor.may(Act.ANALYSIS_MAKE) and result.kind == "run" and len(result.period) == len("2024-01"),
        "may_publish": actor.may(Act.PERIOD_PUBLISH) and result.state == results.CANDIDATE,
        "why": why.said(lang) if why else "",
        "error": error.said(lang) if error else "",
    }  # fmt: skip
    return render(request, "clearing/candidate.html", context, status=error.status if error else 200)


@require_POST
@door(Act.RUN_ORDER)
def verify(request: HttpRequest, pk: int) -> HttpResponse:
    """Have a result checked in full."""
    actor = actor_of(request)
    job = actions.order_check(actor, actions.result_seen(actor, pk))
    return redirect("job", pk=job.pk)


@require_POST
@door(Act.PERIOD_PUBLISH)
def publish(request: HttpRequest, pk: int) -> HttpResponse:
    """Publish a candidate."""
    actor = actor_of(request)
    try:
        case = actions.publish(actor, actions.result_seen(actor, pk))
    except (flow.Guarded, flow.Stale) as error:
        return _candidate(request, pk, error)  # type: ignore[arg-type]
    return redirect("case", pk=case.pk)


@require_GET
@door(Act.PERIOD_SEE)
def periods(request: HttpRequest) -> HttpResponse:
    """A year at a glance: institution × state of its statements."""
    actor = actor_of(request)
    year = _year(request)
    context = {"year": year, "years": reads.years(actor), **reads.grid(actor, year, lang_of(request))}
    return render(request, "clearing/periods.html", context)


@require_GET
@door(Act.PERIOD_STORY)
def story(request: HttpRequest, pk: int) -> HttpResponse:
    """All that happened in a period, in order, and whether the chain of the trail is whole."""
    return _story(request, pk, Act.PERIOD_STORY)


@require_GET
@door(Act.AUDIT_SEARCH)
def audited(request: HttpRequest, pk: int) -> HttpResponse:
    """The same for the auditor."""
    return _story(request, pk, Act.AUDIT_SEARCH)


@require_GET
@door(Act.AUDIT_SEARCH)
def stories(request: HttpRequest) -> HttpResponse:
    """The periods whose story the auditor can read."""
    lang = lang_of(request)
    found = flow.Case.objects.filter(machine="period", area=actor_of(request).area).order_by("-period", "-pk")
    page = page_of(request, found)
    rows = [(one, reads.state_words("period", one.state, lang), reads.STATE_CLASS[one.state]) for one in page]
    return render(request, "clearing/stories.html", {"page": page, "rows": rows})


def _story(request: HttpRequest, pk: int, act: Act) -> HttpResponse:
    actor, lang = actor_of(request), lang_of(request)
    case = flow.Case.objects.select_related("unit").filter(pk=pk, machine="period").first()
    if case is None:
        raise NotThere
    actor.need(act, case.unit)
    broken = trail.check()
    events = reads.story(case)
    result = result_of(case)
    context = {
        "case": case,
        "state": reads.state_words("period", case.state, lang),
        "lines": [(event, trail.sentence(event, lang)) for event in events],
        "broken": broken,
        "last": events[-1] if events else None,
        "result": result,
        "seal": case.data.get("seal"),
        "may_see": actor.may(Act.PERIOD_SEE, case.unit),
    }
    return render(request, "clearing/story.html", context)


def _job(request: HttpRequest, pk: int, kind: str) -> jobs.Job:
    job = jobs.job_seen(actor_of(request), pk)
    if job.kind != kind:
        raise NotThere
    return job


def _state(result: Any, lang: str) -> str:
    return w(f"clearing.result.{result.state}", lang)


def _kind(kind: str, lang: str) -> str:
    return w(f"clearing.kind_{kind}", lang)
