"""Rules of passwords: length and common words are Django's; these are the office's own."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.hashers import check_password
from django.core.exceptions import ValidationError
from django.db import transaction

from drgpay_web import clock
from drgpay_web.people.models import PastPassword, Person

KEPT = 5


class KindsOfSigns:
    """At least three of: small letters, capital letters, digits, other signs."""

    def validate(self, password: str, user: Any = None) -> None:
        kinds = (str.islower, str.isupper, str.isdigit, lambda sign: not sign.isalnum())
        if sum(any(kind(sign) for sign in password) for kind in kinds) < 3:
            raise ValidationError("people.password_kinds", code="people.password_kinds")

    def get_help_text(self) -> str:
        return "people.password_kinds"


class NotTheName:
    """The password does not hold the user name."""

    def validate(self, password: str, user: Any = None) -> None:
        if user is not None and user.username and user.username.lower() in password.lower():
            raise ValidationError("people.password_name", code="people.password_name")

    def get_help_text(self) -> str:
        return "people.password_name"


class NotOneOfTheLast:
    """None of the last five, the present one among them."""

    def validate(self, password: str, user: Any = None) -> None:
        if user is None or user.pk is None:
            return
        past = user.past_passwords.order_by("-pk").values_list("hashed", flat=True)[: KEPT - 1]
        if any(check_password(password, hashed) for hashed in [user.password, *past]):
            raise ValidationError("people.password_again", code="people.password_again")

    def get_help_text(self) -> str:
        return "people.password_again"


def set_password(person: Person, password: str, *, must_change: bool) -> None:
    """Set a password and keep the one before among those that may not come again; every session ends."""
    with transaction.atomic():
        if person.has_usable_password():
            PastPassword.objects.create(person=person, hashed=person.password, since=person.password_since)
        person.set_password(password)
        person.password_since = clock.real_now()
        person.must_change_password = must_change
        person.session_key = ""
        person.save(update_fields=["password", "password_since", "must_change_password", "session_key"])
