"""The calendar of a month and of a year: check → group → points → point value → settlement → ledger → report."""

from __future__ import annotations

import calendar
import shutil
from collections.abc import Callable, Sequence
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
from drgpay.policy import Policy, load, practice_text
from drgpay.runs import modes, money
from drgpay.runs.manifest import LEDGER, POLICY, PRACTICE, REGISTERS, TABLES, file_digest, folder_digests, write_json
from drgpay.runs.money import Rules, Settled
from drgpay.runs.region import Region, known_codes, read_region
from drgpay.runs.steps import Say, Steps, quiet
from drgpay.scheme import Scheme
from drgpay.scheme import load as load_scheme
from drgpay.steps import fund, grouping, intake, points, settlement
from drgpay.tables import (
    BASE_GROUPS,
    BASE_YEARS,
    CASE_POINTS,
    CLOSINGS,
    COEFFICIENTS,
    FINDINGS,
    GROUP_NAMES,
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
        self.region: Region = read_region(order.region)
        self.registers = self.region.registers
        self.period = money.Period(order.year, order.months)
        self.policy: Policy = load(order.policy, on=order.on, known_on=order.known_on)
        self.registers = money.with_weights(self.registers, self.policy)
        switches = frozenset(self.policy.codes_or_none("grouping.switches") or ())
        self.scheme: Scheme = load_scheme(self.policy.scheme, switches, folder=order.schemes)
        money.check_groups(self.policy, self.scheme)
        self.run_id = f"{self.region.identity['id']}-{order.year}" + (f"-{order.month:02d}" if order.month else "")
        self.made_from = self._made_from()
        self.steps = self._steps(engine, say)
        self.engine: Engine = self.steps

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
        if self.policy.choice("fund.seasonality") == "last_year":
            years |= {self.order.year - 1}
        institutions = frozenset(self.registers[INSTITUTIONS]["institution_id"])
        context = intake.CheckContext("settlement", known_codes(), institutions)
        stays = self.region.stays(self.work, context, self.steps.convert)
        kernel = _Grouping(context, self._duplicates(stays.data), stays.checked, self.scheme, years)
        outs = [table_path(self.tables, GROUPED), table_path(self.tables, FINDINGS)]
        grouped, findings = self.engine.map(stays.data, kernel, outs, STAYS.names, "check and group")
        names = [{"drg": drg, "name": name} for drg, name in self.scheme.group_names.items()]
        write_table(self.tables, GROUP_NAMES, GROUP_NAMES.of(names))
        for number, found in enumerate(stays.findings):
            self.engine.write(found.cast(FINDINGS.schema), outs[1] / f"reading-{number:03d}.parquet")
        rejected = stays.rejected + self._kept_out(findings)
        by = ("year", "month", "status")
        status = frame(self.engine.sum(grouped, partial(_counted, by=by), by, by, "count"))
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
        write_table(self.tables, POOLS, POOLS.of([p.row() for p in settled.pools]))
        write_table(self.tables, INSTITUTION_MONTHS, INSTITUTION_MONTHS.of(settled.months))
        if assigned is not None:
            paid.write(self.tables, settled)
            by_rate = self.policy.choice_or_none("points.pricing") == "rate"
            modes.shadow(self.engine, assigned, rules.tables, settled, self.tables, by_rate)
        conservation = self._book(settled, paid)
        self._pay_stays(cases, settled.dues())
        return rules, conservation, modes.count_modes(paid.months)

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
