"""Lockout: five failures of a user from one address, twenty of a user from anywhere.

A hospital is one address, so an address alone locks nobody out; and somebody else's guesses from elsewhere lock a
user out only slowly.
"""

from __future__ import annotations

from typing import Any

from axes.attempts import get_cool_off_threshold
from axes.handlers.database import AxesDatabaseHandler
from django.db.models import Sum
from django.http import HttpRequest, HttpResponse

from drgpay_web.ui import failures, w

SLOWER = 4
"""how many times more failures a user has from anywhere than from one address"""


class UserAndAddress(AxesDatabaseHandler):  # type: ignore[misc]
    """Counts failures by user with address, and by user alone at a quarter of their weight."""

    def get_failures(self, request: HttpRequest, credentials: dict[str, Any] | None = None) -> int:
        pair = int(super().get_failures(request, credentials))
        from axes.models import AccessAttempt

        since = get_cool_off_threshold(request)
        attempts = AccessAttempt.objects.filter(username=username(request, credentials), attempt_time__gte=since)
        total = attempts.aggregate(n=Sum("failures_since_start"))["n"] or 0
        return max(pair, total // SLOWER)


def username(request: HttpRequest, credentials: dict[str, Any] | None = None) -> str:
    """Whose sign-in it is, of the credentials or of the form."""
    return str((credentials or {}).get("username") or request.POST.get("login") or "")


def locked(request: HttpRequest, response: HttpResponse | None = None, credentials: Any = None) -> HttpResponse:
    """The page of one who is locked out for a while."""
    return failures.show(request, 429, w("pages.locked_out", getattr(request, "lang", "zh")))
