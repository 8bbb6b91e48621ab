"""Checking the chain: every digest again from the first event on, and the end against the head."""

from __future__ import annotations

from drgpay_web.trail.events import digest_of
from drgpay_web.trail.models import Event, Head

START = "0" * 64


def check() -> int | None:
    """The number of the first event that is missing, changed or not where it belongs; None where all is whole."""
    number, previous = 0, START
    for event in Event.objects.order_by("number").iterator(chunk_size=2000):
        number += 1
        if event.number != number or event.previous != previous or event.digest != digest_of(event):
            return number
        previous = event.digest
    head = Head.objects.get(pk=1)
    return None if (head.number, head.digest) == (number, previous) else number + 1


def end() -> tuple[int, str]:
    """Number and digest of the last event: whoever keeps them elsewhere sees later whether the chain was cut."""
    head = Head.objects.get(pk=1)
    return head.number, head.digest


def holds(number: int, digest: str) -> bool:
    """Whether the chain still has an end that was noted earlier."""
    return (number, digest) == (0, START) or Event.objects.filter(number=number, digest=digest).exists()
