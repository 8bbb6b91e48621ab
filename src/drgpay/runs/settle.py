"""The calendar of a month and of a year: check → group → points → point value → settlement → ledger → report."""

from __future__ import annotations

import calendar
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from drgpay import __version__
from drgpay.engine import (
    MANIFEST,
    Dataset,
    Engine,
    Part,
    Source,
    frame,
    months_of,
    new_folder,
    table_path,
    write_table,
    years_of,
)
from drgpay.errors import DrgpayError, Kind
from drgpay.ledger import Ledger
from drgpay.policy import Laws, Policy, laws, practice_text
from drgpay.runs import laws as law_in_time
from drgpay.runs import linked, modes, money
from drgpay.runs.chain import go_on
from drgpay.runs.group_stays import scheme_finding, scheme_said
from drgpay.runs.manifest import (
    LAWS,
    LEDGER,
    POLICY,
    PRACTICE,
    REGISTERS,
    SEGMENTS,
    TABLES,
    file_digest,
    folder_digests,
    write_json,
)
from drgpay.runs.money import Rules, Scoring, Settled
from drgpay.runs.region import Region, known_codes, read_region
from drgpay.runs.steps import Say, Steps, quiet
from drgpay.scheme import Scheme
from drgpay.scheme import load as load_scheme
from drgpay.steps import fund, grouping, intake, points, settlement
from drgpay.tables import (
    BASE_GROUPS,
    BASE_SUMS,
    BASE_YEARS,
    CASE_POINTS,
    CLOSINGS,
    COEFFICIENTS,
    CORRECTIONS,
    FINDINGS,
    GROUP_NAMES,
    GROUPED,
    INSTITUTION_MONTHS,
    INSTITUTIONS,
    MODE_PAYMENTS,
    MONTH_CASH,
    POOLS,
    STATEMENTS,
    STAY_MODES,
    STAY_PAYMENTS,
    STAYS,
)

Report = Callable[[Path], None]
"""writes a file or two into the folder of a run, from its tables"""


@dataclass(frozen=True)
class Order:
    """What to run: a region's folder, a practice, a year, and a month or None for the whole year."""

    region: Path
    policy: str
    year: int
    month: int | None = None
    known_on: date | None = None
    schemes: Path | None = None
    """folder of grouping schemes besides those shipped"""
    after: Path | None = None
    """the sealed run of a book that this one follows"""

    @property
    def on(self) -> date:
        """The day whose law is applied: the last of the period."""
        month = self.month or 12
        return date(self.year, month, calendar.monthrange(self.year, month)[1])

    @property
    def months(self) -> tuple[int, ...]:
        """Months settled."""
        return fund.MONTHS if self.month is None else (self.month,)


def run(
    order: Order,
    out: Path,
    engine: Engine,
    reports: Sequence[Report] = (),
    *,
    overwrite: bool = False,
    resume: bool = False,
    say: Say = quiet,
) -> Path:
    """Run a month or a year and leave the result in ``out``; either all of it is there or nothing.

    An existing folder is an error unless ``overwrite``, which puts the new run in its place once it is complete.
    ``resume`` goes on after the last complete step of a run into ``out`` that was interrupted, if its inputs, policy,
    scheme and software are the same, and keeps the steps when this run fails too; without it nothing is left of a run
    that fails. ``say`` is told what is reused.
    """
    with new_folder(out, replace=overwrite, resume=resume) as draft:
        _Run(order, draft, engine, say if resume else quiet).go(reports)
    return out


def _position(batch: Any, part: Part, replaced: Mapping[int, Any]) -> Any:
    """Stay ids with where they stand, for the search of duplicates; rows that a later batch replaces are none."""
    n = batch.num_rows
    placed = pa.record_batch(
        {
            "stay_id": batch.column("stay_id"),
            "file_no": pa.array(np.full(n, part.file_number, np.int64)),
            "row_no": pa.array(np.arange(part.first_row, part.first_row + n, dtype=np.int64)),
        }
    )
    keys = replaced.get(part.file_number)
    return placed if keys is None else placed.filter(pa.array(~intake.replaced_rows(batch, keys)))


@dataclass(frozen=True)
class _Grouping:
    """Checks the stays of a part, keeps the years in question, and groups them."""

    context: intake.CheckContext
    duplicates: dict[int, Any]
    """file number → lines whose stay id occurred before"""
    checked: frozenset[int]
    """files whose warnings were noted when they were read"""
    scheme: Scheme
    years: frozenset[int]
    replaced: Mapping[int, Any]
    """file number → keys of rows that a later batch replaces"""

    def __call__(self, batch: Any, part: Part) -> tuple[Any, Any]:
        """Batches of tables ``grouped`` and ``findings``."""
        again = self.duplicates.get(part.file_number)
        context = self.context if again is None else replace(self.context, duplicates=again)
        file = f"{part.path.parent.name}/{part.path.name}"
        accepted, findings = intake.check_batch(batch, file=file, first_row=part.first_row + 1, context=context)
        keys = self.replaced.get(part.file_number)
        if keys is not None:
            accepted = accepted.filter(pa.array(~intake.replaced_rows(accepted, keys)))
            gone = np.flatnonzero(intake.replaced_rows(batch, keys)) + part.first_row + 1
            findings = intake.without_rows(findings, gone)
        if part.file_number in self.checked:
            findings = findings.filter(pc.equal(findings.column("level").cast(pa.string()), "error"))
        return _grouped(accepted, self.scheme, self.years), findings


def _grouped(accepted: Any, scheme: Scheme, years: frozenset[int]) -> Any:
    days = accepted.column("discharge_date")
    year, month = years_of(days), months_of(days)
    wanted = np.isin(year, list(years))
    if not wanted.all():
        accepted = accepted.filter(pa.array(wanted))
        year, month = year[wanted], month[wanted]
    groups = grouping.group_batch(scheme, accepted)
    own = {"year": pa.array(year.astype(np.int16)), "month": pa.array(month.astype(np.int8))}
    own |= dict(zip(groups.schema.names, groups.columns, strict=True))
    return pa.table({n: own[n] if n in own else accepted.column(n) for n in GROUPED.names}).cast(GROUPED.schema)


def _counted(batch: Any, by: tuple[str, ...]) -> Any:
    """How many rows there are of each key."""
    return frame(batch).group_by(by).agg(n=pl.len()).to_arrow()


def _rows_with_errors(batch: Any) -> Any:
    errors = frame(batch).filter(pl.col("level") == "error").unique(["file", "row"])
    return errors.group_by("file").agg(n=pl.len()).to_arrow()


class _Run:
    """One run on its way; every method is one stage."""

    def __init__(self, order: Order, folder: Path, engine: Engine, say: Say) -> None:
        self.order, self.folder = order, folder
        self.tables = folder / TABLES
        self.work = folder / "work"
        self.region: Region = read_region(order.region, order.known_on)
        self.registers = self.region.registers
        self.chain = None if order.after is None else go_on(
            order.after, area=self.region.identity["id"], year=order.year, month=order.month
        )  # fmt: skip
        self.account = linked.Account(self.chain, self.registers, order.year, order.month)
        self.period = money.Period(order.year, order.months)
        self.laws: Laws = laws(order.policy, order.year, month=order.month, known_on=order.known_on)
        switches = frozenset(self.policy.codes_or_none("grouping.switches") or ())
        self.scheme: Scheme = load_scheme(self.policy.scheme, switches, folder=order.schemes)
        for policy in self.laws.all():
            money.check_scheme(policy, self.scheme, order.schemes)
            money.check_groups(policy, self.scheme)
        self.run_id = f"{self.region.identity['id']}-{order.year}" + (f"-{order.month:02d}" if order.month else "")
        self.made_from = self._made_from()
        if self.chain is not None:
            linked.check_same_rules(self.chain, self.made_from, self.policy)
        self.steps = self._steps(engine, say)
        self.engine: Engine = self.steps
        self._scheme_note: tuple[str, str] | None = None

    @property
    def policy(self) -> Policy:
        """The law of the last day of the period."""
        return self.laws.policy

    def _steps(self, engine: Engine, say: Say) -> Steps:
        """The steps of an earlier attempt with the same inputs, or a new row of them."""
        records = self.work / "steps"
        changed = Steps.differs(records, self.made_from)
        if changed:
            say(f"不能接着运行,已改变:{', '.join(changed)};重新开始",
                f"cannot go on, changed: {', '.join(changed)}; starting anew")  # fmt: skip
        elif changed is None:
            say("没有可接着运行的步骤,从头开始", "no steps to go on from, starting anew")
        else:
            say("接着上次完成的步骤运行", "going on after the last complete step")
        if changed is None or changed:
            shutil.rmtree(self.folder, ignore_errors=True)
        self.tables.mkdir(parents=True, exist_ok=True)
        return Steps(engine, records, self.made_from)

    def go(self, reports: Sequence[Report]) -> None:
        """All stages in order."""
        grouped, counts = self._group()
        rules, conservation, by_mode = self._money(grouped)
        counts |= by_mode
        write_json(
            self.folder / POLICY,
            {name: asdict(value) for name, value in self.policy.kept().items()},
        )
        if self.laws.changes:
            write_json(self.folder / LAWS, law_in_time.kept(self.laws))
        text, _ = practice_text(self.order.policy)
        (self.folder / PRACTICE).write_text(text, encoding="utf-8")
        manifest = self._manifest(counts, rules.base, conservation)
        write_json(self.folder / MANIFEST, manifest)
        for report in reports:
            report(self.folder)
        shutil.rmtree(self.work)
        write_json(self.folder / MANIFEST, manifest | {"outputs": folder_digests(self.folder)})

    def _group(self) -> tuple[Dataset, dict[str, int]]:
        years = frozenset({self.order.year, *(y for y, _ in self.policy.years("points.base_years"))})
        if any(policy.choice("fund.seasonality") == "last_year" for policy in self.laws.all()):
            years |= {self.order.year - 1}
        institutions = frozenset(self.registers[INSTITUTIONS]["institution_id"])
        context = intake.CheckContext("settlement", known_codes(), institutions)
        stays = self.region.stays(self.work, context, self.steps.convert)
        again = self._duplicates(stays.data, stays.replaced)
        kernel = _Grouping(context, again, stays.checked, self.scheme, years, stays.replaced)
        outs = [table_path(self.tables, GROUPED), table_path(self.tables, FINDINGS)]
        grouped, findings = self.engine.map(stays.data, kernel, outs, STAYS.names, "check and group")
        names = [{"drg": drg, "name": name} for drg, name in self.scheme.group_names.items()]
        write_table(self.tables, GROUP_NAMES, GROUP_NAMES.of(names))
        for number, found in enumerate(stays.findings):
            self.engine.write(found.cast(FINDINGS.schema), outs[1] / f"reading-{number:03d}.parquet")
        about = self._about_scheme(grouped)
        if about.num_rows:
            self.engine.write(about, outs[1] / "scheme.parquet")
        rejected = stays.rejected + self._kept_out(findings)
        rows = stays.data.rows() - stays.rows_replaced(self.engine)
        by = ("year", "month", "status")
        status = frame(self.engine.sum(grouped, partial(_counted, by=by), by, by, "count"))
        now = status.filter((pl.col("year") == self.order.year) & pl.col("month").is_in(self.order.months))
        counts = {
            "stays_in": rows + stays.rejected,
            "rejected": rejected,
            "stays_ok": rows + stays.rejected - rejected,
            "used": int(status["n"].sum()),
            "findings": findings.rows() + sum(found.num_rows for found in (about, *stays.findings)),
            **{s: int(now.filter(pl.col("status") == s)["n"].sum()) for s in ("grouped", "ungrouped", "qy")},
        }
        return grouped, counts

    def _about_scheme(self, grouped: Dataset) -> Any:
        """What is to be said once of a scheme that is not certified (FINDINGS); the manifest has it too."""
        by_adrg = {}
        if self.scheme.uncertain:
            sums = frame(self.engine.sum(grouped, partial(_counted, by=("adrg",)), ("adrg",), ("adrg",), "count"))
            by_adrg = dict(sums.select(pl.col("adrg").cast(pl.String), "n").rows())
        resting = sum(n for adrg, n in by_adrg.items() if adrg in self.scheme.uncertain)
        told = self.scheme, sum(by_adrg.values()), resting
        self._scheme_note = scheme_said(*told)
        return scheme_finding(*told, "")

    def _kept_out(self, findings: Dataset) -> int:
        """Rows with an error."""
        sums = self.engine.sum(findings, _rows_with_errors, ("file",), ("file", "row", "level"), "count")
        return int(frame(sums)["n"].sum())

    def _duplicates(self, data: Dataset, replaced: Mapping[int, Any]) -> dict[int, Any]:
        """Lines, by file, whose stay id occurred before."""
        columns = ("stay_id", "institution_id") if replaced else ("stay_id",)
        ids = Source(data, columns, ("stay_id", "file_no", "row_no"), partial(_position, replaced=replaced))
        found = self.engine.map_by(
            (ids,), "stay_id", intake.later_duplicates, self.work / "duplicates", "look for duplicates"
        )
        places = frame(pa.Table.from_batches(list(self.engine.scan(found))))
        return {key[0]: its["row_no"].to_numpy() + 1 for key, its in places.group_by("file_no", maintain_order=True)}

    @property
    def with_modes(self) -> bool:
        """The policy has rules of payment modes, at some time of the period."""
        return any(policy.rules("modes.rules") for policy in self.laws.all())

    def _money(self, grouped: Dataset) -> tuple[Rules, list[tuple[str, int, int]], dict[str, int]]:
        """Modes, points, settlement, ledger and stays' payments of the grouped stays, written; both sides of the
        equation of conservation by insurance scheme, for a whole year; and counts by payment mode."""
        self.registers.write(self.folder / REGISTERS, modes=self.with_modes)
        cleared, paid_by = law_in_time.scoring(self.laws)
        if self._clears_book:
            paid_by = None  # the months are paid already
        all_grouped = grouped
        in_months = self.work / "months"
        assigned, paid, month_stays = None, modes.Paid(), grouped
        if self.with_modes:
            common = (self.registers, self.period)
            assigned = modes.assign(
                self.engine, grouped, cleared, *common, table_path(self.tables, STAY_MODES), self.work
            )
            by_month = assigned
            if paid_by is not None:
                by_month = modes.assign(
                    self.engine, grouped, paid_by, *common, in_months / STAY_MODES.name, in_months
                )
            grouped, month_stays = assigned.pooled, by_month.pooled
            beside = (self.tables, self.work, table_path(self.tables, FINDINGS))
            booked = self.account.sealed_months(MODE_PAYMENTS) if self._clears_book else None
            paid = modes.pay(self.engine, assigned, by_month, self.region, self.laws, *common, *beside, booked)
        scoring = self._scoring(grouped, cleared, self.work)
        rules = scoring.rules
        self._write_rules(rules, self.tables)
        self._write_segments(scoring)
        cases, sums = points.score(
            self.engine, grouped, scoring.tables, self.policy, table_path(self.tables, CASE_POINTS)
        )
        month_cases, by_months = None, None
        if paid_by is not None:
            by_month_law = self._scoring(month_stays, paid_by, in_months).tables
            month_cases, month_sums = points.score(
                self.engine, month_stays, by_month_law, self.policy, in_months / CASE_POINTS.name
            )
            by_months = money.Earned(month_sums, _stays_of(month_cases))
        settled = money.settle(
            self.engine, grouped, self.laws, self.registers, self.period, money.Earned(sums, _stays_of(cases)),
            self.work, by_months, paid.forfeited(), self._booked(),
        )  # fmt: skip
        corrected = None
        if self.chain is not None:
            out = table_path(self.tables, CORRECTIONS)
            corrected = linked.correct(self.account, self.engine, all_grouped, self.region, out, self.work)
        write_table(self.tables, POOLS, POOLS.of([p.row() for p in settled.pools]))
        write_table(self.tables, INSTITUTION_MONTHS, INSTITUTION_MONTHS.of(settled.months))
        if assigned is not None:
            paid.write(self.tables, settled)
            by_rate = self.policy.choice_or_none("points.pricing") == "rate"
            modes.shadow(self.engine, assigned, scoring.tables, settled, self.tables, by_rate)
        if self.period.whole:
            conservation = self._clearing(settled, paid)
        else:
            conservation = self._month(settled, paid, linked.worth(self.account, corrected, self.policy))
        self._pay_stays(cases, settled.dues(), month_cases)
        return rules, conservation, modes.count_modes(paid.months)

    def _scoring(self, stays: Dataset, segments: law_in_time.Segments, work: Path) -> Scoring:
        kept = None if self.chain is None else partial(linked.kept_base, self.chain.first)
        its = (self.laws.opening, self.registers, self.period, work, kept)
        return money.scoring(self.engine, stays, segments, *its)

    @property
    def _clears_book(self) -> bool:
        """The year is cleared against the sealed months of a book."""
        return self.chain is not None and self.period.whole

    def _booked(self) -> money.Booked | None:
        """What a clearing finds booked, for one of a book."""
        if not self._clears_book:
            return None
        held, holds = self.account.held(), self.account.holds()
        return money.Booked(
            pools=self.account.sealed_months(POOLS),
            months=self.account.sealed_months(INSTITUTION_MONTHS),
            amounts=self.account.booked_months(),
            held={key: amount for key, amount in held.items() if key[1] in holds},
        )

    def _write_segments(self, scoring: Scoring) -> None:
        """What scored the stays of earlier segments of the year, one folder for each, named by its first day."""
        for segment, rules in zip(scoring.segments[:-1], scoring.by_law, strict=False):
            folder = self.folder / SEGMENTS / segment.first.isoformat()
            folder.mkdir(parents=True, exist_ok=True)
            self._write_rules(rules, folder)

    def _write_rules(self, rules: Rules, tables: Path) -> None:
        fixed = rules.coefficients
        groups = [
            asdict(g) | {"fixed_coefficient": fixed.groups.get(g.drg), "fixed_by": fixed.reasons.get(g.drg)}
            for g in rules.base.groups.values()
        ]
        write_table(tables, BASE_GROUPS, BASE_GROUPS.of(groups))
        write_table(tables, COEFFICIENTS, COEFFICIENTS.of(fixed.rows))
        if tables == self.tables:
            write_table(tables, BASE_YEARS, BASE_YEARS.of(rules.base.years))
            write_table(tables, BASE_SUMS, rules.base.institution_sums.to_arrow())
            write_table(tables, INSTITUTIONS, self.registers[INSTITUTIONS].to_arrow())

    def _poster(self) -> tuple[Ledger, settlement.BookPoster]:
        ledger = self.account.ledger(f"drgpay {self.run_id}")
        area, year = self.region.identity["id"], self.order.year
        return ledger, settlement.BookPoster(ledger, self.run_id, area, year, self.policy)

    def _month(
        self, settled: Settled, paid: modes.Paid, corrections: Mapping[tuple[str, str, int], int]
    ) -> list[tuple[str, int, int]]:
        """Post a month to the ledger, and stop unless the fund is conserved after it."""
        ledger, poster = self._poster()
        for pool in settled.opening:
            poster.open_year(pool)
        rows = linked.pay_month(self.account, poster, ledger, settled.months, corrections, self.policy)
        write_table(self.tables, MONTH_CASH, MONTH_CASH.of(rows))
        poster.mode_months(paid.months)
        settlement.check_link(self.account.whole(ledger), [pool.insurance_scheme for pool in settled.opening])
        ledger.write(self.folder / LEDGER)
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
        poster.open_parts(paid.budgets)
        if self.chain is None:
            for row in settled.months:
                poster.month(row)
            poster.mode_months(paid.months)
        poster.mode_years(paid.months, paid.years)
        poster.capitation(paid.results)
        poster.out_of_area(paid.statements)
        poster.procurement(paid.procurement)
        poster.close_parts(paid.budgets)
        closings = []
        holds = self.account.holds()
        released = {key: amount for key, amount in self.account.held().items() if key[1] not in holds}
        for scheme, rows in settled.statements.items():
            if self.chain is None:
                poster.clearing(rows)
            else:
                poster.clearing_of_book(rows, self.account.booked_dues(), released)
            closings.append(settlement.closing(book, scheme))
        if closings:
            statements = [row for rows in settled.statements.values() for row in rows]
            settlement.check_closed(book, statements, closings)
            settlement.check_modes(book, paid.years, paid.results)
            write_table(self.tables, STATEMENTS, STATEMENTS.of(statements))
            write_table(self.tables, CLOSINGS, CLOSINGS.of(closings))
        ledger.write(self.folder / LEDGER)
        return list(settlement.conservation(closings))

    def _pay_stays(self, cases: Dataset, dues: money.Dues, month_cases: Dataset | None) -> None:
        """Table ``stay_payments``; ``month_cases``: the case points the months paid, where those are others."""
        small = settlement.dues_of(
            self.registers[INSTITUTIONS]["institution_id"].sort().to_list(),
            {key: due + refused for key, (due, refused) in dues.items()},
            with_patients=self.policy.choice("fund.basis") == "total",
            with_year=self.period.whole,
        )
        sources = tuple(_stays_of(data) for data in (cases, month_cases) if data is not None)
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

    def _manifest(
        self, counts: dict[str, int], base: points.Base, conservation: list[tuple[str, int, int]]
    ) -> dict[str, Any]:
        return self.made_from | {
            "base": {"mean_cost": base.mean_cost, "scale": base.scale},
            "counts": counts,
            **self._about(),
            "conservation": [{"insurance_scheme": s, "sources": a, "uses": b} for s, a, b in conservation],
        }

    def _about(self) -> dict[str, Any]:
        """Where the scheme comes from, unless it is a text as published, and what is to be said of it."""
        basis = {} if self.scheme.basis == "printed" else {"scheme_basis": self.scheme.basis}
        if self._scheme_note is None:
            return basis
        return basis | {"scheme_note": dict(zip(("zh", "en"), self._scheme_note, strict=True))}

    def _made_from(self) -> dict[str, Any]:
        """All that a run is made from: the same, and it makes the same bytes."""
        return {
            "software": f"drgpay {__version__}",
            "kind": "year" if self.order.month is None else "month",
            "run": self.run_id,
            "region": self.region.identity,
            "year": self.order.year,
            "month": self.order.month,
            "practice": self.policy.practice,
            "on": self.policy.on.isoformat(),
            "known_on": self.policy.known_on.isoformat() if self.policy.known_on else None,
            "policy_digest": self.policy.digest,
            "laws": law_in_time.described(self.laws),
            "scheme": self.scheme.id,
            "switches": sorted(self.scheme.switches),
            "scheme_digest": self.scheme.digest,
            "basis": self.policy.choice("fund.basis"),
            "batches": [batch.number for batch in self.region.batches],
            "after": None if self.chain is None else self.chain.described(),
            "inputs": {
                p.relative_to(self.region.folder).as_posix(): file_digest(p)
                for p in self.region.files(modes=self.with_modes)
            },
        }


_PLACE = ("insurance_scheme", "institution_id", "month")
_PAID = ("month_due", "month_refused", "year_due", "year_refused")


def _stays_of(cases: Dataset) -> Source:
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
