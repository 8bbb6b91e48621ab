"""How the library of accounts behaves here: nobody signs up, nothing is mailed, secrets of devices are encrypted."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from django.http import HttpRequest


class OfficeAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Accounts are opened by the system administrator alone."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def add_message(self, *args: Any, **kwargs: Any) -> None:
        """Messages of the library are not ours to show."""

    def send_mail(self, *args: Any, **kwargs: Any) -> None:
        """No mail leaves the office."""


class OfficeSecondFactor(DefaultMFAAdapter):  # type: ignore[misc]
    """The second factor by a code of a device."""
