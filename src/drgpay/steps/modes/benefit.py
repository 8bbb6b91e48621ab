"""Benefit rules (待遇): a stay's cost split into the fund's and the patient's part (design/06).

Deductible by level, share by level and insurance scheme, the year's cap, costs out of policy; a referral chain inside
a medical community is one admission with one deductible, the higher level's; going out of the area without referral
adds points to the patient's own share.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl
import pyarrow as pa

from drgpay.engine import frame
from drgpay.policy import Policy, needed, rates_of
from drgpay.tables import BENEFIT_SPLITS, LEVELS, SCHEMES
from drgpay.units import ONE

SCANNED = (
    "stay_id", "person_id", "institution_id", "insurance_scheme", "admission_date", "discharge_date", "total_cost",
)  # fmt: skip
DETAILS = ("stay_id", "out_of_policy")
ORDER = ("person_id", "admission_date", "stay_id")


@dataclass(frozen=True)
class Benefit:
    """The rules by insurance scheme and level, and what is known of single stays."""

    rules: pl.DataFrame
    """insurance_scheme, level, deductible_of (fen), share (1/10,000), cap (fen, null: none)"""
    levels: pl.DataFrame
    """institution_id, level"""
    referrals: pl.DataFrame
    """stay_id, chain_id, out_of_area_unreferred"""
    extra: int


def benefit_of(policy: Policy, levels: Mapping[str, str], referrals: pl.DataFrame) -> Benefit:
    """The kernel's tables; POLICY when shares, deductibles or the points for going without referral are not set."""
    share = needed(policy.table_or_none("benefit.share"), "benefit.share")
    deductible = needed(policy.rates("benefit.deductible"), "benefit.deductible")
    caps = policy.rates("benefit.annual_cap")
    rules = []
    for scheme in SCHEMES:
        cap = rates_of(caps, scheme)
        for level in LEVELS:
            taken = needed(rates_of(deductible, scheme, level), f"benefit.deductible {scheme} {level}")
            rules.append((scheme, level, taken[0].fen, share[f"{scheme}_{level}"], cap[0].fen if cap else None))
    names = {"insurance_scheme": pl.String, "level": pl.String, "deductible_of": pl.Int64, "share": pl.Int64,
             "cap": pl.Int64}  # fmt: skip
    unreferred = bool(referrals["out_of_area_unreferred"].any()) if referrals.height else False
    extra = policy.ratio_or_none("benefit.unreferred_extra")
    if unreferred:
        needed(extra, "benefit.unreferred_extra")
    places = pl.DataFrame(sorted(levels.items()), {"institution_id": pl.String, "level": pl.String}, orient="row")
    return Benefit(
        pl.DataFrame(rules, names, orient="row"),
        places,
        referrals.select("stay_id", "chain_id", "out_of_area_unreferred"),
        extra or 0,
    )


def with_details(stays: Any, details: Any) -> Any:
    """Stays with column ``out_of_policy`` (0 where it is not known), whole stays at a time."""
    known = frame(details).select(DETAILS)
    joined = frame(stays).join(known, on="stay_id", how="left").with_columns(pl.col("out_of_policy").fill_null(0))
    return pa.table(joined.sort("stay_id").to_arrow())


def split_costs(batch: Any, rules: Benefit) -> Any:
    """Table ``benefit_splits`` from stays with ``out_of_policy``, whole persons at a time.

    Stays of a person count in the order of admission. Eligible = cost − out of policy. A chain's deductible is the
    highest of its stays' and is taken once, from its first stays on. The fund's part is rounded half up to fen once
    per stay; above the year's cap (by year of discharge) it is the patient's. A stay without a person stands alone.
    """
    rows = (
        frame(batch)
        .with_columns(
            who=pl.coalesce(pl.col("person_id"), pl.concat_str(pl.lit("stay:"), "stay_id")),
            year=pl.col("discharge_date").dt.year(),
            out_of_policy=pl.min_horizontal("out_of_policy", "total_cost"),
        )
        .join(rules.levels, on="institution_id", how="left")
        .join(rules.rules, on=["insurance_scheme", "level"], how="left")
        .join(rules.referrals, on="stay_id", how="left")
        .with_columns(
            admission=pl.coalesce("chain_id", "stay_id"),
            eligible=pl.col("total_cost") - pl.col("out_of_policy"),
            points=pl.when(pl.col("out_of_area_unreferred").fill_null(False)).then(rules.extra).otherwise(0),
        )
        .sort("who", "admission_date", "stay_id")
    )
    one = ["who", "admission"]
    so_far = pl.col("eligible").cum_sum().over(one)
    line = pl.col("deductible_of").max().over(one)
    rows = rows.with_columns(
        deductible=pl.min_horizontal(so_far, line) - pl.min_horizontal(so_far - pl.col("eligible"), line)
    )
    rest = pl.col("eligible") - pl.col("deductible")
    rate = pl.max_horizontal(pl.col("share") - pl.col("points"), 0)
    rows = rows.with_columns(before=(rest * rate * 2 + ONE) // (2 * ONE), rest=rest)
    paid = pl.col("before").cum_sum().over("who", "year", "insurance_scheme")
    cap = pl.col("cap").fill_null(2**62)
    rows = rows.with_columns(fund=pl.min_horizontal(paid, cap) - pl.min_horizontal(paid - pl.col("before"), cap))
    rows = rows.with_columns(
        own_share=pl.col("rest") - pl.col("before"),
        over_cap=pl.col("before") - pl.col("fund"),
        personal=pl.col("total_cost") - pl.col("fund"),
    )
    return pa.table(rows.select(BENEFIT_SPLITS.names).to_arrow()).cast(BENEFIT_SPLITS.schema)
