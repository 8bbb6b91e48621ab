"""Rows of the fund's registers with whatever is not given filled in."""

from __future__ import annotations

from datetime import date
from typing import Any

from drgpay.tables import (
    ADVANCE_USE,
    ADVANCES,
    BUDGET_ENTRIES,
    FUND_HISTORY,
    FUND_MONTHS,
    INSTITUTION_HISTORY,
    NEGOTIATIONS,
    PREPAYMENT_TERMS,
    RISK_MOVEMENTS,
    Table,
)

Row = dict[str, Any]

_FILLED: dict[str, Row] = {
    "fund_history": {"revenue": 0, "expenditure": 0, "balance": 0, "lump_sum_balance": 0, "settled": True},
    "fund_months": {"year": 2024, "revenue": 0, "lump_sum": 0, "expenditure": 0},
    "budget_entries": {"entry_id": "E1", "year": 2024, "stage": "initial", "change_reason": "policy_change",
                       "part": None, "amount": 0, "note": None},
    "negotiations": {"year": 2024, "round": 1, "date": date(2024, 1, 10), "who": "A", "proposal": 0,
                     "decision": None},
    "institution_history": {"year": 2023, "fund_paid": 0, "unreasonable": 0, "heads": 100, "invalid_heads": 0},
    "risk_movements": {"movement_id": "M1", "date": date(2024, 6, 1), "movement": "draw", "draw_reason": "disaster",
                       "amount": 0, "note": None},
    "prepayment_terms": {"year": 2024, "function": "general", "short_of_cash": False, "days_of_cash": None,
                         "cmi_growth": None, "cost_index": None, "refused_severe": None},
    "advances": {"advance_id": "A1", "year": 2024, "date": date(2024, 1, 5), "advance_kind": "ordinary", "amount": 0},
    "advance_use": {"year": 2024, "month": 6, "used": 0, "cost": 0, "cost_last_year": 0},
}  # fmt: skip


def _row(table: Table, given: Row) -> Row:
    common = {"insurance_scheme": "employee", "institution_id": "H1"}
    row = {n: v for n, v in (common | _FILLED[table.name] | given).items() if n in table.names}
    table.of([row])
    return row


def history(year: int, expenditure: int, **given: Any) -> Row:
    """A row of ``fund_history``."""
    return _row(FUND_HISTORY, {"year": year, "expenditure": expenditure} | given)


def month(number: int, **given: Any) -> Row:
    """A row of ``fund_months``."""
    return _row(FUND_MONTHS, {"month": number} | given)


def entry(amount: int, **given: Any) -> Row:
    """A row of ``budget_entries``: year on year unless it names a part."""
    stage = "mid_year" if "part" in given else "initial"
    return _row(BUDGET_ENTRIES, {"amount": amount, "stage": stage} | given)


def talk(institution: str, number: int, decision: int | None, **given: Any) -> Row:
    """A row of ``negotiations``."""
    return _row(NEGOTIATIONS, {"institution_id": institution, "round": number, "decision": decision} | given)


def past(institution: str, fund_paid: int, **given: Any) -> Row:
    """A row of ``institution_history``."""
    return _row(INSTITUTION_HISTORY, {"institution_id": institution, "fund_paid": fund_paid} | given)


def movement(amount: int, **given: Any) -> Row:
    """A row of ``risk_movements``: a draw unless it says otherwise."""
    reason = {"draw_reason": None} if given.get("movement", "draw") != "draw" else {}
    return _row(RISK_MOVEMENTS, {"amount": amount} | reason | given)


def terms(**given: Any) -> Row:
    """A row of ``prepayment_terms``."""
    return _row(PREPAYMENT_TERMS, given)


def advance(amount: int, **given: Any) -> Row:
    """A row of ``advances``."""
    return _row(ADVANCES, {"amount": amount} | given)


def used(**given: Any) -> Row:
    """A row of ``advance_use``."""
    return _row(ADVANCE_USE, given)
