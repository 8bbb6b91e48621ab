"""Pages of accounts: the list, a new one, one account with what can be done to it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from drgpay_web.accounts import actions
from drgpay_web.accounts.forms import AccountForm, ReasonForm, RoleForm
from drgpay_web.people import Act, Membership, Person, Role, actor_of, door
from drgpay_web.people.lockout import locked_out
from drgpay_web.people.middleware import has_second_factor
from drgpay_web.ui import lang_of, w
from drgpay_web.ui.pages import page_of


@door(Act.ACCOUNT_SEE)
@require_safe
def accounts(request: HttpRequest) -> HttpResponse:
    """Everybody with a role in the area, and who has none yet."""
    actor = actor_of(request)
    asked = request.GET.get("q", "").strip()
    found = _within(actor.widest().path).filter(Q(username__icontains=asked) | Q(name__icontains=asked))
    page = page_of(request, found.order_by("username"))
    lines = [(person, person.memberships_now()) for person in page]
    return render(request, "accounts/accounts.html", {
        "page": page, "lines": lines, "q": asked, "may_create": actor.may(Act.ACCOUNT_CREATE),
    })  # fmt: skip


@door(Act.ACCOUNT_CREATE)
@require_http_methods(["GET", "HEAD", "POST"])
def create(request: HttpRequest) -> HttpResponse:
    """Open an account; the page that follows shows its password once."""
    actor, lang = actor_of(request), lang_of(request)
    form = AccountForm(request.POST or None, by=actor, lang=lang)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        person, password = actions.create_account(
            by=actor, username=said["username"], name=said["name"], role=Role(said["role"]), unit=said["unit"]
        )
        return _shown_once(request, person, password)
    status = 422 if form.errors else 200
    return render(request, "accounts/create.html", {"form": form}, status=status)


@door(Act.ACCOUNT_SEE)
@require_safe
def account(request: HttpRequest, username: str) -> HttpResponse:
    """One account: its roles, its state, what can be done."""
    return _account(request, _person(request, username))


@door(Act.ACCOUNT_ROLE)
@require_POST
def role(request: HttpRequest, username: str) -> HttpResponse:
    """Give a role."""
    actor, person = actor_of(request), _person(request, username)
    form = RoleForm(request.POST, by=actor, lang=lang_of(request))
    if not form.is_valid():
        return _account(request, person, role_form=form, status=422)
    said = form.cleaned_data
    actions.give_role(
        by=actor,
        person=person,
        role=Role(said["role"]),
        unit=said["unit"],
        since=said["since"],
        until=said["until"],
    )
    return _done(request, person, "accounts.role_given")


@door(Act.ACCOUNT_ROLE)
@require_POST
def end_role(request: HttpRequest, username: str, number: int) -> HttpResponse:
    """Take a role away."""
    person = _person(request, username)
    membership = get_object_or_404(Membership, pk=number, person=person)
    actions.end_role(by=actor_of(request), membership=membership)
    return _done(request, person, "accounts.role_taken")


@door(Act.ACCOUNT_RESET)
@require_POST
def reset(request: HttpRequest, username: str) -> HttpResponse:
    """A new password, shown once."""
    person = _person(request, username)
    form = ReasonForm(request.POST, lang=lang_of(request))
    if not form.is_valid():
        return _account(request, person, reason_form=form, status=422)
    password = actions.reset(by=actor_of(request), person=person, reason=form.cleaned_data["reason"])
    return _shown_once(request, person, password)


@door(Act.ACCOUNT_LOCK)
@require_POST
def lock(request: HttpRequest, username: str) -> HttpResponse:
    """Lock an account, or open it again."""
    person = _person(request, username)
    form = ReasonForm(request.POST, lang=lang_of(request))
    if not form.is_valid():
        return _account(request, person, reason_form=form, status=422)
    active = request.POST.get("active") == "1"
    actions.set_active(by=actor_of(request), person=person, active=active, reason=form.cleaned_data["reason"])
    return _done(request, person, "accounts.opened" if active else "accounts.locked")


def _within(path: str) -> Any:
    mine = Q(memberships__unit__path__startswith=path) | Q(memberships=None)
    return Person.objects.filter(mine).exclude(username="system").distinct()


def _person(request: HttpRequest, username: str) -> Person:
    person: Person = get_object_or_404(_within(actor_of(request).widest().path), username=username)
    return person


def _account(request: HttpRequest, person: Person, status: int = 200, **forms: Any) -> HttpResponse:
    actor, lang = actor_of(request), lang_of(request)
    context = {
        "person": person,
        "held": person.memberships_now(),
        "past": [one for one in person.memberships.select_related("unit") if one not in person.memberships_now()],
        "has_second_factor": has_second_factor(person),
        "locked_out": locked_out(person.username),
        "role_form": forms.get("role_form") or RoleForm(by=actor, lang=lang),
        "reason_form": forms.get("reason_form") or ReasonForm(lang=lang),
        "may": {act.name.lower(): actor.may(act) for act in (Act.ACCOUNT_ROLE, Act.ACCOUNT_RESET, Act.ACCOUNT_LOCK)},
    }
    return render(request, "accounts/account.html", context, status=status)


def _shown_once(request: HttpRequest, person: Person, password: str) -> HttpResponse:
    return render(request, "accounts/password.html", {"person": person, "password": password})


def _done(request: HttpRequest, person: Person, key: str) -> HttpResponse:
    messages.success(request, w(key, lang_of(request)))
    return HttpResponseRedirect(f"/accounts/{person.username}")
