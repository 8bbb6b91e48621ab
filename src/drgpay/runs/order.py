"""What a run is asked for, and the book that it goes on from."""

from __future__ import annotations

import calendar
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from drgpay.errors import DrgpayError, Kind
from drgpay.runs import ready
from drgpay.runs.chain import Chain, check_known, go_on, reopen
from drgpay.steps import fund

Report = Callable[[Path], None]
"""writes a file or two into the folder of a run, from its tables"""


@dataclass(frozen=True)
class Order:
    """What to run: a region's folder, a practice, a year, and a month or None for the whole year."""

    region: Path
    policy: str
    year: int
    month: int | None = None
    known_on: date | None = None
    schemes: Path | None = None
    """folder of grouping schemes besides those shipped"""
    accept: ready.Accepted = field(default_factory=ready.Accepted)
    """what is accepted of what would stop the run"""
    after: Path | None = None
    """the sealed run of a book that this one follows"""
    reopens: Path | None = None
    """the sealed clearing that this one opens again, and why"""
    reason: str = ""
    batches: tuple[int, ...] | None = None
    """only these batches of the region, to make a run again after later ones came; None = all that are known"""
    base: Path | None = None
    """a base period that several areas share, as ``drgpay run base`` published it"""
    late: Mapping[str, Any] | None = None
    """of a run that is made again: what it took up of years that were closed; None = the seals say it"""
    again: bool = False
    """a run is made again: later links may be sealed"""

    @property
    def on(self) -> date:
        """The day whose law is applied: the last of the period."""
        month = self.month or 12
        return date(self.year, month, calendar.monthrange(self.year, month)[1])

    @property
    def months(self) -> tuple[int, ...]:
        """Months settled."""
        return fund.MONTHS if self.month is None else (self.month,)


def chain_of(order: Order, area: str) -> Chain | None:
    """The chain a run goes on from. USAGE for a re-opening without a reason, or of a month."""
    if order.reopens is None:
        if order.after is None:
            return None
        chain = go_on(order.after, area=area, year=order.year, month=order.month, newest=not order.again)
        check_known(chain, order.known_on)
        return chain
    if order.after is not None or order.month is not None:
        raise DrgpayError(Kind.USAGE, zh="--reopens 只用于年度运行,且不与 --after 同用",
                          en="--reopens is for a year, and not with --after", field="--reopens")  # fmt: skip
    if not order.reason.strip():
        raise DrgpayError(Kind.USAGE, zh="重开清算必须写明理由", en="opening a year again needs a reason",
                          field="--reason", fix_zh="加上 --reason 理由", fix_en="add --reason …")  # fmt: skip
    chain = reopen(order.reopens, area=area, year=order.year, newest=not order.again)
    check_known(chain, order.known_on)
    return chain
