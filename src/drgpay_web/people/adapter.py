"""How the library of accounts behaves here: nobody signs up, nothing is mailed, secrets of devices are encrypted."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from django.http import HttpRequest

from drgpay_web.people.hidden import hide, shown

_PURPOSE = "second factor"


class OfficeAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Accounts are opened by the system administrator alone."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def add_message(self, *args: Any, **kwargs: Any) -> None:
        """Messages of the library are not ours to show."""

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """A second device is set up right after the sign-in, whose password counts; a session ends when idle."""
        return False

    def send_mail(self, *args: Any, **kwargs: Any) -> None:
        """No mail leaves the office."""


class OfficeSecondFactor(DefaultMFAAdapter):  # type: ignore[misc]
    """The second factor by a code of a device; its secret is encrypted with the office's own."""

    def encrypt(self, text: str) -> str:
        return hide(_PURPOSE, text)

    def decrypt(self, encrypted_text: str) -> str:
        return shown(_PURPOSE, encrypted_text)
