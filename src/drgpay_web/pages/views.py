"""Identity, language, work list, glossary, one's own permissions, health."""

from __future__ import annotations

from typing import Any, cast

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from drgpay_web import flow, trail
from drgpay_web.pages.glossary import entries
from drgpay_web.pages.reach import reached
from drgpay_web.people import Act, NotThere, Person, Request, Role, actor_of, acts, door, needs_nobody, role_words
from drgpay_web.people.matrix import GIVEN, Permission
from drgpay_web.ui import LANGUAGES, w


@door(Act.WORK_SEE)
@require_safe
def work(request: HttpRequest) -> HttpResponse:
    """What waits for me, by deadline."""
    lang = cast(Request, request).lang
    rows = [
        {
            "case": row.case,
            "light": row.light,
            "title": w(row.case.rules.words, lang),
            "state": w(f"{row.case.rules.words}.state.{row.case.state}", lang),
            "moves": [w(f"{row.case.rules.words}.move.{move.name}", lang) for move in row.moves],
        }
        for row in flow.work_list(actor_of(request))
    ]
    return render(request, "pages/work.html", {"rows": rows})


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
    """The words of the field: tables, columns, coded values."""
    asked = request.GET.get("q", "").strip()
    return render(request, "pages/glossary.html", {"q": asked, "entries": entries(asked)})


@door(Act.WHY_SEE)
@require_safe
def why(request: HttpRequest) -> HttpResponse:
    """Why access was given or refused: every act, whether one's role may, how far, and who else may."""
    actor, lang = actor_of(request), cast(Request, request).lang
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


@needs_nobody
@require_safe
def health(request: HttpRequest) -> HttpResponse:
    """Says that the office is up, and nothing else."""
    return HttpResponse("up\n", content_type="text/plain")
