"""The book of a year: what is sealed, which period comes next, and what blocks another."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from drgpay import runs
from drgpay.tables import MONTHS_PAID
from drgpay_web import store

_PERIOD = re.compile(r"((?:19|20|21)\d\d)(?:-(0[1-9]|1[0-2]))?")
YEAR, CLOSED = 0, -1
"""what comes next after December, and after the clearing"""
_DECEMBER = 12


@dataclass(frozen=True)
class Standing:
    """A book as it stands: its last seal (None: none yet), and the next link: a month, ``YEAR`` or ``CLOSED``."""

    year: int
    last: runs.Seal | None
    next: int

    @property
    def after(self) -> str:
        """The run that the next link follows; empty for the first."""
        return self.last.run if self.last else ""

    @property
    def sealed(self) -> str:
        """The period of the last seal; empty before the first."""
        return period_of(self.year, self.last.month) if self.last else ""

    @property
    def period(self) -> str:
        """The next link as a period; empty when the book is closed."""
        return "" if self.next == CLOSED else period_of(self.year, self.next or None)


def parsed(period: str) -> tuple[int, int | None]:
    """Year and month of ``2024-03``, year and None of ``2024``. Raises ValueError for anything else."""
    found = _PERIOD.fullmatch(period)
    if found is None:
        raise ValueError(period)
    return int(found[1]), int(found[2]) if found[2] else None


def period_of(year: int, month: int | None) -> str:
    """``2024-03``, or ``2024`` for the clearing."""
    return f"{year}-{month:02d}" if month else str(year)


def periods_of(year: int) -> list[str]:
    """The twelve months and the clearing."""
    return [*(period_of(year, month) for month in range(1, _DECEMBER + 1)), str(year)]


def last_day(period: str) -> date:
    """The last day of a period."""
    year, month = parsed(period)
    return date(year, month or _DECEMBER, monthrange(year, month or _DECEMBER)[1])


def standing(area: str, year: int) -> Standing:
    """How the book of a year stands, by the seals on disk. Raises BROKEN where their chain does not hold."""
    seals = [s for s in runs.read_seals(store.folder_of_kind(area, "run")) if (s.area, s.year) == (area, year)]
    if not seals:
        outside = {row["month"] for row in store.rows(area, MONTHS_PAID) if row["year"] == year}
        return Standing(year, None, _after(outside))
    last = seals[-1]
    return Standing(year, last, CLOSED if last.month is None else _following(last.month))


def _after(outside: Iterable[int]) -> int:
    """The first month that was not paid outside of the program."""
    months = set(outside)
    return next((month for month in range(1, _DECEMBER + 1) if month not in months), YEAR)


def _following(month: int) -> int:
    return YEAR if month == _DECEMBER else month + 1


def blocked(area: str, period: str) -> tuple[str, dict[str, str]] | None:
    """Why there can be no candidate of a period now: key of words and what they name; None where there can."""
    year, month = parsed(period)
    book = standing(area, year)
    if book.next == CLOSED:
        return "clearing.blocked_closed", {"year": str(year)}
    if (month or YEAR) == book.next:
        return None
    if month and (book.next == YEAR or month < book.next):
        return "clearing.blocked_sealed", {"period": period}
    return "clearing.blocked_by", {"period": book.period}
