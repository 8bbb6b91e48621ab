"""The management view: sums and indices by unit and period, the quarterly review of groups, last year's case mix."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import polars as pl

from drgpay.policy import Policy
from drgpay.steps.performance.stays import REGION, SUMMED
from drgpay.tables import HOSPITAL_RESULTS
from drgpay.units import ONE, half_up, mul_div_half_up

Row = dict[str, Any]

_TERM = 10**8
_UNGROUPED, _AMBIGUOUS = "0000", "QY"
_APART = pl.col("drg").is_in([_UNGROUPED]) | pl.col("drg").str.ends_with(_AMBIGUOUS)
"""stays without a group, or with an ambiguous one"""

UNITS = {
    "hospital": (),
    "department": ("department_id",),
    "doctor": ("department_id", "doctor_id"),
    "group": ("drg",),
    "department_group": ("department_id", "drg"),
}
"""what a scope is counted by"""


def months_of(quarter: int) -> tuple[int, ...]:
    """The months of a quarter; of the whole year for 0."""
    return tuple(range(1, 13)) if quarter == 0 else tuple(range(3 * quarter - 2, 3 * quarter + 1))


def period_name(year: int, quarter: int = 0, month: int = 0) -> str:
    """``2024``, ``2024Q2`` or ``2024-04``."""
    return f"{year}-{month:02d}" if month else f"{year}Q{quarter}" if quarter else str(year)


def grouped_stays(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows whose stays have a group that is not ambiguous."""
    return rows.filter(~_APART)


def _ratio(top: pl.Series, bottom: pl.Series, times: int = ONE) -> pl.Series:
    """Quotients × ``times``, half up; null where there is nothing to divide by."""
    below = bottom.to_numpy()
    there = below > 0
    value = mul_div_half_up(top.to_numpy(), np.int64(times), np.where(there, below, 1))
    return pl.Series(value).set(pl.Series(~there), None)


def indices(rows: pl.DataFrame, by: Sequence[str], scale: int) -> pl.DataFrame:
    """Cells added up by unit, with case-mix index, cost index, time index and mean stay.

    The cost index of a unit is the mean over its grouped stays of own mean ÷ region's mean of their group (the time
    index likewise); a group's term is rounded half up to 1/10⁸ of a stay, and every index once more (design/08 §1).
    """
    fine = rows.group_by(list(dict.fromkeys((*by, "drg")))).agg(pl.col(SUMMED).sum(), pl.col(REGION).first())
    fine = fine.with_columns(grouped_n=pl.when(_APART).then(0).otherwise(pl.col("n")))
    terms = {}
    for index, own, whole in (("cost", "charges", "all_charges"), ("time", "bed_days", "all_days")):
        below = fine[whole].to_numpy()
        counts = (below > 0) & (fine["grouped_n"].to_numpy() > 0)
        term = mul_div_half_up(fine[own].to_numpy(), fine["all_n"].to_numpy() * _TERM, np.where(counts, below, 1))
        terms[f"{index}_terms"] = pl.Series(np.where(counts, term, 0))
        terms[f"{index}_n"] = pl.Series(np.where(counts, fine["n"].to_numpy() * _TERM, 0))
    sums = fine.with_columns(**terms).group_by(list(by)).agg(pl.col(*SUMMED, *terms).sum())
    return sums.with_columns(
        cmi=_ratio(sums["base_points"], sums["n"] * scale, 1),
        cost_index=_ratio(sums["cost_terms"], sums["cost_n"]),
        time_index=_ratio(sums["time_terms"], sums["time_n"]),
        mean_los=_ratio(sums["bed_days"], sums["n"]),
    )


def hospital_results(cells: pl.DataFrame, year: int, scale: int) -> pl.DataFrame:
    """Table ``hospital_results``: every unit in the year, its quarters and its months; doctors, groups and the groups
    of a department by year and quarter only."""
    made = []
    for scope, units in UNITS.items():
        spans = [("year", 0), *(("quarter", q) for q in range(1, 5))]
        if scope in ("hospital", "department"):
            spans += [("month", m) for m in range(1, 13)]
        for span, number in spans:
            wanted = (number,) if span == "month" else months_of(number)
            rows = cells.filter(pl.col("month").is_in(wanted))
            if rows.is_empty():
                continue
            period = period_name(year, number if span == "quarter" else 0, number if span == "month" else 0)
            every = {"scope": pl.lit(scope), "period": pl.lit(period)}
            every |= {name: pl.lit("") for name in _UNIT_COLUMNS if name not in units}
            sums = indices(rows.with_columns(scope=pl.lit(scope)), ("scope", *units), scale)
            made.append(sums.with_columns(**every).select(HOSPITAL_RESULTS.names))
    return pl.concat(made).sort(HOSPITAL_RESULTS.key)


_UNIT_COLUMNS = ("department_id", "doctor_id", "drg")


def unit_indices(cells: pl.DataFrame, months: Sequence[int], units: Sequence[str], scale: int) -> dict[str, Row]:
    """Sums and indices of the months by unit: ``()`` the hospital (under ``hospital``), a department, or a doctor."""
    rows = cells.filter(pl.col("month").is_in(months))
    key = units[-1] if units else "unit"
    sums = indices(rows.with_columns(unit=pl.lit("hospital")), (key,), scale)
    return {row[key]: row for row in sums.sort(key).to_dicts()}


def case_mix(
    earlier: pl.DataFrame, points: Mapping[str, int], months: Sequence[int], scale: int
) -> dict[str, tuple[int, int]]:
    """Stays and case-mix index of an earlier year's months: of the hospital, each department (``department:<id>``)
    and each doctor (``doctor:<id>``), at this run's base points (group → points)."""
    count: dict[str, list[int]] = {}
    rows = earlier.filter(pl.col("month").is_in(months)).select("department_id", "doctor_id", "drg", "n")
    for department, doctor, drg, n in rows.rows():
        for unit in ("hospital", f"department:{department}", f"doctor:{doctor}"):
            its = count.setdefault(unit, [0, 0])
            its[0] += n
            its[1] += n * points.get(drg, 0)
    return {unit: (n, half_up(weight, n * scale)) for unit, (n, weight) in sorted(count.items())}


def cost_cases(cells: pl.DataFrame, months: Sequence[int]) -> dict[str, tuple[int, int | None]]:
    """Doctor → stays of the months with a cost of their own, and their cost ÷ what they cost at the hospital's means
    of their groups (1/10,000, one half-up rounding); None where there are none. Charges and payments do not enter."""
    rows = cells.filter(pl.col("month").is_in(months))
    whole = {g: (n, c) for g, n, c in rows.group_by("drg").agg(pl.col("costed", "own_cost").sum()).rows()}
    sums: dict[str, tuple[int, int, Fraction]] = {}
    its = rows.group_by("doctor_id", "drg").agg(pl.col("costed", "own_cost").sum())
    for doctor, drg, n, cost in its.sort("doctor_id", "drg").rows():
        before = sums.get(doctor, (0, 0, Fraction(0)))
        usual = Fraction(n * whole[drg][1], whole[drg][0]) if n else Fraction(0)
        sums[doctor] = (before[0] + n, before[1] + cost, before[2] + usual)
    return {
        doctor: (n, half_up(cost * usual.denominator * ONE, usual.numerator) if usual else None)
        for doctor, (n, cost, usual) in sums.items()
    }


def group_reviews(cells: pl.DataFrame, year: int, plan: Policy, scale: int, kept: Sequence[Row] = ()) -> list[Row]:
    """Table ``group_reviews``: a group whose cost index is above the limit for so many quarters in a row has its
    coefficient of the next quarter lowered by a step, and by one more in every quarter that it stays there, down to
    the floor; it is 1 again once the index is back. A quarter with too few stays changes nothing. Source: design/09
    §1 (quarterly review).

    ``kept``: rows of an earlier result; its quarters stand as they were decided, and the review goes on from the
    last of them. Without them coefficients and streaks begin anew with the year."""
    limit, step = plan.ratio("review.index_limit"), plan.ratio("review.step")
    floor, least = plan.ratio("review.floor"), plan.integer("review.min_cases")
    needed = plan.integer("review.quarters")
    found: dict[tuple[str, int], Row] = {}
    quarters = cells.with_columns(quarter=(pl.col("month").cast(pl.Int64) + 2) // 3)
    for row in indices(quarters, ("drg", "quarter"), scale).to_dicts():
        found[row["drg"], row["quarter"]] = row
    rows = sorted(kept, key=lambda r: (r["drg"], r["period"]))
    stands = {r["drg"]: (r["next_coefficient"], r["streak"]) for r in rows}
    decided = max((r["period"] for r in rows), default="")
    for drg in sorted({drg for drg, _ in found}):
        coefficient, streak = stands.get(drg, (ONE, 0))
        for quarter in range(1, 5):
            seen, period = found.get((drg, quarter)), period_name(year, quarter)
            if seen is None or period <= decided:
                continue
            following = coefficient
            if seen["n"] >= least and seen["cost_index"] is not None:
                streak = streak + 1 if seen["cost_index"] > limit else 0
                if streak >= needed:
                    following = max(min(floor, coefficient), coefficient - step)
                elif not streak:
                    following = ONE
            rows.append(
                {
                    "drg": drg,
                    "period": period,
                    "n": seen["n"],
                    "cost_index": seen["cost_index"],
                    "streak": streak,
                    "coefficient": coefficient,
                    "next_coefficient": following,
                }
            )
            coefficient = following
    return rows


def coefficients_in(reviews: Sequence[Row], year: int, quarter: int) -> dict[str, int]:
    """Performance coefficient of every group in a quarter: what the quarters before decided. The whole year is paid
    at 1: its quarters are reviewed one by one."""
    result: dict[str, int] = {}
    if quarter:
        for row in sorted(reviews, key=lambda r: r["period"]):
            if row["period"] < period_name(year, quarter):
                result[row["drg"]] = row["next_coefficient"]
    return result


def bad_months(cells: pl.DataFrame, quarter: int, plan: Policy, scale: int) -> frozenset[str]:
    """Departments whose cost index was above the bound of the pause in so many months in a row, the last of them in
    the period. A month with too few stays is not bad."""
    months, bound = plan.integer_or_none("pause.months"), plan.ratio_or_none("pause.cost_index")
    least = plan.integer_or_none("pause.min_cases") or 1
    if months is None or bound is None:
        return frozenset()
    last = max(months_of(quarter))
    by_month = [
        {
            unit
            for unit, row in unit_indices(cells, (m,), ("department_id",), scale).items()
            if row["n"] >= least and row["cost_index"] is not None and row["cost_index"] > bound
        }
        for m in range(1, last + 1)
    ]
    first = min(months_of(quarter))
    paused: set[str] = set()
    for end in range(first, last + 1):
        if end >= months:
            paused |= set.intersection(*by_month[end - months : end])
    return frozenset(paused)
