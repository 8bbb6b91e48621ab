"""Forms in the reader's language: labels, hints and what is wrong come from words."""

from __future__ import annotations

from typing import Any

from django import forms

from drgpay_web.ui.words import w, words

CODES = (
    "required",
    "invalid",
    "invalid_choice",
    "max_length",
    "min_length",
    "min_value",
    "max_value",
    "invalid_date",
    "empty",
    "missing",
)


class OfficeForm(forms.Form):
    """A form whose fields are called ``<prefix>.<name>`` in the words, with an optional ``<prefix>.<name>_hint``."""

    words_prefix = "ui"

    def __init__(self, *args: Any, lang: str, **kwargs: Any) -> None:
        kwargs.setdefault("label_suffix", "")
        kwargs.setdefault("use_required_attribute", True)
        super().__init__(*args, **kwargs)
        self.lang = lang
        for name, field in self.fields.items():
            self._dress(name, field)

    def _dress(self, name: str, field: forms.Field) -> None:
        key = f"{self.words_prefix}.{name}"
        field.label = w(key, self.lang)
        field.help_text = w(f"{key}_hint", self.lang) if f"{key}_hint" in words() else ""
        for code in CODES:
            field.error_messages[code] = w(f"ui.error_{code}", self.lang)
        widget = field.widget
        if isinstance(widget, forms.CheckboxInput):
            widget.attrs.setdefault("class", "form-check-input")
        elif isinstance(widget, forms.CheckboxSelectMultiple):
            widget.attrs.setdefault("class", "several")
        elif isinstance(widget, forms.Select):
            widget.attrs.setdefault("class", "form-select")
        else:
            widget.attrs.setdefault("class", "form-control")

    def wrong(self, field: str | None, key: str, **values: object) -> None:
        """Say of a field (None: of the whole form) what is wrong, in the words of ``key``."""
        self.add_error(field, forms.ValidationError(w(key, self.lang, **values), code=key))


def day_field(*, required: bool = True) -> forms.DateField:
    """A day, picked or typed."""
    return forms.DateField(required=required, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))


def reason_field(*, required: bool = True) -> forms.CharField:
    """The reason somebody gives; it goes into the audit."""
    return forms.CharField(required=required, max_length=500, widget=forms.Textarea(attrs={"rows": 2}))
