"""What is being worked on: a room that does long work says in ``going.py`` what waits or goes on for a case, and the
case's page shows it until it has come to an end."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString

from drgpay_web.ui.parts import parts


def going(request: HttpRequest, case: int, again: str) -> SafeString:
    """What goes on for a case (by its number in the data base) as a part of its page; empty where nothing does.
    ``again``: the address that says it anew."""
    return SafeString("".join(part.going(request, case, again) for part in parts("going")))


def came_to_end(answer: HttpResponse) -> HttpResponse:
    """Tell the page that what it showed has ended: it comes anew, unless somebody is writing on it (office.js)."""
    answer["HX-Trigger"] = "came-to-end"
    return answer
