"""What this room does every minute."""

from __future__ import annotations

from drgpay_web.api import hooks


def every_minute() -> None:
    """Collect the messages of what has happened."""
    hooks.collect()
