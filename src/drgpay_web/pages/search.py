"""One search over everything the reader may see."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from drgpay_web.people import Act, actor_of, door
from drgpay_web.ui import finding, lang_of


@door(Act.SEARCH_USE)
@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """What is found, by kind; where nothing is, what can be searched."""
    actor, lang = actor_of(request), lang_of(request)
    asked = " ".join(request.GET.get("q", "").split())[: finding.LONGEST]
    context = {
        "q": asked,
        "kinds": finding.find(actor, asked, lang),
        "ways": [(one.key, f"{one.key}_how") for one in finding.finders(actor)],
    }
    return render(request, "pages/search.html", context)
