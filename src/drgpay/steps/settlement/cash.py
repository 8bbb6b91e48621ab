"""What leaves the bank for an institution in a month of a book: corrections, advances, holds (design/12 §5).

Paid part of the due + corrections + what was left below zero before; − the instalment of the advance; then the hold.
A month's cash is never below zero: the rest stays on ``payable``.
"""

from __future__ import annotations

from dataclasses import dataclass

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
    it owes), ``outstanding`` (advances not netted yet, those of this month included), ``held``; whether its payments
    are held this month, and whether what is held is released."""

    carried: int = 0
    outstanding: int = 0
    held: int = 0
    hold: bool = False
    release: bool = False


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
    netted = instalment(cash, before.outstanding, month, policy)
    left = cash - netted
    return Cash(
        netted=netted,
        held=left if before.hold else 0,
        released=before.held if before.release and not before.hold else 0,
        paid=0 if before.hold else left,
        carried=min(gross, 0),
    )


def instalment(cash: int, outstanding: int, month: int, policy: Policy) -> int:
    """What of an advance is netted in a month (1–12): with ``settlement.advance_share`` that share of the cash, else
    an equal part of what is outstanding over the months left, this one included; half up, never more than the cash or
    what is outstanding. Nothing where advances are netted at the clearing."""
    if policy.choice_or_none("settlement.advance_netting") != "month" or outstanding <= 0:
        return 0
    share = policy.ratio_or_none("settlement.advance_share")
    wanted = half_up(outstanding, 13 - month) if share is None else half_up(cash * share, ONE)
    return min(cash, outstanding, wanted)
