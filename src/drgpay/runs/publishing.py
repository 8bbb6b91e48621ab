"""What a run's area would publish to an institution: groups and terms, for estimates of stays in house."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from drgpay.engine import read_manifest, read_table
from drgpay.errors import DrgpayError, Kind
from drgpay.policy import Policy
from drgpay.runs.manifest import TABLES, laws_of_run
from drgpay.steps import points
from drgpay.steps.points import Published
from drgpay.tables import BASE_GROUPS, COEFFICIENTS, GROUP_NAMES, POOLS
from drgpay.units import show_coefficient, show_fen

Row = dict[str, Any]
_RATIOS = {
    "low_multiple": "points.low_multiple", "unstable_discount": "points.unstable_discount",
    "ungrouped_discount": "points.ungrouped_discount", "qy_discount": "points.qy_discount",
}  # fmt: skip
"""terms that are policy parameters, as ratios"""
_DAYS = {"short_days": "points.short_stay_days", "long_days": "points.long_stay_days"}


def published_of(run: Path, institution: str) -> Published:
    """What :func:`published_rows` says, ready for an estimate."""
    groups, terms = published_rows(run, institution)
    return points.published(groups, points.read_terms(terms))


def published_rows(run: Path, institution: str) -> tuple[list[Row], list[Row]]:
    """Rows of ``published`` and ``published_terms`` for an institution (its code), as a run has them: base points,
    means and bounds of the groups; its coefficient, what was shared and the points of the latest period, and the
    multiples and discounts of the law of the run's last day.

    Raises DATA for an institution without a coefficient, and under the rate method, whose weights and rate are
    published as such.
    """
    manifest, tables = read_manifest(run), run / TABLES
    policy = laws_of_run(run, manifest).policy
    if policy.choice_or_none("points.pricing") == "rate":
        raise DrgpayError(
            Kind.DATA, zh="按费率结算的地区,权重与费率以公布的表为准",
            en="an area that pays by rate publishes weights and rate", file=run.name,
            fix_zh="用 drgpay estimate 并给出公布的表", fix_en="use drgpay estimate with the published tables",
        )  # fmt: skip
    base = manifest["base"]
    return _groups(tables), _terms(tables, institution, policy, base, run.name)


def _groups(tables: Path) -> list[Row]:
    names = dict(read_table(tables, GROUP_NAMES).select("drg", "name").iter_rows())
    return [
        {
            "drg": row["drg"], "drg_name": names.get(row["drg"]), "weight": None, "base_points": row["base_points"],
            "mean_cost": row["mean_cost"] or None, "mean_days": None, "low_multiple": None,
            "high_multiple": row["high_multiple"], "fixed_coefficient": row["fixed_coefficient"],
        }
        for row in read_table(tables, BASE_GROUPS).sort("drg").iter_rows(named=True)
    ]  # fmt: skip


def _terms(tables: Path, institution: str, policy: Policy, base: Mapping[str, int], name: str) -> list[Row]:
    own = read_table(tables, COEFFICIENTS).filter(
        (pl.col("institution_id") == institution) & (pl.col("component") == "total")
    )
    if own.is_empty():
        raise DrgpayError(
            Kind.DATA, zh="没有这家机构的系数", en="there is no coefficient of this institution", file=name,
            value=institution, fix_zh="核对机构编号", fix_en="check its code",
        )  # fmt: skip
    said: dict[str, Any] = {
        "coefficient": show_coefficient(own["value"][0]), "overall_mean": show_fen(base["mean_cost"], group=False),
        "scale": base["scale"], "high_extra": policy.choice("points.high_extra"),
        "basis": policy.choice("fund.basis"),
        **{term: show_coefficient(policy.ratio(parameter)) for term, parameter in _RATIOS.items()},
    }  # fmt: skip
    for term, parameter in _DAYS.items():
        if (days := policy.integer_or_none(parameter)) is not None:
            said[term] = days
    if "long_days" in said and (each := policy.ratio_or_none("points.bed_day_points")) is not None:
        said["day_points"] = show_coefficient(each)
    rows = [_term(term, "all", value, _RATIOS.get(term)) for term, value in said.items()]
    pools = read_table(tables, POOLS).filter(pl.col("points") > 0).sort("insurance_scheme", "month")
    for pool in pools.group_by("insurance_scheme", maintain_order=True).last().iter_rows(named=True):
        scheme = pool["insurance_scheme"]
        rows.append(_term("pool_amount", scheme, show_fen(pool["distributable"], group=False)))
        rows.append(_term("pool_points", scheme, show_coefficient(pool["points"])))
    return rows


def _term(term: str, scheme: str, value: object, source: str | None = None) -> Row:
    return {"term": term, "applies_to": scheme, "value": str(value), "source": source}
