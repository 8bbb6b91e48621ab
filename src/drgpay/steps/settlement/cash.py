"""What leaves the bank for an institution in a month of a book: corrections, advances, holds (design/12 §5).

Paid part of the due + corrections + what was left below zero before; − the instalment of the advance; then the hold.
A month's cash is never below zero: the rest stays on ``payable``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from drgpay.policy import Policy
from drgpay.units import ONE, half_up


def deposit_of(amount: int, ratio: int, held: int) -> int:
    """The part of a correction that goes to the deposit (fen, signed), the rest of it being paid or taken. ``ratio``:
    what the paying month pays, in 1/10,000; ``held``: the deposit held so far. A correction downward takes no more
    out of the deposit than is in it: months paid in full have left none."""
    return max(amount - half_up(amount * ratio, ONE), -held)


@dataclass(frozen=True)
class Before:
    """The accounts of an institution and insurance scheme when a month begins, fen: ``carried`` (payable, negative =
    it owes), ``outstanding`` (advances not netted yet, those of this month included), ``held``; ``wanted``: what is
    to be held after it (None: everything); ``last``: it is no more when the month ends, and has no successor."""

    carried: int = 0
    outstanding: int = 0
    held: int = 0
    wanted: int | None = 0
    last: bool = False

    @property
    def free(self) -> int:
        """What of that held is free again."""
        return 0 if self.wanted is None else max(0, self.held - self.wanted)

    def kept(self, cash: int) -> int:
        """What of a payment is held."""
        return cash if self.wanted is None else min(cash, max(0, self.wanted - self.held))


@dataclass(frozen=True)
class Cash:
    """A month's movements of an institution and insurance scheme, fen. ``paid`` leaves the bank for the month,
    ``released`` for months that were held; ``carried`` is what is left on ``payable`` (never above zero)."""

    netted: int
    held: int
    released: int
    paid: int
    carried: int


def month_cash(due_paid: int, before: Before, month: int, policy: Policy) -> Cash:
    """The movements of a month. ``due_paid``: paid part of the month's due and of corrections (signed)."""
    gross = due_paid + before.carried
    cash = max(gross, 0)
    # after its last month there is none to net the rest
    netted = min(cash, before.outstanding) if before.last else instalment(cash, before.outstanding, month, policy)
    left = cash - netted
    held = before.kept(left)
    return Cash(netted=netted, held=held, released=before.free, paid=left - held, carried=min(gross, 0))


def instalment(cash: int, outstanding: int, month: int, policy: Policy) -> int:
    """What of an advance is netted in a month (1–12): with ``settlement.advance_share`` that share of the cash, else
    an equal part of what is outstanding over the months left, this one included; half up, never more than the cash or
    what is outstanding. Nothing where advances are netted at the clearing."""
    if policy.choice_or_none("settlement.advance_netting") != "month" or outstanding <= 0:
        return 0
    share = policy.ratio_or_none("settlement.advance_share")
    wanted = half_up(outstanding, 13 - month) if share is None else half_up(cash * share, ONE)
    return min(cash, outstanding, wanted)


MONTHS, ALL, AMOUNT = "months", "all", "amount"
"""what a row of the register ``payment_holds`` holds: an institution's monthly payments, its final payment too, or no
more than an amount"""


@dataclass(frozen=True)
class Holds:
    """What is held on a day: institutions whose monthly payments are (``months``), those whose final payment is too
    (``all``), and ``amounts``, fen by (insurance scheme, institution)."""

    months: frozenset[str] = frozenset()
    all: frozenset[str] = frozenset()
    amounts: Mapping[tuple[str, str], int] = field(default_factory=dict)

    @property
    def institutions(self) -> frozenset[str]:
        """Whose payments are held, in whole or in part."""
        return self.months | self.all | {h for _, h in self.amounts}

    def of_month(self, scheme: str, h: str) -> int | None:
        """What is to be held of an institution's monthly payments; None: everything."""
        return None if h in self.months or h in self.all else self.amounts.get((scheme, h), 0)

    def of_clearing(self, scheme: str, h: str) -> int | None:
        """What is to be held of all it is paid for the year, the clearing included; None: everything."""
        return None if h in self.all else self.amounts.get((scheme, h), 0)
