"""Forms of these pages."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password

from drgpay_web.people import Act, Person
from drgpay_web.trail.telling import act_words
from drgpay_web.ui import w
from drgpay_web.ui.forms import OfficeForm, day_field
from drgpay_web.ui.words import words


def _secret(autocomplete: str) -> forms.CharField:
    return forms.CharField(strip=False, widget=forms.PasswordInput(attrs={"autocomplete": autocomplete}))


class PasswordForm(OfficeForm):
    """The password now, and a new one twice."""

    words_prefix = "pages"
    old = _secret("current-password")
    new = _secret("new-password")
    again = _secret("new-password")

    def __init__(self, *args: Any, person: Person, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.person = person

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if "old" in values and not self.person.check_password(values["old"]):
            self.wrong("old", "pages.old_wrong")
        if "new" in values and values["new"] != values.get("again"):
            self.wrong("again", "pages.again_differs")
        if "new" in values:
            self._judge(values["new"])
        return values

    def _judge(self, new: str) -> None:
        try:
            validate_password(new, self.person)
        except forms.ValidationError as error:
            for one in error.error_list:
                key = str(one.code) if one.code in words() else f"people.{one.code}"
                self.add_error("new", forms.ValidationError(w(key, self.lang), code=one.code))


class AuditForm(OfficeForm):
    """What is looked for in the audit."""

    words_prefix = "pages"
    person = forms.CharField(required=False, max_length=64)
    act = forms.ChoiceField(required=False)
    subject = forms.CharField(required=False, max_length=200)
    outcome = forms.ChoiceField(required=False)
    first = day_field(required=False)
    last = day_field(required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        outcomes = [(one, w(f"trail.{one}", self.lang)) for one in ("done", "refused", "failed")]
        known = (*Act, *(key.removeprefix("trail.act_") for key in words() if key.startswith("trail.act_")))
        for name, choices in (("outcome", outcomes), ("act", [(act, act_words(act, self.lang)) for act in known])):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = [("", ""), *choices]
