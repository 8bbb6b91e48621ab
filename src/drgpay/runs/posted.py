"""The ledger of a run: a month, a clearing or a re-opening posted, and the stays' payments that add up to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from drgpay.engine import (
    Dataset,
    Engine,
    Source,
    frame,
    read_table,
    table_path,
    write_table,
)
from drgpay.errors import DrgpayError, Kind
from drgpay.ledger import Ledger
from drgpay.policy import Laws, Policy
from drgpay.runs import linked, modes, money
from drgpay.runs.chain import Chain
from drgpay.runs.manifest import (
    LEDGER,
    REGISTERS,
)
from drgpay.runs.money import Settled
from drgpay.runs.order import Order
from drgpay.runs.paying import pay_month
from drgpay.runs.region import Region, Registers
from drgpay.runs.risk import risk_rows
from drgpay.runs.succession import Succession, succession_of
from drgpay.runs.unit import check_unchanged
from drgpay.steps import fund, settlement
from drgpay.tables import (
    BUDGET_ADJUSTMENTS,
    CLOSINGS,
    INSTITUTION_MONTHS,
    INSTITUTIONS,
    MONTH_CASH,
    POOLS,
    STATEMENTS,
    STAY_PAYMENTS,
)

_PLACE = ("insurance_scheme", "institution_id", "month")
_PAID = ("month_due", "month_refused", "year_due", "year_refused")


class Posting:
    """The stages of a run that post money; :class:`~drgpay.runs.settle.Running` brings the rest."""

    order: Order
    folder: Path
    tables: Path
    work: Path
    region: Region
    registers: Registers
    chain: Chain | None
    account: linked.Account
    period: money.Period
    laws: Laws
    run_id: str
    engine: Engine
    changed: frozenset[tuple[str, str]]
    """what a re-opening computes again: insurance scheme, institution"""
    book: dict[str, Any]
    """what binds the ledger to the manifest: its entries and the hash of the last one"""

    @property
    def policy(self) -> Policy:
        """The law of the last day of the period."""
        return self.laws.policy

    @property
    def succession(self) -> Succession:
        """Institutions over time."""
        return succession_of(self.registers)

    @property
    def _clears_book(self) -> bool:
        """The year is cleared against the sealed months of a book."""
        return self.chain is not None and self.period.whole

    def _still_held(self) -> settlement.Holds:
        """What is still held on the day the year is cleared."""
        return self.account.holds(settlement.clearing_day(self.policy, self.order.year))

    def _kept(self) -> dict[linked.Key, int]:
        """Payments of months that are still held then, by institution: the others are paid with the clearing."""
        holds = self._still_held()
        found = {}
        for (scheme, h), amount in self.account.held().items():
            wanted = holds.of_month(scheme, h)
            found[scheme, h] = amount if wanted is None else min(amount, wanted)
        return found

    def _reopen(self, earned: money.Earned, cases: Dataset) -> Settled:
        """The year opened again for the institutions that something changed for."""
        assert self.chain is not None
        last = self.chain.last
        check_unchanged(Registers.read(last.folder / REGISTERS), self.registers, self.order.year)
        pools, months, statements = (
            read_table(last.tables, table).to_dicts() for table in (POOLS, INSTITUTION_MONTHS, STATEMENTS)
        )
        cleared = money.Cleared(pools, months, statements, self.account.booked_months())
        its = (last, self.registers, self.engine, cases, self.order.year, self.work)
        by_stays, self.changed = linked.changed_since(*its)
        return money.reopen(
            self.engine,
            self.laws,
            self.registers,
            self.period,
            earned,
            self.work,
            cleared,
            by_stays,
            self.changed,
        )

    def _reopening(self, settled: Settled) -> list[tuple[str, int, int]]:
        """Post what a re-opening changes, and stop unless the book balances."""
        assert self.chain is not None
        linked.copy_modes(self.chain.last, self.tables)
        ledger, poster = self._poster()
        book = self.account.whole(ledger)
        statements = [row for rows in settled.statements.values() for row in rows]
        its = [row for row in statements if (row["insurance_scheme"], row["institution_id"]) in self.changed]
        poster.reopened(its, self.account.standing(), self.account.booked_dues())
        closings = [settlement.closing(book, scheme) for scheme in settled.statements]
        settlement.check_closed(book, statements, closings)
        write_table(self.tables, STATEMENTS, STATEMENTS.of(statements))
        write_table(self.tables, CLOSINGS, CLOSINGS.of(closings))
        self._keep(ledger)
        return list(settlement.conservation(closings))

    def _keep(self, ledger: Ledger) -> None:
        ledger.write(self.folder / LEDGER)
        self.book = {"entries": len(ledger), "head": ledger.head}

    def _poster(self) -> tuple[Ledger, settlement.BookPoster]:
        ledger = self.account.ledger(f"drgpay {self.run_id}")
        area, year = self.region.identity["id"], self.order.year
        heirs = self.succession.heirs(self.account.last_day)
        return ledger, settlement.BookPoster(ledger, self.run_id, area, year, self.policy, heirs)

    def _risk(self) -> list[dict[str, Any]]:
        account = self.account
        return risk_rows(self.registers, self.order.year, account.last_day, account.past, self.policy)

    def _month(
        self, settled: Settled, paid: modes.Paid, corrections: Mapping[tuple[str, str, int], int]
    ) -> list[tuple[str, int, int]]:
        """Post a month to the ledger, and stop unless the fund is conserved after it."""
        ledger, poster = self._poster()
        for pool in settled.opening:
            poster.open_year(pool)
        poster.risk(self._risk())
        rows = pay_month(self.account, poster, ledger, settled.months, paid.months, corrections, self.policy)
        write_table(self.tables, MONTH_CASH, MONTH_CASH.of(rows))
        poster.out_of_area(paid.statements)
        settlement.check_link(self.account.whole(ledger), [pool.insurance_scheme for pool in settled.opening])
        self._keep(ledger)
        return []

    def _clearing(self, settled: Settled, paid: modes.Paid) -> list[tuple[str, int, int]]:
        """Post the year to the ledger, read the closings from it, and stop unless they balance. In a book the months
        are posted already: what is left is the difference."""
        ledger, poster = self._poster()
        book = self.account.whole(ledger)
        if self.chain is None:
            for pool in settled.opening:
                poster.open_year(pool)
            poster.advances(settled.payments_ahead)
        else:
            for pool in settled.opening:
                before = settlement.closing(book, pool.insurance_scheme)
                poster.budget_of_year(pool, before["budget"], before["reserve"])
            poster.advances(self.account.new_advances())
        poster.adjustments(fund.approved(self.registers[BUDGET_ADJUSTMENTS].to_dicts(), self.order.year))
        poster.risk(self._risk())
        poster.open_parts(paid.budgets)
        if self.chain is None:
            for row in settled.months:
                poster.month(row)
            poster.mode_months(paid.months)
        else:
            self._hold_modes(settled, poster)
        poster.mode_years(paid.months, paid.years)
        poster.capitation(paid.results)
        poster.out_of_area(settlement.not_booked(paid.statements, self.account.past))
        poster.procurement(paid.procurement)
        poster.close_parts(paid.budgets)
        closings = []
        booked, kept = self.account.booked_dues(), self._kept()
        released = {key: amount - kept[key] for key, amount in self.account.held().items()}
        for scheme, rows in settled.statements.items():
            if self.chain is None:
                poster.clearing(rows)
            else:
                poster.clearing_of_book(rows, booked, released)
            closings.append(settlement.closing(book, scheme))
        if closings:
            statements = [row for rows in settled.statements.values() for row in rows]
            of_modes = settlement.modes_passed(book)
            for row in statements:
                row["modes_held"] = of_modes[row["insurance_scheme"], row["institution_id"]]
            settlement.check_closed(book, statements, closings)
            settlement.check_modes(book, paid.years, paid.results)
            write_table(self.tables, STATEMENTS, STATEMENTS.of(statements))
            write_table(self.tables, CLOSINGS, CLOSINGS.of(closings))
        self._keep(ledger)
        return list(settlement.conservation(closings))

    def _hold_modes(self, settled: Settled, poster: settlement.BookPoster) -> None:
        """What the modes' held payments of months become, and what is to be held of their final payments: of an
        amount what the DRG payments leave of it. What is held of an institution that has gone over into another goes
        by that one."""
        holds, heirs = self._still_held(), self.succession.heirs(self.account.last_day)
        drg = {
            (row["insurance_scheme"], row["institution_id"]): row["held"]
            for rows in settled.statements.values() for row in rows
        }  # fmt: skip
        wanted = {
            key: None if (amount := holds.of_clearing(*key)) is None else max(amount - held, 0)
            for key, held in drg.items()
        }
        for (scheme, h), there in sorted(self.account.held("held_modes").items()):
            key = (scheme, heirs.get(h, h))
            left = wanted.get(key, 0)
            kept = there if left is None or holds.of_month(*key) is None else min(there, left)
            poster.pass_modes(scheme, h, kept)
            poster.release_modes(scheme, h, there - kept, poster.clearing_day)
            wanted[key] = None if left is None else max(left - kept, 0)
        poster.hold_modes(wanted)

    def _pay_stays(self, cases: Dataset, dues: money.Dues, month_cases: Dataset | None) -> None:
        """Table ``stay_payments``; ``month_cases``: the case points the months paid, where those are others."""
        small = settlement.dues_of(
            self.registers[INSTITUTIONS]["institution_id"].sort().to_list(),
            {key: due + refused for key, (due, refused) in dues.items()},
            with_patients=self.policy.choice("fund.basis") == "total",
            with_year=self.period.whole,
        )
        sources = tuple(stays_of(data) for data in (cases, month_cases) if data is not None)
        kernel: Callable[..., Any] = settlement.stay_payments
        if month_cases is not None:
            kernel = settlement.stay_payments_by_law
        if self._clears_book:
            sealed = Source(self.account.stay_payments(self.work), settlement.PAID_BEFORE, settlement.ORDER)
            sources, kernel = (*sources, sealed), settlement.stay_payments_of_book
        paid = self.engine.map_by(
            sources,
            "institution_id",
            partial(kernel, dues=small),
            table_path(self.tables, STAY_PAYMENTS),
            "pay stays",
        )
        check_stays(self.engine, paid, dues)


def stays_of(cases: Dataset) -> Source:
    """Case points as the settlement reads them."""
    return Source(cases, settlement.SCANNED, settlement.ORDER)


def _paid_by_institution(batch: Any) -> Any:
    return frame(batch.select([*_PLACE, *_PAID])).group_by(_PLACE).agg(pl.col(_PAID).sum()).to_arrow()


def check_stays(engine: Engine, paid: Dataset, dues: money.Dues) -> None:
    """Count the money again after writing: stays' payments must add up to every institution's due, and what is
    refused of them to what its share lost, to the fen."""
    sums = engine.sum(paid, _paid_by_institution, _PLACE, (*_PLACE, *_PAID), "count the money again")
    found: dict[tuple[str, str, int], tuple[int, int]] = {}
    for scheme, institution, month, *amounts in frame(sums).select(*_PLACE, *_PAID).rows():
        month_due, month_refused, year_due, year_refused = (amount or 0 for amount in amounts)
        found[scheme, institution, month] = (month_due, month_refused)
        before = found.get((scheme, institution, fund.YEAR), (0, 0))
        found[scheme, institution, fund.YEAR] = (before[0] + year_due, before[1] + year_refused)
    for key, (due, refused) in dues.items():
        its = found.get(key, (0, 0))
        if its != (due, refused):
            raise DrgpayError(
                Kind.BROKEN,
                zh=f"病例支付之和 {its[0]} 分（不予支付 {its[1]} 分）≠ 机构应付 {due} 分（不予支付 {refused} 分）",
                en=f"stays' payments {its[0]} fen ({its[1]} refused) ≠ "
                f"institution's due {due} fen ({refused} refused)",
                field="/".join(map(str, key)),
            )
