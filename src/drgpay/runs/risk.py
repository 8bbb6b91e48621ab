"""The risk adjustment fund (风险调剂金) in the ledger of a year: brought forward, set aside, drawn, repaid.

It is an account of the area, apart from the reserve of the DRG fund (预留); its cash is kept apart too.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from drgpay.ledger import Entry
from drgpay.policy import Policy
from drgpay.runs.region import Registers
from drgpay.steps import fund, settlement
from drgpay.tables import FUND_HISTORY, FUND_PLANS, RISK_MOVEMENTS

Row = dict[str, Any]


def risk_rows(registers: Registers, year: int, until: date, past: Iterable[Entry], policy: Policy) -> list[Row]:
    """Movements of the year up to a day that no link has posted (rows of table ``risk_fund``), the balance brought
    forward first. Nothing where the area keeps no register ``risk_movements``. Raises DATA as ``fund risk`` does."""
    movements = registers[RISK_MOVEMENTS].filter(registers[RISK_MOVEMENTS]["date"] <= until).to_dicts()
    if not movements:
        return []
    revenue = fund.revenue_of(registers[FUND_PLANS].to_dicts(), registers[FUND_HISTORY].to_dicts(), year)
    rows = fund.risk_fund(revenue, movements, policy)
    first = date(year, 1, 1)
    brought: dict[str, int] = {}
    for row in rows:
        if row["date"] < first:
            brought[row["insurance_scheme"]] = row["balance"]
    opening = [
        {"insurance_scheme": s, "date": first, "movement": "opening", "movement_id": "", "amount": amount}
        for s, amount in brought.items()
    ]
    posted = {settlement.risk_place(e.insurance_scheme, e.event, e.entry_id.rpartition("/")[2]) for e in past}
    return [
        row
        for row in (*opening, *(row for row in rows if row["date"] >= first))
        if settlement.risk_place(row["insurance_scheme"], *settlement.risk_event(row)) not in posted
    ]
