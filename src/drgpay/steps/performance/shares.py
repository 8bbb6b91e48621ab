"""From a department's project and individual pools to its stays, and from a stay to those who treated it.

A pool is split over stays first and over roles inside a stay after, so that a stay that had another doctor moves its
own amount and nobody else's. Sources: design/09 §2 (lead 60 %, assistants 30 %, nurses 10 %).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from drgpay.engine import frame
from drgpay.policy import Policy
from drgpay.tables import ROLES, STAY_SHARES
from drgpay.units import ONE, mul_div_half_up, split_groups

Ints = npt.NDArray[np.int64]

SCANNED = ("stay_id", "department_id", "doctor_id", "month", "drg", "operated", "weight")
ORDER = ("department_id", "stay_id")
"""order of the rows a batch must have; it also breaks ties"""
SHARE_KEY = ("department_id", "component", "role", "staff_id")


@dataclass(frozen=True)
class ShareTables:
    """What the kernel needs besides the stays. ``project``/``individual``: pools by department, fen;
    ``coefficients``: performance coefficient by group, 1 where none; ``named``: stay, role, member of staff, all
    known; ``staff``: those who can be paid; ``operated`` and ``other``: shares of :data:`ROLES` with and
    without a record of operators."""

    months: tuple[int, ...]
    project: Mapping[str, int]
    individual: Mapping[str, int]
    coefficients: Mapping[str, int]
    per_operation: int
    named: pl.DataFrame
    staff: frozenset[str]
    operated: tuple[int, int, int]
    other: tuple[int, int, int]


def share_tables(
    plan: Policy,
    months: tuple[int, ...],
    pools: tuple[Mapping[str, int], Mapping[str, int]],
    coefficients: Mapping[str, int],
    roles: pl.DataFrame,
    staff: frozenset[str],
) -> ShareTables:
    """The tables of a plan; ``pools``: project and individual by department; ``roles``: the register."""
    operated, other = plan.table("roles.shares"), plan.table("roles.without_operation")
    known = roles.select("stay_id", "role", "staff_id").filter(pl.col("staff_id").is_in(sorted(staff))).unique()
    return ShareTables(
        months, *pools, coefficients, plan.ratio("project.per_operation"), known, staff,
        (operated["lead"], operated["assistant"], operated["nurse"]),
        (other["lead"], other["assistant"], other["nurse"]),
    )  # fmt: skip


def in_period(batch: Any, tables: ShareTables) -> Any:
    """The stays of the period in departments that have a pool."""
    rows = frame(batch).with_row_index("at")
    kept = rows.filter(pl.col("month").is_in(tables.months) & pl.col("department_id").is_in(sorted(tables.project)))
    return batch.take(pa.array(kept["at"].to_numpy().astype(np.int64)))


def stay_shares(batch: Any, tables: ShareTables) -> Any:
    """Table ``stay_shares`` of whole departments, sorted by :data:`ORDER`: kernel of ``engine.map_by``."""
    if batch.num_rows == 0:
        return STAY_SHARES.schema.empty_table()
    stays = frame(batch)
    departments = stays["department_id"].to_numpy()
    starts = np.flatnonzero(np.append(True, departments[1:] != departments[:-1]))
    difficulty = stays["weight"].to_numpy()
    factor = stays["drg"].replace_strict(tables.coefficients, default=ONE, return_dtype=pl.Int64).to_numpy()
    points = mul_div_half_up(difficulty, factor, ONE) + stays["operated"].to_numpy() * tables.per_operation

    def split_by(pools: Mapping[str, int], weights: Ints) -> Ints:
        totals = np.array([pools.get(d, 0) for d in departments[starts]], np.int64)
        return split_groups(starts, totals, weights)

    stays = stays.with_columns(
        doctor=pl.when(pl.col("doctor_id").is_in(sorted(tables.staff))).then("doctor_id").otherwise(pl.lit("")),
        points=pl.Series(points),
        project=pl.Series(split_by(tables.project, points)),
        individual=pl.Series(split_by(tables.individual, difficulty)),
    )
    individual = stays.select(
        "stay_id", "department_id", pl.lit("individual").alias("component"), pl.lit("lead").alias("role"),
        pl.col("doctor").alias("staff_id"), pl.col("weight"), pl.col("individual").alias("amount"),
    )  # fmt: skip
    rows = pl.concat([_by_roles(stays, tables), individual]).filter(pl.col("amount") > 0)
    return rows.sort(STAY_SHARES.key).select(STAY_SHARES.names).to_arrow().cast(STAY_SHARES.schema)


def _by_roles(stays: pl.DataFrame, tables: ShareTables) -> pl.DataFrame:
    """The project amount of every stay by role and person."""
    n = stays.height
    at = stays.select("stay_id").with_row_index("at").with_columns(pl.col("at").cast(pl.Int64))
    named = tables.named.join(at, on="stay_id").with_columns(
        rank=pl.col("role").replace_strict(_PLACE, return_dtype=pl.Int64)
    )
    filled = np.zeros((n, len(ROLES)), np.int64)
    np.add.at(filled, (named["at"].to_numpy(), named["rank"].to_numpy()), 1)
    recorded = filled.sum(axis=1) > 0
    weights = np.where(recorded[:, None], np.array(tables.operated), np.array(tables.other)).astype(np.int64)
    weights[:, 0] += np.where(filled[:, 1] == 0, weights[:, 1], 0)
    weights[:, 1] = np.where(filled[:, 1] == 0, 0, weights[:, 1])
    amounts = split_groups(np.arange(n) * len(ROLES), stays["project"].to_numpy(), weights.reshape(-1))
    doctors = stays["doctor"].to_numpy()
    usual_lead, usual_nurse = np.flatnonzero(filled[:, 0] == 0), np.flatnonzero(filled[:, 2] == 0)
    rows = pl.concat(
        [
            named.select("at", "rank", "staff_id"),
            pl.DataFrame({"at": usual_lead, "rank": np.zeros(len(usual_lead), np.int64),
                          "staff_id": doctors[usual_lead].tolist()}, schema=_ROW),
            pl.DataFrame({"at": usual_nurse, "rank": np.full(len(usual_nurse), 2),
                          "staff_id": [""] * len(usual_nurse)}, schema=_ROW),
        ]
    ).sort("at", "rank", "staff_id")  # fmt: skip
    cell = rows["at"].to_numpy() * len(ROLES) + rows["rank"].to_numpy()
    starts = np.flatnonzero(np.append(True, cell[1:] != cell[:-1]))
    parts = split_groups(starts, amounts[cell[starts]], np.ones(len(cell), np.int64))
    given = stays.select("stay_id", "department_id", "points")[rows["at"].to_numpy()]
    return given.select(
        "stay_id", "department_id", pl.lit("project").alias("component"),
        rows["rank"].replace_strict(dict(enumerate(ROLES)), return_dtype=pl.String).alias("role"),
        rows["staff_id"], pl.col("points").alias("weight"), pl.Series("amount", parts),
    )  # fmt: skip


_PLACE = {role: i for i, role in enumerate(ROLES)}
_ROW = {"at": pl.Int64, "rank": pl.Int64, "staff_id": pl.String}


def person_shares(batch: Any) -> Any:
    """Stays, points and amounts by department, component, role and person: kernel of ``engine.sum``."""
    return (
        frame(batch)
        .group_by(SHARE_KEY)
        .agg(n=pl.len().cast(pl.Int64), weight=pl.col("weight").sum(), amount=pl.col("amount").sum())
        .to_arrow()
    )


def project_weight(cells: Mapping[str, tuple[int, int, int]], coefficients: Mapping[str, int], each: int) -> int:
    """What the kernel's project weights of a department add up to: ``cells``: group → (stays, difficulty of one,
    operated stays); ``each``: points of an operation."""
    return sum(
        n * int(mul_div_half_up(weight, coefficients.get(drg, ONE), ONE)) + operated * each
        for drg, (n, weight, operated) in cells.items()
    )
