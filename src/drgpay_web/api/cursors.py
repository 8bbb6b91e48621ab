"""Where the next page of a list begins: an opaque text, so that nobody counts on what is in it."""

from __future__ import annotations

import base64
import binascii

from drgpay_web.ui.errors import Unfit


class NoCursor(Unfit):
    """A cursor that was not given by the office (400)."""

    status = 400


def start_of(cursor: str) -> int:
    """The number of the first row of a page; 0 without a cursor. Raises :class:`NoCursor`."""
    if not cursor:
        return 0
    try:
        name, _, number = base64.urlsafe_b64decode(cursor.encode()).decode().partition(":")
    except (binascii.Error, UnicodeError, ValueError):
        name, number = "", ""
    if name != "from" or not number.isdecimal() or len(number) > 9:
        raise NoCursor("api.no_cursor")
    return int(number)


def after(start: int, shown: int, total: int) -> str | None:
    """The cursor of what follows ``shown`` rows from ``start``; None at the end."""
    end = start + shown
    return base64.urlsafe_b64encode(f"from:{end}".encode()).decode() if shown and end < total else None
