"""Identity, language, work list, glossary, one's own permissions, health."""

from __future__ import annotations

from collections import Counter
from typing import Any, cast

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from drgpay_web import flow, trail
from drgpay_web.pages import glossary as terms
from drgpay_web.pages.reach import reached
from drgpay_web.people import Act, NotThere, Person, Request, Role, actor_of, acts, door, needs_nobody, role_words
from drgpay_web.people.matrix import GIVEN, Permission
from drgpay_web.ui import LANGUAGES, lang_of, w
from drgpay_web.ui.navigation import open_to


@door(Act.WORK_SEE)
@require_safe
def work(request: HttpRequest) -> HttpResponse:
    """What waits for me, by deadline; what was asked of the list the last time is asked again."""
    actor, lang = actor_of(request), lang_of(request)
    if request.GET:
        flow.keep(actor, flow.WORK, request.GET, flow.WORK_ASKED)
    asked = request.GET or QueryDict(flow.kept(actor, flow.WORK))
    everything, shown = flow.work(actor, asked)
    kinds = {row.case.machine: w(row.case.rules.words, lang) for row in everything}
    rows = [
        {
            "case": row.case,
            "light": row.light,
            "title": w(row.case.rules.words, lang),
            "state": flow.state_words(actor, row.case),
            "moves": [
                w(f"{row.case.rules.words}.move.{move.name}", lang) for move in row.moves if move.waits(row.case)
            ],
        }
        for row in shown
    ]
    counts = Counter(row.light for row in everything)
    context = {
        "rows": rows, "kinds": sorted(kinds.items(), key=lambda kind: kind[1]), "asked": asked,
        "takers": flow.takers(actor, {row.case.rules.name: row.case.rules for row in shown}.values())
        if shown and actor.may(Act.CASE_HAND_OVER) else [],
        "places": [] if actor.may(Act.CASE_SEE) else [place for place in open_to(actor) if place.group == "system"],
        "late": counts["late"], "soon": counts["day"] + counts["soon"], "all": len(everything),
    }  # fmt: skip
    return render(request, "pages/work.html", context)


@needs_nobody
@require_http_methods(["GET", "HEAD", "POST"])
def identity(request: HttpRequest) -> HttpResponse:
    """The roles one has; choosing another ends nothing but changes what is seen."""
    person, asked = request.user, cast(Request, request)
    if not isinstance(person, Person):
        return HttpResponseRedirect("/sign-in")
    held = person.memberships_now()
    if request.method == "POST":
        chosen = next((one for one in held if str(one.pk) == request.POST.get("choose")), None)
        if chosen is None:
            raise NotThere
        before = asked.actor.membership.pk if asked.actor and asked.actor.membership else None
        request.session["membership"] = chosen.pk
        person.last_membership = chosen
        person.save(update_fields=["last_membership"])
        subject = f"account:{person.username}"
        trail.record(asked.actor, "identity", subject, before={"membership": before}, after={"membership": chosen.pk})
        return HttpResponseRedirect("/")
    return render(request, "pages/identity.html", {"held": held})


@needs_nobody
@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """The other language; kept with the person, or with the browser where nobody is signed in."""
    back = request.POST.get("back", "/")
    if not url_has_allowed_host_and_scheme(back, allowed_hosts=None):
        back = "/"
    answer = HttpResponseRedirect(back)
    wanted = request.POST.get("language", "")
    if wanted in LANGUAGES:
        answer.set_cookie("office_language", wanted, max_age=31_536_000, httponly=True, samesite="Lax")
        if isinstance(request.user, Person):
            request.user.language = wanted
            request.user.save(update_fields=["language"])
    return answer


@door(Act.GLOSSARY_SEE)
@require_safe
def glossary(request: HttpRequest) -> HttpResponse:
    """The words of the field: terms with what they are; tables, columns, coded values."""
    asked = request.GET.get("q", "").strip()[:100]
    found = terms.shown(actor_of(request), terms.terms_with(asked), lang_of(request))
    return render(request, "pages/glossary.html", {"q": asked, "terms": found, "entries": terms.entries(asked)})


@door(Act.WHY_SEE)
@require_safe
def why(request: HttpRequest) -> HttpResponse:
    """Why access was given or refused: every act, whether one's role may, how far, and who else may."""
    actor, lang = actor_of(request), lang_of(request)
    lines: list[dict[str, Any]] = []
    for act, permission in acts().items():
        root = actor.reach(act)
        lines.append(
            {
                "act": permission.word(lang),
                "may": root is not None,
                "reach": reached(actor, act, lang),
                "reason": permission.reason,
                "look": permission.look,
                "others": _whose(permission, lang),
            }
        )
    return render(request, "pages/why.html", {"lines": lines, "roles": GIVEN, "mine": Role(actor.role)})


def _whose(permission: Permission, lang: str) -> str:
    """The roles that may, by name; in one word where all may."""
    if len(permission.roles) == len(GIVEN):
        return w("pages.all_roles", lang)
    return "、".join(role_words(role, lang) for role in permission.roles)
