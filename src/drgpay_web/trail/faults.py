"""What ``drgpay-web check`` finds of the trail."""

from __future__ import annotations

from drgpay_web.trail.chain import check
from drgpay_web.ui import w


def faults() -> list[tuple[str, str]]:
    """Where the chain is broken, in Chinese and English; nothing where it is whole."""
    broken = check()
    return (
        [] if broken is None else [(w("trail.broken", "zh", number=broken), w("trail.broken", "en", number=broken))]
    )
