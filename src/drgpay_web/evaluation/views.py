"""The page that opens an evaluation; everything else is the page of its cases."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from drgpay_web.evaluation import actions, reads
from drgpay_web.people import Act, actor_of, door
from drgpay_web.ui import Unfit, lang_of


@require_http_methods(["GET", "POST"])
@door(Act.EVALUATION_OPEN)
def opened(request: HttpRequest) -> HttpResponse:
    """Choose card and year of a new evaluation; where that cannot be, the form says why."""
    actor, lang = actor_of(request), lang_of(request)
    error: Unfit | None = None
    if request.method == "POST":
        try:
            case = actions.open_year(actor, card=request.POST.get("card", ""), year=request.POST.get("year", ""))
        except Unfit as unfit:
            error = unfit
        else:
            return redirect("case", pk=case.pk)
    context = {
        "cards": reads.cards(lang), "typed": request.POST, "year": reads.usual_year(actor.area),
        "error": error.said(lang) if error else "",
    }  # fmt: skip
    return render(request, "evaluation/open.html", context, status=error.status if error else 200)
