"""The calendar of a month and of a year: check → group → points → point value → settlement → ledger → report."""

from __future__ import annotations

import calendar
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
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
    read_table,
    table_path,
    write_table,
    years_of,
)
from drgpay.errors import DrgpayError, Kind
from drgpay.ledger import Ledger
from drgpay.policy import Policy, load, practice_text
from drgpay.runs import handed, modes, money, named, ready
from drgpay.runs.fit import check_places, check_policy, scheme_of
from drgpay.runs.manifest import LEDGER, POLICY, PRACTICE, REGISTERS, TABLES, file_digest, folder_digests, write_json
from drgpay.runs.money import Rules, Settled
from drgpay.runs.region import MODAL, OPTIONAL, Region, Stays, known_codes, read_region
from drgpay.runs.steps import Say, Steps, quiet
from drgpay.scheme import Scheme
from drgpay.steps import fund, grouping, intake, points, settlement
from drgpay.tables import (
    BASE_GROUPS,
    BASE_YEARS,
    BUDGETS,
    CASE_POINTS,
    CLOSINGS,
    COEFFICIENTS,
    FINDINGS,
    GROUP_NAMES,
    GROUP_WEIGHTS,
    GROUPED,
    INSTITUTION_MONTHS,
    INSTITUTIONS,
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
    accept: ready.Accepted = field(default_factory=ready.Accepted)
    """what is accepted of what would stop the run"""

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
        try:
            _Run(order, draft, engine, say if resume else quiet).go(reports)
        except OverflowError as error:  # exact arithmetic refused; where a stay or sum is known it was named before
            raise DrgpayError(
                Kind.BROKEN,
                zh="金额或点数之和超出 64 位整数",
                en="a sum of amounts or points does not fit into 64 bits",
                field=str(error), fix_zh="检查登记表和病例中的金额是否异常大",
                fix_en="look for amounts that are far too large in registers and stays",
            ) from error  # fmt: skip
    return out


def look(order: Order, engine: Engine, today: date | None = None) -> list[dict[str, Any]]:
    """What looks wrong before the money of a month or a year moves, as the manifest of a run would keep it, without
    stopping and without leaving anything. ``today``: discharges after it are named too. Raises DrgpayError for what
    no run can be made from."""
    with TemporaryDirectory(prefix="drgpay-") as name:
        return _Run(order, Path(name) / "run", engine, quiet).look(today)


def _position(batch: Any, part: Part) -> Any:
    """Stay ids with where they stand, for the search of duplicates."""
    n = batch.num_rows
    return pa.record_batch(
        {
            "stay_id": batch.column("stay_id"),
            "file_no": pa.array(np.full(n, part.file_number, np.int64)),
            "row_no": pa.array(np.arange(part.first_row, part.first_row + n, dtype=np.int64)),
        }
    )


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

    def __call__(self, batch: Any, part: Part) -> tuple[Any, Any]:
        """Batches of tables ``grouped`` and ``findings``."""
        again = self.duplicates.get(part.file_number)
        context = self.context if again is None else replace(self.context, duplicates=again)
        file = f"{part.path.parent.name}/{part.path.name}"
        accepted, findings = intake.check_batch(batch, file=file, first_row=part.first_row + 1, context=context)
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


def _rows_with_errors(batch: Any) -> Any:
    errors = frame(batch).filter(pl.col("level") == "error").unique(["file", "row"])
    return errors.group_by("file").agg(n=pl.len()).to_arrow()


class _Run:
    """One run on its way; every method is one stage."""

    def __init__(self, order: Order, folder: Path, engine: Engine, say: Say) -> None:
        self.order, self.folder = order, folder
        self.tables = folder / TABLES
        self.work = folder / "work"
        self.region: Region = read_region(order.region)
        self.registers = self.region.registers
        self.period = money.Period(order.year, order.months)
        self.policy: Policy = load(order.policy, on=order.on, known_on=order.known_on)
        self.scheme: Scheme = scheme_of(self.policy, order.schemes)
        check_policy(self.policy, self.scheme)
        check_places(self.policy, self.registers[INSTITUTIONS]["institution_id"].to_list())
        self.run_id = f"{self.region.identity['id']}-{order.year}" + (f"-{order.month:02d}" if order.month else "")
        self.made_from = self._made_from()
        self.steps = self._steps(engine, say)
        self.engine: Engine = self.steps
        self.limits = ready.limits(self.policy)
        self.notices: list[ready.Notice] = []
        self.stopping = True
        self.today: date | None = None

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
        facts = self.facts()
        self._look(ready.registers_ready(facts, self.limits))
        grouped, counts = self._group(facts)
        rules, conservation, by_mode = self._money(grouped)
        self.notices += ready.point_values(self._values(rules), self.limits)
        counts |= by_mode
        write_json(
            self.folder / POLICY,
            {name: asdict(value) for name, value in self.policy.kept().items()},
        )
        text, _ = practice_text(self.order.policy)
        (self.folder / PRACTICE).write_text(text, encoding="utf-8")
        manifest = self._manifest(counts, rules.base, conservation)
        write_json(self.folder / MANIFEST, manifest)
        for report in reports:
            report(self.folder)
        shutil.rmtree(self.work)
        write_json(self.folder / MANIFEST, manifest | {"outputs": folder_digests(self.folder)})

    def look(self, today: date | None) -> list[dict[str, Any]]:
        """The notices of a run, up to its point values; nothing is accepted and nothing stops."""
        self.stopping, self.today = False, today
        facts = self.facts()
        self._look(ready.registers_ready(facts, self.limits))
        grouped, _ = self._group(facts)
        rules, _, _ = self._money(grouped)
        self.notices += ready.point_values(self._values(rules), self.limits)
        return [notice.row() for notice in self.notices]

    def facts(self) -> ready.Facts:
        """What is known of the region before its stays are read."""
        years = frozenset({self.order.year, *(y for y, _ in self.policy.years("points.base_years"))})
        if self.policy.choice("fund.seasonality") == "last_year":
            years |= {self.order.year - 1}
        names = dict(self.registers[INSTITUTIONS].select("institution_id", "name").rows())
        return ready.Facts(self.order.year, self.order.months, self.registers[BUDGETS], names, years)

    def _look(self, found: list[ready.Notice]) -> None:
        """Note what looks wrong, and stop at what would pay wrong money and is not accepted."""
        self.notices += found
        if self.stopping:
            ready.settled(self.notices, self.order.accept)

    def _group(self, facts: ready.Facts) -> tuple[Dataset, dict[str, int]]:
        years = facts.needed
        institutions = frozenset(self.registers[INSTITUTIONS]["institution_id"])
        context = intake.CheckContext("settlement", known_codes(), institutions)
        stays = self.region.stays(self.work, context, self.steps.convert)
        if not stays.data.rows():
            raise handed.all_rejected(stays.rejected, stays.findings)
        unkept = self._check_named(stays)
        kernel = _Grouping(context, self._duplicates(stays.data), stays.checked, self.scheme, years)
        outs = [table_path(self.tables, GROUPED), table_path(self.tables, FINDINGS)]
        grouped, findings = self.engine.map(stays.data, kernel, outs, STAYS.names, "check and group")
        names = [{"drg": drg, "name": name} for drg, name in self.scheme.group_names.items()]
        write_table(self.tables, GROUP_NAMES, GROUP_NAMES.of(names))
        for number, found in enumerate(stays.findings):
            self.engine.write(found.cast(FINDINGS.schema), outs[1] / f"reading-{number:03d}.parquet")
        rejected = stays.rejected + self._kept_out(findings)
        columns = (*handed.CELL, *handed.SUMMED)
        status = frame(self.engine.sum(grouped, handed.cells, handed.CELL, columns, "count"))
        if status.is_empty() and rejected == stays.data.rows() + stays.rejected:
            pieces = pa.Table.from_batches(list(self.engine.scan(findings)), FINDINGS.schema)
            raise handed.all_rejected(rejected, [*stays.findings, pieces])
        self._look(ready.stays_ready(self._handed(facts, stays, status, rejected, unkept), self.limits))
        now = status.filter((pl.col("year") == self.order.year) & pl.col("month").is_in(self.order.months))
        counts = {
            "stays_in": stays.data.rows() + stays.rejected,
            "rejected": rejected,
            "stays_ok": stays.data.rows() + stays.rejected - rejected,
            "used": int(status["n"].sum()),
            "findings": findings.rows() + sum(found.num_rows for found in stays.findings),
            **{s: int(now.filter(pl.col("status") == s)["n"].sum()) for s in ("grouped", "ungrouped", "qy")},
        }
        return grouped, counts

    def _check_named(self, stays: Stays) -> list[str]:
        """Stop at registers that name stays or groups which are not there; returns the stays they name that were
        handed in but kept out when they were read."""
        by_rate = self.policy.choice_or_none("points.pricing") == "rate"
        read = (*OPTIONAL, *(MODAL if self.with_modes else ()))
        tables = [t for t in read if t.references() and (by_rate or t != GROUP_WEIGHTS)]
        asked = any(named.names_of(t, "stay") and self.registers[t].height for t in tables)
        out = {stay: frozenset[str]() for stay in handed.kept_ids(stays.findings)} if asked else {}
        found = named.check_named(
            self.engine, stays.data, self.region.folder, self.registers, tables, self.scheme, out
        )  # fmt: skip
        return sorted(found)

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

    def _kept_out(self, findings: Dataset) -> int:
        """Rows with an error."""
        sums = self.engine.sum(findings, _rows_with_errors, ("file",), ("file", "row", "level"), "count")
        return int(frame(sums)["n"].sum())

    def _duplicates(self, data: Dataset) -> dict[int, Any]:
        """Lines, by file, whose stay id occurred before."""
        ids = Source(data, ("stay_id",), ("stay_id", "file_no", "row_no"), _position)
        found = self.engine.map_by(
            (ids,), "stay_id", intake.later_duplicates, self.work / "duplicates", "look for duplicates"
        )
        places = frame(pa.Table.from_batches(list(self.engine.scan(found))))
        return {key[0]: its["row_no"].to_numpy() + 1 for key, its in places.group_by("file_no", maintain_order=True)}

    @property
    def with_modes(self) -> bool:
        """The policy has rules of payment modes."""
        return bool(self.policy.rules("modes.rules"))

    def _money(self, grouped: Dataset) -> tuple[Rules, list[tuple[str, int, int]], dict[str, int]]:
        """Modes, points, settlement, ledger and stays' payments of the grouped stays, written; both sides of the
        equation of conservation by insurance scheme, for a whole year; and counts by payment mode."""
        self.registers.write(self.folder / REGISTERS, modes=self.with_modes)
        assigned, paid = None, modes.Paid()
        if self.with_modes:
            out = table_path(self.tables, STAY_MODES)
            common = (self.policy, self.registers, self.period)
            assigned = modes.assign(self.engine, grouped, *common, out, self.work)
            grouped = assigned.pooled
            beside = (self.tables, self.work, table_path(self.tables, FINDINGS))
            paid = modes.pay(self.engine, assigned, self.region, *common, *beside)
        rules = money.rules(self.engine, grouped, self.policy, self.registers, self.period, self.work)
        self._write_rules(rules)
        cases, sums = points.score(
            self.engine, grouped, rules.tables, self.policy, table_path(self.tables, CASE_POINTS)
        )
        settled = money.settle(self.engine, grouped, self.policy, self.registers, self.period, sums)
        self.pooled = grouped
        write_table(self.tables, POOLS, POOLS.of([p.row() for p in settled.pools]))
        write_table(self.tables, INSTITUTION_MONTHS, INSTITUTION_MONTHS.of(settled.months))
        if assigned is not None:
            paid.write(self.tables, settled)
            by_rate = self.policy.choice_or_none("points.pricing") == "rate"
            modes.shadow(self.engine, assigned, rules.tables, settled, self.tables, by_rate)
        conservation = self._book(settled, paid)
        self._pay_stays(cases, settled.dues())
        return rules, conservation, modes.count_modes(paid.months)

    def _values(self, rules: Rules) -> list[tuple[str, int, int | None]]:
        """Point values of the months settled and, of a single month, of the one before."""
        columns = ("insurance_scheme", "month", "point_value")
        values = read_table(self.tables, POOLS).select(columns).rows()
        if len(self.order.months) == 1 and self.order.months[0] > 1:
            before = money.Period(self.order.year, (self.order.months[0] - 1,))
            tables = replace(rules.tables, months=before.months)
            sums = points.tally(self.engine, self.pooled, tables, self.policy)
            pools = money.settle(self.engine, self.pooled, self.policy, self.registers, before, sums).pools
            values += [tuple(p.row()[name] for name in columns) for p in pools]
        return values

    def _write_rules(self, rules: Rules) -> None:
        fixed = rules.coefficients
        groups = [
            asdict(g) | {"fixed_coefficient": fixed.groups.get(g.drg), "fixed_by": fixed.reasons.get(g.drg)}
            for g in rules.base.groups.values()
        ]
        write_table(self.tables, BASE_YEARS, BASE_YEARS.of(rules.base.years))
        write_table(self.tables, BASE_GROUPS, BASE_GROUPS.of(groups))
        write_table(self.tables, COEFFICIENTS, COEFFICIENTS.of(fixed.rows))
        write_table(self.tables, INSTITUTIONS, self.registers[INSTITUTIONS].to_arrow())

    def _book(self, settled: Settled, paid: modes.Paid) -> list[tuple[str, int, int]]:
        """Post everything to the ledger; for a whole year read the closings from it, and stop unless they balance."""
        ledger = Ledger(f"drgpay {self.run_id}")
        poster = settlement.ModePoster(ledger, self.run_id, self.region.identity["id"], self.order.year, self.policy)
        for pool in settled.opening:
            poster.open_year(pool)
        poster.open_parts(paid.budgets)
        for row in settled.months:
            poster.month(row)
        poster.mode_months(paid.months)
        poster.mode_years(paid.months, paid.years)
        poster.capitation(paid.results)
        poster.out_of_area(paid.statements)
        poster.procurement(paid.procurement)
        poster.close_parts(paid.budgets)
        closings = []
        for scheme, rows in settled.statements.items():
            poster.clearing(rows)
            closings.append(settlement.closing(ledger, scheme))
        if closings:
            statements = [row for rows in settled.statements.values() for row in rows]
            settlement.check_closed(ledger, statements, closings)
            settlement.check_modes(ledger, paid.years, paid.results)
            write_table(self.tables, STATEMENTS, STATEMENTS.of(statements))
            write_table(self.tables, CLOSINGS, CLOSINGS.of(closings))
        ledger.write(self.folder / LEDGER)
        return list(settlement.conservation(closings))

    def _pay_stays(self, cases: Dataset, dues: dict[tuple[str, str, int], int]) -> None:
        small = settlement.dues_of(
            self.registers[INSTITUTIONS]["institution_id"].sort().to_list(),
            dues,
            with_patients=self.policy.choice("fund.basis") == "total",
            with_year=self.period.whole,
        )
        paid = self.engine.map_by(
            (Source(cases, settlement.SCANNED, settlement.ORDER),),
            "institution_id",
            partial(settlement.stay_payments, dues=small),
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
            "ready": ready.settled(self.notices, self.order.accept),
            "conservation": [{"insurance_scheme": s, "sources": a, "uses": b} for s, a, b in conservation],
        }

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
            "scheme": self.scheme.id,
            "switches": sorted(self.scheme.switches),
            "scheme_digest": self.scheme.digest,
            "basis": self.policy.choice("fund.basis"),
            "inputs": {
                p.relative_to(self.region.folder).as_posix(): file_digest(p)
                for p in self.region.files(modes=self.with_modes)
            },
        }


def _paid_by_institution(batch: Any) -> Any:
    return (
        frame(batch.select(["insurance_scheme", "institution_id", "month", "month_due", "year_due"]))
        .group_by("insurance_scheme", "institution_id", "month")
        .agg(pl.col("month_due").sum(), pl.col("year_due").sum())
        .to_arrow()
    )


def check_stays(engine: Engine, paid: Dataset, dues: dict[tuple[str, str, int], int]) -> None:
    """Count the money again after writing: stays' payments must add up to every institution's due, to the fen."""
    by = ("insurance_scheme", "institution_id", "month")
    sums = engine.sum(paid, _paid_by_institution, by, (*by, "month_due", "year_due"), "count the money again")
    found: dict[tuple[str, str, int], int] = {}
    for scheme, institution, month, month_due, year_due in frame(sums).select(*by, "month_due", "year_due").rows():
        found[scheme, institution, month] = month_due
        found[scheme, institution, fund.YEAR] = found.get((scheme, institution, fund.YEAR), 0) + (year_due or 0)
    for key, due in dues.items():
        if found.get(key, 0) != due:
            raise DrgpayError(
                Kind.BROKEN,
                zh=f"病例支付之和 {found.get(key, 0)} 分 ≠ 机构应付 {due} 分",
                en=f"stays' payments {found.get(key, 0)} fen ≠ institution's due {due} fen",
                field="/".join(map(str, key)),
            )
