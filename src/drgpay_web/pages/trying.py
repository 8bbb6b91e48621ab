""" "Try it as …": one step into a demo, for every role. Only in a demo home, only from this machine."""

from __future__ import annotations

from django.contrib.auth import login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_http_methods

from drgpay_web import clock, flow
from drgpay_web.people import Actor, Membership, Role, Unit, needs_nobody
from drgpay_web.ui import lang_of, w

SIDES = ("B", "H", "S")
DAYS = (1, 7, 30)
"""by which the demo's clock can be moved on"""
LOOPBACK = ("127.0.0.1", "::1", "")
"""the last where the server gives no address: a test's client, or a socket of this machine"""


@needs_nobody
@require_http_methods(["GET", "HEAD", "POST"])
def trying(request: HttpRequest) -> HttpResponse:
    """The roles of the demo; choosing one signs in as its person."""
    if not clock.is_demo() or request.META.get("REMOTE_ADDR", "") not in LOOPBACK:
        raise Http404
    if request.POST.get("days", "") in [str(days) for days in DAYS]:
        clock.go_on(int(request.POST["days"]))
        flow.sweep()
        return HttpResponseRedirect("/try")
    held = Membership.objects.select_related("person", "unit").filter(person__is_active=True)
    if request.method == "POST":
        chosen = get_object_or_404(held, pk=request.POST.get("choose", "0"))
        person = chosen.person
        person.last_membership = chosen
        person.save(update_fields=["last_membership"])
        request.session.flush()
        login(request, person, backend="allauth.account.auth_backends.AuthenticationBackend")
        request.session["membership"] = chosen.pk
        return HttpResponseRedirect("/")
    lang = lang_of(request)
    groups: dict[str, list[tuple[Membership, str]]] = {}
    for one in sorted(held, key=lambda one: (SIDES.index(one.role[0]), one.unit.path.split("/")[:3], one.role)):
        house = one.unit.of_kind(Unit.INSTITUTION)
        title = house.name if house else w(f"pages.side_{one.role[0]}", lang)
        groups.setdefault(title, []).append((one, _waits(one, lang)))
    return render(request, "pages/try.html", {"groups": groups.items(), "days": DAYS})


def _waits(held: Membership, lang: str) -> str:
    """What waits for a person: how many cases, and the most urgent of them by kind and state."""
    actor = Actor(held.person, held, Role(held.role), held.unit, held.unit.area)
    work = flow.work_list(actor)
    if not work:
        return w("pages.try_nothing", lang)
    case = work[0].case
    words = case.rules.words
    first = f"{w(words, lang)} · {w(f'{words}.state.{case.state}', lang)}"
    return w("pages.try_waits", lang, count=len(work), first=first)
