"""The year's rhythm: by when a month must be settled and a year cleared (design/10 §1). No clock here: the day to
compare with is an argument."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from drgpay.policy import Policy, load
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


@dataclass(frozen=True)
class Terms:
    """By when, and how often, statements are agreed on: working days within which a month is settled, the last day of
    the clearing, working days to answer a statement when it is published and when it is published again (silence
    confirms it), and how many rounds of disputes there are."""

    month_days: int
    clearing: date
    confirm_days: int
    again_days: int
    rounds: int


def terms(policy: str, year: int, month: int | None = None) -> Terms:
    """The terms of a practice for a month, or for the clearing of a year (None). Raises POLICY for a practice that
    cannot be read."""
    last_month = month or fund.MONTHS[-1]
    law = load(policy, on=date(year, last_month, calendar.monthrange(year, last_month)[1]))
    last = law.month_day("settlement.clearing_deadline")
    return Terms(
        month_days=law.integer("settlement.month_deadline_days"),
        clearing=date(year + 1, last.month, last.day),
        confirm_days=_term(law, "confirm_days"),
        again_days=_term(law, "confirm_again_days"),
        rounds=_term(law, "dispute_rounds"),
    )


def _term(law: Policy, name: str) -> int:
    """A term as the practice sets it, else as shipped (``data/ready/statements.yaml``)."""
    said = law.integer_or_none(f"settlement.{name}")
    return int(_shipped()[name]["value"]) if said is None else said


@cache
def _shipped() -> dict[str, dict[str, Any]]:
    text = files("drgpay").joinpath("data", "ready", "statements.yaml").read_text(encoding="utf-8")
    found: dict[str, dict[str, Any]] = yaml.safe_load(text)
    return found
