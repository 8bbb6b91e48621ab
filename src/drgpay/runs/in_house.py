"""Stays still in house: the group their codes lead to so far, what it would be paid, and what room is left."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

import polars as pl
import pyarrow as pa

from drgpay.engine import Engine, dataset, frame, read_manifest, read_table
from drgpay.errors import DrgpayError, Kind
from drgpay.runs.fund import RegisterFolder
from drgpay.runs.hospital import PerformOrder, institution_of
from drgpay.runs.manifest import POLICY, TABLES
from drgpay.runs.region import known_codes, register_file
from drgpay.scheme import Scheme
from drgpay.scheme import load as load_scheme
from drgpay.steps import grouping, intake
from drgpay.tables import BASE_GROUPS, CASE_POINTS, COEFFICIENTS, GROUPED, IN_HOUSE_ESTIMATES, IN_HOUSE_STAYS, POOLS
from drgpay.units import ONE, half_up

Row = dict[str, Any]

_MAJOR, _MINOR = "1", "3"
"""last sign of a group with a major complication and with a complication"""


def in_house(order: PerformOrder, engine: Engine, schemes: Path | None = None) -> tuple[list[Row], int]:
    """Rows of ``in_house_estimates``, and how many stays could not be read for grouping.

    The expected payment is that of a normal stay: base points × the institution's coefficient × the point value of
    the run's last pool, patients' part included; null where the group has no base points, and under the rate method,
    whose points are no points. Nothing here is a limit of care.
    """
    manifest, run = read_manifest(order.run), order.run / TABLES
    folder = RegisterFolder(order.registers, ("--registers", "登记表", "registers"))
    known = {r["stay_id"]: r for r in folder.rows(IN_HOUSE_STAYS, needed=True)}
    scheme = load_scheme(manifest["scheme"], frozenset(manifest["switches"]), folder=schemes)
    path = cast(Path, register_file(order.registers, IN_HOUSE_STAYS))
    prices = _Prices(order, manifest, engine)
    means = _means(run, int(manifest["year"]), engine)
    rows = []
    for part in intake.read_stays(path, need="grouping", codes=known_codes()):
        groups = frame(pa.Table.from_batches([grouping.group_batch(scheme, part.stays)])).to_dicts()
        for stay, group in zip(part.stays.to_pylist(), groups, strict=True):
            if stay["stay_id"] in known:
                rows.append(_estimate(stay, known[stay["stay_id"]], group, scheme, prices, means))
    if not rows:
        raise DrgpayError(
            Kind.DATA, zh="没有可用的在院病例", en="no usable stay in house", file=path.name,
            fix_zh="用 drgpay check 查看问题，--need grouping",
            fix_en="see what is wrong with drgpay check --need grouping",
        )  # fmt: skip
    rows.sort(key=lambda r: r["stay_id"])
    IN_HOUSE_ESTIMATES.of(rows)
    return rows, len(known) - len(rows)


class _Prices:
    """What a point brings, by insurance scheme: the pool's money with the patients' part, and its points."""

    def __init__(self, order: PerformOrder, manifest: dict[str, Any], engine: Engine) -> None:
        run = order.run / TABLES
        institution = institution_of(order)
        pools = read_table(run, POOLS).to_dicts()
        period = 0 if manifest["kind"] == "year" else max(p["month"] for p in pools)
        patients = _patients(run, period, engine) if manifest["basis"] == "fund" else {}
        self.pools = {
            p["insurance_scheme"]: (p["distributable"] + patients.get(p["insurance_scheme"], 0), p["points"])
            for p in pools
            if p["month"] == period
        }
        self.base = dict(read_table(run, BASE_GROUPS).select("drg", "base_points").rows())
        fixed = read_table(run, BASE_GROUPS).select("drg", "fixed_coefficient").rows()
        self.fixed = {drg: k for drg, k in fixed if k is not None}
        totals = read_table(run, COEFFICIENTS).filter(
            (pl.col("component") == "total") & (pl.col("institution_id") == institution)
        )
        self.coefficient = int(totals["value"][0]) if totals.height else ONE
        policy = json.loads((order.run / POLICY).read_text(encoding="utf-8"))
        self.by_rate = policy["points.pricing"]["value"] == "rate"

    def expected(self, drg: str, insurance_scheme: str) -> int | None:
        """Fen; None where points say nothing."""
        amount, points = self.pools.get(insurance_scheme, (0, 0))
        base = self.base.get(drg)
        if base is None or not points or self.by_rate:
            return None
        own = half_up(base * self.fixed.get(drg, self.coefficient), ONE)
        return half_up(own * amount, points)


def _patients(run: Path, period: int, engine: Engine) -> dict[str, int]:
    """What patients paid of the pool's stays, by insurance scheme."""

    def kernel(batch: Any) -> Any:
        rows = frame(batch)
        kept = rows.filter(pl.col("month") == period) if period else rows
        return kept.group_by("insurance_scheme").agg(pl.col("personal_paid").sum()).to_arrow()

    names = ("insurance_scheme", "month", "personal_paid")
    sums = frame(engine.sum(dataset(run, CASE_POINTS), kernel, names[:1], names, "sums"))
    return dict(sums.select("insurance_scheme", "personal_paid").rows())


def _means(run: Path, year: int, engine: Engine) -> dict[str, int]:
    """Mean stay of every group in the region, 1/10,000 days."""

    def kernel(batch: Any) -> Any:
        rows = frame(batch).filter(pl.col("year") == year)
        days = pl.col("los").cast(pl.Int64).sum()
        return rows.group_by("drg").agg(n=pl.len().cast(pl.Int64), days=days).to_arrow()

    sums = frame(engine.sum(dataset(run, GROUPED), kernel, ("drg",), ("drg", "year", "los"), "sums"))
    return {drg: half_up(days * ONE, n) for drg, n, days in sums.select("drg", "n", "days").rows()}


def _estimate(stay: Row, beside: Row, group: Row, scheme: Scheme, prices: _Prices, means: dict[str, int]) -> Row:
    drg, mean = group["drg"], means.get(group["drg"])
    payment = prices.expected(drg, beside["insurance_scheme"])
    others = {a.drg: a.principal for a in grouping.alternatives(scheme, stay) if a.drg != drg}
    siblings = {d.code for d in scheme.drgs_of.get(group["adrg"] or "", ())}

    def sibling(sign: str) -> str:
        code = f"{group['adrg']}{sign}"
        return code if code in siblings and code != drg else ""

    return {
        **{name: beside[name] for name in ("stay_id", "department_id", "doctor_id", "as_of", "charges")},
        "drg": drg,
        "drg_name": scheme.name(drg),
        "severity": group["severity"],
        "days": stay["los"],
        "mean_days": mean,
        "days_left": None if mean is None else mean - stay["los"] * ONE,
        "expected_payment": payment,
        "room": None if payment is None else payment - beside["charges"],
        "with_mcc": sibling(_MAJOR),
        "with_cc": sibling(_MINOR),
        "alternatives": "; ".join(f"{principal} → {code}" for code, principal in others.items()),
    }
