"""Fund (基金): the budget of a year, its months and the point value; risk fund, fund health, prepayment. Source:
design/04."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import polars as pl
import pyarrow as pa

from drgpay.engine import Dataset, Engine, frame, integers
from drgpay.errors import DrgpayError, Kind
from drgpay.policy import Policy
from drgpay.steps.fund.budget import budget_parts, compute_budget, institution_indicators, reopen
from drgpay.steps.fund.health import fund_health
from drgpay.steps.fund.overspend import (
    CASES,
    CAUSED,
    CODED,
    DUE,
    Cause,
    caused,
    caused_sums,
    causes_of,
    evidence_rows,
    overspend_proposals,
)
from drgpay.steps.fund.prepayment import loan_candidates, prepayments
from drgpay.steps.fund.prices import COLUMNS as PRICE_COLUMNS
from drgpay.steps.fund.prices import DETAILS as PRICE_DETAILS
from drgpay.steps.fund.prices import fee_sums, repriced
from drgpay.steps.fund.risk import revenue_of, risk_fund
from drgpay.steps.fund.sharing import (
    Past,
    check_minutes,
    decided_ratios,
    sharing_ratios,
    sharing_reasons,
    sharing_series,
    with_decision,
)
from drgpay.steps.fund.unit import NO_UNIT, InpatientUnit, approved, inpatient_unit, is_one_unit
from drgpay.tables import SCHEMES
from drgpay.units import ONE, half_up, split

WRITES = (
    "pools", "budget_plan", "budget_parts", "institution_indicators", "claw_backs", "risk_fund", "prepayments",
    "loan_candidates", "fund_health", "overspend_proposals", "sharing_series", "sharing_reasons", "sharing_ratios",
)  # fmt: skip
"""tables this step writes"""

YEAR = 0
"""month number of the whole year in table ``pools``"""

MONTHS = tuple(range(1, 13))


@dataclass(frozen=True)
class Pool:
    """What one insurance scheme shares in a month (1–12) or in the year (0); a row of table ``pools``."""

    insurance_scheme: str
    month: int
    budget: int
    reserve: int
    patients: int
    n: int
    points: int
    priced: bool = True
    """what is shared is paid by points; under the rate method there is no point value"""
    adjusted: int = 0
    """part of the budget of a year that entered at its end"""
    elsewhere: int = 0
    """own insured treated as inpatients in other areas, paid out of this budget first"""

    @property
    def fund(self) -> int:
        """The fund's own money to share: budget − reserve − inpatients elsewhere."""
        return self.budget - self.reserve - self.elsewhere

    @property
    def distributable(self) -> int:
        """What is the fund's, and patients' payments where the basis counts them."""
        return self.fund + self.patients

    @staticmethod
    def of(row: Mapping[str, Any]) -> Pool:
        """The pool of a row of table ``pools``."""
        priced = row["point_value"] is not None or not row["points"]
        fields = ("insurance_scheme", "month", "budget", "reserve", "patients", "n", "points", "adjusted",
                  "elsewhere")  # fmt: skip
        return Pool(**{name: row[name] for name in fields}, priced=priced)

    def row(self) -> dict[str, Any]:
        """Row of table ``pools``; the printed point value is for reading only and never used."""
        value = half_up(self.distributable * ONE * 100, self.points) if self.points and self.priced else None
        return {
            "insurance_scheme": self.insurance_scheme,
            "month": self.month,
            "budget": self.budget,
            "adjusted": self.adjusted,
            "reserve": self.reserve,
            "elsewhere": self.elsewhere,
            "patients": self.patients,
            "distributable": self.distributable,
            "n": self.n,
            "points": self.points,
            "point_value": value,
        }


def _month_costs(batch: Any, year: int) -> Any:
    rows = batch.filter(pa.array(integers(batch.column("year")) == year))
    costs = frame(rows.select(["insurance_scheme", "month", "total_cost"]))
    return costs.group_by("insurance_scheme", "month").agg(pl.col("total_cost").sum()).to_arrow()


def seasonality(engine: Engine, grouped: Dataset, policy: Policy, year: int) -> dict[str, dict[int, int]]:
    """Weight of each month by insurance scheme: equal, or last year's total cost by month of discharge.

    A scheme without last year's stays falls back to equal months.
    """
    equal = dict.fromkeys(MONTHS, 1)
    if policy.choice("fund.seasonality") == "equal":
        return dict.fromkeys(SCHEMES, equal)
    costs = engine.sum(
        grouped,
        partial(_month_costs, year=year - 1),
        ("insurance_scheme", "month"),
        ("insurance_scheme", "month", "year", "total_cost"),
        "fund: seasonality",
    )
    weights = {scheme: dict.fromkeys(MONTHS, 0) for scheme in SCHEMES}
    for scheme, month, cost in frame(costs).select("insurance_scheme", "month", "total_cost").rows():
        weights[scheme][month] = cost
    return {scheme: w if any(w.values()) else equal for scheme, w in weights.items()}


def budget_of(budgets: pl.DataFrame, year: int, schemes: Iterable[str]) -> dict[str, int]:
    """Inpatient DRG budget (fen) of the year for each insurance scheme that has stays; a missing one is an error,
    a budget of zero is not."""
    known = {s: b for y, s, b in budgets.select("year", "insurance_scheme", "drg_budget").rows() if y == year}
    for scheme in schemes:
        if scheme not in known:
            raise DrgpayError(
                Kind.DATA,
                zh=f"缺少 {year} 年 {scheme} 的住院DRG预算",
                en=f"no inpatient DRG budget of {year} for {scheme}",
                file="budgets",
                field="drg_budget",
                fix_zh="在 budgets.csv 中补一行;没有预算就写 0",
                fix_en="add a row to budgets.csv; write 0 where there is none",
            )
    return known


def pools(
    budgets: Mapping[str, int], season: Mapping[str, Mapping[int, int]], sums: pl.DataFrame, policy: Policy,
    unit: InpatientUnit = NO_UNIT,
) -> list[Pool]:  # fmt: skip
    """Pools of the twelve months and of the year (month 0) for every insurance scheme with a budget.

    ``sums``: insurance_scheme, month, n, points, personal (see ``points.score``). The reserve is half up to fen of
    the year's budget; what is left and the reserve are split over the months by the season's weights, each by
    largest remainder, and a month's budget is the sum of its two parts. ``unit``: what changes the year's budget at
    its end, whole and without a reserve of its own, and what is paid out of months and year before points are.
    """
    with_patients = policy.choice("fund.basis") == "total"
    totals = {
        (scheme, month): (n, points, personal)
        for scheme, month, n, points, personal in sums.group_by("insurance_scheme", "month")
        .agg(pl.col("n", "points", "personal").sum())
        .rows()
    }
    result = []
    for scheme, budget in sorted(budgets.items()):
        reserve = half_up(budget * policy.ratio("fund.reserve_share"), ONE)
        fund_by, reserve_by = split(budget - reserve, season[scheme]), split(reserve, season[scheme])
        year = [0, 0, 0]
        for month in MONTHS:
            n, points, personal = totals.get((scheme, month), (0, 0, 0))
            patients = personal if with_patients else 0
            year = [year[0] + n, year[1] + points, year[2] + patients]
            budget_by = fund_by[month] + reserve_by[month]
            first = unit.elsewhere.get((scheme, month), 0)
            result.append(Pool(scheme, month, budget_by, reserve_by[month], patients, n, points, elsewhere=first))
        more, first = unit.adjusted.get(scheme, 0), unit.elsewhere.get((scheme, YEAR), 0)
        result.append(Pool(scheme, YEAR, budget + more, reserve, year[2], year[0], year[1], True, more, first))
    return result


__all__ = [
    "CASES",
    "CAUSED",
    "CODED",
    "DUE",
    "MONTHS",
    "PRICE_COLUMNS",
    "PRICE_DETAILS",
    "WRITES",
    "YEAR",
    "Cause",
    "InpatientUnit",
    "Past",
    "Pool",
    "approved",
    "budget_of",
    "budget_parts",
    "caused",
    "caused_sums",
    "causes_of",
    "check_minutes",
    "compute_budget",
    "decided_ratios",
    "evidence_rows",
    "fee_sums",
    "fund_health",
    "inpatient_unit",
    "institution_indicators",
    "is_one_unit",
    "loan_candidates",
    "overspend_proposals",
    "pools",
    "prepayments",
    "reopen",
    "repriced",
    "revenue_of",
    "risk_fund",
    "seasonality",
    "sharing_ratios",
    "sharing_reasons",
    "sharing_series",
    "with_decision",
]
