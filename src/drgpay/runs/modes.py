"""Payment modes inside a run: assigned after grouping, paid beside the DRG points, booked in the same ledger."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa

from drgpay.engine import (
    Dataset,
    Engine,
    Part,
    Source,
    coded,
    codes_in,
    frame,
    table_path,
    write_part,
    write_table,
)
from drgpay.errors import DrgpayError, Kind
from drgpay.policy import Laws, Policy
from drgpay.runs import modes_in_time as in_time
from drgpay.runs.laws import Segments
from drgpay.runs.money import Period, Settled
from drgpay.runs.region import Region, Registers
from drgpay.runs.succession import succession_of
from drgpay.steps import fund, modes, points
from drgpay.tables import (
    BED_DAY_ASSESSMENTS,
    BUDGET_AMOUNTS,
    CAPITATION_HEADS,
    CAPITATION_RESULTS,
    COMMUNITIES,
    COMMUNITY_MEMBERS,
    COMMUNITY_SCORES,
    ENROLMENT,
    EXPENDITURE_BY_MODE,
    GRADE_REGISTER,
    HEADS,
    INSTITUTION_KINDS,
    INSTITUTIONS,
    INTERNET_VISITS,
    MODE_FINDINGS,
    MODE_PAYMENTS,
    OUT_OF_AREA_CLAIMS,
    OUT_OF_AREA_STATEMENTS,
    OUT_OF_AREA_WATCH,
    PROCUREMENT,
    PROCUREMENT_PAYMENTS,
    SHADOW_PRICES,
    STAY_AREAS,
    STAY_DECISIONS,
    STAY_MODES,
    VISIT_PAYMENTS,
    VISITS,
    Table,
)

Row = dict[str, Any]
ModeTables = modes.ModeTables

_SHOWN = 5
"""unknown institutions named in a failure"""

_HEAD_COLUMNS = ("person_id", "community_id", "migrated", "death_date", "township")
_STAY_SUMMED = ("insurance_scheme", "month", "institution_id", "mode", "category", "days", "good_outcome", "price",
                "due", "refused", "total_cost", "personal_paid", "fund_by_item")  # fmt: skip
_VISIT_SUMMED = tuple(n for n in _STAY_SUMMED if n not in ("days", "good_outcome", "refused"))


@dataclass(frozen=True)
class Assigned:
    """Stays after their mode was decided: those the points take, those with a shadow price, and all of the period."""

    tables: ModeTables
    """of the last days"""
    modes: Dataset
    pooled: Dataset
    shadow: Dataset
    starts: tuple[int, ...] = ()
    """where several laws hold: their first days (days since 1970), and the tables of each"""
    by_law: tuple[ModeTables, ...] = ()


def _assign(batch: Any, part: Part, tables: modes.ModeTables, period: Period) -> tuple[Any, Any, Any]:
    return modes.assign_batch(batch, tables, period.year, period.months)


def check_institutions(registers: Registers) -> None:
    """Fail with DATA when a community is led by, or has as a member, an institution that is not in the register, or
    an agreement is with one: money would go to nobody, and visits inside would count as outside."""
    members = registers[COMMUNITY_MEMBERS].filter(pl.col("member_kind") == "institution")
    for table, column, found in (
        (COMMUNITIES, "institution_id", registers[COMMUNITIES]["institution_id"]),
        (COMMUNITY_MEMBERS, "member_id", members["member_id"]),
        (PROCUREMENT, "institution_id", registers[PROCUREMENT]["institution_id"]),
    ):
        unknown = sorted(set(found) - set(registers[INSTITUTIONS]["institution_id"]))
        if unknown:
            raise DrgpayError(
                Kind.DATA,
                zh="机构不在定点医疗机构登记表",
                en="the institution is not in the register",
                file=f"{table.name}.csv",
                field=column,
                value=", ".join(unknown[:_SHOWN]),
                fix_zh=f"改正编号,或把机构加入 {INSTITUTIONS.name}.csv",
                fix_en=f"correct the code, or add the institution to {INSTITUTIONS.name}.csv",
            )


def mode_tables(policy: Policy, registers: Registers, day: date | None = None) -> modes.ModeTables:
    """Rules and rates with what they ask of institutions and stays; ``day``: whose levels of institutions hold."""
    check_institutions(registers)
    refused = registers[STAY_DECISIONS].filter((pl.col("kind") == "refuse") & (pl.col("decision") == "approved"))
    return modes.mode_tables(
        policy,
        modes.Places(
            dict(succession_of(registers).on(day or date.max).select("institution_id", "level").rows()),
            dict(registers[INSTITUTION_KINDS].select("institution_id", "kind").rows()),
            dict(registers[STAY_AREAS].select("stay_id", "area").rows()),
        ),
        refused["stay_id"].to_list(),
    )


def assign(
    engine: Engine, grouped: Dataset, segments: Segments, registers: Registers, period: Period, out: Path, work: Path
) -> Assigned:
    """Decide the mode of every stay once, by the law of its day of discharge: table ``stay_modes`` to ``out``, the
    others below ``work``."""
    segments = succession_of(registers).cut(segments)
    tables = tuple(mode_tables(s.policy, registers, s.first) for s in segments)
    work.mkdir(parents=True, exist_ok=True)
    outs = [out, work / "pooled", work / "shadow"]
    if len(tables) == 1:
        kernel: Any = partial(_assign, tables=tables[0], period=period)
        decided, pooled, shadow = engine.map(grouped, kernel, outs, modes.SCANNED, "payment modes")
        return Assigned(tables[0], decided, pooled, shadow)
    starts = points.by_day([s.first for s in segments], (), ()).starts
    kernel = partial(in_time.assign_by_day, starts=starts, tables=tables, period=period)
    decided, pooled, shadow = engine.map(grouped, kernel, outs, modes.SCANNED, "payment modes")
    return Assigned(tables[-1], decided, pooled, shadow, starts, tables)


def pooled(
    engine: Engine, grouped: Dataset, segments: Segments, registers: Registers, period: Period, work: Path
) -> Dataset:
    """The stays the points take: all of them without mode rules. Made once per ``work`` folder."""
    if not any(s.policy.rules("modes.rules") for s in segments):
        return grouped
    folder = work / "pooled"
    if folder.is_dir():
        return Dataset.of(folder)
    return assign(engine, grouped, segments, registers, period, work / STAY_MODES.name, work).pooled


@dataclass(frozen=True)
class Paid:
    """What the modes pay: rows of their tables, and the parts of the budget they are paid from."""

    budgets: Mapping[tuple[str, str], int] = field(default_factory=dict)
    months: list[Row] = field(default_factory=list)
    years: list[Row] = field(default_factory=list)
    assessed: list[Row] = field(default_factory=list)
    results: list[Row] = field(default_factory=list)
    heads: list[Row] = field(default_factory=list)
    statements: list[Row] = field(default_factory=list)
    watch: list[Row] = field(default_factory=list)
    procurement: list[Row] = field(default_factory=list)
    visits: bool = False

    def forfeited(self) -> dict[str, int]:
        """Deposits that are not returned, by insurance scheme."""
        return forfeited(self.years)

    def write(self, folder: Path, settled: Settled) -> None:
        """The small tables, and the composition of expenditure beside the DRG points."""
        drg = [r | {"month": r["month"]} for r in settled.months]
        drg += [r | {"month": fund.YEAR} for rows in settled.statements.values() for r in rows]
        rows = modes.composition(drg, [*self.months, *self.years], self.results, self.statements)
        if not settled.statements:
            rows = [row for row in rows if row["month"] != fund.YEAR]
        small: tuple[tuple[Table, list[Row]], ...] = (
            (MODE_PAYMENTS, [*self.months, *self.years]),
            (BED_DAY_ASSESSMENTS, self.assessed),
            (CAPITATION_HEADS, self.heads),
            (CAPITATION_RESULTS, self.results),
            (OUT_OF_AREA_STATEMENTS, self.statements),
            (OUT_OF_AREA_WATCH, self.watch),
            (PROCUREMENT_PAYMENTS, self.procurement),
            (EXPENDITURE_BY_MODE, rows),
        )
        for table, its in small:
            write_table(folder, table, table.of(its))


def _stay_sums(engine: Engine, stay_modes: Dataset) -> list[Row]:
    kernel = partial(modes.added_up, setting="inpatient")
    return frame(engine.sum(stay_modes, kernel, modes.SUM_KEYS, _STAY_SUMMED, "modes: sums")).to_dicts()


def pay(
    engine: Engine, assigned: Assigned, by_month: Assigned, region: Region, laws: Laws, registers: Registers,
    period: Period, tables: Path, work: Path, findings: Path, booked: list[Row] | None = None,
) -> Paid:  # fmt: skip
    """What the modes pay in the period. ``booked``: rows of sealed months, which a clearing of a book goes by.
    ``assigned``: the stays as they are cleared; ``by_month``: as months pay
    them, the same object where nothing changed. Visits, heads and their findings are written; the rest is returned.
    Of a single month only the stays: visits, communities, other areas and procurement belong to the year."""
    policy = laws.policy
    of_month = {month: span.policy for month, span in laws.months.items()}
    stays = in_time.outside_points(_stay_sums(engine, assigned.modes), dict.fromkeys(of_month, policy))
    paid = stays if by_month is assigned else in_time.outside_points(_stay_sums(engine, by_month.modes), of_month)
    claims = registers[OUT_OF_AREA_CLAIMS]
    one_unit = fund.is_one_unit(policy)
    if not period.whole:
        elsewhere = [row for row in modes.statements(claims, period.year) if row["month"] in period.months
                     and _of_the_unit(row)] if one_unit else []  # fmt: skip
        return Paid(months=in_time.month_payments(paid, of_month), statements=elsewhere)
    budgets = _part_budgets(registers, period.year)
    care = Care()
    # Care of outpatients is settled here where the year's budget has a part for it.
    if any(part == "outpatient" for _, part in budgets):
        care = visits_of(
            engine, assigned.tables, region, policy, registers, period, tables, work, findings, assigned, by_month
        )
    months = in_time.month_payments([*paid, *care.in_months], of_month) if booked is None else booked
    assessed = modes.assessments(stays, policy)
    statements = modes.added(modes.statements(claims, period.year), _treated_here(engine, assigned))
    procurement = modes.procurement_payments(registers[PROCUREMENT].to_dicts(), period.year, policy)
    for row in statements:
        if row["direction"] == "out" and not (one_unit and _of_the_unit(row)):
            modes.budget_of(budgets, row["insurance_scheme"], "out_of_area")
    if by_month is assigned and booked is None:
        years = modes.year_payments(months, assessed)
    else:
        cleared = modes.month_payments([*stays, *care.sums], policy)
        years = in_time.year_payments(months, cleared, assessed)
    modes.limit(years, care.results, procurement, budgets, policy)
    modes.settle_year(years, grades_of(registers, period.year), policy)
    return Paid(
        budgets, months, years, assessed, care.results, care.heads, statements,
        modes.watch(claims, period.year, policy), procurement, care.there,
    )  # fmt: skip


def _of_the_unit(row: Row) -> bool:
    """Own insured treated as inpatients in another area."""
    return bool(row["direction"] == "out" and row["setting"] == "inpatient")


def simulated_forfeits(
    engine: Engine, stored: list[Row], work: Path, laws: Laws, registers: Registers, period: Period
) -> dict[str, int]:
    """Deposits that would not be returned under other laws, by insurance scheme. ``stored``: month rows of a run's
    ``mode_payments``, whose visits stand; ``work``: the folder of :func:`pooled` with the stays as the months pay
    them, which are priced again where they were."""
    of_month = {month: span.policy for month, span in laws.months.items()}
    if not any(policy.rules("modes.rules") for policy in of_month.values()):
        return {}
    again = work / STAY_MODES.name
    visits = [row for row in stored if row["setting"] == "outpatient"]
    stays = in_time.outside_points(_stay_sums(engine, Dataset.of(again)), of_month) if again.exists() else []
    months = in_time.month_payments([*stays, *visits], of_month)
    return modes.forfeits(months, grades_of(registers, period.year), laws.policy)


def grades_of(registers: Registers, year: int) -> dict[str, str]:
    """Institution → evaluation grade of the year."""
    grades = registers[GRADE_REGISTER].filter(pl.col("year") == year)
    return dict(grades.select("institution_id", "grade").rows())


def forfeited(years: list[Row]) -> dict[str, int]:
    """Forfeited deposits of year rows of ``mode_payments`` by insurance scheme."""
    total: Counter[str] = Counter()
    for row in years:
        total[row["insurance_scheme"]] += row["forfeited"]
    return dict(total)


def _part_budgets(registers: Registers, year: int) -> dict[tuple[str, str], int]:
    """(insurance scheme, part) → fen of the year, without the inpatient DRG part: register ``budgets`` has it."""
    rows = registers[BUDGET_AMOUNTS].filter((pl.col("year") == year) & (pl.col("part") != "inpatient_drg"))
    return {
        (s, p): amount for s, p, amount in rows.select("insurance_scheme", "part", "amount").sort(pl.all()).rows()
    }


def _treated(batch: Any, stays: Any, areas: Any) -> Any:
    place = codes_in(batch.column("stay_id"), stays)
    rows = pa.Table.from_batches([batch]).append_column("area", coded(place, pa.array(areas, pa.string())))
    return (
        frame(rows)
        .filter(pl.col("mode") == "out_of_area")
        .group_by("area", "month", "insurance_scheme")
        .agg(
            n=pl.len().cast(pl.Int64),
            cost=pl.col("total_cost").sum(),
            personal=pl.col("personal_paid").sum(),
            fund=pl.col("due").sum(),
        )
        .to_arrow()
    )


def _treated_here(engine: Engine, assigned: Assigned) -> list[Row]:
    """Statements of stays of others' insured, paid by their area."""
    areas = assigned.tables.places.areas
    named = sorted(areas)
    kernel = partial(_treated, stays=pa.array(named, pa.string()), areas=tuple(areas[s] for s in named))
    columns = ("stay_id", "month", "insurance_scheme", "mode", "due", "total_cost", "personal_paid")
    by = ("area", "month", "insurance_scheme")
    rows = frame(engine.sum(assigned.modes, kernel, by, columns, "out of area")).to_dicts()
    return [r | {"direction": "in", "setting": "inpatient"} for r in rows]


@dataclass(frozen=True)
class Care:
    """Visits and heads of a year, added up."""

    sums: list[Row] = field(default_factory=list)
    heads: list[Row] = field(default_factory=list)
    results: list[Row] = field(default_factory=list)
    there: bool = False
    month_sums: list[Row] | None = None
    """the sums as the months paid the visits, where other laws held then"""

    @property
    def in_months(self) -> list[Row]:
        """The sums the months pay by."""
        return self.sums if self.month_sums is None else self.month_sums


def _visit_kernel(tables: modes.Capitation, rules: modes.ModeTables, assigned: Assigned | None) -> Any:
    if assigned is None or not assigned.by_law:
        return partial(modes.pay_visits, tables=tables, modes=rules if assigned is None else assigned.tables)
    return partial(in_time.pay_visits_by_day, tables=tables, starts=assigned.starts, by_law=assigned.by_law)


def visits_of(
    engine: Engine, tables: modes.ModeTables, region: Region, policy: Policy, registers: Registers, period: Period,
    out: Path, work: Path, findings: Path, cleared: Assigned | None = None, by_month: Assigned | None = None,
) -> Care:  # fmt: skip
    """Heads, visits and results of the communities, for a region that brings visits or enrolment and a policy with
    rules for visits or an order of assignment. ``cleared`` and ``by_month``: as in :func:`pay`; without them
    ``tables`` hold for all of the year."""
    capitated = policy.names_or_none("capitation.order") is not None
    known = [tables, *(t for its in (cleared, by_month) if its for t in (*its.by_law, its.tables))]
    if not capitated and not any(rule.visits for its in known for rule in its.rules):
        return Care()
    modes.check_capitation(policy)
    members = succession_of(registers).members(registers[COMMUNITY_MEMBERS], date(period.year, 12, 31))
    cap = modes.capitation_of(policy, registers[COMMUNITIES], members, period.year)
    enrolment = region.table(ENROLMENT, work) if capitated else None
    visits = region.table(VISITS, work)
    for beside, table in ((enrolment, ENROLMENT), (visits, VISITS)):
        for number, found in enumerate(beside.findings if beside else ()):
            write_part(findings / f"{table.name}-{number:03d}.parquet", found)
    if enrolment is None and visits is None:
        return Care()
    if enrolment is None:
        empty = table_path(out, HEADS)
        empty.mkdir(exist_ok=True)  # an interrupted run may have left it
        write_part(empty / "part-00000.parquet", HEADS.schema.empty_table())
        heads = Dataset.of(empty)
    else:
        source = Source(enrolment.data, ENROLMENT.names, modes.ENROLMENT_ORDER)
        heads = engine.map_by(
            (source,), "person_id", partial(modes.heads_of, tables=cap), table_path(out, HEADS), "heads"
        )
    rates = policy.rates("capitation.rates")
    by = ("insurance_scheme", "community_id", "package", "age_from")
    columns = ("insurance_scheme", "community_id", "months", "age", "packages")
    sums = frame(engine.sum(heads, partial(modes.head_sums, tables=cap, rates=rates), by, columns, "heads: sums"))
    year = pl.col("year") == period.year
    scores = dict(registers[COMMUNITY_SCORES].filter(year).select("community_id", "score").rows())
    amounts = modes.head_amounts(sums.to_dicts(), scores, policy)
    valid = {(r["insurance_scheme"], r["community_id"]): r["n"] for r in _valid_heads(engine, heads)}
    heirs = succession_of(registers).heirs(date(period.year, 12, 31))
    leads = {c: heirs.get(h, h) for c, h in registers[COMMUNITIES].select("community_id", "institution_id").rows()}
    faults = _faults(engine, heads, "enrolment")
    if visits is None:
        write_table(out, MODE_FINDINGS, MODE_FINDINGS.of(faults))
        return Care([], amounts, modes.results(amounts, valid, [], leads), False)
    sources = (
        Source(visits.data, VISITS.names, modes.VISITS_ORDER),
        Source(heads, _HEAD_COLUMNS, modes.HEADS_ORDER),
    )
    paid = engine.map_by(
        sources, "person_id", _visit_kernel(cap, tables, cleared), work / VISIT_PAYMENTS.name, "visits"
    )
    month_sums = None
    if by_month is not None and by_month is not cleared:
        kernel, place = _visit_kernel(cap, tables, by_month), work / "months" / VISIT_PAYMENTS.name
        month_sums = _visit_sums(engine, engine.map_by(sources, "person_id", kernel, place, "visits of the months"))
    engine.map(paid, _only_visits, [table_path(out, VISIT_PAYMENTS)], VISIT_PAYMENTS.names, "write visits")
    write_table(out, MODE_FINDINGS, MODE_FINDINGS.of([*faults, *_faults(engine, paid, "visits")]))
    keys = ("institution_id", "month")
    internet = engine.sum(
        paid, _internet, keys, ("institution_id", "month", "internet", "total_cost", "due"), "internet"
    )
    write_table(out, INTERNET_VISITS, INTERNET_VISITS.of(frame(internet).to_dicts()))
    pair = ("insurance_scheme", "community_id")
    spent = frame(engine.sum(paid, _spent, pair, (*pair, "inside", "charged", "due", "fund_by_item"), "communities"))
    care = _visit_sums(engine, paid)
    return Care(care, amounts, modes.results(amounts, valid, spent.to_dicts(), leads), True, month_sums)


def _visit_sums(engine: Engine, paid: Dataset) -> list[Row]:
    kernel = partial(modes.added_up, setting="outpatient")
    return frame(engine.sum(paid, kernel, modes.SUM_KEYS, _VISIT_SUMMED, "visits: sums")).to_dicts()


def _only_visits(batch: Any, part: Part) -> Any:
    return pa.table(batch).cast(VISIT_PAYMENTS.schema)


def _valid_heads(engine: Engine, heads: Dataset) -> list[Row]:
    by = ("insurance_scheme", "community_id")
    return frame(engine.sum(heads, _count_heads, by, by, "heads: count")).to_dicts()


def _count_heads(batch: Any) -> Any:
    rows = frame(batch).filter(pl.col("community_id").is_not_null())
    return rows.group_by("insurance_scheme", "community_id").agg(n=pl.len().cast(pl.Int64)).to_arrow()


def _faults(engine: Engine, data: Dataset, subject: str) -> list[Row]:
    by = ("finding", "township")
    return [{"subject": subject} | r for r in frame(engine.sum(data, _count_faults, by, by, "findings")).to_dicts()]


def _count_faults(batch: Any) -> Any:
    rows = frame(batch).filter(pl.col("finding").is_not_null())
    return rows.group_by("finding", "township").agg(n=pl.len().cast(pl.Int64)).to_arrow()


def _internet(batch: Any) -> Any:
    net = pl.col("internet")
    return (
        frame(batch)
        .group_by("institution_id", "month")
        .agg(
            n=pl.len().cast(pl.Int64),
            internet_n=net.cast(pl.Int64).sum(),
            internet_cost=pl.col("total_cost").filter(net).sum(),
            internet_due=pl.col("due").filter(net).sum(),
        )
        .to_arrow()
    )


def _spent(batch: Any) -> Any:
    rows = frame(batch).filter(pl.col("inside") | pl.col("charged"))
    return (
        rows.group_by("insurance_scheme", "community_id")
        .agg(
            charges=pl.col("due").filter(pl.col("charged")).sum(),
            inside_n=pl.col("inside").cast(pl.Int64).sum(),
            inside=pl.col("fund_by_item").filter(pl.col("inside")).sum(),
        )
        .to_arrow()
    )


def shadow(
    engine: Engine, assigned: Assigned, rules: points.Tables, settled: Settled, out: Path, by_rate: bool
) -> None:
    """Table ``shadow_prices``: what the stays with a shadow price would be paid as DRG stays."""
    month = fund.YEAR if settled.statements else max(p.month for p in settled.pools)
    values = {p.insurance_scheme: (p.distributable, p.points) for p in settled.pools if p.month == month}
    if by_rate:
        values = dict.fromkeys(values, (1, 1))
    columns = (*points.scanned(rules), "due")
    kernel = partial(_shadow, rules=rules, values=values)
    engine.map(assigned.shadow, kernel, [table_path(out, SHADOW_PRICES)], tuple(dict.fromkeys(columns)), "shadow")


def _shadow(batch: Any, part: Part, rules: points.Tables, values: dict[str, tuple[int, int]]) -> Any:
    return modes.shadow_prices(points.case_points(batch, rules), batch.column("due"), values)


def count_modes(rows: list[Row]) -> dict[str, int]:
    """Stays and visits by mode in a period, for the manifest."""
    counts: Counter[str] = Counter()
    for row in rows:
        counts[f"{'' if row['setting'] == 'inpatient' else 'visit_'}{row['mode']}"] += row["n"]
    return dict(sorted(counts.items()))
