"""Posting rules of a book: months paid one by one, and a clearing against what was really booked (design/12).

Further accounts of an institution: ``held`` and ``held_modes`` (payments of months held back, for DRG stays and of
other payment modes) and ``passed`` (what goes over to the book of another year).
"""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from drgpay.errors import DrgpayError, Kind
from drgpay.ledger import Entry, Whole
from drgpay.steps.settlement import posting as p
from drgpay.steps.settlement.cash import Cash
from drgpay.steps.settlement.clearing import Row
from drgpay.steps.settlement.mode_posting import ModePoster

Key = tuple[str, str]
"""insurance scheme, institution"""


class BookPoster(ModePoster):
    """Posts a link of a book; ids that are taken in the chain get ``/r2`` by the ledger."""

    def _last_day(self, month: int) -> date:
        return date(self._year, month, calendar.monthrange(self._year, month)[1])

    def months_paid(self, rows: Iterable[Row]) -> None:
        """Months that were settled and paid outside the program (rows of register ``months_paid``)."""
        for row in rows:
            self.month(row | {"refused": 0})

    def month_in_book(self, row: Row) -> None:
        """A month's due, refused shares and deposit of an institution; :meth:`cash` pays."""
        self.month(row | {"paid": 0})

    def cash(self, scheme: str, h: str, month: int, cash: Cash) -> None:
        """What a month moves between an institution's accounts and the bank, but for its due and corrections."""
        on, payable = self._last_day(month), f"{h}:payable"
        for event, debit, credit, amount, parameter in (
            (p.ADVANCE_NETTED, payable, f"{h}:advance", cash.netted, "settlement.advance_netting"),
            (p.MONTH_HELD, payable, f"{h}:held", cash.held, "payment_holds"),
            (p.HELD_PAID, f"{h}:held", "bank", cash.released, "payment_holds"),
            (p.MONTH_PAID, payable, "bank", cash.paid, "settlement.monthly_pay_ratio"),
        ):
            self._post(scheme, event, debit, credit, amount, on, institution=h, month=month, parameter=parameter)

    def released_to_payable(self, scheme: str, h: str, month: int, amount: int) -> None:
        """Held payments of an institution that is no more, free again: they go the way of its other money."""
        self._post(scheme, p.HELD_RELEASED, f"{h}:held", f"{h}:payable", amount, self._last_day(month), institution=h,
                   month=month, parameter="payment_holds")  # fmt: skip

    def month_handed_over(self, scheme: str, h: str, heir: str, month: int, amount: int) -> None:
        """What a month leaves to an institution that has gone over into another, before it pays."""
        self.hand_over(scheme, h, heir, amount, self._last_day(month), month)

    def risk(self, rows: Iterable[Row]) -> None:
        """Movements of the risk adjustment fund (rows of table ``risk_fund``), kept apart from the DRG fund."""
        for row in rows:
            event, key = risk_event(row)
            sides = ("risk_cash", "risk") if row["amount"] > 0 else ("risk", "risk_cash")
            by = "fund.risk_share" if event == "risk_set_aside" else "risk_movements"
            self._post(row["insurance_scheme"], event, *sides, abs(row["amount"]), row["date"], parameter=by, key=key)

    def corrections(self, scheme: str, h: str, of: int, in_month: int, amount: int, deposit: int) -> None:
        """A correction of month ``of`` that is paid (or taken) in another: its worth, and the part that goes to the
        deposit; both may be negative."""
        on, payable = self._last_day(in_month), f"{h}:payable"
        for event, debit, credit, moved in (
            (p.CORRECTION, "fund:drg", payable, amount),
            (p.CORRECTION_DEPOSIT, payable, f"{h}:deposit", deposit),
        ):
            sides = (debit, credit) if moved > 0 else (credit, debit)
            self._post(scheme, event, *sides, abs(moved), on, institution=h, month=of,
                       parameter="settlement.corrections")  # fmt: skip

    def budget_of_year(self, pool: Any, budget: int, reserve: int) -> None:
        """What the year's budget and reserve are more (or less) than the months have posted."""
        first = date(self._year, 12, 31)
        for event, debit, credit, moved, parameter in (
            (p.BUDGET_CHANGED, "bank", "fund:drg", pool.budget - pool.adjusted - budget, "budgets"),
            (p.RESERVE_CHANGED, "fund:drg", "fund:reserve", pool.reserve - reserve, "fund.reserve_share"),
        ):
            sides = (debit, credit) if moved > 0 else (credit, debit)
            self._post(pool.insurance_scheme, event, *sides, abs(moved), first, parameter=parameter)

    def clearing_of_book(self, rows: list[Row], booked: Mapping[Key, int], released: Mapping[Key, int]) -> None:
        """Clearing of one insurance scheme against what the chain has booked. ``booked``: dues, corrections and
        refused shares until now; ``released``: held payments that are free and paid with the clearing."""
        on, against = self.clearing_day, []
        for row in rows:
            scheme, h = row["insurance_scheme"], row["institution_id"]
            there = -self._ledger.balance(f"{scheme}:{h}:held")
            kept = min(there - released.get((scheme, h), 0), row["held"])
            for event, debit, credit, amount in (
                (p.HELD_RELEASED, f"{h}:held", f"{h}:payable", there - kept),
                (p.HELD_PASSED, f"{h}:held", f"{h}:{p.PASSED}", kept),
                (p.FINAL_HELD, f"{h}:payable", f"{h}:{p.PASSED}", row["held"] - kept),
            ):
                self._post(scheme, event, debit, credit, amount, on, institution=h, parameter="payment_holds")
            outstanding = self._ledger.balance(f"{scheme}:{h}:advance")
            # What the months paid enters the base's posting only to find how much of the due is not booked yet.
            stands = booked.get((scheme, h), 0) - row["deposit_held"] - row["refused_in_months"]
            against.append(row | {"advance_netted": outstanding, "paid_in_months": stands})
        self.clearing(against)

    def reopened(self, rows: Iterable[Row], standing: Mapping[Key, list[Entry]], booked: Mapping[Key, int]) -> None:
        """A year opened again for some institutions (their new statements): what their clearing said is taken back
        and said anew; what that leaves goes between the fund and ``passed``. ``standing``: entries of :data:`JUDGED`
        that hold until now; ``booked``: as for :meth:`clearing_of_book`. The second distribution stays."""
        rows = list(rows)
        for row in rows:
            scheme, h = row["insurance_scheme"], row["institution_id"]
            for old in standing.get((scheme, h), ()):
                self._ledger.post(
                    replace(old, entry_id=f"{old.entry_id}/reversal", run=self._run, debit=old.credit,
                            credit=old.debit, event=f"{old.event}{p.REVERSAL}")
                )  # fmt: skip
            self._judged(row, booked.get((scheme, h), 0))
            owed = -self._ledger.balance(f"{scheme}:{h}:payable")
            sides = (f"{h}:payable", f"{h}:{p.PASSED}")
            self._post(scheme, p.REOPENED_PASSED, *(sides if owed > 0 else sides[::-1]), abs(owed), self.clearing_day,
                       institution=h)  # fmt: skip
        for scheme in sorted({row["insurance_scheme"] for row in rows}):
            for part in ("drg", "second"):
                left = -self._ledger.balance(f"{scheme}:fund:{part}")
                ways = (f"fund:{part}", "fund:returned")
                self._post(scheme, f"{p.REOPENED}:{part}", *(ways if left > 0 else ways[::-1]), abs(left),
                           self.clearing_day)  # fmt: skip


def risk_event(row: Row) -> tuple[str, str]:
    """Event and key of a movement of the risk adjustment fund."""
    return f"risk_{row['movement']}", row["movement_id"] or str(row["date"].year)


def risk_place(scheme: str, event: str, key: str) -> str:
    """What tells the entries of the risk adjustment fund from each other."""
    return f"{scheme}/{event}/{key}"


_OWED = ("payable", "deposit", "held", "held_modes", p.PASSED)
_OWING = ("advance", "debt", "procurement")


def check_link(book: Whole, schemes: Iterable[str]) -> None:
    """Stop a run unless, after this link, the fund is conserved per insurance scheme: budget − reserve + draws +
    recovered = paid + returned + carried + what is left in the fund + what institutions are owed − what they owe.
    Raises BROKEN naming both sides. Source: design/12 §9."""
    balances = book.balances()
    for scheme in schemes:
        row = p.closing(book, scheme)
        parts = others = 0
        for account, balance in balances.items():
            name = account.removeprefix(f"{scheme}:")
            if name == account:
                continue
            last = name.rpartition(":")[2]
            if name.startswith("fund:") and last not in ("reserve", "returned", "carried"):
                parts -= balance
            elif not name.startswith(("fund:", "area:")) and last in (*_OWED[:-1], *_OWING):
                others -= balance
        sources = row["distributable"] + row["risk_draw"] + row["recovered"]
        uses = row["paid"] + row["returned"] + row["carried_over"] + row["passed"] + parts + others
        if sources != uses:
            raise DrgpayError(
                Kind.BROKEN,
                zh=f"基金不守恒({scheme}):来源 {sources} 分 ≠ 去向 {uses} 分",
                en=f"the fund is not conserved ({scheme}): sources {sources} fen ≠ uses {uses} fen",
            )
