"""Pages of who works on what: handing a case over, deputies, institutions in charge."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from drgpay_web import clock
from drgpay_web.flow import desk, giving, list_views, reads
from drgpay_web.flow.machine import Guarded, Stale
from drgpay_web.flow.told import people_with
from drgpay_web.flow.views import page
from drgpay_web.people import Act, Person, actor_of, door
from drgpay_web.ui import Unfit, lang_of, w

PAST = 50
"""changes of charge that the page shows"""


@require_POST
@door(Act.CASE_HAND_OVER)
def hand_over(request: HttpRequest, pk: int) -> HttpResponse:
    """Say who works on a case."""
    actor = actor_of(request)
    found = reads.case_seen(actor, pk)
    to, version = request.POST.get("to", ""), request.POST.get("version", "")
    try:
        if not version.isdigit() or (to and not to.isdigit()):
            raise Guarded("flow.not_to_him")
        person = Person.objects.filter(pk=int(to)).first() if to else None
        if to and person is None:
            raise Guarded("flow.not_to_him")
        note = request.POST.get("note", "").strip()[:2000]
        giving.hand_over(actor, found, to=person, version=int(version), note=note)
    except (Guarded, Stale) as error:
        return page(request, pk, error)
    return redirect("case", pk=pk)


@require_POST
@door(Act.CASE_HAND_OVER)
def hand_over_many(request: HttpRequest) -> HttpResponse:
    """Say who works on the cases that were ticked: for each whether it was handed over, or why not."""
    actor, lang, to = actor_of(request), lang_of(request), request.POST.get("to", "")
    person = Person.objects.filter(pk=int(to)).first() if to.isdigit() else None
    cases = list_views.ticked(actor, request.POST)
    if to and person is None:
        raise Unfit("flow.not_to_him")
    done = giving.hand_over_many(actor, cases, to=person, note=request.POST.get("note", "").strip()[:2000])
    return list_views.told(request, actor, done, w("flow.hand_over", lang), request.POST.get("back", "") or "/")


@require_http_methods(["GET", "HEAD", "POST"])
@door(Act.DEPUTY_NAME)
def deputies(request: HttpRequest) -> HttpResponse:
    """Name who stands in for oneself, from day to day."""
    actor, lang, error = actor_of(request), lang_of(request), ""
    people = desk.may_stand_in(actor)
    if request.method == "POST":
        chosen = next((one for one in people if str(one.pk) == request.POST.get("person")), None)
        try:
            first, last = (date.fromisoformat(request.POST.get(name, "")) for name in ("first", "last"))
            if chosen is None:
                raise Guarded("flow.deputy_not_he")
            desk.name_deputy(actor, person=chosen, first=first, last=last)
        except (Guarded, ValueError) as wrong:
            error = wrong.said(lang) if isinstance(wrong, Guarded) else w("flow.deputy_days", lang)
        else:
            messages.success(request, w("flow.deputy_named", lang))
            return redirect("deputies")
    context = {
        "people": people,
        "mine": actor.person.deputies.select_related("deputy").order_by("-first"),
        "others": actor.person.stands_in_for.filter(last__gte=clock.today()).select_related("person"),
        "today": clock.today(),
        "error": error,
        "typed": request.POST,
    }
    return render(request, "flow/deputies.html", context, status=422 if error else 200)


@require_POST
@door(Act.DEPUTY_NAME)
def deputy_end(request: HttpRequest, pk: int) -> HttpResponse:
    """Be back before the day."""
    desk.end_deputy(actor_of(request), pk=pk)
    return redirect("deputies")


@require_http_methods(["GET", "HEAD", "POST"])
@door(Act.CASE_ASSIGN)
def charge(request: HttpRequest) -> HttpResponse:
    """Institutions and who has charge of their new cases."""
    actor, lang, error = actor_of(request), lang_of(request), ""
    if request.method == "POST":
        try:
            changed = desk.assign(actor, role=request.POST.get("role", ""), people=_people(request))
        except Guarded as wrong:
            error = wrong.said(lang)
        else:
            messages.success(request, w("flow.charge_changed", lang, count=changed))
            return redirect("charge")
    context = {
        "roles": [
            (
                role,
                [(unit, person, row.at if row else None) for unit, person, row in desk.charges(actor, role)],
                people_with([role], actor.unit),
            )
            for role in desk.charged_roles()
        ],
        "past": desk.past(actor, PAST),
        "error": error,
    }
    return render(request, "flow/charge.html", context, status=422 if error else 200)


def _people(request: HttpRequest) -> dict[Any, Person | None]:
    """Whom the form names for which institution; of units out of reach nothing."""
    found: dict[Any, Person | None] = {}
    for unit in actor_of(request).institutions(Act.CASE_ASSIGN):
        said = request.POST.get(f"unit_{unit.pk}")
        if said is None:
            continue
        person = Person.objects.filter(pk=int(said)).first() if said.isdigit() else None
        if said and person is None:
            raise Guarded("flow.charge_not_he")
        found[unit] = person
    return found
