"""Help: the guide of the reader's role, and of it the part about the page one comes from."""

from __future__ import annotations

import re

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from drgpay_web import flow
from drgpay_web.pages.guide import about, guide
from drgpay_web.people import Act, Actor, NotThere, Refused, actor_of, door, role_words
from drgpay_web.ui import lang_of, w
from drgpay_web.ui.navigation import place_at

_CASE = re.compile(r"/cases/(\d{1,15})\b")
_LIST = re.compile(r"/cases/of/(\w+)")


@door(Act.GLOSSARY_SEE)
@require_safe
def help_page(request: HttpRequest) -> HttpResponse:
    """What the guide says; ``at``: the address one comes from."""
    actor, lang = actor_of(request), lang_of(request)
    title = title_at(actor, request.GET.get("at", ""), lang)
    context = {
        "role_word": role_words(actor.role, lang), "parts": guide(actor.role, lang), "title": title,
        "here": about(actor.role, title, lang) if title else [],
    }  # fmt: skip
    return render(request, "pages/help.html", context)


def title_at(actor: Actor, address: str, lang: str) -> str:
    """What the page at an address is called in the menu; of a case its kind; empty for any other."""
    if (place := place_at(actor, address)) is not None:
        return w(place.key, lang)
    if (kind := _LIST.match(address)) is not None:
        rules = next((one for one in flow.machines() if one.name == kind[1]), None)
        return w(rules.words, lang) if rules and actor.may(rules.see) else ""
    if (number := _CASE.match(address)) is None:
        return ""
    try:
        return w(flow.case_seen(actor, int(number[1])).rules.words, lang)
    except (NotThere, Refused):
        return ""
