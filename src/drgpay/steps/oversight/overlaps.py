"""Rules on stays that cannot both have been: two at once, and stays after death."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import polars as pl

from drgpay.steps.oversight.catalogue import RULES, Limits
from drgpay.steps.oversight.hits import clue, hits, yuan
from drgpay.steps.oversight.pairs import BACK, span
from drgpay.steps.oversight.singles import under

Hits = pl.DataFrame
_DAYS = 1 << 24


def overlapping(rows: pl.DataFrame, days: int) -> pl.DataFrame:
    """Stays admitted at least ``days`` before an earlier stay of the same person ended, with that stay as ``p_…``:
    of all earlier ones the one that ends last. ``overlap``: days they share."""
    ordered = rows.sort("person_id", "admitted", "discharged", "stay_id")
    if ordered.height < 2:
        return ordered.head(0).with_columns(
            *(pl.col(name).alias(f"p_{name}") for name in BACK), pl.lit(0, pl.Int64).alias("overlap")
        )
    person = ordered["person_id"].rle_id().to_numpy().astype(np.int64)
    admitted, left = (ordered[c].to_physical().to_numpy().astype(np.int64) for c in ("admitted", "discharged"))
    key = person * _DAYS + (left - left.min())
    latest = np.maximum.accumulate(key)
    last = np.append(0, np.searchsorted(latest, latest, side="left")[:-1])
    overlap = np.minimum(left, left[last]) - admitted
    found = np.flatnonzero(
        (person[last] == person) & (np.arange(len(key)) > 0) & (left[last] - admitted >= days) & (overlap >= 0)
    )
    earlier = ordered.select(pl.col(name).alias(f"p_{name}") for name in BACK)[last[found]]
    return pl.concat([ordered[found], earlier], how="horizontal").with_columns(pl.Series("overlap", overlap[found]))


def at_once(rows: pl.DataFrame, limits: Limits) -> Mapping[str, Callable[[], Hits]]:
    """HB5 and FR1. One person cannot lie in two beds: where one of the stays shows little service, or both are of one
    institution, that bed hangs; where both are full, the identity was used twice."""
    found = overlapping(rows, limits.whole("overlap.days")).filter(pl.col("settled") | pl.col("p_settled"))
    # a patient sent on is often written off a day after he left
    sent_on = (pl.col("p_way") == 2) | (pl.col("way") == 2)
    found = found.filter(~(sent_on.fill_null(False) & (pl.col("overlap") <= limits.whole("overlap.transfer_days"))))
    empty = limits.ratio("hang_bed.empty_cost")

    def is_hollow(p: str) -> pl.Expr:
        """Days of nobody's care tell, where the days with charges are known; else the cost does."""
        idle = pl.col(f"{p}los") - pl.col(f"{p}leave_days").fill_null(0) - pl.col(f"{p}care_days")
        cheap = under(pl.col(f"{p}total_cost"), pl.col(f"{p}g_cost"), empty)
        known = pl.col(f"{p}care_days").is_not_null()
        return pl.when(known).then(idle + 1 >= limits.whole("hang_bed.idle_days")).otherwise(cheap).fill_null(False)

    hollow, p_hollow = is_hollow(""), is_hollow("p_")
    one_house = pl.col("institution_id") == pl.col("p_institution_id")
    long = pl.col("overlap") >= 3

    def hanging() -> Hits:
        of = found.filter(one_house | hollow | p_hollow)
        # The stay in question is the emptier of the two: where it is the earlier one, the two change places.
        swap = (p_hollow & ~hollow) | (
            p_hollow
            & hollow
            & (
                pl.col("p_total_cost").cast(pl.Int128) * pl.col("g_cost")
                < pl.col("total_cost").cast(pl.Int128) * pl.col("p_g_cost")
            )
        )
        both = [
            c
            for c in BACK
            if c
            in (
                "stay_id",
                "institution_id",
                "department_id",
                "doctor_id",
                "total_cost",
                "g_cost",
                "pay",
                "admitted",
                "discharged",
            )
        ]
        of = of.with_columns(swap.fill_null(False).alias("swap")).with_columns(
            *(pl.when("swap").then(f"p_{c}").otherwise(c).alias(c) for c in both),
            *(pl.when("swap").then(c).otherwise(f"p_{c}").alias(f"p_{c}") for c in both),
        )
        return hits(
            RULES["HB5"],
            limits,
            of,
            [
                clue("base", pl.lit(True), "stays.discharge_date", span("p_"), span(""), "p_stay_id"),
                clue("long", long, "stays.admission_date", pl.col("overlap")),
                clue(
                    "cheap",
                    under(pl.col("total_cost"), pl.col("g_cost"), empty),
                    "stays.total_cost",
                    yuan("total_cost"),
                    yuan("g_cost"),
                ),
            ],
            pl.col("pay"),
            pl.col("p_stay_id"),
        )

    def twice() -> Hits:
        differ = (pl.col("sex") != pl.col("p_sex")) | ((pl.col("age") - pl.col("p_age")).abs() > 1)
        return hits(
            RULES["FR1"],
            limits,
            found.filter(~(one_house | hollow | p_hollow)),
            [
                clue(
                    "base",
                    pl.lit(True),
                    "stays.discharge_date",
                    pl.col("p_institution_id") + " " + pl.col("p_discharged").cast(pl.String),
                    pl.col("admitted"),
                    "p_stay_id",
                ),
                clue("long", long, "stays.admission_date", pl.col("overlap")),
                clue(
                    "contradiction",
                    differ,
                    "stays.sex",
                    pl.col("sex") + " " + pl.col("age").cast(pl.String),
                    pl.col("p_sex") + " " + pl.col("p_age").cast(pl.String),
                ),
            ],
            pl.min_horizontal("pay", "p_pay"),
            pl.col("p_stay_id"),
        )

    return {"HB5": hanging, "FR1": twice}


def dead(rows: pl.DataFrame, limits: Limits) -> Mapping[str, Callable[[], Hits]]:
    """FR3: stays that begin or go on after the person died: by the register (``r_death``), or in another stay."""
    died = rows.filter("died").group_by("person_id").agg(pl.col("discharged").min().alias("stay_death"))
    known = pl.min_horizontal(pl.col("r_death"), pl.col("stay_death"))
    late = pl.duration(days=limits.whole("fraud.death_days"))

    def after() -> Hits:
        found = rows.join(died, on="person_id", how="left", maintain_order="left").filter(
            pl.col("settled") & ((pl.col("admitted") > known) | (pl.col("discharged") > known + late))
        )
        return hits(
            RULES["FR3"],
            limits,
            found,
            [clue("base", pl.lit(True), "persons.death_date", known, span(""))],
            pl.col("pay"),
        )

    return {"FR3": after}
