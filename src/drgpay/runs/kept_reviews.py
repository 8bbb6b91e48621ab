"""The quarters of an earlier result: what was decided there of the groups' coefficients stands."""

from __future__ import annotations

from typing import Any

import polars as pl

from drgpay.engine import read_manifest, read_table
from drgpay.errors import DrgpayError, Kind
from drgpay.runs.hospital import Hospital
from drgpay.runs.manifest import TABLES
from drgpay.steps import performance
from drgpay.tables import GROUP_REVIEWS


def kept_reviews(hospital: Hospital) -> list[dict[str, Any]]:
    """Rows of ``group_reviews`` of the result the order names, up to its last quarter; none without one. USAGE where
    it is not the same hospital's, not of an earlier quarter, or leaves out quarters at the end of last year."""
    order, before = hospital.order, hospital.order.before
    if before is None:
        return []
    manifest = read_manifest(before)
    if manifest["kind"] != "perform" or manifest["institution"] != hospital.institution:
        raise DrgpayError(
            Kind.USAGE, zh="上期结果不是同一医院的绩效结果", en="the result before is not one of the same hospital",
            file=before, field="--before", fix_zh="给出本院上期 drgpay perform 的输出文件夹",
            fix_en="name the folder of this hospital's earlier drgpay perform",
        )  # fmt: skip
    year, quarter = int(manifest["year"]), int(manifest["quarter"]) or 4
    now = order.quarter or 4
    if not ((year == hospital.year and quarter < now) or (year, quarter) == (hospital.year - 1, 4)):
        last = performance.period_name(year, quarter)
        raise DrgpayError(
            Kind.USAGE, zh="上期结果不在本期之前,或不与本年相接", file=before, field="--before", value=last,
            en="the result before is of no earlier quarter, or not next to this year",
            fix_zh="给出本年较早季度的结果,或上年第四季度(全年)的结果",
            fix_en="name a result of an earlier quarter of this year, or of the last quarter (all) of last year",
        )  # fmt: skip
    rows = read_table(before / TABLES, GROUP_REVIEWS)
    return rows.filter(pl.col("period").cast(pl.String) <= performance.period_name(year, quarter)).to_dicts()
