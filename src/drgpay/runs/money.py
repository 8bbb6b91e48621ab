"""From grouped stays to statements, without writing anything: what a run books and a simulation compares."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa

from drgpay.engine import Dataset, Engine, frame, integers
from drgpay.errors import DrgpayError, Kind
from drgpay.policy import Policy
from drgpay.runs.region import Registers
from drgpay.scheme import Scheme
from drgpay.steps import fund, points, settlement
from drgpay.tables import (
    ADVANCES,
    BUDGETS,
    DEBTS,
    EVIDENCE,
    GRADE_REGISTER,
    GROUP_WEIGHTS,
    INDICATOR_VALUES,
    INSTITUTIONS,
    STAY_DECISIONS,
    VIOLATIONS,
)
from drgpay.units import ONE, half_up, show_coefficient


def check_groups(policy: Policy, scheme: Scheme) -> None:
    """Fail with POLICY when the policy names groups the scheme does not have."""
    unknown = sorted(set(policy.codes("coefficient.basic_groups")) - {d.code for d in scheme.drgs})
    if unknown:
        raise DrgpayError(
            Kind.POLICY,
            zh=f"政策列出的病组不在分组方案 {scheme.id} 中",
            en=f"the policy names groups that {scheme.id} does not have",
            field="coefficient.basic_groups",
            value=", ".join(unknown[:10]),
            fix_zh="改为该方案的病组编码",
            fix_en="name groups of that scheme",
        )


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


def _discharges(batch: Any, year: int) -> Any:
    rows = batch.filter(pa.array(integers(batch.column("year")) == year)).select(["institution_id"])
    return frame(rows).group_by("institution_id").agg(n=pl.len().cast(pl.Int64)).to_arrow()


def rules(
    engine: Engine, grouped: Dataset, policy: Policy, registers: Registers, period: Period, work: Path
) -> Rules:
    """Base points, coefficients and the kernel's tables. ``work``: a folder for what must be brought together on
    disk; last year's grades and indicator values enter the coefficients."""
    by_rate = policy.choice_or_none("points.pricing") == "rate"
    base = _rate_base(registers, policy) if by_rate else points.base_period(engine, grouped, policy)
    before = pl.col("year") == period.year - 1
    grades = dict(registers[GRADE_REGISTER].filter(before).select("institution_id", "grade").rows())
    values = registers[INDICATOR_VALUES].filter(before).select("institution_id", "indicator", "value").rows()
    marks = points.Marks(grades, {(h, name): value for h, name, value in values})
    coefficients = points.coefficients(base, registers[INSTITUTIONS], policy, marks)
    readmitted = points.readmissions(engine, grouped, policy, period.year, work / "readmissions")
    discharges: dict[str, int] = {}
    if policy.ratio_or_none("points.special_quota") is not None and registers[STAY_DECISIONS].height:
        columns = ("institution_id", "year")
        counted = engine.sum(grouped, partial(_discharges, year=period.year), columns[:1], columns, "count")
        discharges = dict(frame(counted).select("institution_id", "n").rows())
    adjusting = points.adjusting(policy, registers[STAY_DECISIONS], discharges, readmitted)
    tables = points.points_tables(base, coefficients, policy, period.year, period.months, adjusting)
    tables = replace(tables, priced=bool(policy.rules("modes.rules")) and policy.flag("modes.bed_day_in_points"))
    if by_rate:
        tables = rate_points(registers, policy, tables)
    return Rules(base, coefficients, tables)


def rate_points(registers: Registers, policy: Policy, tables: points.PointsTables) -> points.PointsTables:
    """The kernel's tables for a year paid by rate, from those with institutions and coefficients."""
    return points.rate_tables(_weights(registers), _rate(policy), tables, policy, policy.integer("points.scale"))


def _rate(policy: Policy) -> int:
    """The rate in the unit of ``points.parse_rate``."""
    fen = policy.fen_or_none("rate.base_rate")
    assert fen is not None  # the dictionary requires it with points.pricing=rate
    return fen * 10**4


def with_weights(registers: Registers, policy: Policy) -> Registers:
    """The registers, with the policy's weights of groups where a year is paid by rate and the area brings none."""
    weights = policy.table_or_none("rate.weights")
    if policy.choice_or_none("points.pricing") != "rate" or not weights or registers[GROUP_WEIGHTS].height:
        return registers
    rows = [{"drg": drg, "weight": show_coefficient(weight)} for drg, weight in sorted(weights.items())]
    return Registers({**registers.frames, GROUP_WEIGHTS.name: frame(GROUP_WEIGHTS.of(rows))})


def _weights(registers: Registers) -> dict[str, str]:
    weights = dict(registers[GROUP_WEIGHTS].select("drg", "weight").rows())
    if not weights:
        raise DrgpayError(
            Kind.DATA,
            zh="费率法需要病组权重:登记表 group_weights 或政策参数 rate.weights",
            en="the rate method needs weights: the register group_weights or the parameter rate.weights",
            file="group_weights.csv",
            fix_zh="在区域文件夹中放入 group_weights.csv:drg,weight",
            fix_en="put group_weights.csv with drg,weight into the region's folder",
        )
    return weights


def _rate_base(registers: Registers, policy: Policy) -> points.Base:
    """Groups of the rate method: payment standards at coefficient 1 in fen. There is no base period: nothing is
    trimmed, and cost ratios of institutions are 1."""
    rate, rule = _rate(policy), points.rate_rule(policy)
    basics = set(policy.codes("coefficient.basic_groups"))
    groups = {}
    for drg, weight in sorted(_weights(registers).items()):
        standard = points.payment_standard(points.parse_weight(weight), rate, points.parse_rate_coefficient("1"))
        value = standard or None
        groups[drg] = points.Group(drg, 0, standard, None, True, value, rule.high_multiple, drg in basics)
    sums = pl.DataFrame(schema={"institution_id": pl.String, "drg": pl.String, "n": pl.Int64, "cost": pl.Int64})
    return points.Base(ONE, 1, groups, [], sums)


@dataclass(frozen=True)
class Settled:
    """Pools, months and, for a whole year, statements by insurance scheme."""

    pools: list[fund.Pool]
    months: list[dict[str, Any]]
    statements: Mapping[str, list[dict[str, Any]]]

    @property
    def opening(self) -> list[fund.Pool]:
        """The pools a ledger opens with: the year's, or those of the single months that are settled."""
        years = [p for p in self.pools if p.month == fund.YEAR]
        return years if self.statements else [p for p in self.pools if p.month != fund.YEAR]

    def dues(self) -> dict[tuple[str, str, int], int]:
        """(insurance scheme, institution, month; 0 = year) → due, fen."""
        dues = {(r["insurance_scheme"], r["institution_id"], r["month"]): r["due"] for r in self.months}
        for rows in self.statements.values():
            dues |= {(r["insurance_scheme"], r["institution_id"], fund.YEAR): r["due"] for r in rows}
        return dues


def settle(
    engine: Engine, grouped: Dataset, policy: Policy, registers: Registers, period: Period, sums: pl.DataFrame
) -> Settled:
    """Pools and month payments and, for a whole year, the clearing. ``sums``: see ``points.score``."""
    with_patients = policy.choice("fund.basis") == "total"
    budgets = fund.budget_of(registers[BUDGETS], period.year, sums["insurance_scheme"].unique().sort())
    season = fund.seasonality(engine, grouped, policy, period.year)
    pools = fund.pools(budgets, season, sums, policy)
    if not period.whole:
        pools = [p for p in pools if p.month in period.months]
    by_rate = policy.choice_or_none("points.pricing") == "rate"
    months = settlement.month_rows([p for p in pools if p.month], sums, policy, with_patients, by_rate)
    if not period.whole:
        return Settled(pools, months, {})
    whole = sums.group_by("institution_id", "insurance_scheme").agg(
        pl.col("n", "points", "weight_points", "cost", "personal", "actual").sum()
    )
    statements = {
        pool.insurance_scheme: settlement.clear(
            pool,
            whole.filter(pl.col("insurance_scheme") == pool.insurance_scheme),
            months,
            registers[INSTITUTIONS],
            dealings(registers, period.year, pool.insurance_scheme),
            policy,
            with_patients,
            by_rate,
        )
        for pool in pools
        if pool.month == fund.YEAR
    }
    return Settled(pools, months, statements)


def dealings(registers: Registers, year: int, scheme: str) -> settlement.Dealings:
    """Grades, evidence, violations, advances and debts of a year and insurance scheme, by institution.

    Liquidated damages are the amount of a violation × its multiple, half up to fen, once per violation.
    """
    its = (pl.col("year") == year) & (pl.col("insurance_scheme") == scheme)
    evidence: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for h, reason, amount in registers[EVIDENCE].filter(its).select("institution_id", "reason", "amount").rows():
        evidence[h][reason] += amount
    damages: dict[str, int] = defaultdict(int)
    violations = registers[VIOLATIONS].filter(its)
    for h, amount, multiple in violations.select("institution_id", "amount", "damages_multiple").rows():
        damages[h] += half_up(amount * (multiple or 0), ONE)

    def amounts(rows: pl.DataFrame) -> dict[str, int]:
        return dict(rows.group_by("institution_id").agg(pl.col("amount").sum()).rows())

    return settlement.Dealings(
        grades=dict(
            registers[GRADE_REGISTER].filter(pl.col("year") == year).select("institution_id", "grade").rows()
        ),
        evidence=evidence,
        violations=amounts(violations),
        damages=damages,
        advances=amounts(registers[ADVANCES].filter(its)),
        debts=amounts(registers[DEBTS].filter(its)),
    )
