"""The year's rhythm: by when a month must be settled and a year cleared (design/10 §1). No clock here: the day to
compare with is an argument."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date, timedelta

from drgpay.policy import Policy
from drgpay.steps import fund

_SATURDAY = 5


@dataclass(frozen=True)
class Deadline:
    """Last day for a month (1–12) or for the clearing of the year (0)."""

    month: int
    last_day: date

    def overdue(self, today: date) -> bool:
        """The day has passed."""
        return today > self.last_day


def working_day(after: date, days: int) -> date:
    """The day so many working days after a day. Saturdays and Sundays do not count; public holidays are not known
    here, so the true deadline may be later, never earlier."""
    day = after
    while days > 0:
        day += timedelta(1)
        if day.weekday() < _SATURDAY:
            days -= 1
    return day


def deadlines(policy: Policy, year: int) -> list[Deadline]:
    """Deadlines of the twelve months and of the clearing."""
    days = policy.integer("settlement.month_deadline_days")
    months = [Deadline(m, working_day(date(year, m, calendar.monthrange(year, m)[1]), days)) for m in fund.MONTHS]
    last = policy.month_day("settlement.clearing_deadline")
    return [*months, Deadline(fund.YEAR, date(year + 1, last.month, last.day))]
