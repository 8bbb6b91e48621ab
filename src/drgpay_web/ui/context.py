"""What every template knows: language, who acts, navigation."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from drgpay_web import clock
from drgpay_web.ui.navigation import navigation
from drgpay_web.ui.words import lang_of


def page(request: HttpRequest) -> dict[str, Any]:
    """Language, actor, places to go, and the demo's day."""
    actor = getattr(request, "actor", None)
    return {
        "lang": lang_of(request),
        "actor": actor,
        "navigation": navigation(actor, request.path) if actor else [],
        "demo_day": clock.stands_still(),
        "is_demo": clock.is_demo(),
    }
