"""Codes against the bill (seed 001, terms 1): a principal procedure or diagnosis, an operation or an implant that the
charges know nothing of, and the other way round."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import polars as pl

from drgpay.steps.oversight.catalogue import Limits
from drgpay.steps.oversight.singles import PROCEDURAL, SURGICAL, for_its_cost, known, listed, share, under
from drgpay.units import ONE, half_up

Row = dict[str, Any]
CHECKS = (
    "procedure_uncharged",
    "no_operating_room",
    "implant_uncharged",
    "implant_unrecorded",
    "drug_missing",
    "test_missing",
)
BILLED = {
    "stay_id": pl.String,
    "institution_id": pl.String,
    "department_id": pl.String,
    "coder_id": pl.String,
    "check": pl.String,
    "field": pl.String,
    "value": pl.Int64,
    "expected": pl.Int64,
}
"""a stay and a check it does not pass; ``check`` empty: a stay that was checked"""


def against_bill(facts: pl.DataFrame, means: pl.DataFrame, mixes: pl.DataFrame, limits: Limits) -> pl.DataFrame:
    """Rows of :data:`BILLED`: settled stays whose fees are known, each once as checked and once for each check it
    does not pass; ``value`` and ``expected`` in fen. ``means``, ``mixes``: see :func:`~.facts.group_means` and
    :func:`~.facts.fee_mix`."""
    rows = facts.filter(pl.col("settled") & pl.col("drug_fee").is_not_null() & (pl.col("total_cost") > 0))
    rows = known(rows, means).join(
        mixes.select("drg", "dx3", "x_drug", "x_tests"), on=["drg", "dx3"], how="left", maintain_order="left"
    )
    parts = [rows.with_columns(pl.lit("").alias(name) for name in ("check", "field")).with_columns(
        pl.lit(0, pl.Int64).alias(name) for name in ("value", "expected")
    )]  # fmt: skip
    for check, holds, field, value, expected in _checks(limits):
        parts.append(
            rows.filter(holds.fill_null(False)).with_columns(
                pl.lit(check).alias("check"),
                pl.lit(field).alias("field"),
                value.cast(pl.Int64).alias("value"),
                expected.cast(pl.Int64).fill_null(0).alias("expected"),
            )
        )
    return pl.concat(part.select(pl.col(name).cast(kind) for name, kind in BILLED.items()) for part in parts)


def _checks(limits: Limits) -> Iterator[tuple[str, pl.Expr, str, pl.Expr, pl.Expr]]:
    """Check, when a stay does not pass it, the field, what stands there, and what was to be expected."""
    left, of_group = limits.ratio("bill.left"), limits.ratio("bill.usual_share")
    stayed = ~pl.col("died") & (pl.col("los") >= limits.whole("bill.min_los"))
    second = pl.col("adrg").str.slice(1, 1)
    done = pl.col("proc").is_not_null()
    implanted = listed("proc", "implant_proc")

    def usual(mean: str) -> pl.Expr:
        return share(pl.col(mean), pl.col("g_cost"), of_group)

    for check, mean, fee, holds in (
        ("procedure_uncharged", "g_acts", "acts", done & second.is_in(list(SURGICAL + PROCEDURAL))),
        ("no_operating_room", "g_surgery", "surgery_fee", done & pl.col("surgical")),
        ("implant_uncharged", "g_material", "material_fee", implanted),
    ):
        expected = for_its_cost(mean)
        field = "stay_details.treatment_fee" if fee == "acts" else f"stay_details.{fee}"
        yield check, holds & usual(mean) & under(pl.col(fee), expected, left), field, pl.col(fee), expected
    material, expected = pl.col("material_fee"), for_its_cost("g_material")
    dear = (material >= limits.fen("bill.implant_fee")) & (
        material * ONE >= expected * limits.ratio("bill.implant_times")
    )
    yield "implant_unrecorded", dear & ~implanted, "stay_details.material_fee", material, expected
    for check, mix, fee, field in (
        ("drug_missing", "x_drug", "drug_fee", "stay_details.drug_fee"),
        ("test_missing", "x_tests", "tests", "stay_details.examination_fee"),
    ):
        expected = (pl.col("total_cost").cast(pl.Int128) * pl.col(mix) // ONE).cast(pl.Int64)
        demanded = pl.col(mix) >= limits.ratio("bill.demanded_share")
        yield check, stayed & demanded & under(pl.col(fee), expected, left), field, pl.col(fee), expected


def bill_rates(billed: pl.DataFrame, limits: Limits) -> list[Row]:
    """Rows of ``bill_rates`` of every institution, and of each of its coders where they are known."""
    counts: dict[tuple[str, str], dict[str, set[str]]] = {}
    for row in billed.select("stay_id", "institution_id", "coder_id", "check").iter_rows(named=True):
        for coder in {"", row["coder_id"] or ""}:
            its = counts.setdefault((row["institution_id"], coder), {})
            its.setdefault(row["check"], set()).add(row["stay_id"])
    rows = []
    for (h, coder), its in sorted(counts.items()):
        n, differing = len(its[""]), len(set[str]().union(*(its.get(check, set()) for check in CHECKS)))
        part = half_up(differing * ONE, n)
        rows.append(
            {
                "institution_id": h,
                "coder_id": coder,
                "n": n,
                "differing": differing,
                "share": part,
                **{check: len(its.get(check, ())) for check in CHECKS},
                "above": n >= limits.whole("bill.min_stays") and part > limits.ratio("bill.share"),
            }
        )
    return rows
