"""Records that are near-copies of one another (design/07 §2, 骗保), found by hashing and never by all pairs.

Stays of an institution fall into buckets of what a copy keeps (principal diagnosis and days; the set of diagnoses;
the cost to a hundredth); inside a bucket they are laid in the order of their cost and each is compared with its next
few neighbours. Work is linear in stays but for the sorting.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from drgpay.steps.oversight.catalogue import RULES, Limits
from drgpay.steps.oversight.hits import clue, hits, none_found, yuan
from drgpay.tables import FEES
from drgpay.units import ONE

NEIGHBOURS = 3
"""how many neighbours in cost a stay of a bucket is compared with"""
_OWN = ("stay_id", "person_id", "doctor_id", "dx", "proc", "los", "total_cost", *(f"{k}_fee" for k in FEES))


COPIED = ("institution_id", "department_id", "insurance_scheme", "month", "pay", *_OWN)
"""columns of facts that copies are found by"""
_BANDS = (("dx1", "los"), ("dx",), ("cost_step", "proc"))
"""what a bucket has in common besides the institution"""


def _neighbours(rows: pl.DataFrame, band: tuple[str, ...], tolerance: int) -> pl.DataFrame:
    """Places (``original`` before ``copy``) of rows that are neighbours in cost inside a bucket and close to one
    another. ``rows`` are in the order of their ids inside an institution."""
    keys = [pl.col(c).rank("dense").fill_null(0).cast(pl.Int64) for c in ("institution_id", *band)]
    ordered = (
        rows.select(*keys, pl.col("total_cost"))
        .with_row_index("at")
        .sort("institution_id", *band, "total_cost", "at")
    )
    same_as = [ordered[c].to_numpy() for c in ("institution_id", *band)]
    cost, at = ordered["total_cost"].to_numpy(), ordered["at"].to_numpy().astype(np.int64)
    first, second = [], []
    for step in range(1, NEIGHBOURS + 1):
        near = (cost[step:] - cost[:-step]) * ONE <= cost[step:] * tolerance
        for key in same_as:
            near &= key[step:] == key[:-step]
        found = np.flatnonzero(near)
        first.append(at[found])
        second.append(at[found + step])
    a, b = np.concatenate(first), np.concatenate(second)
    return pl.DataFrame({"original": np.minimum(a, b), "copy": np.maximum(a, b)})


def _close(a: str, b: str, tolerance: int) -> pl.Expr:
    """Two amounts differ by no more than the tolerance of the larger."""
    x, y = pl.col(a), pl.col(b)
    return (x - y).abs() * ONE <= pl.max_horizontal(x, y) * tolerance


def _codes(prefix: str) -> pl.Expr:
    both = pl.col(f"{prefix}dx") + pl.col(f"{prefix}proc").fill_null("")
    return both.str.extract_all(r"[^|]+").list.unique()


def _package(rows: pl.DataFrame, found: pl.DataFrame, doctors: int) -> pl.DataFrame:
    """Pairs with ``p_{kind}`` for every kind of fee: the amount of the copy is a price of the house, one that stays
    of so many doctors with the same principal diagnosis have to the fen."""
    keys = ["institution_id", "dx1"]
    there = rows.join(found.select(keys).unique(), on=keys, how="semi")
    for kind in FEES:
        fee = f"{kind}_fee"
        usual = (
            there.filter(pl.col(fee) > 0)
            .group_by(*keys, fee)
            .agg((pl.col("doctor_id").n_unique() >= doctors).alias(f"package_{kind}"))
        )
        found = found.join(usual, on=[*keys, fee], how="left", maintain_order="left")
    return found


def clones(facts: pl.DataFrame, limits: Limits) -> pl.DataFrame:
    """FR2 on settled stays of whole institutions. Two stays of different persons are alike when their cost and at
    least ``clone.fee_kinds`` kinds of fees differ by no more than ``clone.tolerance`` and their codes are alike;
    where no fees were brought, the cost and the codes must be the same to the last digit."""
    tolerance, kinds = limits.ratio("clone.tolerance"), limits.whole("clone.fee_kinds")
    rows = (
        facts.filter("settled")
        .select(COPIED)
        .sort("institution_id", "stay_id")
        .with_columns(
            pl.col("dx").str.extract(r"^\|([^|]+)").alias("dx1"),
            # steps of a hundredth: the number of digits and the leading ones
            (
                pl.col("total_cost").cast(pl.String).str.len_chars().cast(pl.String)
                + ":"
                + pl.col("total_cost").cast(pl.String).str.head(3)
            ).alias("cost_step"),
        )
    )
    if rows.height < 2:
        return none_found()
    pairs = [_neighbours(rows, band, tolerance) for band in _BANDS]
    places = pl.concat(pairs).unique(maintain_order=True).sort("copy", "original")
    copies, originals = rows[places["copy"]], rows[places["original"]]
    found = pl.concat([copies, originals.select(pl.col(c).alias(f"p_{c}") for c in _OWN)], how="horizontal").filter(
        pl.col("person_id").ne_missing(pl.col("p_person_id"))
    )
    found = _package(rows, found, limits.whole("clone.package_doctors"))
    same = {
        k: (
            (pl.col(f"{k}_fee") > 0) & (pl.col(f"p_{k}_fee") > 0) & _close(f"{k}_fee", f"p_{k}_fee", tolerance)
        ).fill_null(False)
        for k in FEES
    }
    alike = pl.sum_horizontal(x.cast(pl.Int64) for x in same.values())
    own = pl.sum_horizontal((x & ~pl.col(f"package_{k}").fill_null(False)).cast(pl.Int64) for k, x in same.items())
    common = _codes("").list.set_intersection(_codes("p_")).list.len().cast(pl.Int64)
    either = _codes("").list.set_union(_codes("p_")).list.len().cast(pl.Int64)
    found = found.with_columns(alike.alias("alike"), own.alias("own"), common.alias("common"), either.alias("either"))
    no_fees = pl.all_horizontal(pl.col(f"{k}_fee").is_null() for k in FEES)
    exact = no_fees & (pl.col("total_cost") == pl.col("p_total_cost")) & (pl.col("common") == pl.col("either"))
    by_fees = (
        (pl.col("alike") >= kinds)
        & (pl.col("own") >= limits.whole("clone.own_kinds"))
        & (pl.col("common") * ONE >= pl.col("either") * limits.ratio("clone.similarity"))
    )
    found = (
        found.filter(exact | by_fees)
        .sort("stay_id", "p_stay_id")
        .unique("stay_id", keep="first", maintain_order=True)
    )
    return hits(
        RULES["FR2"],
        limits,
        found,
        [
            clue("base", pl.lit(True), "stays.total_cost", yuan("total_cost"), yuan("p_total_cost"), "p_stay_id"),
            clue(
                "fees_alike", pl.col("alike") >= kinds, "stay_details", pl.col("alike"), str(len(FEES)), "p_stay_id"
            ),
            clue(
                "same_codes",
                pl.col("common") == pl.col("either"),
                "stays.dx",
                pl.col("dx"),
                pl.col("p_dx"),
                "p_stay_id",
            ),
            clue(
                "same_doctor",
                pl.col("doctor_id") == pl.col("p_doctor_id"),
                "stays.doctor_id",
                pl.col("doctor_id"),
                pl.col("p_doctor_id"),
                "p_stay_id",
            ),
        ],
        pl.col("pay"),
        pl.col("p_stay_id"),
    )
