"""Monthly pre-settlement (月度预结算) with the quality deposit (质量保证金). Source: design/04 §3."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import polars as pl

from drgpay.policy import Policy
from drgpay.steps.settlement.allocate import pay_by_rate, share_pool
from drgpay.units import ONE, half_up


def month_rows(
    pools: Iterable[Any], sums: pl.DataFrame, policy: Policy, with_patients: bool, by_rate: bool = False
) -> list[dict[str, Any]]:
    """Rows of table ``institution_months`` for the given pools of single months.

    ``pools``: objects with insurance_scheme, month and ``fund`` (fen); ``sums``: institution_id, insurance_scheme,
    month, n, points, cost, personal, actual. Paid = due × ``settlement.monthly_pay_ratio``, half up; the rest is
    the deposit.
    """
    ratio = policy.ratio("settlement.monthly_pay_ratio")
    rows = []
    for pool in pools:
        here = sums.filter(
            (pl.col("insurance_scheme") == pool.insurance_scheme) & (pl.col("month") == pool.month)
        ).sort("institution_id")
        points = dict(here.select("institution_id", "points").rows())
        patients = dict(here.select("institution_id", "personal").rows()) if with_patients else {}
        due = pay_by_rate(points, patients) if by_rate else share_pool(pool.fund, points, patients)
        for institution, n, cost, actual in here.select("institution_id", "n", "cost", "actual").rows():
            paid = half_up(due[institution] * ratio, ONE)
            rows.append(
                {
                    "insurance_scheme": pool.insurance_scheme,
                    "month": pool.month,
                    "institution_id": institution,
                    "n": n,
                    "points": points[institution],
                    "cost": cost,
                    "actual": actual,
                    "due": due[institution],
                    "paid": paid,
                    "deposit": due[institution] - paid,
                }
            )
    return rows
