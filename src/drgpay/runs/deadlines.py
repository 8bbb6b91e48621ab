"""The year's rhythm: by when a month must be settled and a year cleared (design/10 §1). No clock here: the day to
compare with is an argument."""

from __future__ import annotations

import calendar
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from drgpay.policy import Policy, load
from drgpay.steps import fund
from drgpay.units import parse_coefficient, parse_fen

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


@dataclass(frozen=True)
class OfficeTerms:
    """Terms of the office: counts below which an announcement shows none, rounds of talks on a budget, working days
    to say what one wants of it and to answer that, the deviation (1/10,000 of what is due) that proposes a mid-year
    talk, working days to object to marks and to performance pay, the share (1/10,000) of reported items that is
    checked on the spot, and days for which a hospital's stays in house are kept."""

    smallest_count: int
    budget_rounds: int
    budget_days: int
    answer_days: int
    talk_deviation: int
    objection_days: int
    spot_share: int
    in_house_days: int


def office_terms(practice: str | Path, on: date) -> OfficeTerms:
    """The terms of a practice on a day, each as it sets it, else as shipped (``data/ready/office.yaml``). Raises
    POLICY for a practice that cannot be read."""
    law, shipped = load(practice, on=on), _shipped("office")
    names = ("smallest_count", "budget_rounds", "budget_days", "answer_days", "objection_days", "in_house_days")
    whole = {name: law.integer_or_none(f"office.{name}") for name in names}
    shares = {name: law.ratio_or_none(f"office.{name}") for name in ("talk_deviation", "spot_share")}
    return OfficeTerms(
        **{name: int(shipped[name]["value"]) if said is None else said for name, said in whole.items()},
        **{n: parse_coefficient(shipped[n]["value"]) if said is None else said for n, said in shares.items()},
    )


@dataclass(frozen=True)
class BoardTerms:
    """What figures of the boards are set beside, in 1/10,000: the cost index above which a group is red, targets by
    measure, the growth of the case-mix index and the satisfaction aimed at."""

    red_cost_index: int
    targets: Mapping[str, int]
    cmi_growth: int
    satisfaction: int


_AIMED = ("cost_index", "time_index", "mean_los", "low_risk_mortality")
"""measures with a target; none may be above it"""


def board_terms(practice: str | Path, on: date) -> BoardTerms:
    """The terms of the boards of a practice on a day, as :func:`office_terms`."""
    law, shipped = load(practice, on=on), _shipped("office")

    def of(name: str) -> int:
        said = law.ratio_or_none(f"office.{name}")
        return parse_coefficient(shipped[name]["value"]) if said is None else said

    return BoardTerms(
        red_cost_index=of("red_cost_index"), targets={name: of(f"target_{name}") for name in _AIMED},
        cmi_growth=of("target_cmi_growth"), satisfaction=of("target_satisfaction"),
    )  # fmt: skip


@dataclass(frozen=True)
class SpecialTerms:
    """Terms of special reviews: working days for each step, and how far the costs that two experts recognise may
    differ (1/10,000 of the larger) before a third is asked."""

    draft_days: int
    check_days: int
    assign_days: int
    opinion_days: int
    decide_days: int
    tell_days: int
    appeal_days: int
    difference: int


def special_terms(practice: str | Path, on: date) -> SpecialTerms:
    """The terms of special reviews of a practice on a day, as :func:`office_terms`."""
    law, steps = load(practice, on=on), ("draft", "check", "assign", "opinion", "decide", "tell", "appeal")
    share = law.ratio_or_none("office.special_difference")
    shipped = parse_coefficient(_shipped("office")["special_difference"]["value"])
    days = {f"{step}_days": _office_days(law, f"special_{step}_days") for step in steps}
    return SpecialTerms(**days, difference=shipped if share is None else share)


@dataclass(frozen=True)
class ReconcileTerms:
    """Terms of reconciliations: working days to ask and to answer; what is still the same, in fen and in 1/10,000 of
    a point."""

    ask_days: int
    answer_days: int
    fen: int
    points: int


def reconcile_terms(practice: str | Path, on: date) -> ReconcileTerms:
    """The terms of reconciliations of a practice on a day, as :func:`office_terms`."""
    law, shipped = load(practice, on=on), _shipped("office")
    fen, points = law.fen_or_none("office.reconcile_tolerance"), law.ratio_or_none("office.reconcile_points")
    return ReconcileTerms(
        _office_days(law, "reconcile_ask_days"),
        _office_days(law, "reconcile_answer_days"),
        parse_fen(shipped["reconcile_tolerance"]["value"]) if fen is None else fen,
        parse_coefficient(shipped["reconcile_points"]["value"]) if points is None else points,
    )


def _office_days(law: Policy, name: str) -> int:
    said = law.integer_or_none(f"office.{name}")
    return int(_shipped("office")[name]["value"]) if said is None else said


def _term(law: Policy, name: str) -> int:
    """A term as the practice sets it, else as shipped (``data/ready/statements.yaml``)."""
    said = law.integer_or_none(f"settlement.{name}")
    return int(_shipped("statements")[name]["value"]) if said is None else said


@cache
def _shipped(name: str) -> dict[str, dict[str, Any]]:
    text = files("drgpay").joinpath("data", "ready", f"{name}.yaml").read_text(encoding="utf-8")
    found: dict[str, dict[str, Any]] = yaml.safe_load(text)
    return found
