"""The hospital's stays as management sees them: points, expected payment, cost, balance, beside the region."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from drgpay.engine import codes_in, frame, integers
from drgpay.tables import HOSPITAL_STAYS
from drgpay.units import ONE, half_up, mul_div_half_up

Ints = npt.NDArray[np.int64]

GROUPED_COLUMNS = ("stay_id", "institution_id", "year", "los", "discharge_way")
CASE_COLUMNS = ("stay_id", "institution_id", "department_id", "doctor_id", "insurance_scheme", "year", "month", "drg",
                "case_class", "points", "total_cost", "personal_paid")  # fmt: skip
PAYMENT_COLUMNS = ("stay_id", "institution_id", "month_due", "year_due")

_DIED = 5
"""way of discharge of those who died"""

CELL = ("department_id", "doctor_id", "drg", "month")
"""what the sums of the stays are kept by"""
SUMMED = ("n", "points", "base_points", "weight", "payment", "charges", "cost", "balance", "bed_days", "operated",
          "expected_charges", "expected_los", "low_risk", "low_risk_deaths", "costed", "own_cost")  # fmt: skip


_COUNTED = ("operated", "low_risk")


REGION = ("all_n", "all_charges", "all_days")
"""what the region has of a group: stays, charges, days"""


def of_institution(batch: Any, institution: str) -> Any:
    """The rows of an institution."""
    return batch.filter(pc.equal(batch.column("institution_id").cast(pa.string()), institution))


def group_sums(batch: Any) -> Any:
    """Stays, charges, days and deaths by group and year, of the whole region: kernel of ``engine.sum`` over
    ``grouped``."""
    died = (pl.col("discharge_way") == _DIED).fill_null(False).cast(pl.Int64)
    return (
        frame(batch)
        .group_by("drg", "year")
        .agg(
            n=pl.len().cast(pl.Int64),
            charges=pl.col("total_cost").sum(),
            days=pl.col("los").cast(pl.Int64).sum(),
            deaths=died.sum(),
        )
        .to_arrow()
    )


@dataclass(frozen=True)
class GroupFacts:
    """What the region knows of every group, and what the hospital's cost accounting says of it. Arrays in the order
    of ``groups``; ``cost`` is −1 where it says nothing. Money in fen, days and points in 1/10,000."""

    groups: Any
    base_points: Ints
    weight: Ints
    charges: Ints
    days: Ints
    cost: Ints
    operated: npt.NDArray[np.bool_]
    low_risk: npt.NDArray[np.bool_]
    region: pl.DataFrame
    """drg and :data:`REGION`"""

    def beside(self, cells: pl.DataFrame) -> pl.DataFrame:
        """The hospital's sums with what the region has of their groups."""
        return cells.join(self.region, on="drg", how="left")


def group_facts(
    sums: pl.DataFrame,
    base: Mapping[str, tuple[int | None, int]],
    mean_cost: int,
    scale: int,
    costs: Mapping[str, int],
    operated: frozenset[str],
    low_risk: frozenset[str],
) -> GroupFacts:
    """Facts of the groups of :func:`group_sums`.

    ``base``: group → (base points, mean cost of the base period); ``mean_cost`` and ``scale``: of all stays, from the
    run's manifest; ``costs``: group → cost of a stay; ``operated``: groups of operations; ``low_risk``:
    groups in which hardly anybody dies. The difficulty of a group without base points is its
    mean charges on the same scale. Each mean is rounded once, half up.
    """
    rows = sums.sort("drg").to_dicts()
    points = [base.get(r["drg"], (None, 0))[0] or 0 for r in rows]
    weight = [p or half_up(r["charges"] * scale * ONE, r["n"] * mean_cost) for p, r in zip(points, rows, strict=True)]

    def column(values: list[int]) -> Ints:
        return np.array(values, np.int64)

    return GroupFacts(
        pa.array([r["drg"] for r in rows], pa.string()),
        column(points),
        column(weight),
        column([half_up(r["charges"], r["n"]) for r in rows]),
        column([half_up(r["days"] * ONE, r["n"]) for r in rows]),
        column([costs.get(r["drg"], -1) for r in rows]),
        np.array([r["drg"] in operated for r in rows], bool),
        np.array([r["drg"] in low_risk for r in rows], bool),
        sums.select("drg", all_n="n", all_charges="charges", all_days="days"),
    )


@dataclass(frozen=True)
class StayCosts:
    """Costs of single stays, as Arrow arrays side by side, and the share of charges for all others."""

    stays: Any
    costs: Ints
    to_charge: int


def hospital_stays(grouped: Any, cases: Any, payments: Any, facts: GroupFacts, costs: StayCosts) -> Any:
    """Table ``hospital_stays`` from the rows of ``grouped``, ``case_points`` and ``stay_payments`` of the same stays.

    Expected payment: the stay's share of what its institution is due for the year (for the month, in a monthly run)
    and what its patient paid. Cost: the stay's own, else its group's, else charges × the plan's share, half up.
    """
    ids = cases.column("stay_id")
    same = grouped.take(pc.index_in(ids, value_set=grouped.column("stay_id")))
    days = integers(same.column("los"))
    paid = payments.take(pc.index_in(ids, value_set=payments.column("stay_id")))
    due = integers(pc.coalesce(paid.column("year_due"), paid.column("month_due")))
    place = codes_in(cases.column("drg"), facts.groups)
    charges, payment = integers(cases.column("total_cost")), due + integers(cases.column("personal_paid"))
    own = codes_in(ids, costs.stays)
    of_stay = np.append(costs.costs, np.int64(-1))[own]
    of_group = facts.cost[place]
    cost = np.where(of_group >= 0, of_group, mul_div_half_up(charges, costs.to_charge, ONE))
    cost = np.where(of_stay >= 0, of_stay, cost)
    basis = np.where(of_stay >= 0, 0, np.where(of_group >= 0, 1, 2))
    columns = {
        "los": pa.array(days.astype(np.int16)),
        "operated": pa.array(facts.operated[place]),
        "base_points": pa.array(facts.base_points[place]),
        "weight": pa.array(facts.weight[place]),
        "payment": pa.array(payment),
        "charges": pa.array(charges),
        "cost": pa.array(cost),
        "cost_basis": pa.DictionaryArray.from_arrays(
            pa.array(basis.astype(np.int32)), pa.array(["stay", "group", "ratio"])
        ),
        "balance": pa.array(payment - cost),
        "expected_charges": pa.array(facts.charges[place]),
        "expected_los": pa.array(facts.days[place]),
        "low_risk": pa.array(facts.low_risk[place]),
        "died": pa.array(integers(same.column("discharge_way")) == _DIED),
    }
    table = pa.table({n: columns[n] if n in columns else cases.column(n) for n in HOSPITAL_STAYS.names})
    return table.cast(HOSPITAL_STAYS.schema)


def cells(batch: Any) -> Any:
    """Sums of the hospital's stays by department, doctor, group and month; ``costed``, ``own_cost``: stays with a
    cost of their own, and their cost. Kernel of ``engine.sum``."""
    costed = pl.col("cost_basis").cast(pl.String) == "stay"
    return (
        frame(batch)
        .with_columns(pl.col("department_id", "doctor_id").fill_null(""))
        .group_by(CELL)
        .agg(
            pl.len().cast(pl.Int64).alias("n"),
            *(pl.col(name).sum() for name in SUMMED if name in HOSPITAL_STAYS.names and name not in _COUNTED),
            bed_days=pl.col("los").cast(pl.Int64).sum(),
            **{name: pl.col(name).cast(pl.Int64).sum() for name in _COUNTED},
            low_risk_deaths=(pl.col("low_risk") & pl.col("died")).cast(pl.Int64).sum(),
            costed=costed.cast(pl.Int64).sum(),
            own_cost=pl.col("cost").filter(costed).sum(),
        )
        .select(*CELL, *SUMMED)
        .to_arrow()
    )


def cost_bases(batch: Any) -> Any:
    """Stays by group and by where their cost comes from: kernel of ``engine.sum``."""
    return frame(batch).group_by("drg", "cost_basis").agg(n=pl.len().cast(pl.Int64)).to_arrow()


def earlier_cells(batch: Any, institution: str, year: int) -> Any:
    """Stays of the year before by department, doctor, group and month: kernel of ``engine.sum`` over ``grouped``."""
    rows = of_institution(batch, institution)
    return (
        frame(rows.filter(pa.array(integers(rows.column("year")) == year)))
        .with_columns(pl.col("department_id", "doctor_id").fill_null(""))
        .group_by(CELL)
        .agg(n=pl.len().cast(pl.Int64))
        .to_arrow()
    )
