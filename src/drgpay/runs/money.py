"""From grouped stays to statements, without writing anything: what a run books and a simulation compares."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa

from drgpay.engine import Dataset, Engine, Part, PartKernel, Source, codes_in, frame, integers
from drgpay.errors import DrgpayError, Kind
from drgpay.policy import Laws, Policy, Segment
from drgpay.runs.booked import Booked
from drgpay.runs.laws import Segments
from drgpay.runs.marks import known_of
from drgpay.runs.rate import rate_base, rate_points
from drgpay.runs.region import Registers
from drgpay.runs.remember import Remembering
from drgpay.runs.succession import succession_of
from drgpay.runs.unit import unit_of
from drgpay.scheme import Scheme
from drgpay.steps import fund, points, settlement
from drgpay.tables import (
    ADVANCES,
    BUDGETS,
    DEBTS,
    EVIDENCE,
    GRADE_REGISTER,
    SANCTIONS,
    STAY_DECISIONS,
    VIOLATIONS,
)
from drgpay.units import ONE, half_up


def groups_named(policy: Policy) -> dict[str, tuple[str, ...]]:
    """Parameter → the groups the policy names in it."""
    return {
        "coefficient.basic_groups": tuple(policy.codes("coefficient.basic_groups")),
        "points.tcm_groups": tuple(policy.codes_or_none("points.tcm_groups") or ()),
        "points.readmit_exempt": tuple(policy.codes_or_none("points.readmit_exempt") or ()),
    }


def check_groups(policy: Policy, scheme: Scheme) -> None:
    """Fail with POLICY when the policy names groups the scheme does not have."""
    there = frozenset(scheme.group_names)
    for name, codes in groups_named(policy).items():
        unknown = sorted(set(codes) - there)
        if not unknown:
            continue
        raise DrgpayError(
            Kind.POLICY,
            zh=f"政策列出的病组不在分组方案 {scheme.id} 中",
            en=f"the policy names groups that {scheme.id} does not have",
            field=name,
            value=", ".join(unknown[:10]),
            fix_zh="改为该方案的病组编码",
            fix_en="name groups of that scheme",
        )


Kept = Callable[[Policy], points.Base]
"""the base period of an earlier run, with the multiples of a policy"""


@dataclass(frozen=True)
class Period:
    """A year, and the months of it that are settled."""

    year: int
    months: tuple[int, ...]

    @property
    def whole(self) -> bool:
        """All twelve months: the year is cleared."""
        return len(self.months) == len(fund.MONTHS)


@dataclass(frozen=True)
class Rules:
    """What turns a grouped stay into points."""

    base: points.Base
    coefficients: points.Coefficients
    tables: points.PointsTables


@dataclass(frozen=True)
class Scoring:
    """How the stays of a period are scored: by the rules of one law, or of several by day of discharge."""

    segments: Segments
    by_law: tuple[Rules, ...]
    """rules of every segment"""
    tables: points.Tables

    @property
    def rules(self) -> Rules:
        """The rules of the last days."""
        return self.by_law[-1]


def scoring(
    engine: Engine,
    grouped: Dataset,
    segments: Segments,
    opening: Policy,
    registers: Registers,
    period: Period,
    work: Path,
    kept: Kept | None = None,
    scheme: Scheme | None = None,
) -> Scoring:
    """The rules of every segment, and the tables that score each stay by those of its day; a merger of institutions
    or another level of one cuts a segment. The same sums over the stays are made once for all of them. ``kept``: the
    base period of a book, that of its first link; ``scheme``: the one
    the stays were grouped by, which says what comorbidities are."""
    segments = succession_of(registers).cut(segments)
    if len(segments) == 1:
        only = rules(engine, grouped, segments[0], registers, period, work, opening, kept, scheme)
        return Scoring(segments, (only,), only.tables)
    once = Remembering(engine)
    by_law = tuple(
        rules(once, grouped, s, registers, period, work / f"law-{s.first.isoformat()}", opening, kept, scheme)
        for s in segments
    )
    caps = [s.policy.ratio_or_none("points.high_extra_cap") for s in segments]
    tables = points.by_day([s.first for s in segments], [its.tables for its in by_law], caps)
    return Scoring(segments, by_law, tables)


@dataclass(frozen=True)
class Earned:
    """What the stays of a period earn: ``sums`` of their points (see ``points.score``), and where the case points of
    single stays are read when some are refused."""

    sums: pl.DataFrame
    cases: Source


def _so_far(batch: Any, period: Period) -> Any:
    last = max(period.months)
    return (integers(batch.column("year")) == period.year) & (integers(batch.column("month")) <= last)


def _discharges(batch: Any, period: Period) -> Any:
    rows = batch.filter(pa.array(_so_far(batch, period))).select(["institution_id"])
    return frame(rows).group_by("institution_id").agg(n=pl.len().cast(pl.Int64)).to_arrow()


def _named(batch: Any, period: Period, stays: Any) -> Any:
    named = _so_far(batch, period) & (codes_in(batch.column("stay_id"), stays) >= 0)
    rows = batch.filter(pa.array(named)).select(["stay_id"])
    return frame(rows).group_by("stay_id").agg(n=pl.len().cast(pl.Int64)).to_arrow()


def _within_quota(
    engine: Engine, grouped: Dataset, policy: Policy, decisions: pl.DataFrame, period: Period
) -> tuple[pl.DataFrame, dict[str, int]]:
    """Decisions with, of the special reviews, those on stays of the year up to the last month settled; and every
    institution's stays of that time, which the quota is a share of. Without a quota nothing is counted."""
    special = pl.col("kind") == "special"
    stays = decisions.filter(special)["stay_id"].sort()
    if policy.ratio_or_none("points.special_quota") is None or not len(stays):
        return decisions, {}
    kernel = partial(_discharges, period=period)
    counted = engine.sum(grouped, kernel, ("institution_id",), ("institution_id", "year", "month"), "count")
    named = partial(_named, period=period, stays=pa.array(stays.to_list(), pa.string()))
    found = frame(engine.sum(grouped, named, ("stay_id",), ("stay_id", "year", "month"), "special reviews"))
    kept = decisions.filter(~special | pl.col("stay_id").is_in(found["stay_id"].to_list()))
    return kept, dict(frame(counted).select("institution_id", "n").rows())


def rules(
    engine: Engine,
    grouped: Dataset,
    segment: Segment,
    registers: Registers,
    period: Period,
    work: Path,
    opening: Policy | None = None,
    kept: Kept | None = None,
    scheme: Scheme | None = None,
) -> Rules:
    """Base points, coefficients and the kernel's tables, by the law of a segment and the institutions of its first
    day. ``work``: a folder for what must be brought together on disk; ``opening``: see ``points.base_period``;
    ``kept``: see :func:`scoring`; last year's grades and indicator values enter the coefficients, and the
    operated stays of the base period."""
    policy, there, day = segment.policy, succession_of(registers), segment.first
    by_rate = policy.choice_or_none("points.pricing") == "rate"
    if by_rate:
        base = rate_base(registers, policy)
    else:
        base = kept(policy) if kept else points.base_period(engine, grouped, policy, opening)
    marks = known_of(engine, grouped, policy, registers, period.year, day)
    coefficients = points.coefficients(there.joined(base, day), there.scored(day), policy, marks)
    readmitted = points.readmissions(engine, grouped, policy, period.year, work / "readmissions")
    decisions, discharges = _within_quota(engine, grouped, policy, registers[STAY_DECISIONS], period)
    comorbid = None if scheme is None else points.comorbidities(scheme, policy)
    adjusting = points.adjusting(policy, decisions, discharges, readmitted, comorbid)
    tables = points.points_tables(base, coefficients, policy, period.year, period.months, adjusting)
    tables = replace(tables, priced=bool(policy.rules("modes.rules")) and policy.flag("modes.bed_day_in_points"))
    if by_rate:
        tables = rate_points(registers, policy, tables)
    return Rules(base, coefficients, tables)


Dues = dict[tuple[str, str, int], tuple[int, int]]
"""(insurance scheme, institution, month; 0 = year) → due, and the refused part of the share, fen"""


def dues_of(months: Iterable[Mapping[str, Any]], statements: Iterable[Mapping[str, Any]]) -> Dues:
    """:data:`Dues` from rows of ``institution_months`` and of ``statements``."""
    rows = [*months, *({**row, "month": fund.YEAR} for row in statements)]
    return {(r["insurance_scheme"], r["institution_id"], r["month"]): (r["due"], r["refused"]) for r in rows}


@dataclass(frozen=True)
class Settled:
    """Pools, months and, for a whole year, statements by insurance scheme."""

    pools: list[fund.Pool]
    months: list[dict[str, Any]]
    statements: Mapping[str, list[dict[str, Any]]]
    payments_ahead: tuple[Mapping[str, Any], ...] = ()
    """advances of the year, one by one"""

    @property
    def opening(self) -> list[fund.Pool]:
        """The pools a ledger opens with: the year's, or those of the single months that are settled."""
        years = [p for p in self.pools if p.month == fund.YEAR]
        return years if self.statements else [p for p in self.pools if p.month != fund.YEAR]

    def dues(self) -> Dues:
        """(insurance scheme, institution, month; 0 = year) → due, and what is refused, fen."""
        return dues_of(self.months, [row for rows in self.statements.values() for row in rows])


def _pools(
    engine: Engine,
    grouped: Dataset,
    laws: Laws,
    budgets: Mapping[str, int],
    period: Period,
    sums: pl.DataFrame,
    month_sums: pl.DataFrame,
    unit: fund.InpatientUnit,
) -> list[fund.Pool]:
    """The pools of every month by its own law, and for a whole year that of the year by the law it is cleared by."""
    made: dict[tuple[str, int, bool], dict[tuple[str, int], fund.Pool]] = {}

    def under(policy: Policy, year: bool) -> dict[tuple[str, int], fund.Pool]:
        key = (policy.choice("fund.seasonality"), policy.ratio("fund.reserve_share"), year and sums is not month_sums)
        if key not in made:
            season = fund.seasonality(engine, grouped, policy, period.year)
            pools = fund.pools(budgets, season, sums if year else month_sums, policy, unit)
            made[key] = {(p.insurance_scheme, p.month): p for p in pools}
        return made[key]

    months = {month: under(span.policy, False) for month, span in sorted(laws.months.items())}
    found = [pools[scheme, month] for scheme in sorted(budgets) for month, pools in months.items()]
    if period.whole:
        found += [under(laws.policy, True)[scheme, fund.YEAR] for scheme in sorted(budgets)]
        found.sort(key=lambda p: (p.insurance_scheme, p.month or len(fund.MONTHS) + 1))
    unit.check(found)
    return found


def settle(
    engine: Engine,
    grouped: Dataset,
    laws: Laws,
    registers: Registers,
    period: Period,
    earned: Earned,
    work: Path,
    in_months: Earned | None = None,
    forfeited: Mapping[str, int] | None = None,
    booked: Booked | None = None,
) -> Settled:
    """Pools and month payments and, for a whole year, the clearing.

    ``earned``: what the clearing counts; ``in_months``: what the months paid by, where other laws held then;
    ``work``: a folder for stays that are refused; ``forfeited``: deposits of the payment modes that are not returned,
    by insurance scheme; ``booked``: what a clearing of a book finds booked in its months, which stand as they are.
    """
    policy, sums = laws.policy, earned.sums
    by_months = earned if in_months is None else in_months
    with_patients = policy.choice("fund.basis") == "total"
    month_sums = by_months.sums
    schemes = {*sums["insurance_scheme"], *month_sums["insurance_scheme"]}
    budgets = fund.budget_of(registers[BUDGETS], period.year, sorted(schemes))
    unit = unit_of(registers, period.year, policy)
    pools = _pools(engine, grouped, laws, budgets, period, sums, month_sums, unit)
    by_rate = policy.choice_or_none("points.pricing") == "rate"
    whole = sums.group_by("institution_id", "insurance_scheme").agg(
        pl.col("n", "points", "weight_points", "cost", "personal", "actual").sum()
    )
    shares: dict[tuple[str, str, int], int] = {}
    for pool in pools:
        its = pl.col("insurance_scheme") == pool.insurance_scheme
        here = month_sums.filter(its & (pl.col("month") == pool.month)) if pool.month else whole.filter(its)
        for h, share in settlement.pool_shares(pool, here, with_patients, by_rate).items():
            shares[pool.insurance_scheme, h, pool.month] = share
    refused = _refused(engine, earned, shares, with_patients, period, work)
    if in_months is not None:
        paid = _refused(engine, in_months, shares, with_patients, period, work / "months")
        refused = {k: v for k, v in refused.items() if not k[2]} | {k: v for k, v in paid.items() if k[2]}
    if by_rate:
        pools = [replace(pool, priced=False) for pool in pools]
    months = [
        row
        for pool in pools
        if pool.month
        for row in settlement.month_rows([pool], month_sums, laws.months[pool.month].policy, shares, refused)
    ]
    if not period.whole:
        return Settled(pools, months, {})
    counted = months
    if booked is not None:
        year = [pool for pool in pools if pool.month == fund.YEAR]
        pools = [*(fund.Pool.of(row) for row in booked.pools), *year]
        pools.sort(key=lambda p: (p.insurance_scheme, p.month or len(fund.MONTHS) + 1))
        months, counted = booked.months, booked.amounts
    unit.check_paid(pools, counted)
    statements = {
        pool.insurance_scheme: settlement.clear(
            pool,
            whole.filter(pl.col("insurance_scheme") == pool.insurance_scheme),
            counted,
            succession_of(registers).on(last_day(period.year)),
            replace(
                dealings(registers, period.year, pool.insurance_scheme),
                **(booked.dealings(pool.insurance_scheme) if booked else {}),
            ),
            policy,
            shares,
            refused,
            (forfeited or {}).get(pool.insurance_scheme, 0),
        )
        for pool in pools
        if pool.month == fund.YEAR
    }
    ahead = registers[ADVANCES].filter(
        (pl.col("year") == period.year) & pl.col("insurance_scheme").is_in(list(statements))
    )
    return Settled(pools, months, statements, tuple(ahead.to_dicts()))


@dataclass(frozen=True)
class Cleared:
    """A clearing that is opened again: its rows of ``pools``, ``institution_months`` and ``statements``, and what its
    months booked (as ``Booked.amounts``)."""

    pools: list[dict[str, Any]]
    months: list[dict[str, Any]]
    statements: list[dict[str, Any]]
    booked: list[dict[str, Any]]


def reopen(
    engine: Engine, laws: Laws, registers: Registers, period: Period, earned: Earned, work: Path, cleared: Cleared,
    by_stays: Collection[tuple[str, str]], changed: Collection[tuple[str, str]],
) -> Settled:  # fmt: skip
    """A year opened again: its point value stands, and only the ``changed`` (insurance scheme, institution) are
    computed again at it; everybody else's statement and every second distribution stay. The share of those whose
    stays are others (``by_stays``) is what these come to, half up to fen; that of the others stands. What a share
    comes to beyond what was paid is ``passed``. Source: design/12 §2."""
    policy, sums = laws.policy, earned.sums
    by_rate = policy.choice_or_none("points.pricing") == "rate"
    with_patients = policy.choice("fund.basis") == "total"
    pools = [fund.Pool.of(row) for row in cleared.pools]
    whole = sums.group_by("institution_id", "insurance_scheme").agg(
        pl.col("n", "points", "weight_points", "cost", "personal", "actual").sum()
    )
    before = {(r["insurance_scheme"], r["institution_id"]): r for r in cleared.statements}
    years = {pool.insurance_scheme: pool for pool in pools if pool.month == fund.YEAR}
    shares = {}
    for scheme, h, n, patients in whole.select("insurance_scheme", "institution_id", "points", "personal").rows():
        if (scheme, h) in by_stays:
            pool = years[scheme]
            gross = n if by_rate or not pool.points else half_up(n * pool.distributable, pool.points)
            shares[scheme, h, fund.YEAR] = max(gross - (patients if with_patients else 0), 0)
        elif (scheme, h) in changed:
            shares[scheme, h, fund.YEAR] = before[scheme, h]["due"] + before[scheme, h]["refused"]
    refused = _refused(engine, earned, shares, with_patients, period, work)
    statements: dict[str, list[dict[str, Any]]] = {}
    for scheme, pool in years.items():
        its = [h for s, h in changed if s == scheme]
        stand = [r for (s, h), r in before.items() if s == scheme and h not in its]
        left = replace(pool, reserve=pool.reserve - sum(r["overspend_shared"] for r in stand))
        counted = [row for row in cleared.booked if (row["insurance_scheme"], row["institution_id"]) in changed]
        places = succession_of(registers).on(last_day(period.year)).filter(pl.col("institution_id").is_in(its))
        sums_here = whole.filter(pl.col("insurance_scheme") == scheme)
        deals = dealings(registers, period.year, scheme)
        rows = settlement.clear(left, sums_here, counted, places, deals, policy, shares, refused)
        for row in rows:
            old = before[scheme, row["institution_id"]]
            kept = (
                "second_distribution",
                "advance_netted",
                "debt_netted",
                "debt_passed",
                "held",
                "modes_held",
                "moved",
                "final_payment",
            )
            second = row["second_distribution"]
            row |= {name: old[name] for name in kept}
            row["settled"] += row["second_distribution"] - second
            row["passed"] = row["settled"] - settlement.had_before(row | {"passed": 0}) - row["final_payment"]
        statements[scheme] = sorted([*stand, *rows], key=lambda r: str(r["institution_id"]))
    return Settled(pools, cleared.months, statements)


def _refused(
    engine: Engine,
    earned: Earned,
    shares: Mapping[tuple[str, str, int], int],
    with_patients: bool,
    period: Period,
    work: Path,
) -> dict[tuple[str, str, int], int]:
    """What of the institutions' shares belongs to refused stays: of those that have any, every stay's share is
    reckoned. Without a refused stay nothing is read."""
    cases, sums = earned.cases, earned.sums
    having = sums.filter(pl.col("refused_n") > 0)["institution_id"].unique().sort().to_list()
    if not having:
        return {}
    dues = settlement.dues_of(
        having, {key: share for key, share in shares.items() if key[1] in having},
        with_patients=with_patients, with_year=period.whole,
    )  # fmt: skip
    paid = engine.map_by(
        (replace(cases, prepare=partial(_of_institutions, before=cases.prepare, named=dues.institutions)),),
        "institution_id",
        partial(settlement.stay_payments, dues=dues),
        work / "refused",
        "refused stays",
    )
    by = ("insurance_scheme", "institution_id", "month")
    columns = (*by, "month_refused", "year_refused")
    return settlement.refused_shares(frame(engine.sum(paid, _refused_sums, by, columns, "refused stays: sums")))


def _of_institutions(batch: Any, part: Part, before: PartKernel | None, named: Any) -> Any:
    rows = batch if before is None else before(batch, part)
    return rows.filter(pa.array(codes_in(rows.column("institution_id"), named) >= 0))


def _refused_sums(batch: Any) -> Any:
    by = ["insurance_scheme", "institution_id", "month"]
    refused = pl.col("month_refused", "year_refused").fill_null(0).sum()
    return frame(batch.select([*by, "month_refused", "year_refused"])).group_by(by).agg(refused).to_arrow()


def scored(tables: points.Tables, grouped: Dataset) -> Source:
    """Case points of single stays made from ``grouped`` where they are read."""
    return Source(grouped, points.scanned(tables), settlement.ORDER, partial(_scored, tables=tables))


def _scored(batch: Any, part: Part, tables: points.Tables) -> Any:
    return points.case_points(batch, tables).select(list(settlement.SCANNED))


def last_day(year: int) -> date:
    """The day whose institutions a year's clearing is for."""
    return date(year, 12, 31)


def dealings(registers: Registers, year: int, scheme: str) -> settlement.Dealings:
    """Grades, sanctions, evidence, violations, advances and debts of a year and insurance scheme, by institution;
    one that has gone over into another within the year has the grade of that one.

    Liquidated damages are the amount of a violation × its multiple, half up to fen, once per violation.
    """
    its = (pl.col("year") == year) & (pl.col("insurance_scheme") == scheme)
    debts, advances = registers[DEBTS].filter(its), registers[ADVANCES].filter(its)
    evidence: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for h, reason, amount in registers[EVIDENCE].filter(its).select("institution_id", "reason", "amount").rows():
        evidence[h][reason] += amount
    damages: dict[str, int] = defaultdict(int)
    violations = registers[VIOLATIONS].filter(its)
    for h, amount, multiple in violations.select("institution_id", "amount", "damages_multiple").rows():
        damages[h] += half_up(amount * (multiple or 0), ONE)

    def amounts(rows: pl.DataFrame) -> dict[str, int]:
        return dict(rows.group_by("institution_id").agg(pl.col("amount").cast(pl.Int128).sum()).rows())

    grades = dict(registers[GRADE_REGISTER].filter(pl.col("year") == year).select("institution_id", "grade").rows())
    heirs = succession_of(registers).heirs(last_day(year))
    return settlement.Dealings(
        grades=grades | {h: grades[heir] for h, heir in heirs.items() if heir in grades},
        heirs=heirs,
        sanctioned=frozenset(registers[SANCTIONS].filter(pl.col("year") == year)["institution_id"]),
        evidence=evidence,
        violations=amounts(violations),
        damages=damages,
        advances=amounts(advances),
        reserves=amounts(advances.with_columns(amount=pl.col("reserve").fill_null(0))),
        debts=amounts(debts),
        debts_passed=amounts(debts.filter(pl.col("origin").is_not_null())),
    )
