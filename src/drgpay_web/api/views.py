"""Pages of tokens: the system administrator issues and revokes them."""

from __future__ import annotations

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from drgpay_web import clock
from drgpay_web.api import actions
from drgpay_web.api.forms import TokenForm
from drgpay_web.api.models import Token
from drgpay_web.people import Act, Actor, NotThere, actor_of, door
from drgpay_web.ui import Unfit


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
    actor, lang = actor_of(request), str(getattr(request, "lang", "zh"))
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
    token = _tokens(actor).filter(pk=pk).first()
    if token is None:
        raise NotThere
    reason = request.POST.get("reason", "").strip()[:500]
    if not reason:
        raise Unfit("api.reason_needed")
    actions.revoke_token(actor, token, reason=reason)
    return HttpResponseRedirect(reverse("tokens"))


def _tokens(actor: Actor) -> QuerySet[Token]:
    return Token.objects.filter(unit__path__startswith=actor.widest().path)
