"""The accounts of a distribution: every movement with its base, factor and parameter; nothing is created or lost."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any, TypeVar

from drgpay.errors import DrgpayError, Kind
from drgpay.units import split

Row = dict[str, Any]
K = TypeVar("K")

SUM, HOSPITAL, DEPARTMENTS, INDIVIDUALS, PEOPLE, HELD = (
    "sum", "hospital", "departments", "individuals", "people", "held",
)  # fmt: skip
PRIZES, COST_PRIZES = "prizes", "cost_prizes"
"""budgets of their own: for departments whose case mix rose, and for people who control cost"""


def department(of: str) -> str:
    """Account of a department."""
    return f"department:{of}"


class Accounts:
    """Balances in fen and the movements that led to them; the sum is opened once, and so are ``budgets``: what there
    is for prizes beside it, by account."""

    def __init__(self, amount: int, budgets: Mapping[str, int] | None = None) -> None:
        self.budgets = dict(budgets or {})
        self.total = amount + sum(self.budgets.values())
        self.balances: dict[str, int] = defaultdict(int, {SUM: amount, **self.budgets})
        self.flows: list[Row] = []

    def move(
        self,
        origin: str,
        account: str,
        event: str,
        amount: int,
        parameter: str,
        *,
        base: int | None = None,
        factor: int | None = None,
        of: str = "",
    ) -> None:
        """Move an amount (≥ 0) that the origin has; nothing is posted for zero.
        ``of``: the department it is about."""
        if amount == 0:
            return
        if amount < 0 or self.balances[origin] < amount:
            raise DrgpayError(
                Kind.BROKEN, zh="分配超出账户余额", en="an account is paid out beyond what it has", field=origin,
                value=event,
            )  # fmt: skip
        self.balances[origin] -= amount
        self.balances[account] += amount
        self.flows.append(
            {
                "line": len(self.flows) + 1,
                "account": account,
                "origin": origin,
                "event": event,
                "department_id": of,
                "base": amount if base is None else base,
                "factor": factor,
                "amount": amount,
                "parameter": parameter,
            }
        )

    def grant(self, wanted: Mapping[K, int], account: str = HOSPITAL) -> dict[K, int]:
        """What of some claims on an account, usually the hospital's part, can be paid: all, or shares of what there
        is, largest remainder. Nothing is moved."""
        there = self.balances[account]
        return dict(wanted) if sum(wanted.values()) <= there else dict(split(there, wanted))

    def close(self) -> None:
        """Fail unless everything is with the hospital, its people, held back, or left of a budget for prizes: all
        pools are empty."""
        left = {a: b for a, b in self.balances.items() if b and a not in (HOSPITAL, PEOPLE, HELD, *self.budgets)}
        if left or sum(self.balances.values()) != self.total:
            raise DrgpayError(
                Kind.BROKEN, zh="绩效池没有分完", en="a pool was not emptied", field=", ".join(sorted(left)),
                value=sum(left.values()),
            )  # fmt: skip
