"""Posting rules of the payment modes besides DRG points: the same ledger, accounts of their own (design/06).

Further accounts, per insurance scheme: ``fund:bed_day``, ``fund:outpatient``, ``fund:out_of_area``, ``fund:other`` (a
part of the budget each), ``area:<id>:payable`` and ``area:<id>:receivable`` (other pooling areas), and
``<id>:procurement`` (paid ahead to an institution for agreed volumes).
"""

from __future__ import annotations

import calendar
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from drgpay.errors import DrgpayError, Kind
from drgpay.ledger import Entry, Ledger, Whole
from drgpay.policy import Policy
from drgpay.steps.settlement import posting as p
from drgpay.steps.settlement.clearing import Row

Key = tuple[str, str]
"""insurance scheme, institution"""

_FINAL = (p.MODE_FINAL, p.MODE_RECOVERED, p.MODE_RELEASED_PAID, p.MODE_FINAL_HELD, p.CAPITATION_PAID,
          p.CAPITATION_HELD, p.CAPITATION_RECOVERED, p.REWARD_PAID, p.REWARD_HELD, p.PENALTY_RECEIVED)  # fmt: skip
"""payments at the clearing, which go to the successor of an institution that has gone over into another"""


class ModePoster(p.Poster):
    """Posts what the modes pay; ids are made from the event, as those of :class:`~.posting.Poster`. ``heirs``:
    institution that has gone over into another → that one."""

    def __init__(
        self, ledger: Ledger, run: str, area: str, year: int, policy: Policy, heirs: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(ledger, run, area, year, policy)
        self._heirs = heirs or {}
        self._wanted: dict[Key, int | None] = {}

    def hold_modes(self, wanted: Mapping[Key, int | None]) -> None:
        """What is to be held of the payments that are posted next; None: everything."""
        self._wanted = dict(wanted)

    def _keep(self, scheme: str, h: str, amount: int) -> int:
        """What of a payment is held."""
        wanted = self._wanted.get((scheme, h), 0)
        if wanted is None:
            return max(amount, 0)
        kept = min(max(amount, 0), wanted)
        self._wanted[scheme, h] = wanted - kept
        return kept

    def _pay_or_hold(
        self, scheme: str, h: str, pays: str, holds: str, label: str, amount: int, on: date, parameter: str
    ) -> None:
        """A payment of the clearing: what is held of it goes over to the next book, the rest is paid."""
        to = self._heirs.get(h, h)
        kept, payable = self._keep(scheme, to, amount), f"{h}:payable"
        self._post(scheme, f"{holds}{label}", payable, f"{to}:{p.PASSED}", kept, on, institution=h,
                   parameter="payment_holds")  # fmt: skip
        self._post(scheme, f"{pays}{label}", payable, "bank", amount - kept, on, institution=h, parameter=parameter)

    def release_modes(self, scheme: str, h: str, amount: int, on: date, month: int = 0) -> None:
        """Payments of the modes that were held in months and are free again are paid."""
        payable = f"{h}:payable"
        for event, debit, credit in (
            (p.MODE_RELEASED, f"{h}:held_modes", payable),
            (p.MODE_RELEASED_PAID, payable, "bank"),
        ):
            self._post(scheme, event, debit, credit, amount, on, institution=h, month=month,
                       parameter="payment_holds")  # fmt: skip

    def pass_modes(self, scheme: str, h: str, amount: int) -> None:
        """Payments of the modes that were held in months and still are go over to the next book."""
        to = self._heirs.get(h, h)
        self._post(scheme, p.MODE_PASSED, f"{h}:held_modes", f"{to}:{p.PASSED}", amount, self.clearing_day,
                   institution=h, parameter="payment_holds")  # fmt: skip

    def _post(self, scheme: str, event: str, debit: str, credit: str, amount: int, on: date, **more: Any) -> None:
        h = more.get("institution")
        heir = self._heirs.get(h or "")
        if heir is not None and event.partition(":")[0] in _FINAL:
            own, other = f"{h}:payable", f"{heir}:payable"
            self.hand_over(scheme, str(h), heir, amount if debit == own else -amount, on, event=event)
            debit, credit = (other if side == own else side for side in (debit, credit))
        super()._post(scheme, event, debit, credit, amount, on, **more)

    def open_parts(self, budgets: Mapping[tuple[str, str], int]) -> None:
        """Announce the parts of the budget: (insurance scheme, part) → fen."""
        for (scheme, part), amount in sorted(budgets.items()):
            self._post(scheme, f"{p.BUDGET}:{part}", "bank", f"fund:{part}", amount, date(self._year, 1, 1),
                       parameter="budget_amounts")  # fmt: skip

    def mode_months(self, rows: Iterable[Row]) -> Counter[Key]:
        """What a mode owes an institution for a month, and what of it is paid then; returns what of that is held."""
        held: Counter[Key] = Counter()
        for (scheme, month, h, part, label), sums in _by_mode(rows).items():
            kept = self._keep(scheme, h, sums["paid"])
            held[scheme, h] += kept
            on, payable = date(self._year, month, calendar.monthrange(self._year, month)[1]), f"{h}:payable"
            for event, debit, credit, amount, parameter in (
                (p.MODE_DUE, f"fund:{part}", payable, sums["due"] + sums["refused"], "modes.rules"),
                *p.refusals(payable, sums["refused"]),
                (p.MODE_DEPOSIT, payable, f"{h}:deposit", sums["deposit"], "settlement.monthly_pay_ratio"),
                (p.MODE_HELD, payable, f"{h}:held_modes", kept, "payment_holds"),
                (p.MODE_PAID, payable, "bank", sums["paid"] - kept, "settlement.monthly_pay_ratio"),
            ):
                self._post(scheme, f"{event}:{label}", debit, credit, amount, on, institution=h, month=month,
                           parameter=parameter)  # fmt: skip
        return held

    def mode_years(self, months: Iterable[Row], years: Iterable[Row]) -> None:
        """The year of the modes: what assessment and limits change, the deposit, and the rest of the payment."""
        booked: dict[tuple[str, str, str, str], Counter[str]] = defaultdict(Counter)
        for (scheme, _, h, part, label), sums in _by_mode(months).items():
            booked[scheme, h, part, label].update(sums)
        on = self.clearing_day
        for (scheme, _, h, part, label), sums in _by_mode(years).items():
            before = booked[scheme, h, part, label]
            more = sums["due"] + sums["refused"] - before["due"] - before["refused"]
            payable, fund, deposit = f"{h}:payable", f"fund:{part}", f"{h}:deposit"
            for event, debit, credit, amount, parameter in (
                (p.MODE_MORE, fund, payable, max(more, 0), "bed_day.factor_max"),
                (p.MODE_LESS, payable, fund, max(-more, 0), "modes.overrun"),
                *p.refusals(payable, sums["refused"] - before["refused"]),
                (p.DEPOSIT_BACK, deposit, payable, sums["deposit"] - sums["forfeited"], "settlement.deposit_return"),
                (p.FORFEITED, deposit, "fund:second", sums["forfeited"], "settlement.deposit_return"),
                (p.MODE_RECOVERED, "bank", payable, max(-sums["paid"], 0), ""),
            ):
                self._post(scheme, f"{event}:{label}", debit, credit, amount, on, institution=h, parameter=parameter)
            self._pay_or_hold(scheme, h, p.MODE_FINAL, p.MODE_FINAL_HELD, f":{label}", max(sums["paid"], 0), on, "")

    def capitation(self, rows: Iterable[Row]) -> None:
        """Results of the communities, to or from their lead institutions."""
        for row in rows:
            h, community = row["institution_id"], row["community_id"]
            payable, result = f"{h}:payable", row["result"]
            for event, debit, credit, amount in (
                (p.CAPITATION, "fund:outpatient", payable, max(result, 0)),
                (p.CAPITATION_OWED, payable, "fund:outpatient", max(-result, 0)),
                (p.CAPITATION_RECOVERED, "bank", payable, max(-result, 0)),
            ):
                self._post(row["insurance_scheme"], f"{event}:{community}", debit, credit, amount, self.clearing_day,
                           institution=h, parameter="capitation.rates")  # fmt: skip
            self._pay_or_hold(row["insurance_scheme"], h, p.CAPITATION_PAID, p.CAPITATION_HELD, f":{community}",
                              max(result, 0), self.clearing_day, "capitation.rates")  # fmt: skip

    def out_of_area(self, rows: Iterable[Row]) -> None:
        """Monthly clearing with other areas. Own insured elsewhere charge the budget; for others treated here the
        institutions are paid and the other area pays the same amount back. Where the inpatient budget is one unit
        (``fund.inpatient_unit``) inpatients elsewhere are paid out of it. A negative amount takes back what a book
        has booked too much."""
        one_unit = self._policy.choice_or_none("fund.inpatient_unit") == "whole_area"
        for row in rows:
            month, place = row["month"], f"{row['area']}:{row['setting']}"
            on = date(self._year, month, calendar.monthrange(self._year, month)[1])
            account = f"area:{row['area']}"
            whole = one_unit and row["setting"] == "inpatient"
            part = "drg" if whole else "out_of_area"
            by = "fund.inpatient_unit" if whole and row["direction"] == "out" else "modes.rules"
            moves = (
                ((p.OUT_OF_AREA, f"fund:{part}", f"{account}:payable"),
                 (p.OUT_OF_AREA_PAID, f"{account}:payable", "bank"))
                if row["direction"] == "out" else
                ((p.TREATED_HERE, f"{account}:receivable", "bank"),
                 (p.TREATED_RECEIVED, "bank", f"{account}:receivable"))
            )  # fmt: skip
            back = p.REVERSAL if row["fund"] < 0 else ""
            for event, debit, credit in moves:
                sides = (credit, debit) if back else (debit, credit)
                self._post(row["insurance_scheme"], f"{event}:{place}{back}", *sides, abs(row["fund"]), on,
                           month=month, parameter=by)  # fmt: skip

    def procurement(self, rows: Iterable[Row]) -> None:
        """Advances at the start of the year, returned at clearing, rewards, and penalties."""
        for row in rows:
            h, scheme = row["institution_id"], row["insurance_scheme"]
            start, end = date(self._year, 1, 1), self.clearing_day
            for event, debit, credit, amount, on, parameter in (
                (p.PROCUREMENT_ADVANCE, f"{h}:procurement", "bank", row["advance"], start,
                 "procurement.advance_share"),
                (p.PROCUREMENT_RETURNED, "bank", f"{h}:procurement", row["advance"], end,
                 "procurement.advance_share"),
                (p.REWARD, "fund:other", f"{h}:payable", row["reward"], end, "procurement.reward_share"),
                (p.PENALTY, f"{h}:payable", "fund:other", row["penalty"], end, "procurement.penalty_share"),
                (p.PENALTY_RECEIVED, "bank", f"{h}:payable", row["penalty"], end, "procurement.penalty_share"),
            ):  # fmt: skip
                self._post(scheme, event, debit, credit, amount, on, institution=h, parameter=parameter)
            self._pay_or_hold(scheme, h, p.REWARD_PAID, p.REWARD_HELD, "", row["reward"], end,
                              "procurement.reward_share")  # fmt: skip

    def close_parts(self, budgets: Mapping[tuple[str, str], int]) -> None:
        """Carry over what is left of every part of the budget, or its deficit."""
        for scheme, part in sorted(budgets):
            left = -self._ledger.balance(f"{scheme}:fund:{part}")
            self._post(scheme, f"{p.CARRIED}:{part}", f"fund:{part}", "fund:carried", max(left, 0), self.clearing_day)
            self._post(scheme, f"{p.CARRIED}:{part}:deficit", "fund:carried", f"fund:{part}", max(-left, 0),
                       self.clearing_day)  # fmt: skip


_AREA_OF = ("insurance_scheme", "month", "area", "setting")


def not_booked(statements: Iterable[Row], past: Iterable[Entry]) -> list[Row]:
    """Rows of ``out_of_area_statements`` less what the earlier links of a book have booked of inpatients elsewhere;
    ``fund`` is negative where they booked more than is known now."""
    booked: Counter[tuple[Any, ...]] = Counter()
    for e in past:
        family, _, place = e.event.partition(":")
        if family == p.OUT_OF_AREA:
            area, _, setting = place.removesuffix(p.REVERSAL).rpartition(":")
            key = (e.insurance_scheme, e.month, area, setting)
            booked[key] += -e.amount if e.event.endswith(p.REVERSAL) else e.amount
    rows = [
        row | {"fund": row["fund"] - booked.pop(tuple(row[n] for n in _AREA_OF), 0)}
        if row["direction"] == "out" else row
        for row in statements
    ]  # fmt: skip
    gone = [dict(zip(_AREA_OF, key, strict=True)) for key in sorted(booked)]
    return rows + [row | {"direction": "out", "fund": -booked[tuple(row.values())]} for row in gone]


def _by_mode(rows: Iterable[Row]) -> dict[tuple[str, int, str, str, str], Counter[str]]:
    """(insurance scheme, month, institution, part, label) → due, refused, deposit, forfeited and paid; categories are
    added up. A visit's label begins with ``visit_``."""
    sums: dict[tuple[str, int, str, str, str], Counter[str]] = defaultdict(Counter)
    for row in rows:
        label = row["mode"] if row["setting"] == "inpatient" else f"visit_{row['mode']}"
        key = (row["insurance_scheme"], row["month"], row["institution_id"], row["part"], label)
        sums[key].update({n: row[n] for n in ("due", "refused", "deposit", "forfeited", "paid")})
    return dict(sorted(sums.items()))


_OF_A_MODE = (
    p.MODE_DUE, p.MODE_MORE, p.MODE_LESS, p.REFUSED, p.REFUSED_LESS, p.MODE_DEPOSIT, p.DEPOSIT_BACK, p.FORFEITED,
    p.MODE_HELD, p.MODE_PAID, p.MODE_FINAL, p.MODE_FINAL_HELD, p.MODE_RECOVERED,
)  # fmt: skip


def check_modes(ledger: Ledger | Whole, years: Iterable[Row], results: Iterable[Row]) -> None:
    """Stop the run unless the year rows of ``mode_payments`` and the results of the communities say what the ledger
    says, and every account of an area, of procurement and of deposits is empty. Raises BROKEN naming both sides."""
    booked: dict[tuple[str, str | None, str], int] = defaultdict(int)
    for e in ledger:
        booked[e.insurance_scheme, e.institution_id, e.event] += e.amount
    for (scheme, _, h, _, label), sums in _by_mode(years).items():
        amounts = {e: booked[scheme, h, f"{e}:{label}"] for e in _OF_A_MODE}
        refused = amounts[p.REFUSED] - amounts[p.REFUSED_LESS]
        owed = amounts[p.MODE_DUE] + amounts[p.MODE_MORE] - amounts[p.MODE_LESS] - refused
        paid = sum(amounts[e] for e in (p.MODE_HELD, p.MODE_PAID, p.MODE_FINAL, p.MODE_FINAL_HELD))
        paid -= amounts[p.MODE_RECOVERED]
        for name, table, ledger_says in (
            ("due", sums["due"], owed),
            ("refused", sums["refused"], refused),
            ("deposit", sums["deposit"], amounts[p.MODE_DEPOSIT]),
            ("forfeited", sums["forfeited"], amounts[p.FORFEITED]),
            ("paid", sums["due"] - sums["forfeited"], paid),
        ):
            if table != ledger_says:
                raise _broken(f"{h}.{label}.{name}", table, ledger_says)
    for row in results:
        place = (row["insurance_scheme"], row["institution_id"])
        name = row["community_id"]
        moved = booked[*place, f"{p.CAPITATION}:{name}"] - booked[*place, f"{p.CAPITATION_OWED}:{name}"]
        if moved != row["result"] or row["pool"] != row["result"] + row["charges"] + row["cut"]:
            raise _broken(f"{name}.result", row["result"], moved)
    for account, balance in ledger.balances().items():
        name = account.partition(":")[2]
        if balance and (name.startswith("area:") or name.endswith((":procurement", ":deposit"))):
            raise _broken(name, 0, balance)


def _broken(field: str, table: int, ledger: int) -> DrgpayError:
    return DrgpayError(
        Kind.BROKEN,
        zh=f"支付方式结算与总账不一致:结算 {table} 分,总账 {ledger} 分",
        en=f"payment modes and ledger differ: {table} fen in the table, {ledger} fen in the ledger",
        field=field,
    )
