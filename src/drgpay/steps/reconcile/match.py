"""Which line of a return is which own stay: by settlement id, by record number and dates, by record number alone."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

OWN = ("stay_id", "record_number", "admission_date", "discharge_date", "drg", "case_class", "weight", "points",
       "coefficient", "total_cost", "payment")  # fmt: skip
"""columns of own stays; what is not known is null"""

_NONE = pl.lit("", pl.String)


def matched(theirs: pl.DataFrame, ours: pl.DataFrame) -> pl.DataFrame:
    """Lines and stays side by side.

    ``theirs``: rows of ``returned`` with ``line``; ``ours``: the columns of :data:`OWN`. Columns of a line get the
    prefix ``t_``, those of a stay ``o_``; ``matched_by`` says by what they were brought together ("" where not) and
    ``state`` refund, repeated or "". Pairs of a charge and its refund are taken out first: the same record or
    settlement, the same day where given, the same amount with the other sign. A key that several lines or several
    stays bear matches nobody: the lines are repeated.
    """
    t = _refunds(theirs.rename(lambda name: f"t_{name}"))
    o = ours.rename(lambda name: f"o_{name}")
    open_lines, done = t.filter(pl.col("state") == ""), []
    tries: Sequence[tuple[str, list[str], list[str]]] = (
        ("settlement_id", ["t_settlement_id"], ["o_stay_id"]),
        ("record_and_dates", ["t_record_number", "t_discharge_date"], ["o_record_number", "o_discharge_date"]),
        ("record_and_dates", ["t_record_number", "t_admission_date"], ["o_record_number", "o_admission_date"]),
        ("record_and_dates", ["t_record_number", "t_discharge_date"], ["o_stay_id", "o_discharge_date"]),
        ("record_number", ["t_record_number"], ["o_record_number"]),
        ("record_number", ["t_record_number"], ["o_stay_id"]),
    )
    left = o
    for how, mine, yours in tries:
        pairs = _unique(open_lines, mine, how).join(
            _unique(left, yours, how), left_on=mine, right_on=yours, how="inner", coalesce=False
        )
        if how == "record_number" and pairs.height:  # dates that contradict are another stay of the person
            same = pl.col("t_discharge_date").is_null() | pl.col("o_discharge_date").is_null()
            pairs = pairs.filter(same | (pl.col("t_discharge_date") == pl.col("o_discharge_date")))
        done.append(pairs.with_columns(matched_by=pl.lit(how)))
        open_lines = open_lines.join(pairs.select("t_line"), "t_line", how="anti")
        left = left.join(pairs.select("o_stay_id"), "o_stay_id", how="anti")
    together = pl.concat(done, how="diagonal")
    open_lines = _repeats(open_lines, together)
    refunds = t.filter(pl.col("state") == "refund")
    rest = pl.concat([together, open_lines, refunds, left], how="diagonal")
    return rest.with_columns(pl.col("matched_by", "state").fill_null("")).sort(
        pl.col("t_line").fill_null(2**62), "o_stay_id"
    )


def _unique(rows: pl.DataFrame, keys: list[str], how: str) -> pl.DataFrame:
    """Rows whose key is there and borne by nobody else."""
    whole = rows.filter(pl.all_horizontal(pl.col(keys).is_not_null()) & (pl.col(keys[0]) != ""))
    return whole.filter(pl.len().over(keys) == 1)


def _refunds(t: pl.DataFrame) -> pl.DataFrame:
    """``state`` refund for every pair of amounts that cancel each other."""
    amount = pl.coalesce("t_total_cost", "t_payment")
    key = [
        pl.coalesce(pl.col("t_record_number").replace("", None), "t_settlement_id").fill_null("").alias("_who"),
        pl.coalesce("t_discharge_date", "t_admission_date").alias("_day"),
        amount.abs().alias("_amount"),
    ]
    sides = t.with_columns(*key, _sign=amount.fill_null(0).sign())
    by = ["_who", "_day", "_amount"]
    counted = sides.with_columns(
        _plus=(pl.col("_sign") > 0).sum().over(by),
        _minus=(pl.col("_sign") < 0).sum().over(by),
        _rank=pl.int_range(pl.len()).over([*by, "_sign"]),
    )
    pairs = pl.min_horizontal("_plus", "_minus")
    paired = (pl.col("_who") != "") & (pl.col("_sign") != 0) & (pl.col("_rank") < pairs)
    return counted.with_columns(state=pl.when(paired).then(pl.lit("refund")).otherwise(_NONE)).drop(
        "_who", "_day", "_amount", "_sign", "_plus", "_minus", "_rank"
    )


def _repeats(lines: pl.DataFrame, together: pl.DataFrame) -> pl.DataFrame:
    """Lines left over whose settlement or record and day another line bears too."""
    every = pl.concat([lines, together.select(lines.columns)])
    sid = pl.col("t_settlement_id")
    record = [pl.col("t_record_number"), pl.col("t_discharge_date")]
    again = every.filter(
        ((sid != "") & (pl.len().over("t_settlement_id") > 1))
        | ((record[0] != "") & record[1].is_not_null() & (pl.len().over("t_record_number", "t_discharge_date") > 1))
    )
    return lines.with_columns(
        state=pl.when(pl.col("t_line").is_in(again["t_line"].implode())).then(pl.lit("repeated")).otherwise(_NONE)
    )
