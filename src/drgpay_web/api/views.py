"""Pages of tokens and webhooks, which the system administrator issues and ends, and the API's document."""

from __future__ import annotations

from typing import TypeVar

from django.db.models import Count, Model, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from drgpay_web import clock
from drgpay_web.api import actions, hooks
from drgpay_web.api.forms import HookForm, TokenForm
from drgpay_web.api.models import FAILED, QUEUED, Hook, Token
from drgpay_web.people import Act, Actor, NotThere, actor_of, door
from drgpay_web.ui import Unfit, lang_of
from drgpay_web.ui.safety import swagger

T = TypeVar("T", bound=Model)


@door(Act.GLOSSARY_SEE)
@require_safe
def document(request: HttpRequest) -> HttpResponse:
    """The API's document to read and try; its scripts come out of the package that makes it."""
    return swagger(render(request, "api/document.html"))


@door(Act.TOKEN_SEE)
@require_safe
def tokens(request: HttpRequest) -> HttpResponse:
    """Every token of the area, the newest first."""
    actor, now = actor_of(request), clock.real_now()
    rows = _tokens(actor).select_related("unit", "created_by").order_by("-pk")
    context = {
        "rows": [(one, "revoked" if one.revoked_at else "over" if one.until < now else "holds") for one in rows],
        "may_create": actor.may(Act.TOKEN_CREATE),
        "may_revoke": actor.may(Act.TOKEN_REVOKE),
    }
    return render(request, "api/tokens.html", context)


@door(Act.TOKEN_CREATE)
@require_http_methods(["GET", "HEAD", "POST"])
def create(request: HttpRequest) -> HttpResponse:
    """Issue a token; the page that follows shows it once."""
    actor, lang = actor_of(request), lang_of(request)
    form = TokenForm(request.POST or None, by=actor, lang=lang)
    if request.method == "POST" and form.is_valid():
        token, text = actions.create_token(actor, **form.cleaned_data)
        return render(request, "api/once.html", {"token": token, "text": text})
    return render(request, "api/create.html", {"form": form}, status=422 if form.errors else 200)


@door(Act.TOKEN_REVOKE)
@require_POST
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """Revoke a token."""
    actor = actor_of(request)
    token, reason = _ended(request, _tokens(actor), pk)
    actions.revoke_token(actor, token, reason=reason)
    return HttpResponseRedirect(reverse("tokens"))


@door(Act.TOKEN_SEE)
@require_safe
def all_hooks(request: HttpRequest) -> HttpResponse:
    """The addresses that are told of events, the newest first."""
    actor = actor_of(request)
    waiting = Count("messages", filter=Q(messages__state=QUEUED))
    failed = Count("messages", filter=Q(messages__state=FAILED))
    rows = _hooks(actor).select_related("unit").annotate(waiting=waiting, failed=failed).order_by("-pk")
    context = {
        "rows": [(one, "ended" if one.ended_at else "holds") for one in rows],
        "may_create": actor.may(Act.TOKEN_CREATE),
        "may_revoke": actor.may(Act.TOKEN_REVOKE),
        "off": not hooks.switched_on(),
    }
    return render(request, "api/hooks.html", context)


@door(Act.TOKEN_CREATE)
@require_http_methods(["GET", "HEAD", "POST"])
def create_hook(request: HttpRequest) -> HttpResponse:
    """Enter an address; the page that follows shows its secret once."""
    actor, lang = actor_of(request), lang_of(request)
    form = HookForm(request.POST or None, by=actor, lang=lang)
    if request.method == "POST" and form.is_valid():
        try:
            hook, text = actions.create_hook(actor, **form.cleaned_data)
        except Unfit as error:
            form.wrong("url", error.key)
        else:
            return render(request, "api/hook_once.html", {"hook": hook, "text": text})
    return render(request, "api/create.html", {"form": form, "hook": True}, status=422 if form.errors else 200)


@door(Act.TOKEN_REVOKE)
@require_POST
def end_hook(request: HttpRequest, pk: int) -> HttpResponse:
    """Have an address told no more."""
    actor = actor_of(request)
    hook, reason = _ended(request, _hooks(actor), pk)
    actions.end_hook(actor, hook, reason=reason)
    return HttpResponseRedirect(reverse("hooks"))


def _ended(request: HttpRequest, rows: QuerySet[T], pk: int) -> tuple[T, str]:
    """What is to hold no longer, and why. Raises NotThere, Unfit without a reason."""
    found = rows.filter(pk=pk).first()
    if found is None:
        raise NotThere
    reason = request.POST.get("reason", "").strip()[:500]
    if not reason:
        raise Unfit("api.reason_needed")
    return found, reason


def _hooks(actor: Actor) -> QuerySet[Hook]:
    return Hook.objects.filter(unit__path__startswith=actor.widest().path)


def _tokens(actor: Actor) -> QuerySet[Token]:
    return Token.objects.filter(unit__path__startswith=actor.widest().path)
