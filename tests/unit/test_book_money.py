"""Debts and claims of other years, the assessment reserve, and the risk adjustment fund in the ledger of a book."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace

import polars as pl
import pytest

from drgpay.engine import frame
from drgpay.ledger import Ledger, Whole
from drgpay.policy import laws
from drgpay.runs.region import Registers
from drgpay.runs.risk import risk_rows
from drgpay.steps import settlement
from drgpay.tables import FUND_PLANS, RISK_MOVEMENTS

POLICY = laws("demo", 2024).policy
YUAN = 100
MILLION = 1_000_000 * YUAN
S, H = "employee", "H1"


def cleared(due: int, **dealings: dict[str, int]) -> tuple[dict[str, object], Ledger]:
    """The statement and ledger of one institution's year: its due is the whole pool, and as much as the items."""
    ledger = Ledger("test")
    poster = settlement.BookPoster(ledger, "t", "a", 2024, POLICY)
    pool = SimpleNamespace(insurance_scheme=S, month=0, budget=due, reserve=0, adjusted=0)
    poster.open_year(pool)
    sums = pl.DataFrame({"institution_id": [H], "n": [1], "points": [100], "weight_points": [100], "cost": [due],
                         "actual": [due]})  # fmt: skip
    places = pl.DataFrame({"institution_id": [H], "level": ["tertiary"]})
    of = settlement.Dealings(grades={H: "pass"}, **dealings)
    rows = settlement.clear(pool, sums, [], places, of, POLICY, {(S, H, 0): due}, {})
    if "advances" in dealings:
        paid = {"date": date(2024, 1, 5), "advance_id": "a1", "institution_id": H, "insurance_scheme": S,
                "advance_kind": "ordinary", "amount": dealings["advances"][H]}  # fmt: skip
        poster.advances([paid])
    poster.clearing(rows)
    closings = [settlement.closing(Whole((), ledger), S)]
    settlement.check_closed(Whole((), ledger), rows, closings)
    return rows[0], ledger


def test_the_assessment_reserve_is_withheld_and_returned_by_grade() -> None:
    back = POLICY.table("settlement.deposit_return")["pass"]
    assert back == 9000, "the practice returns 90 % for this grade"
    row, ledger = cleared(95 * MILLION, advances={H: 70 * MILLION}, reserves={H: 5 * MILLION})
    assert row["final_payment"] == 245 * MILLION // 10
    assert row["assessment_forfeited"] == MILLION // 2
    assert -ledger.balance(f"{S}:fund:returned") == MILLION // 2
    booked = {e.event: e.amount * 10 // MILLION for e in ledger if e.event.startswith("assessment")}
    assert booked == {"assessment_held": 50, "assessment_returned": 45, "assessment_forfeited": 5}


@pytest.mark.parametrize("amount", [300, -300])
def test_what_an_earlier_book_passed_on_cancels_it(amount: int) -> None:
    row, ledger = cleared(1000, debts={H: amount}, debts_passed={H: amount})
    assert row["final_payment"] == 1000 - amount
    # the earlier book has the same amount on the other side
    assert -ledger.balance(f"{S}:{H}:passed") == amount
    assert ledger.balance(f"{S}:fund:returned") == 0
    assert ledger.balance(f"{S}:{H}:debt") == 0


@pytest.mark.parametrize("amount", [300, -300])
def test_a_debt_without_a_book_is_the_funds(amount: int) -> None:
    row, ledger = cleared(1000, debts={H: amount})
    assert row["final_payment"] == 1000 - amount
    assert -ledger.balance(f"{S}:fund:returned") == amount


def test_the_risk_fund_is_posted_once_and_brought_forward() -> None:
    def movement(id_: str, on: date, kind: str, amount: int) -> dict[str, object]:
        reason = "disaster" if kind == "draw" else None
        return {"movement_id": id_, "date": on, "insurance_scheme": S, "movement": kind, "draw_reason": reason,
                "amount": amount, "note": None}  # fmt: skip

    moves = [movement("o", date(2022, 1, 1), "opening", 500), movement("d1", date(2023, 5, 1), "draw", 100),
             movement("d2", date(2024, 2, 3), "draw", 50),
             movement("r", date(2024, 3, 1), "repayment", 20)]  # fmt: skip
    plans = [{"year": 2024, "insurance_scheme": S, "revenue": 1000, "expenditure": None}]
    registers = Registers(
        {"risk_movements": frame(RISK_MOVEMENTS.of(moves)), "fund_plans": frame(FUND_PLANS.of(plans))}
    )
    share = POLICY.ratio_or_none("fund.risk_share") or 0
    ledger = Ledger("test")
    poster = settlement.BookPoster(ledger, "t", "a", 2024, POLICY)
    for until in (date(2024, 1, 31), date(2024, 2, 29), date(2024, 12, 31)):
        poster.risk(risk_rows(registers, 2024, until, list(ledger), POLICY))
    assert not risk_rows(registers, 2024, date(2024, 12, 31), list(ledger), POLICY)
    aside = 1000 * share // 10_000
    assert -ledger.balance(f"{S}:risk") == 500 - 100 + aside - 50 + 20
    events = [e.event for e in ledger]
    assert events == ["risk_opening", *(["risk_set_aside"] if aside else []), "risk_draw", "risk_repayment"]
    settlement.check_link(Whole((), ledger), [S])  # it is kept apart from the DRG fund
