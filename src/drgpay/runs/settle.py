"""The calendar of a month and of a year: check → group → points → point value → settlement → ledger → report."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa

from drgpay import __version__
from drgpay.engine import (
    MANIFEST,
    Dataset,
    Engine,
    Source,
    dataset,
    frame,
    read_table,
    table_path,
    write_table,
)
from drgpay.policy import Laws, laws, practice_text
from drgpay.runs import benefits, difficulty, handed, linked, modes, money, named, ready
from drgpay.runs import laws as law_in_time
from drgpay.runs.booked import Booked
from drgpay.runs.chain import months_paid
from drgpay.runs.fit import check_places, check_policy, scheme_of
from drgpay.runs.group_stays import about, scheme_finding, scheme_said
from drgpay.runs.grouped import Grouping, by_adrg, placed_stays, resting, rows_with_errors
from drgpay.runs.late import LATE, entered, late_of
from drgpay.runs.manifest import (
    LAWS,
    POLICY,
    PRACTICE,
    REGISTERS,
    SEGMENTS,
    TABLES,
    write_json,
    write_manifest,
)
from drgpay.runs.money import Rules, Scoring
from drgpay.runs.order import Order, Report, chain_of
from drgpay.runs.passed import check_taken
from drgpay.runs.posted import Posting, stays_of
from drgpay.runs.progress import Walk, planned
from drgpay.runs.rate import with_weights
from drgpay.runs.region import MODAL, NEEDED, OPTIONAL, Region, Stays, known_codes, read_region
from drgpay.runs.registers import register_tables, with_others
from drgpay.runs.shared_base import SHARED, base_of_run, check_fits, read_base, shared_in_book
from drgpay.runs.steps import Say, Steps, emptied
from drgpay.scheme import Scheme
from drgpay.steps import fund, intake, points
from drgpay.tables import (
    ADJUSTMENTS,
    BASE_GROUPS,
    BASE_SUMS,
    BASE_YEARS,
    BUDGETS,
    CASE_POINTS,
    COEFFICIENTS,
    CORRECTIONS,
    DEBTS,
    FINDINGS,
    GROUP_NAMES,
    GROUP_WEIGHTS,
    GROUPED,
    INSTITUTION_MONTHS,
    INSTITUTIONS,
    MODE_PAYMENTS,
    MONTHS_PAID,
    POOLS,
    SHARING_MINUTES,
    STAY_MODES,
    STAYS,
)


class Running(Posting):
    """One run on its way; every method is one stage."""

    walk = Walk()
    """tells how far the run is, and ends it when it should stop"""
    book: dict[str, Any]
    """what binds the ledger to the manifest: its entries and the hash of the last one"""

    def __init__(self, order: Order, folder: Path, engine: Engine, say: Say, walk: Walk | None = None) -> None:
        self.walk = walk or Walk()
        self.order, self.folder = order, folder
        self.tables = folder / TABLES
        self.work = folder / "work"
        self.region: Region = read_region(order.region, order.known_on, order.batches)
        self.chain = chain_of(order, self.region.identity["id"])
        self.late = late_of(order, folder, self.region.registers, self.region.identity["id"])
        self.registers = entered(self.region.registers, self.late, order.year)
        self.account = linked.Account(self.chain, self.registers, order.year, order.month)
        self.period = money.Period(order.year, order.months)
        self.laws: Laws = laws(order.policy, order.year, month=order.month, known_on=order.known_on)
        self.walk.begin(planned(self.laws))
        self.walk.enter("read")
        self.scheme: Scheme = scheme_of(self.policy, order.schemes)
        for policy in {policy.digest: policy for policy in self.laws.all()}.values():
            check_policy(policy, self.scheme, order.schemes)
        check_places(self.policy, self.registers[INSTITUTIONS]["institution_id"].to_list())
        if self.period.whole:
            fund.check_minutes(self.policy, self.registers[SHARING_MINUTES].to_dicts(), order.year)
        self.registers = with_weights(self.registers, self.policy)
        self.run_id = f"{self.region.identity['id']}-{order.year}" + (f"-{order.month:02d}" if order.month else "")
        self.watch = intake.Watch(self.region.stamps)
        self.shared = None if order.base is None else read_base(order.base)
        self.made_from = self._made_from()
        if self.shared is not None:
            check_fits(self.shared, self.made_from, self.laws.opening)
        if order.month is None and order.reopens is None and not order.again:
            runs = (order.after or folder).resolve().parent
            check_taken(runs, self.region.identity["id"], order.year, self.registers[DEBTS])
        if self.chain is not None:
            linked.check_same_rules(self.chain, self.made_from, self.policy)
        self.steps = self._steps(engine, say)
        self.engine: Engine = self.steps
        self.limits = ready.limits(self.policy)
        self.notices: list[ready.Notice] = []
        self.stopping = True
        self.today: date | None = None
        self.scheme_note: tuple[str, str] | None = None
        self.raised: dict[str, int] | None = None

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
            emptied(self.folder)
        self.tables.mkdir(parents=True, exist_ok=True)
        return Steps(engine, records, self.made_from)

    def go(self, reports: Sequence[Report]) -> None:
        """All stages in order."""
        facts = self.facts()
        self._look(ready.registers_ready(facts, self.limits))
        grouped, counts = self._group(facts)
        rules, conservation, by_mode = self._money(grouped)
        self._note_results(rules)
        counts |= by_mode
        self._write_policy()
        text, _ = practice_text(self.order.policy)
        (self.folder / PRACTICE).write_text(text, encoding="utf-8")
        self.watch.check(self.region.files(modes=self.with_modes, details=self.by_benefit))
        manifest = self._manifest(counts, rules.base, conservation)
        write_json(self.folder / MANIFEST, manifest)
        self.walk.enter("report")
        for report in reports:
            report(self.folder)
        self.walk.enter("digest")
        shutil.rmtree(self.work)
        write_manifest(self.folder, manifest)

    @property
    def years(self) -> frozenset[int]:
        """Years whose stays are grouped and kept."""
        years = frozenset({self.order.year, *(y for y, _ in self.policy.years("points.base_years"))})
        last_year = any(policy.choice("fund.seasonality") == "last_year" for policy in self.laws.all())
        return years | ({self.order.year - 1} if last_year else set())

    def look(self, today: date | None) -> list[dict[str, Any]]:
        """The notices of a run, up to its point values; nothing is accepted and nothing stops."""
        self.stopping, self.today = False, today
        facts = self.facts()
        self._look(ready.registers_ready(facts, self.limits))
        grouped, _ = self._group(facts)
        rules, _, _ = self._money(grouped)
        self._note_results(rules)
        return ready.marked(self.notices, self.order.accept)

    def _note_results(self, rules: Rules) -> None:
        self.notices += ready.point_values(self._values(rules), self.limits)
        self.notices += ready.difficulty(self.raised, self.limits)

    def facts(self) -> ready.Facts:
        """What is known of the region before its stays are read."""
        last = self.account.last_day
        names = dict(self.succession.on(last).select("institution_id", "name").rows())
        first = date(self.order.year, min(self.order.months), 1)
        gone = frozenset(
            h for h in names if self.succession.gone(h, last) or not self.succession.there(h, first, last)
        )
        heirs = self.succession.heirs(last)
        alone = self.chain is None and self.period.whole
        return ready.Facts(
            self.order.year, self.order.months, self.registers[BUDGETS], names, self.years, gone=gone, heirs=heirs,
            paid=months_paid(self.chain, self.registers[MONTHS_PAID], self.order.year), late=self.late,
            unheld=self._still_held().institutions if alone else frozenset(),
        )  # fmt: skip

    def _look(self, found: list[ready.Notice]) -> None:
        """Note what looks wrong, and stop at what would pay wrong money and is not accepted."""
        self.notices += found
        if self.stopping:
            ready.settled(self.notices, self.order.accept)

    def _group(self, facts: ready.Facts) -> tuple[Dataset, dict[str, int]]:
        years = facts.needed
        institutions = frozenset(self.registers[INSTITUTIONS]["institution_id"])
        open_days = self.succession.open_days()
        context = intake.CheckContext("settlement", known_codes(), institutions, open_days=open_days)
        stays = self.region.stays(self.work, context, self.steps.convert)
        if not stays.data.rows():
            raise handed.all_rejected(stays.rejected, stays.findings)
        self.walk.enter("group")
        unkept = self._check_named(stays)
        again = self._duplicates(stays.data, stays.replaced)
        kernel = Grouping(context, again, stays.checked, self.scheme, years, stays.replaced)
        recorded = self.work / "recorded" if self.by_benefit else table_path(self.tables, GROUPED)
        outs = [recorded, table_path(self.tables, FINDINGS)]
        grouped, findings = self.engine.map(stays.data, kernel, outs, STAYS.names, "check and group")
        self._write_names()
        for number, found in enumerate(stays.findings):
            self.engine.write(found.cast(FINDINGS.schema), outs[1] / f"reading-{number:03d}.parquet")
        said = self._about_scheme(grouped)
        if said.num_rows:
            self.engine.write(said, outs[1] / "scheme.parquet")
        rejected = stays.rejected + self._kept_out(findings)
        rows = stays.data.rows() - stays.rows_replaced(self.engine)
        columns = (*handed.CELL, *handed.SUMMED)
        status = frame(self.engine.sum(grouped, handed.cells, handed.CELL, columns, "count"))
        if status.is_empty() and rejected == rows + stays.rejected:
            pieces = pa.Table.from_batches(list(self.engine.scan(findings)), FINDINGS.schema)
            raise handed.all_rejected(rejected, [*stays.findings, pieces])
        self._look(ready.stays_ready(self._handed(facts, stays, status, rejected, unkept), self.limits))
        now = status.filter((pl.col("year") == self.order.year) & pl.col("month").is_in(self.order.months))
        counts = {
            "stays_in": rows + stays.rejected,
            "rejected": rejected,
            "stays_ok": rows + stays.rejected - rejected,
            "used": int(status["n"].sum()),
            "findings": findings.rows() + sum(found.num_rows for found in (said, *stays.findings)),
            **{s: int(now.filter(pl.col("status") == s)["n"].sum()) for s in ("grouped", "ungrouped", "qy")},
        }
        if self.by_benefit:
            its = (self.region, self.policy, self.order.year, self.tables, self.work)
            grouped = benefits.share(self.engine, grouped, *its)
        return grouped, counts

    def _write_policy(self) -> None:
        write_json(self.folder / POLICY, {name: asdict(value) for name, value in self.policy.kept().items()})
        if self.laws.changes:
            write_json(self.folder / LAWS, law_in_time.kept(self.laws))

    def _write_names(self) -> None:
        names = [{"drg": drg, "name": name} for drg, name in self.scheme.group_names.items()]
        write_table(self.tables, GROUP_NAMES, GROUP_NAMES.of(names))

    def _check_named(self, stays: Stays) -> list[str]:
        """Stop at registers that name stays or groups which are not there; returns the stays they name that were
        handed in but kept out when they were read."""
        by_rate = self.policy.choice_or_none("points.pricing") == "rate"
        read = (*NEEDED, *OPTIONAL, *(MODAL if self.with_modes else ()))
        folder, known_on = self.region.folder, self.order.known_on
        registers = self.registers if self.stopping else with_others(folder, self.registers, read, known_on)
        tables = [t for t in (read if self.stopping else register_tables()) if by_rate or t != GROUP_WEIGHTS]
        return named.kept_out_of(self.engine, stays, folder, registers, tables, self.scheme, known_on)

    def _handed(
        self, facts: ready.Facts, stays: Stays, cells: pl.DataFrame, rejected: int, unkept: list[str]
    ) -> ready.Facts:
        """The facts with the stays: accepted, kept out, outside the years. A further pass over two columns only where
        something was kept out or lies outside."""
        whole = replace(facts, cells=cells, nameless=unkept)
        span = handed.span(stays.data)
        late = self.today is not None and (span is None or span[1] > self.today)
        outside = late or span is None or not {span[0].year, span[1].year} <= facts.needed
        if not (rejected or outside):
            return whole
        years = handed.by_year(self.engine, stays.data, self.today)
        there, out = handed.shares(years, cells, facts.needed, stays.kept_out)
        strange = years.filter(~pl.col("year").is_in(list(facts.needed))).group_by("year").agg(pl.col("n").sum())
        later = int(years["later"].sum()) if self.today else 0
        return replace(whole, handed=there, kept_out=out, outside=dict(strange.rows()), later=later)

    def _about_scheme(self, grouped: Dataset) -> Any:
        """What is to be said once of a scheme that is not certified (FINDINGS); the manifest has it too."""
        sums = (
            frame(self.engine.sum(grouped, by_adrg, ("adrg",), ("adrg",), "count")) if self.scheme.uncertain else None
        )
        told = self.scheme, *resting(self.scheme, sums)
        self.scheme_note = scheme_said(*told)
        return scheme_finding(*told, "")

    def _kept_out(self, findings: Dataset) -> int:
        """Rows with an error."""
        sums = self.engine.sum(findings, rows_with_errors, ("file",), ("file", "row", "level"), "count")
        return int(frame(sums)["n"].sum())

    def _duplicates(self, data: Dataset, replaced: Mapping[int, Any]) -> dict[int, Any]:
        """Lines, by file, whose stay id occurred before."""
        columns = ("stay_id", "institution_id") if replaced else ("stay_id",)
        ids = Source(data, columns, ("stay_id", "file_no", "row_no"), partial(placed_stays, replaced=replaced))
        found = self.engine.map_by(
            (ids,), "stay_id", intake.later_duplicates, self.work / "duplicates", "look for duplicates"
        )
        places = frame(pa.Table.from_batches(list(self.engine.scan(found))))
        return {key[0]: its["row_no"].to_numpy() + 1 for key, its in places.group_by("file_no", maintain_order=True)}

    @property
    def by_benefit(self) -> bool:
        """Patients' and fund's shares come from the benefit rules."""
        return self.policy.flag("benefit.in_run")

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
        again = self.order.reopens is not None
        if self.with_modes:
            self.walk.enter("modes")
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
            if not again:
                paid = modes.pay(self.engine, assigned, by_month, self.region, self.laws, *common, *beside, booked)
        self.walk.enter("base")
        scoring = self._scoring(grouped, cleared, self.work)
        rules = scoring.rules
        self._write_rules(rules, self.tables)
        self._write_segments(scoring)
        self.walk.enter("points")
        cases, sums = points.score(
            self.engine, grouped, scoring.tables, self.policy, table_path(self.tables, CASE_POINTS)
        )
        self.raised = difficulty.reach(self.engine, dataset(self.tables, ADJUSTMENTS), scoring, sums)
        month_cases, by_months = None, None
        if paid_by is not None:
            by_month_law = self._scoring(month_stays, paid_by, in_months).tables
            month_cases, month_sums = points.score(
                self.engine, month_stays, by_month_law, self.policy, in_months / CASE_POINTS.name
            )
            by_months = money.Earned(month_sums, stays_of(month_cases))
        earned = money.Earned(sums, stays_of(cases))
        self.walk.enter("settle")
        if self.order.reopens is not None:
            settled = self._reopen(earned, cases)
        else:
            settled = money.settle(
                self.engine, grouped, self.laws, self.registers, self.period, earned, self.work, by_months,
                paid.forfeited(), self._booked(),
            )  # fmt: skip
        corrected = None
        if self.chain is not None and self.order.reopens is None:
            out = table_path(self.tables, CORRECTIONS)
            its = (self.account, self.engine, all_grouped, self.region, out, self.work, self.scheme)
            corrected = linked.correct(*its)
        self.pooled = grouped
        write_table(self.tables, POOLS, POOLS.of([p.row() for p in settled.pools]))
        write_table(self.tables, INSTITUTION_MONTHS, INSTITUTION_MONTHS.of(settled.months))
        if assigned is not None and not again:
            paid.write(self.tables, settled)
            by_rate = self.policy.choice_or_none("points.pricing") == "rate"
            modes.shadow(self.engine, assigned, scoring.tables, settled, self.tables, by_rate)
        self.walk.enter("pay")
        if self.order.reopens is not None:
            conservation = self._reopening(settled)
        elif self.period.whole:
            conservation = self._clearing(settled, paid)
        else:
            conservation = self._month(settled, paid, linked.worth(self.account, corrected, self.policy))
        self._pay_stays(cases, settled.dues(), month_cases)
        return rules, conservation, modes.count_modes(paid.months)

    def _values(self, rules: Rules) -> list[tuple[str, int, int | None]]:
        """Point values of the months settled and, of a single month, of the one before."""
        columns = ("insurance_scheme", "month", "point_value")
        values = read_table(self.tables, POOLS).select(columns).rows()
        if len(self.order.months) == 1 and self.order.months[0] > 1:
            last = self.order.months[0] - 1
            if self.chain is not None:
                sealed = self.account.sealed(POOLS).filter(pl.col("month") == last)
                return [*values, *sealed.select(columns).rows()]
            before = money.Period(self.order.year, (last,))
            others = laws(self.order.policy, self.order.year, month=last, known_on=self.order.known_on)
            tables = replace(rules.tables, months=before.months)
            sums = points.tally(self.engine, self.pooled, tables, others.policy)
            earned = money.Earned(sums, money.scored(tables, self.pooled))
            its = (others, self.registers, before, earned, self.work / "before")
            pools = money.settle(self.engine, self.pooled, *its).pools
            values += [tuple(p.row()[name] for name in columns) for p in pools]
        return values

    def _scoring(self, stays: Dataset, segments: law_in_time.Segments, work: Path) -> Scoring:
        kept = None if self.shared is None else self.shared.base
        if self.chain is not None:
            first = self.chain.first
            kept = partial(base_of_run, first.folder, first.manifest)
        its = (self.laws.opening, self.registers, self.period, work, kept, self.scheme)
        return money.scoring(self.engine, stays, segments, *its)

    def _booked(self) -> Booked | None:
        """What a clearing finds booked, for one of a book."""
        if not self._clears_book:
            return None
        holds = self._still_held()
        return Booked(
            pools=self.account.sealed_months(POOLS),
            months=self.account.sealed_months(INSTITUTION_MONTHS),
            amounts=self.account.booked_months(),
            held=self._kept(),
            holds=holds,
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
            write_table(tables, INSTITUTIONS, self.succession.on(self.account.last_day).to_arrow())

    def _manifest(
        self, counts: dict[str, int], base: points.Base, conservation: list[tuple[str, int, int]]
    ) -> dict[str, Any]:
        return self.made_from | {
            "base": {"mean_cost": base.mean_cost, "scale": base.scale},
            "counts": counts,
            **about(self.scheme, self.scheme_note),
            **({} if self.raised is None else {"difficulty": self.raised}),
            "ledger": self.book,
            "ready": ready.settled(self.notices, self.order.accept),
            "conservation": [{"insurance_scheme": s, "sources": a, "uses": b} for s, a, b in conservation],
        }

    def _reopens(self) -> dict[str, Any] | None:
        """Which opening of the year this is, and why."""
        if self.order.reopens is None or self.chain is None:
            return None
        last = self.chain.last.name
        return {"number": 1 if last == "year" else int(last[1:]) + 1, "reason": self.order.reason.strip()}

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
            "reopens": self._reopens(),
            "inputs": self.region.digests(self.watch, modes=self.with_modes, details=self.by_benefit),
        } | self._shared()

    def _shared(self) -> dict[str, Any]:
        """The base this run shares with other areas, or its book does; and what enters from closed years."""
        late = {LATE: self.late} if self.late else {}
        if self.chain is not None:
            return late | shared_in_book(self.chain.first.manifest, self.shared)
        return late | ({} if self.shared is None else {SHARED: self.shared.described()})
