"""How figures are computed: what each is, its unit, how it comes about, the parameters and their documents."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from drgpay import runs
from drgpay_web import store
from drgpay_web.pages.glossary import parameters, shown, term_of
from drgpay_web.people import Act, Actor, NotThere, actor_of, door
from drgpay_web.ui import lang_of, w
from drgpay_web.ui.tables import title_of
from drgpay_web.ui.values import kind_of

UNITS = ("fen", "points", "share")
"""kinds of numbers whose unit is told"""
MOST = 60
"""names of one question"""


@door(Act.GLOSSARY_SEE)
@require_safe
def how(request: HttpRequest) -> HttpResponse:
    """The figures that the address names by ``of``: tables, columns, sums or terms; where it names none, the
    glossary."""
    if "of" not in request.GET:
        return redirect("glossary")
    actor, lang = actor_of(request), lang_of(request)
    names = [name for name in request.GET.get("of", "").split(",") if name][:MOST]
    terms = list(dict.fromkeys(one for name in names if (one := term_of(name))))
    figures = [line for name in names for line in _figures(actor, name, lang)]
    if not terms and not figures:
        raise NotThere
    return render(request, "pages/how.html", {"terms": shown(actor, terms, lang), "figures": figures})


def _figures(actor: Actor, name: str, lang: str) -> list[dict[str, Any]]:
    """The figures of a name, each with the term that it is."""
    known = parameters(actor.area, lang)
    page = reverse("policy", args=[store.practice_of(actor.area)]) if actor.may(Act.POLICY_SEE) else ""
    return [
        {
            "title": title_of(one.column, lang),
            "unit": w(f"pages.unit_{kind}", lang) if (kind := kind_of(one.column)) in UNITS else "",
            "table": (one.table.en if lang == "en" else one.table.zh) if one.table else "",
            "how": one.how[lang == "en"] or _of_term(one.column.name, lang),
            "rules": [
                (rule, f"{page}?{urlencode({'q': rule.title, 'all': 1})}" if page else "")
                for rule in (known.get(parameter) for parameter in one.parameters) if rule
            ],
        }
        for one in runs.figures_said(name)
    ]  # fmt: skip


def _of_term(figure: str, lang: str) -> str:
    term = term_of(figure)
    return term.said(lang) if term else ""
