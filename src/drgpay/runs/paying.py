"""A month of a book is paid: dues, corrections, advances, holds, of DRG stays and of other modes (design/12 §5)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from drgpay.ledger import Ledger
from drgpay.policy import Policy
from drgpay.runs.ledgers import advances_in
from drgpay.runs.linked import Account
from drgpay.steps import settlement

Key = tuple[str, str]
"""insurance scheme, institution"""
Row = dict[str, Any]


def pay_month(
    account: Account,
    poster: settlement.BookPoster,
    ledger: Ledger,
    months: Iterable[Row],
    by_mode: Iterable[Row],
    corrections: Mapping[tuple[str, str, int], int],
    policy: Policy,
) -> list[Row]:
    """Post a month of a book: advances that are new, dues, corrections, what leaves the bank, and after it what the
    modes pay (``by_mode``: rows of ``mode_payments``). Rows of table ``month_cash``."""
    month = account.month
    assert month is not None
    poster.months_paid(account.months_paid())
    poster.advances(account.new_advances())
    of = {(row["insurance_scheme"], row["institution_id"]): row for row in months}
    for row in of.values():
        poster.month_in_book(row)
    heirs = account.gone_over()
    taken_over: dict[Key, int] = defaultdict(int)
    ratio = policy.ratio("settlement.monthly_pay_ratio")
    deposits = {(row["insurance_scheme"], row["institution_id"]): row["deposit"] for row in account.booked_months()}
    moved: dict[Key, list[tuple[int, int, int]]] = defaultdict(list)
    for (s, h, of_month), amount in sorted(corrections.items()):
        there = deposits.get((s, h), 0) + (of[s, h]["deposit"] if (s, h) in of else 0)
        there += sum(part for _, _, part in moved[s, h])
        moved[s, h].append((of_month, amount, settlement.deposit_of(amount, ratio, there)))
    holds, carried, held, ended = account.holds(), account.carried(), account.held(), account.ended()
    ahead = advances_in(ledger)
    modes = account.held("held_modes")
    rows: dict[Key, Row] = {}
    keys = of.keys() | moved.keys() | carried.keys() | held.keys() | ahead.keys()
    keys |= {(scheme, heirs[h]) for scheme, h in keys if h in heirs}
    for scheme, h in sorted(keys, key=lambda key: (key[1] not in heirs, key)):  # what goes over comes first
        its = of.get((scheme, h), {"due": 0, "paid": 0, "deposit": 0})
        key = (scheme, h)
        wanted = _less(holds.of_month(scheme, h), modes.get(key, 0))
        before = settlement.Before(carried.get(key, 0), ahead.get(key, 0), held.get(key, 0), wanted, h in ended)
        amount, deposit = (sum(row[at] for row in moved.get(key, ())) for at in (1, 2))
        for of_month, worth_of, part in moved.get(key, ()):
            poster.corrections(scheme, h, of_month, month, worth_of, part)
        own = its["paid"] + amount - deposit
        if h in heirs:
            goes = own + before.carried + before.free
            poster.released_to_payable(scheme, h, month, before.free)
            poster.month_handed_over(scheme, h, heirs[h], month, goes)
            taken_over[scheme, heirs[h]] += goes
            cash = settlement.Cash(netted=0, held=0, released=before.free, paid=0, carried=0)
        else:
            goes = -taken_over[key]
            cash = settlement.month_cash(own - goes, before, month, policy)
            poster.cash(scheme, h, month, cash)
        rows[key] = _nothing(scheme, h) | {
            "due": its["due"],
            "deposit": its["deposit"],
            "corrections": amount,
            "corrections_deposit": deposit,
            "carried_in": before.carried,
            "advance_netted": cash.netted,
            "held": cash.held,
            "released": cash.released,
            "moved": goes,
            "paid": cash.paid,
            "carried_out": cash.carried,
        }
    there = Counter(held)
    there.update({key: row["held"] - row["released"] for key, row in rows.items()})
    for key, its in _pay_modes(account, poster, by_mode, there, modes).items():
        rows[key] = rows.get(key, _nothing(*key)) | its
    return [rows[key] for key in sorted(rows)]


def _pay_modes(
    account: Account, poster: settlement.BookPoster, by_mode: Iterable[Row], held: Mapping[Key, int],
    before: Mapping[Key, int],
) -> dict[Key, Row]:  # fmt: skip
    """Post what the modes pay in a month. ``held``: what is held of the institutions' DRG payments after the month,
    which counts towards an amount first; ``before``: of the modes' payments until now."""
    month, holds, payments = account.month, account.holds(), list(by_mode)
    assert month is not None
    keys = {(row["insurance_scheme"], row["institution_id"]) for row in payments} | before.keys()
    wanted = {key: _less(holds.of_month(*key), held.get(key, 0)) for key in keys}
    free = {}
    for key, amount in sorted(before.items()):
        most = wanted[key]
        if most is not None and amount > most:
            free[key] = amount - most
            poster.release_modes(*key, free[key], account.last_day, month)
    poster.hold_modes({key: _less(most, before.get(key, 0)) for key, most in wanted.items()})
    kept = {key: amount for key, amount in poster.mode_months(payments).items() if amount}
    return {
        key: {"modes_held": kept.get(key, 0), "modes_released": free.get(key, 0)} for key in kept.keys() | free.keys()
    }


def _less(wanted: int | None, there: int) -> int | None:
    """What of an amount to be held is not held yet; None stays everything."""
    return None if wanted is None else max(wanted - there, 0)


def _nothing(scheme: str, h: str) -> Row:
    figures = ("due", "deposit", "corrections", "corrections_deposit", "carried_in", "advance_netted", "held",
               "released", "moved", "paid", "carried_out", "modes_held", "modes_released")  # fmt: skip
    return {"insurance_scheme": scheme, "institution_id": h} | dict.fromkeys(figures, 0)
