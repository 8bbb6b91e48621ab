"""From candidates to suspicions: every sign that holds adds its weight and leaves a row of evidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from drgpay.steps.oversight.catalogue import Limits, Rule
from drgpay.units import ONE

HITS: dict[str, Any] = {
    "rule": pl.String,
    "stay_id": pl.String,
    "related": pl.String,
    "institution_id": pl.String,
    "department_id": pl.String,
    "doctor_id": pl.String,
    "insurance_scheme": pl.String,
    "person_id": pl.String,
    "month": pl.Int8,
    "score": pl.Int64,
    "amount": pl.Int64,
    "pay": pl.Int64,
    "signal": pl.String,
    "weight": pl.Int64,
    "record": pl.String,
    "field": pl.String,
    "value": pl.String,
    "expected": pl.String,
}
"""a row of evidence with the suspicion it belongs to. ``pay``: what the fund pays for the stay; ``signal``: a sign of
the rule, or ``base``"""
WHOSE = ("stay_id", "institution_id", "department_id", "doctor_id", "insurance_scheme", "month", "pay")
"""columns that say whose case it is, beside the person"""


CLUSTERED, CROWDED, RARE = "clustered", "crowded", "rare"
"""the signs that an institution has more leads of a kind than its size explains, far more, or far fewer"""


@dataclass(frozen=True)
class Clue:
    """One row of evidence: when it holds, what stands in which record and field, and what that is compared with."""

    signal: str
    holds: pl.Expr
    field: str
    value: pl.Expr
    expected: pl.Expr
    record: pl.Expr


def clue(
    signal: str,
    holds: pl.Expr,
    field: str,
    value: pl.Expr | str,
    expected: pl.Expr | str = "",
    record: str | pl.Expr = "stay_id",
) -> Clue:
    """A :class:`Clue`; a text stands for itself, ``record`` names a column."""

    def text(x: pl.Expr | str) -> pl.Expr:
        return pl.lit(x) if isinstance(x, str) else x.cast(pl.String)

    return Clue(
        signal, holds, field, text(value), text(expected), pl.col(record) if isinstance(record, str) else record
    )


def yuan(column: str | pl.Expr) -> pl.Expr:
    """Fen as yuan with two decimals."""
    fen = pl.col(column) if isinstance(column, str) else column
    cents = (fen.abs() % 100).cast(pl.String).str.zfill(2)
    return pl.when(fen < 0).then(pl.lit("-")).otherwise(pl.lit("")) + (fen.abs() // 100).cast(pl.String) + "." + cents


def none_found() -> pl.DataFrame:
    """No hit."""
    return pl.DataFrame(schema=HITS)


def hits(
    rule: Rule,
    limits: Limits,
    rows: pl.DataFrame,
    clues: Sequence[Clue],
    amount: pl.Expr,
    related: pl.Expr | None = None,
    about: str = "",
) -> pl.DataFrame:
    """Suspicions of a rule from its candidates, as rows of :data:`HITS`, one for each clue that holds.

    A rule whose suspicions may gather in few institutions (sign :data:`CLUSTERED`) gives those too that the gathering
    would lift over the limit; see :func:`~.clusters.clustered`.

    ``rows``: candidates with the columns of facts; ``clues``: of those of ``base`` one must hold for every candidate,
    the others are signs; those the rule does not name are passed over. A sign counts once, however many clues show
    it. Null is no. ``about``: what the columns of the stay in question begin with.
    """
    clues = [one for one in clues if one.signal == "base" or one.signal in rule.signals]
    if rows.height == 0:
        return none_found()
    held: dict[str, pl.Expr] = {}
    for one in clues:
        if one.signal != "base":
            sign = one.holds.fill_null(False)
            held[one.signal] = held[one.signal] | sign if one.signal in held else sign
    total = sum(
        (pl.when(x).then(rule.signals[name].weight).otherwise(0) for name, x in held.items()), pl.lit(rule.base)
    )
    score = total.cast(pl.Int64).clip(0, ONE)
    rows = rows.with_columns(
        score.alias("score"),
        amount.cast(pl.Int64).fill_null(0).clip(0).alias("amount"),
        (pl.lit("") if related is None else related.fill_null("")).alias("related"),
    ).filter(
        pl.col("score")
        >= limits.least(rule)
        - sum(rule.signals[name].weight for name in (CLUSTERED, CROWDED) if name in rule.signals)
    )
    if rows.height == 0:
        return none_found()
    found: list[pl.DataFrame] = []
    earlier: dict[str, pl.Expr] = {}
    for one in clues:
        own = rule.base if one.signal == "base" else rule.signals[one.signal].weight
        holds = one.holds.fill_null(False)
        before = earlier.get(one.signal)
        weight = pl.lit(own) if before is None else pl.when(before).then(0).otherwise(own)
        earlier[one.signal] = holds if before is None else before | holds
        shown = rows.with_columns(weight.cast(pl.Int64).alias("weight")).filter(holds)
        found.append(
            shown.select(
                pl.lit(rule.id).alias("rule"),
                *(
                    pl.col(f"{about}{name}").alias(name)
                    if f"{about}{name}" in rows.columns
                    else pl.lit(None).alias(name)
                    for name in WHOSE
                ),
                "person_id",
                "score",
                "amount",
                "related",
                pl.lit(one.signal).alias("signal"),
                "weight",
                one.record.alias("record"),
                pl.lit(one.field).alias("field"),
                one.value.alias("value"),
                one.expected.alias("expected"),
            ).select(pl.col(name).cast(kind) for name, kind in HITS.items())
        )
    return pl.concat(found)
