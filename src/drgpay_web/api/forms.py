"""The form of a token."""

from __future__ import annotations

from typing import Any

from django import forms

from drgpay_web.api.models import SCOPES
from drgpay_web.people import Actor, Unit
from drgpay_web.ui import w
from drgpay_web.ui.forms import OfficeForm, reason_field


class TokenForm(OfficeForm):
    """Whose the token is, what it is for, what it may."""

    words_prefix = "api"
    unit = forms.ModelChoiceField(Unit.objects.none())
    name = forms.CharField(max_length=80)
    scopes = forms.MultipleChoiceField(choices=[(name, name) for name in SCOPES])
    reason = reason_field()

    def __init__(self, *args: Any, by: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        unit, scopes = self.fields["unit"], self.fields["scopes"]
        assert isinstance(unit, forms.ModelChoiceField)
        assert isinstance(scopes, forms.MultipleChoiceField)
        unit.queryset = Unit.objects.filter(path__startswith=by.widest().path, kind=Unit.INSTITUTION)
        scopes.choices = [(name, w(f"api.scope_{name}", self.lang)) for name in SCOPES]
