"""Monthly pre-settlement (月度预结算) with the quality deposit (质量保证金). Source: design/04 §3."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import polars as pl

from drgpay.policy import Policy
from drgpay.steps.settlement.allocate import Refused, pay_by_rate, share_pool
from drgpay.units import ONE, half_up


def pool_shares(pool: Any, sums: pl.DataFrame, with_patients: bool, by_rate: bool = False) -> dict[str, int]:
    """Every institution's share of a pool, refused stays included; ``sums``: institution_id, points, personal of
    those with stays in it."""
    points = dict(sums.select("institution_id", "points").rows())
    patients = dict(sums.select("institution_id", "personal").rows()) if with_patients else {}
    return pay_by_rate(points, patients) if by_rate else share_pool(pool.fund, points, patients)


def month_rows(
    pools: Iterable[Any],
    sums: pl.DataFrame,
    policy: Policy,
    shares: Mapping[tuple[str, str, int], int],
    refused: Refused,
) -> list[dict[str, Any]]:
    """Rows of table ``institution_months`` for the given pools of single months.

    ``pools``: objects with insurance_scheme and month; ``sums``: institution_id, insurance_scheme, month, n, points,
    cost, actual; ``shares``: (insurance scheme, institution, month) → share of the pool. Due = share − what of it is
    refused; paid = due × ``settlement.monthly_pay_ratio``, half up; the rest is the deposit.
    """
    ratio = policy.ratio("settlement.monthly_pay_ratio")
    rows = []
    for pool in pools:
        here = sums.filter(
            (pl.col("insurance_scheme") == pool.insurance_scheme) & (pl.col("month") == pool.month)
        ).sort("institution_id")
        for institution, n, points, cost, actual in here.select(
            "institution_id", "n", "points", "cost", "actual"
        ).rows():
            key = (pool.insurance_scheme, institution, pool.month)
            taken = refused.get(key, 0)
            due = shares[key] - taken
            paid = half_up(due * ratio, ONE)
            rows.append(
                {
                    "insurance_scheme": pool.insurance_scheme,
                    "month": pool.month,
                    "institution_id": institution,
                    "n": n,
                    "points": points,
                    "cost": cost,
                    "actual": actual,
                    "refused": taken,
                    "due": due,
                    "paid": paid,
                    "deposit": due - paid,
                }
            )
    return rows
