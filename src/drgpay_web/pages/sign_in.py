"""Sign-in, second factor, password, sign-out: the library's steps with the office's pages and its audit."""

from __future__ import annotations

from typing import Any, cast

from allauth.account.views import LoginView
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.views import AuthenticateView
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.totp.internal.flows import activate_totp
from axes.handlers.proxy import AxesProxyHandler
from django.contrib.auth import logout, update_session_auth_hash
from django.contrib.auth.signals import user_login_failed
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_POST

from drgpay_web import trail
from drgpay_web.pages.forms import PasswordForm
from drgpay_web.people import Person, Request, needs_nobody
from drgpay_web.people.lockout import locked
from drgpay_web.people.middleware import begin, has_second_factor
from drgpay_web.people.passwords import set_password
from drgpay_web.ui import lang_of, w
from drgpay_web.ui.words import words


class SignIn(LoginView):  # type: ignore[misc]
    """User name and password."""

    template_name = "pages/sign_in.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        context["wrong"] = _wrong(self.request, context["form"])
        context["ended"] = self.request.session.pop("ended", "")
        context["next"] = self.request.GET.get("next") or self.request.POST.get("next", "")
        return context


class Code(AuthenticateView):  # type: ignore[misc]
    """The code of the second device; wrong ones count as failed sign-ins."""

    template_name = "pages/code.html"

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        said = {"username": self.stage.login.user.username}
        if not AxesProxyHandler.is_allowed(request, said):
            return locked(request)
        answer: HttpResponse = super().post(request, *args, **kwargs)
        if self.form.errors:
            user_login_failed.send(sender=type(self), credentials=said, request=request)
            answer.status_code = 422
        return answer

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        context["wrong"] = _wrong(self.request, context["form"])
        return context


sign_in = needs_nobody(SignIn.as_view())
code = needs_nobody(Code.as_view())


@needs_nobody
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session."""
    asked = cast(Request, request)
    if asked.actor:
        trail.record(asked.actor, "sign_out", f"account:{asked.actor.person.username}")
    logout(request)
    return HttpResponseRedirect("/sign-in")


@needs_nobody
@require_http_methods(["GET", "HEAD", "POST"])
def password(request: HttpRequest) -> HttpResponse:
    """A new password of one's own; comes before anything else where the old one is over."""
    person = request.user
    if not isinstance(person, Person):
        return HttpResponseRedirect("/sign-in")
    asked = cast(Request, request)
    form = PasswordForm(request.POST or None, person=person, lang=asked.lang)
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            set_password(person, form.cleaned_data["new"], must_change=False)
            trail.record(asked.actor, "password", f"account:{person.username}")
            update_session_auth_hash(request, person)
            begin(request, person)
        return HttpResponseRedirect("/")
    context = {"form": form, "must": person.must_change_password}
    return render(request, "pages/password.html", context, status=422 if form.errors else 200)


@needs_nobody
@require_http_methods(["GET", "HEAD", "POST"])
def second_factor(request: HttpRequest) -> HttpResponse:
    """Set up the second device; bureau and system roles do it before anything else."""
    person = request.user
    if not isinstance(person, Person):
        return HttpResponseRedirect("/sign-in")
    if has_second_factor(person):
        return render(request, "pages/second_factor.html", {"has": True})
    form = ActivateTOTPForm(request.POST or None, user=person)
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            activate_totp(request, form)
            trail.record(cast(Request, request).actor, "second_factor", f"account:{person.username}")
        return HttpResponseRedirect("/")
    adapter = get_adapter()
    context = {
        "secret": form.secret,
        "picture": adapter.build_totp_svg(adapter.build_totp_url(person, form.secret)),
        "wrong": _wrong(request, form) if form.is_bound else [],
    }
    return render(request, "pages/second_factor.html", context, status=422 if form.errors else 200)


def _wrong(request: HttpRequest, form: Any) -> list[str]:
    """What is wrong with a form of the library, in words."""
    lang = lang_of(request)
    errors = [error for some in form.errors.as_data().values() for error in some] if form.is_bound else []
    keys = (f"pages.wrong_{error.code}" for error in errors)
    return [w(key if key in words() else "pages.wrong_other", lang) for key in dict.fromkeys(keys)]
