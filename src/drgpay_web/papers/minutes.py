"""What papers do regularly."""

from __future__ import annotations

from drgpay_web.papers import actions


def every_minute() -> None:
    """Files end when their time is over, whoever looks or not."""
    actions.forget_expired()
