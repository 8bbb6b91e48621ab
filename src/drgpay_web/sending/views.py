"""The page on which a person chooses how notices are sent."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from drgpay_web.people import Act, actor_of, door
from drgpay_web.sending import actions
from drgpay_web.sending.models import ALL, WHICH, Way
from drgpay_web.sending.switches import switches
from drgpay_web.ui import Unfit, lang_of, w


@require_http_methods(["GET", "HEAD", "POST"])
@door(Act.NOTICE_SEND)
def choice(request: HttpRequest) -> HttpResponse:
    """Mail, webhook, or neither."""
    actor, lang, error = actor_of(request), lang_of(request), ""
    there = Way.objects.filter(person=actor.person).first()
    said = {"which": ALL}
    if there:
        said = {"mail": there.mail, "webhook": actions.webhook_of(there), "which": there.which}
    if request.method == "POST":
        said = {name: request.POST.get(name, "").strip()[:200] for name in ("mail", "webhook", "which")}
        try:
            actions.choose(actor, mail=said["mail"], webhook=said["webhook"], which=said["which"])
        except Unfit as wrong:
            error = wrong.said(lang)
        else:
            messages.success(request, w("sending.kept", lang))
            return redirect("notices-sending")
    context = {"on": switches(), "said": said, "choices": WHICH, "error": error}
    return render(request, "sending/choice.html", context, status=422 if error else 200)
