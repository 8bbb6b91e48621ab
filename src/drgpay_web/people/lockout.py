"""Lockout: five failures of a user from one address, twenty of a user from anywhere.

A hospital is one address, so an address alone locks nobody out; and somebody else's guesses from elsewhere lock a
user out only slowly.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from axes.attempts import get_cool_off_threshold
from axes.handlers.database import AxesDatabaseHandler
from axes.helpers import get_cool_off
from django.conf import settings
from django.db.models import Max, Sum
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from drgpay_web.ui import failures, lang_of, w

SLOWER = 4
"""how many times more failures a user has from anywhere than from one address"""


class UserAndAddress(AxesDatabaseHandler):  # type: ignore[misc]
    """Counts failures by user with address, and by user alone at a quarter of their weight."""

    def get_failures(self, request: HttpRequest, credentials: dict[str, Any] | None = None) -> int:
        pair = int(super().get_failures(request, credentials))
        attempts = _attempts(username(request, credentials), get_cool_off_threshold(request))
        total = attempts.aggregate(n=Sum("failures_since_start"))["n"] or 0
        return max(pair, total // SLOWER)


def locked_out(username: str) -> bool:
    """Whether somebody's sign-ins are refused for a while after failures, from some address or from all."""
    attempts = _attempts(username, timezone.now() - get_cool_off())
    found = attempts.aggregate(total=Sum("failures_since_start"), most=Max("failures_since_start"))
    return max(found["most"] or 0, (found["total"] or 0) // SLOWER) >= int(settings.AXES_FAILURE_LIMIT)


def _attempts(username: str, since: datetime) -> Any:
    """Somebody's attempts to sign in since then."""
    from axes.models import AccessAttempt

    return AccessAttempt.objects.filter(username=username, attempt_time__gte=since)


def username(request: HttpRequest, credentials: dict[str, Any] | None = None) -> str:
    """Whose sign-in it is, of the credentials or of the form."""
    return str((credentials or {}).get("username") or request.POST.get("login") or "")


def locked(request: HttpRequest, response: HttpResponse | None = None, credentials: Any = None) -> HttpResponse:
    """The page of one who is locked out for a while."""
    return failures.show(request, 429, w("pages.locked_out", lang_of(request)))
