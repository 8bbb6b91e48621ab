"""Posting rules: which accounts every amount of a settlement moves between, and the closing read from the ledger.

Accounts, per insurance scheme: ``bank`` (what has been paid out, on the credit side), ``fund:drg`` (budget to
share), ``fund:reserve``, ``fund:returned``, ``fund:second``, ``fund:carried``, and of every institution ``payable``
(owed to it), ``deposit``, ``advance`` (paid ahead) and ``debt`` (owed by it from an earlier clearing).
Source: design/05, Ledger and §6.
"""

from __future__ import annotations

import calendar
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any

from drgpay.errors import DrgpayError, Kind
from drgpay.ledger import Entry, Ledger, Whole
from drgpay.policy import Policy
from drgpay.steps.settlement.clearing import Row, set_aside

BUDGET, RESERVE = "budget", "reserve"
BUDGET_CHANGED, RESERVE_CHANGED = "budget_changed", "reserve_changed"
BUDGET_ADJUSTED = "budget_adjusted"
CORRECTION, CORRECTION_DEPOSIT = "correction", "correction_deposit"
REOPENED, REOPENED_PASSED = "reopened", "reopened_passed"
MONTH_HELD, HELD_PAID, HELD_RELEASED, HELD_PASSED = "month_held", "held_paid", "held_released", "held_passed"
FINAL_HELD = "final_held"
"""what of a final payment is held: it goes over to the next book with the payments of months that are"""
MONTH_DUE, MONTH_PAID, MONTH_DEPOSIT = "month_due", "month_paid", "month_deposit"
REFUSED, REFUSED_LESS = "refused", "refused_less"
YEAR_MORE, YEAR_LESS = "year_due_more", "year_due_less"
SURPLUS, SHARED, FORFEITED = "surplus_returned", "overspend_shared", "deposit_forfeited"
DEPOSIT_BACK, SECOND, SET_ASIDE = "deposit_returned", "second_distribution", "surplus_set_aside"
FINAL_PAID, RECOVERED, CARRIED = "final_paid", "recovered", "carried_over"
VIOLATION, DAMAGES = "violation_recovered", "damages"
SUCCEEDED = "succeeded"
"""payments of an institution that has gone over into another: from its payable to the successor's, or back"""
ADVANCE_PAID, ADVANCE_NETTED = "advance_paid", "advance_netted"
MODE_DUE, MODE_PAID, MODE_DEPOSIT = "mode_due", "mode_paid", "mode_deposit"
MODE_MORE, MODE_LESS, MODE_FINAL, MODE_RECOVERED = "mode_more", "mode_less", "mode_final", "mode_recovered"
MODE_HELD, MODE_RELEASED, MODE_RELEASED_PAID = "mode_held", "mode_released", "mode_released_paid"
MODE_PASSED, MODE_FINAL_HELD = "mode_held_passed", "mode_final_held"
CAPITATION_HELD, REWARD_HELD = "capitation_held", "procurement_reward_held"
"""what is held of payments of the modes: it lies on ``held_modes``, or goes over to the next book"""
CAPITATION, CAPITATION_PAID = "capitation", "capitation_paid"
CAPITATION_OWED, CAPITATION_RECOVERED = "capitation_owed", "capitation_recovered"
OUT_OF_AREA, OUT_OF_AREA_PAID = "out_of_area", "out_of_area_paid"
TREATED_HERE, TREATED_RECEIVED = "treated_here", "treated_here_received"
PROCUREMENT_ADVANCE, PROCUREMENT_RETURNED = "procurement_advance", "procurement_returned"
REWARD, REWARD_PAID = "procurement_reward", "procurement_reward_paid"
PENALTY, PENALTY_RECEIVED = "procurement_penalty", "procurement_penalty_received"
PAYING = (ADVANCE_PAID, MONTH_PAID, HELD_PAID, FINAL_PAID, MODE_PAID, MODE_FINAL, MODE_RELEASED_PAID,
          CAPITATION_PAID, OUT_OF_AREA_PAID, PROCUREMENT_ADVANCE, REWARD_PAID)  # fmt: skip
"""events that pay money of the fund out"""
RECEIVING = (RECOVERED, MODE_RECOVERED, CAPITATION_RECOVERED, PROCUREMENT_RETURNED, PENALTY_RECEIVED)
"""events that bring it back"""
DEBT_OPENED, DEBT_TAKEN, DEBT_NETTED = "debt_opened", "debt_taken", "debt_netted"
ASSESSMENT_HELD, ASSESSMENT_BACK, ASSESSMENT_LOST = "assessment_held", "assessment_returned", "assessment_forfeited"
_CLOSED = (":payable", ":deposit", ":held", ":held_modes", ":advance", ":debt")
"""accounts that a clearing leaves at zero"""


class Poster:
    """Posts the events of one run; ids are made from the event, so that posting again changes nothing."""

    def __init__(self, ledger: Ledger, run: str, area: str, year: int, policy: Policy) -> None:
        self._ledger, self._run, self._area, self._year, self._policy = ledger, run, area, year, policy

    @property
    def clearing_day(self) -> date:
        """The day the year is cleared on."""
        return clearing_day(self._policy, self._year)

    def _post(
        self,
        scheme: str,
        event: str,
        debit: str,
        credit: str,
        amount: int,
        on: date,
        *,
        institution: str | None = None,
        month: int = 0,
        parameter: str = "",
        key: str = "",
    ) -> None:
        if amount == 0:
            return
        parts = [str(self._year), scheme, f"{month:02d}" if month else "", institution, event, key]
        place = "/".join(filter(None, parts))
        self._ledger.post(
            Entry(place, self._run, on, self._area, scheme, f"{scheme}:{debit}", f"{scheme}:{credit}", amount, event,
                  institution, month, parameter)
        )  # fmt: skip

    def open_year(self, pool: Any) -> None:
        """Announce a budget (the year's pool, or a single month's in a month run) and set its reserve aside."""
        on = date(self._year, pool.month or 1, 1)
        self._post(pool.insurance_scheme, BUDGET, "bank", "fund:drg", pool.budget - pool.adjusted, on,
                   month=pool.month)  # fmt: skip
        self._post(
            pool.insurance_scheme, RESERVE, "fund:drg", "fund:reserve", pool.reserve, on,
            month=pool.month, parameter="fund.reserve_share",
        )  # fmt: skip

    def adjustments(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """What changes the budget when the year is cleared: an entry each (rows of ``budget_adjustments``)."""
        for row in rows:
            amount = row["amount"]
            sides = ("bank", "fund:drg") if amount > 0 else ("fund:drg", "bank")
            self._post(row["insurance_scheme"], f"{BUDGET_ADJUSTED}:{row['change_reason']}", *sides, abs(amount),
                       self.clearing_day, parameter="fund.year_end_reasons", key=row["adjustment_id"])  # fmt: skip

    def advances(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """What was paid ahead: an entry each, on its own day and with its kind (rows of register ``advances``)."""
        for row in sorted(rows, key=lambda r: (r["date"], r["advance_id"])):
            h, event = row["institution_id"], f"{ADVANCE_PAID}:{row['advance_kind']}"
            self._post(row["insurance_scheme"], event, f"{h}:advance", "bank", row["amount"], row["date"],
                       institution=h, parameter="advances", key=row["advance_id"])  # fmt: skip

    def month(self, row: Row) -> None:
        """Pre-settlement of an institution's month: due, deposit held back, payment."""
        h, month = row["institution_id"], row["month"]
        on = date(self._year, month, calendar.monthrange(self._year, month)[1])
        for event, debit, credit, amount, parameter in (
            (MONTH_DUE, "fund:drg", f"{h}:payable", row["due"] + row["refused"], "fund.basis"),
            *refusals(f"{h}:payable", row["refused"]),
            (MONTH_DEPOSIT, f"{h}:payable", f"{h}:deposit", row["deposit"], "settlement.monthly_pay_ratio"),
            (MONTH_PAID, f"{h}:payable", "bank", row["paid"], "settlement.monthly_pay_ratio"),
        ):
            self._post(row["insurance_scheme"], event, debit, credit, amount, on, institution=h, month=month,
                       parameter=parameter)  # fmt: skip

    def clearing(self, rows: list[Row]) -> None:
        """Clearing of one insurance scheme: every step of every statement, then what nobody earned."""
        if not rows:
            return
        scheme = rows[0]["insurance_scheme"]
        on = self.clearing_day
        for row in rows:
            h = row["institution_id"]
            payable = f"{h}:payable"
            self._judged(row, row["paid_in_months"] + row["deposit_held"] + row["refused_in_months"])
            final = row["final_payment"]
            for event, debit, credit, amount, parameter in (
                (ADVANCE_NETTED, payable, f"{h}:advance", row["advance_netted"], "advances"),
                *_debts(row),
                (SECOND, "fund:second", payable, row["second_distribution"],
                 "settlement.second_distribution_weights"),
            ):  # fmt: skip
                self._post(scheme, event, debit, credit, amount, on, institution=h, parameter=parameter)
            if row["successor"] is not None:
                self.hand_over(scheme, h, row["successor"], -self._ledger.balance(f"{scheme}:{payable}"), on)
            for event, debit, credit, amount in (
                (FINAL_PAID, payable, "bank", max(final, 0)),
                (RECOVERED, "bank", payable, max(-final, 0)),
            ):
                self._post(scheme, event, debit, credit, amount, on, institution=h)
        self._post(scheme, SET_ASIDE, "fund:returned", "fund:second", set_aside(rows, self._policy), on,
                   parameter="settlement.second_distribution_surplus_share")  # fmt: skip
        left = -self._ledger.balance(f"{scheme}:fund:second")
        self._post(scheme, f"{CARRIED}:second", "fund:second", "fund:carried", left, on)
        unearned = -self._ledger.balance(f"{scheme}:fund:drg")
        # Under the rate method the stays may earn more than the budget: then a deficit is carried over.
        self._post(scheme, CARRIED, "fund:drg", "fund:carried", max(unearned, 0), on)
        self._post(scheme, f"{CARRIED}:deficit", "fund:carried", "fund:drg", max(-unearned, 0), on)

    def hand_over(
        self, scheme: str, h: str, heir: str, amount: int, on: date, month: int = 0, event: str = ""
    ) -> None:
        """What an institution that has gone over into another is owed (or owes, negative) moves to that one;
        ``event``: the payment it is for, where it is not the DRG stays'."""
        sides = (f"{h}:payable", f"{heir}:payable")
        name = f"{SUCCEEDED}:{event}" if event else SUCCEEDED
        self._post(scheme, name, *(sides if amount > 0 else sides[::-1]), abs(amount), on, institution=h, month=month,
                   parameter="institution_events", key=heir)  # fmt: skip

    def _judged(self, row: Row, booked: int) -> None:
        """What a clearing makes of an institution's year: the rest of its due (``booked``: what the months booked of
        it, refused shares included), surplus, overspend, deposit, violations."""
        scheme, h = row["insurance_scheme"], row["institution_id"]
        payable, deposit = f"{h}:payable", f"{h}:deposit"
        more = row["due"] + row["refused"] - booked
        for event, debit, credit, amount, parameter in (
            (YEAR_MORE, "fund:drg", payable, max(more, 0), "fund.basis"),
            (YEAR_LESS, payable, "fund:drg", max(-more, 0), "fund.basis"),
            *refusals(payable, row["refused"] - row["refused_in_months"]),
            (SURPLUS, payable, "fund:returned", row["surplus_returned"], "settlement.keep_bands"),
            (SHARED, "fund:reserve", payable, row["overspend_shared"], "settlement.reasonable_fund_share"),
            (DEPOSIT_BACK, deposit, payable, row["deposit_held"] - row["deposit_forfeited"],
             "settlement.deposit_return"),
            (FORFEITED, deposit, "fund:second", row["deposit_forfeited"], "settlement.deposit_return"),
            (ASSESSMENT_HELD, payable, deposit, row["assessment_held"], "prepay.reserve_share"),
            (ASSESSMENT_BACK, deposit, payable, row["assessment_held"] - row["assessment_forfeited"],
             "settlement.deposit_return"),
            (ASSESSMENT_LOST, deposit, "fund:returned", row["assessment_forfeited"], "settlement.deposit_return"),
            (VIOLATION, payable, "fund:returned", row["violations"], "violations"),
            (DAMAGES, payable, "fund:returned", row["damages"], "violations"),
        ):  # fmt: skip
            self._post(scheme, event, debit, credit, amount, self.clearing_day, institution=h, parameter=parameter)


REVERSAL = ":reversal"
"""ends the event of an entry that takes another back"""
JUDGED = (YEAR_MORE, YEAR_LESS, REFUSED, REFUSED_LESS, SURPLUS, SHARED, DEPOSIT_BACK, FORFEITED,
          ASSESSMENT_HELD, ASSESSMENT_BACK, ASSESSMENT_LOST, VIOLATION, DAMAGES)  # fmt: skip
"""events of a clearing that a re-opening takes back and posts again"""


def clearing_day(policy: Policy, year: int) -> date:
    """The day a year is cleared on."""
    deadline = policy.month_day("settlement.clearing_deadline")
    return date(year + 1, deadline.month, deadline.day)


def refusals(payable: str, amount: int) -> Iterator[tuple[str, str, str, int, str]]:
    """Event, debit, credit, amount and parameter of refused stays' shares: back to the fund, or borne by it."""
    yield REFUSED, payable, "fund:returned", max(amount, 0), "stay_decisions"
    yield REFUSED_LESS, "fund:returned", payable, max(-amount, 0), "stay_decisions"


def _debts(row: Row) -> Iterator[tuple[str, str, str, int, str]]:
    """Event, debit, credit, amount and parameter of what an institution owes from earlier years (or claims, the other
    way round): taken up against the fund, or against what an earlier book has passed on; then netted."""
    h = row["institution_id"]
    for event, debit, credit, amount in (
        (DEBT_OPENED, f"{h}:debt", "fund:returned", row["debt_netted"] - row["debt_passed"]),
        (DEBT_TAKEN, f"{h}:debt", f"{h}:{PASSED}", row["debt_passed"]),
        (DEBT_NETTED, f"{h}:payable", f"{h}:debt", row["debt_netted"]),
    ):
        sides = (debit, credit) if amount > 0 else (credit, debit)
        yield event, *sides, abs(amount), "debts"


def closing(ledger: Ledger | Whole, scheme: str) -> Row:
    """Row of table ``closings`` of an insurance scheme, read from the ledger alone."""

    # `budget` and `budget:bed_day`, `mode_paid:bed_day` and `mode_paid:quota` are of one family.
    total: Counter[str] = Counter()
    for entry in ledger:
        if entry.insurance_scheme == scheme:
            total[entry.event.partition(":")[0]] += entry.amount if _forward(entry) else -entry.amount
    budget = total[BUDGET] + total[BUDGET_CHANGED] + total[BUDGET_ADJUSTED]
    reserve = total[RESERVE] + total[RESERVE_CHANGED]
    return {
        "insurance_scheme": scheme,
        "budget": budget,
        "reserve": reserve,
        "distributable": budget - reserve,
        "risk_draw": total[SHARED],
        "debts": total[DEBT_OPENED] + total[DEBT_TAKEN],
        "recovered": sum(total[event] for event in RECEIVING),
        "paid": sum(total[event] for event in PAYING),
        "returned": -ledger.balance(f"{scheme}:fund:returned"),
        "carried_over": -ledger.balance(f"{scheme}:fund:carried"),
        "passed": -sum(
            balance
            for account, balance in ledger.balances().items()
            if account.startswith(f"{scheme}:") and account.endswith(f":{PASSED}")
        ),
    }


def advance_place(row: Mapping[str, Any]) -> str:
    """The id of the entry of an advance (row of register ``advances``), without the year that opens it."""
    event = f"{ADVANCE_PAID}:{row['advance_kind']}"
    return "/".join((row["insurance_scheme"], row["institution_id"], event, row["advance_id"]))


def of_month(entry: Entry) -> Iterator[tuple[str, int]]:
    """What an entry adds to the months of an institution's DRG stays: ``paid``, ``deposit`` or ``refused``, fen."""
    column = {MONTH_PAID: "paid", HELD_PAID: "paid", MONTH_DEPOSIT: "deposit", CORRECTION_DEPOSIT: "deposit",
              REFUSED: "refused", REFUSED_LESS: "refused"}.get(entry.event)  # fmt: skip
    if column:
        yield column, -entry.amount if entry.event == REFUSED_LESS or not _forward(entry) else entry.amount


_OF_MODES = (MODE_PASSED, MODE_FINAL_HELD, CAPITATION_HELD, REWARD_HELD)
"""events that leave held payments of the modes to the book of another year"""


def passed_by(entry: Entry) -> Iterator[tuple[str, int]]:
    """Whom an entry leaves something in the book of another year, and how much (fen; negative: it owes it)."""
    family = entry.event.partition(":")[0]
    if family in (HELD_PASSED, FINAL_HELD, REOPENED_PASSED, *_OF_MODES):
        account = entry.credit if _forward(entry) else entry.debit
        name = account.partition(":")[2].removesuffix(f":{PASSED}")
        yield name, entry.amount if _forward(entry) else -entry.amount


def modes_passed(entries: Iterable[Entry]) -> Counter[tuple[str, str]]:
    """(insurance scheme, institution) → payments of the modes that are held and go over to the next book, fen."""
    found: Counter[tuple[str, str]] = Counter()
    for e in entries:
        if e.event.partition(":")[0] in _OF_MODES:
            for h, amount in passed_by(e):
                found[e.insurance_scheme, h] += amount
    return found


def due_moved(entry: Entry) -> int:
    """What an entry adds to the due of an institution's DRG stays, refused shares included, fen."""
    if entry.event in (MONTH_DUE, CORRECTION):
        return entry.amount if _forward(entry) else -entry.amount
    return 0


PASSED = "passed"
"""account of an institution for what goes over to the book of another year"""


def _forward(entry: Entry) -> bool:
    """Whether an entry of a kind that goes both ways goes its first way: a budget, reserve or correction grows."""
    if entry.event.endswith(REVERSAL):
        return False
    family = entry.event.partition(":")[0]
    if family in (DEBT_OPENED, DEBT_TAKEN):
        return entry.debit.endswith(":debt")
    if family == DEBT_NETTED:
        return entry.credit.endswith(":debt")
    if family == REOPENED_PASSED:
        return entry.credit.endswith(f":{PASSED}")
    if family in (BUDGET_CHANGED, BUDGET_ADJUSTED, CORRECTION_DEPOSIT):
        return entry.credit.partition(":")[2].startswith("fund:") or entry.credit.endswith(":deposit")
    if family in (RESERVE_CHANGED, CORRECTION):
        return entry.debit.endswith(":fund:drg")
    return True


def handed_over(entries: Iterable[Entry]) -> Counter[tuple[str, str]]:
    """(insurance scheme, institution) → what it gave to its successor (+) or took over (−) for DRG stays, fen."""
    moved: Counter[tuple[str, str]] = Counter()
    for e in entries:
        if e.event == SUCCEEDED:
            for account, amount in ((e.debit, e.amount), (e.credit, -e.amount)):
                moved[e.insurance_scheme, account.partition(":")[2].removesuffix(":payable")] += amount
    return moved


def conservation(rows: Iterable[Row]) -> Iterator[tuple[str, int, int]]:
    """Both sides of the equation of every closing: scheme, sources, uses. Source: design/05 §6."""
    for row in rows:
        sources = row["distributable"] + row["risk_draw"] + row["recovered"]
        uses = row["paid"] + row["returned"] + row["carried_over"] + row["passed"]
        yield row["insurance_scheme"], sources, uses


def check_closed(ledger: Ledger | Whole, statements: list[Row], closings: list[Row]) -> None:
    """Stop the run unless the fund is conserved, all accounts of institutions are empty, and every statement says
    what the ledger says. Raises BROKEN naming both sides."""
    for scheme, sources, uses in conservation(closings):
        if sources != uses:
            raise DrgpayError(
                Kind.BROKEN,
                zh=f"基金不守恒({scheme}):来源 {sources} 分 ≠ 去向 {uses} 分",
                en=f"the fund is not conserved ({scheme}): sources {sources} fen ≠ uses {uses} fen",
            )
    booked: dict[tuple[str, str | None, str], int] = {}
    for e in ledger:
        key = (e.insurance_scheme, e.institution_id, e.event)
        key = (*key[:2], e.event.removesuffix(REVERSAL))
        booked[key] = booked.get(key, 0) + (e.amount if _forward(e) else -e.amount)
    moved, modes = handed_over(ledger), modes_passed(ledger)
    for row in statements:
        scheme, h = row["insurance_scheme"], row["institution_id"]
        in_book = {e: booked.get((scheme, h, e), 0) for e in (
            MONTH_DUE, MONTH_PAID, MONTH_DEPOSIT, REFUSED, REFUSED_LESS, YEAR_MORE, YEAR_LESS, SURPLUS, SHARED,
            FORFEITED, SECOND, CORRECTION, CORRECTION_DEPOSIT, HELD_PAID, HELD_PASSED, FINAL_HELD,
            REOPENED_PASSED, ASSESSMENT_HELD, ASSESSMENT_LOST, DEBT_TAKEN,
            VIOLATION, DAMAGES, ADVANCE_NETTED, DEBT_NETTED, FINAL_PAID, RECOVERED)}  # fmt: skip
        in_months = in_book[MONTH_PAID] + in_book[HELD_PAID]
        cash = in_months + in_book[FINAL_PAID] - in_book[RECOVERED]
        due = in_book[MONTH_DUE] + in_book[CORRECTION] + in_book[YEAR_MORE] - in_book[YEAR_LESS]
        refused = in_book[REFUSED] - in_book[REFUSED_LESS]
        pairs = {
            "refused": refused,
            "due": due - refused,
            "surplus_returned": in_book[SURPLUS],
            "overspend_shared": in_book[SHARED],
            "deposit_held": in_book[MONTH_DEPOSIT] + in_book[CORRECTION_DEPOSIT],
            "deposit_forfeited": in_book[FORFEITED],
            "second_distribution": in_book[SECOND],
            "paid_in_months": in_months,
            "held": in_book[HELD_PASSED] + in_book[FINAL_HELD],
            "modes_held": modes[scheme, h],
            "moved": moved[scheme, h],
            "passed": in_book[REOPENED_PASSED],
            "final_payment": in_book[FINAL_PAID] - in_book[RECOVERED],
            "violations": in_book[VIOLATION],
            "damages": in_book[DAMAGES],
            "advance_netted": in_book[ADVANCE_NETTED],
            "debt_netted": in_book[DEBT_NETTED],
            "debt_passed": in_book[DEBT_TAKEN],
            "assessment_held": in_book[ASSESSMENT_HELD],
            "assessment_forfeited": in_book[ASSESSMENT_LOST],
            "settled": cash
            + moved[scheme, h]
            + sum(in_book[e] for e in (HELD_PASSED, FINAL_HELD, REOPENED_PASSED, ADVANCE_NETTED, DEBT_NETTED)),
        }
        for column, amount in pairs.items():
            if row[column] != amount:
                raise DrgpayError(
                    Kind.BROKEN,
                    zh=f"清算单与总账不一致:清算单 {row[column]} 分,总账 {amount} 分",
                    en=f"statement and ledger differ: statement {row[column]} fen, ledger {amount} fen",
                    field=f"{h}.{column}",
                )
    for account, balance in ledger.balances().items():
        if balance and account.endswith(_CLOSED):
            raise DrgpayError(Kind.BROKEN, zh="清算后机构账户未结清", en="an institution's account is not closed",
                              field=account, value=balance)  # fmt: skip
