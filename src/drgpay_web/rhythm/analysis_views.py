"""Pages of the analysis of a month: have it made, read it, take it."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from drgpay_web.papers import giving
from drgpay_web.people import Act, Unit, actor_of, door
from drgpay_web.rhythm import actions
from drgpay_web.rhythm import analysis_moves as moves
from drgpay_web.rhythm import analysis_reads as reads
from drgpay_web.ui import lang_of


@require_http_methods(["GET", "POST"])
@door(Act.ANALYSIS_MAKE)
def new(request: HttpRequest) -> HttpResponse:
    """Choose the month."""
    actor, months = actor_of(request), reads.months_there(actor_of(request).area)
    period = request.POST.get("period", "")
    if request.method == "POST" and period in months:
        return redirect("case", pk=actions.analyse(actor, period=period).pk)
    context = {"months": months, "chosen": request.GET.get("period", "")}
    return render(request, "rhythm/new_analysis.html", context, status=422 if request.method == "POST" else 200)


@require_GET
@door(Act.ANALYSIS_READ)
def analyses(request: HttpRequest) -> HttpResponse:
    """What was sent."""
    actor = actor_of(request)
    context = {"rows": reads.analyses(actor), "may_make": actor.may(Act.ANALYSIS_MAKE),
               "may_see": actor.may(Act.ANALYSIS_SEE)}  # fmt: skip
    return render(request, "rhythm/analyses.html", context)


@require_GET
@door(Act.ANALYSIS_READ)
def analysis(request: HttpRequest, pk: int) -> HttpResponse:
    """One of them on the screen; that it was read is noted."""
    actor, asked = actor_of(request), request.GET.get("unit", "")
    case, unit, version = reads.seen(actor, pk, asked)
    paper = moves.kept_paper(case, version, unit, lang_of(request))
    actions.read_analysis(actor, case, version)
    context = {
        "case": case, "unit": unit, "paper": paper, "blocks": reads.blocks_of(paper), "asked": asked,
        "may_see": actor.may(Act.ANALYSIS_SEE),
        "units": moves.houses_of(case, version) if actor.unit.kind == Unit.AREA else [],
    }  # fmt: skip
    return render(request, "rhythm/analysis.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@door(Act.ANALYSIS_READ)
def take(request: HttpRequest, pk: int) -> HttpResponse:
    """Take it as a file: a reason is asked, the copy carries the taker's name."""
    case, unit, version = reads.seen(actor_of(request), pk, request.GET.get("unit", ""))
    return giving.take(request, reads.offer(case, unit, version))
