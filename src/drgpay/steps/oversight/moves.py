"""Splitting by moving the patient: to another house though not fit for discharge (7(5)), and to another ward of the
same house with a bill of its own (7(6))."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import polars as pl

from drgpay.steps.oversight.catalogue import RULES, Limits
from drgpay.steps.oversight.hits import clue, hits, yuan
from drgpay.steps.oversight.pairs import (
    carried,
    other_ward,
    pair_clues,
    plain_pair,
    same_disease,
    with_earlier,
    with_ranks,
)
from drgpay.steps.oversight.singles import low_gain, share

Hits = pl.DataFrame


def moves(rows: pl.DataFrame, limits: Limits, ranks: pl.DataFrame) -> Mapping[str, Callable[[], Hits]]:
    """SP8 and SP9 on the stays of known persons. ``ranks``: ``institution_id``, ``rank`` (0 = primary). The amount is
    filled in by the run, which prices the stay that both make. A case of SP8 is about the house that sent the patient
    on."""

    def unfit() -> Hits:
        moved = with_ranks(with_earlier(rows, ["person_id"]), ranks)
        found = moved.filter(
            pl.col("p_settled")
            & (pl.col("p_way") == 2)
            & (pl.col("institution_id") != pl.col("p_institution_id"))
            & pl.col("gap").is_between(0, limits.whole("splitting.moved_days"))
            & same_disease().fill_null(False)
            # who cannot treat a patient sends him up: that is what transfers are for
            & ~(pl.col("rank") > pl.col("p_rank")).fill_null(False)
            & plain_pair(limits)
        )
        usual = (pl.col("g_care").cast(pl.Int128) * 300 // pl.col("g_los")).cast(pl.Int64)
        acute = share(pl.col("early_care"), usual, limits.ratio("splitting.early_course"))
        soon = pl.col("died") & (pl.col("los") <= limits.whole("splitting.week_days"))
        saved = low_gain("p_")
        return hits(
            RULES["SP8"],
            limits,
            found,
            [
                clue(
                    "base",
                    pl.lit(True),
                    "stays.discharge_way",
                    pl.col("institution_id"),
                    pl.col("p_discharged"),
                    "p_stay_id",
                ),
                clue("acute", acute, "charges.amount", yuan("early_care"), yuan(usual)),
                clue("severe", pl.col("severity") == "mcc", "grouped.severity", pl.col("severity")),
                clue("died", soon, "stays.los", pl.col("los")),
                clue(
                    "paid_in_full",
                    pl.col("p_case_class") == "normal",
                    "case_points.case_class",
                    pl.col("p_case_class"),
                    yuan("p_total_cost"),
                    "p_stay_id",
                ),
                *pair_clues(limits),
            ],
            pl.when(saved > 0).then(saved).otherwise(pl.col("p_price")),
            pl.col("stay_id"),
            about="p_",
        )

    def wards() -> Hits:
        near = with_earlier(rows, ["person_id", "institution_id"])
        found = near.filter(
            pl.col("settled")
            & (pl.col("gap") >= 0)
            & other_ward()
            & (same_disease() | carried())
            & plain_pair(limits)
        )
        return hits(
            RULES["SP9"],
            limits,
            found,
            [
                clue(
                    "base",
                    pl.lit(True),
                    "stays.department_id",
                    pl.col("p_department_id"),
                    pl.col("department_id"),
                    "p_stay_id",
                ),
                *pair_clues(limits),
            ],
            pl.min_horizontal("price", "p_price"),
            pl.col("p_stay_id"),
        )

    return {"SP8": unfit, "SP9": wards}
