"""Forms of accounts."""

from __future__ import annotations

from typing import Any

from django import forms

from drgpay_web.people import Actor, Person, Role, Unit, role_words
from drgpay_web.people.matrix import GIVEN
from drgpay_web.ui.forms import OfficeForm, day_field, reason_field


class RoleForm(OfficeForm):
    """A role in a unit, for a time."""

    words_prefix = "accounts"
    role = forms.ChoiceField()
    unit = forms.ModelChoiceField(Unit.objects.none(), empty_label="")
    since = day_field(required=False)
    until = day_field(required=False)

    def __init__(self, *args: Any, by: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(role.value, f"{role.value} {role_words(role, self.lang)}") for role in GIVEN]
        role, unit = self.fields["role"], self.fields["unit"]
        assert isinstance(role, forms.ChoiceField)
        assert isinstance(unit, forms.ModelChoiceField)
        role.choices = choices
        unit.queryset = Unit.objects.filter(path__startswith=by.widest().path)
        unit.label_from_instance = _indented  # type: ignore[method-assign, assignment]

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        role, unit = values.get("role"), values.get("unit")
        if role and unit and Role(role).unit_kind != unit.kind:
            self.wrong("unit", "accounts.wrong_unit")
        if values.get("since") and values.get("until") and values["until"] < values["since"]:
            self.wrong("until", "accounts.until_before")
        return values


class AccountForm(RoleForm):
    """A new account with its first role."""

    username = forms.RegexField(r"^[a-z0-9][a-z0-9._-]{1,31}$")
    name = forms.CharField(max_length=64)
    field_order = ("username", "name", "role", "unit")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["since"], self.fields["until"]

    def clean_username(self) -> str:
        username: str = self.cleaned_data["username"]
        if Person.objects.filter(username=username).exists():
            self.wrong("username", "accounts.taken", username=username)
        return username


class ReasonForm(OfficeForm):
    """Why something is done to an account."""

    words_prefix = "accounts"
    reason = reason_field()


def _indented(unit: Unit) -> str:
    depth = unit.path.count("/") - 2
    return f"{'　' * depth}{unit.name}"
