"""The forms of a token and of a webhook."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet

from drgpay_web.api.models import EVENTS, ONLY, ROLES, SCOPES
from drgpay_web.people import Actor, Role, Unit, role_words
from drgpay_web.ui import w
from drgpay_web.ui.forms import OfficeForm, reason_field


class TokenForm(OfficeForm):
    """Whose the token is, what it is for, what it may."""

    words_prefix = "api"
    unit = forms.ModelChoiceField(Unit.objects.none(), empty_label="")
    role = forms.ChoiceField(choices=[(role, role) for kind in ROLES.values() for role in kind])
    name = forms.CharField(max_length=80)
    scopes = forms.MultipleChoiceField(choices=[(name, name) for name in SCOPES])
    reason = reason_field()

    def __init__(self, *args: Any, by: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        unit, role, scopes = (self.fields[name] for name in ("unit", "role", "scopes"))
        assert isinstance(unit, forms.ModelChoiceField)
        assert isinstance(role, forms.ChoiceField)
        assert isinstance(scopes, forms.MultipleChoiceField)
        unit.queryset = _units(by)
        role.choices = [(one, role_words(Role(one), self.lang)) for kind in ROLES.values() for one in kind]
        scopes.choices = [(name, w(f"api.scope_{name}", self.lang)) for name in SCOPES]

    def clean(self) -> dict[str, Any]:
        """The role is one of the unit's, and has the scopes."""
        said = super().clean() or {}
        unit, role = said.get("unit"), said.get("role")
        if unit is not None and role and role not in ROLES[unit.kind]:
            self.wrong("role", "api.role_of_unit")
        if role and set(said.get("scopes") or ()) - set(ONLY.get(role, SCOPES)):
            self.wrong("scopes", "api.scope_of_role")
        return said


class HookForm(OfficeForm):
    """Whose events an address is told of, where it is, and which."""

    words_prefix = "api"
    unit = forms.ModelChoiceField(Unit.objects.none(), empty_label="")
    url = forms.CharField(max_length=300)
    events = forms.MultipleChoiceField(choices=[(name, name) for name in EVENTS])
    reason = reason_field()

    def __init__(self, *args: Any, by: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        unit, events = self.fields["unit"], self.fields["events"]
        assert isinstance(unit, forms.ModelChoiceField)
        assert isinstance(events, forms.MultipleChoiceField)
        unit.queryset = _units(by)
        events.choices = [(name, w(f"api.event_{name}", self.lang)) for name in EVENTS]


def _units(by: Actor) -> QuerySet[Unit]:
    """The area and its institutions."""
    return Unit.objects.filter(path__startswith=by.widest().path, kind__in=ROLES)
