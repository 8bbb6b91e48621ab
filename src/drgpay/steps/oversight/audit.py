"""Coding audit (design/07 §3): whom to look at, how far two coders agree, what is left to an arbiter; how complete
the records are, and whether there are coders enough."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from drgpay.engine import key_hash
from drgpay.steps.oversight.catalogue import Limits
from drgpay.steps.oversight.facts import FILLED
from drgpay.steps.oversight.hits import HITS
from drgpay.steps.oversight.statistics import kappa
from drgpay.units import ONE, half_up

Row = dict[str, Any]
SAMPLED = "=sampled"
"""rows of the audit sample among the hits: ``weight``, ``score``, and the place in the sample as ``amount``"""


def sample(
    facts: pl.DataFrame, scores: pl.DataFrame, limits: Limits, seed: int, shares: Mapping[str, int] | None = None
) -> pl.DataFrame:
    """The settled stays of whole institutions that are to be coded again: of each institution ``audit.share``, or
    what its supervision tier says (``shares``, 1/10,000), at least ``audit.min_stays``, drawn one by one at even
    steps along its stays laid end to end, each as long as its weight (1 + risk weight × highest score), in an order
    only the seed decides. ``scores``: ``stay_id``, ``score``."""
    rows = facts.filter("settled").select("stay_id", "institution_id", "department_id")
    rows = rows.join(scores, on="stay_id", how="left").with_columns(pl.col("score").fill_null(0))
    places = key_hash(rows.select(pl.lit(f"{seed}:") + pl.col("stay_id")).to_series().to_arrow())
    rows = rows.with_columns(pl.Series("place", places)).sort("institution_id", "place", "stay_id")
    drawn = []
    for key, its in rows.group_by("institution_id", maintain_order=True):
        weight = ONE + its["score"].to_numpy().astype(np.int64) * limits.whole("audit.risk_weight")
        share = (shares or {}).get(str(key[0]), limits.ratio("audit.share"))
        wanted = max(limits.whole("audit.min_stays"), -(-its.height * share // ONE))
        wanted = min(wanted, its.height)
        ends = np.cumsum(weight)
        start = int(key_hash(pa.array([f"{seed}:{key[0]}"]))[0])
        # step = total ÷ wanted; the marks are start + i × step, all times wanted so that nothing is rounded
        marks = (start % int(ends[-1]) + np.arange(wanted, dtype=np.int64) * int(ends[-1])) // wanted
        found = np.unique(np.searchsorted(ends, marks, side="right"))
        drawn.append(its[found].with_columns(pl.Series("weight", weight[found])))
    whole = pl.concat(drawn) if drawn else rows.with_columns(pl.lit(0, pl.Int64).alias("weight"))
    number = (pl.int_range(pl.len()).over("institution_id") + 1).cast(pl.Int64)
    whole = whole.with_columns(number.alias("amount"), pl.lit(SAMPLED).alias("rule"))
    return whole.select(
        pl.col(c).cast(t) if c in whole.columns else pl.lit(None, t).alias(c) for c, t in HITS.items()
    )


def shares_of(sampling: Mapping[str, int], watched: Collection[str], limits: Limits) -> dict[str, int]:
    """Institution → share of its stays to be checked (1/10,000), where it is not ``audit.share``: what its
    supervision tier says (``sampling``), and at least ``audit.watched`` for one on the out-of-area watch list
    (警示名单, seed 004)."""
    least = limits.ratio("audit.watched")
    own = {h: max(sampling.get(h, limits.ratio("audit.share")), least) for h in watched}
    return dict(sampling) | own


def claims_to_check(claims: Iterable[Row], watched: Sequence[Row], year: int) -> list[Row]:
    """Rows of ``claim_checks``: every claim of the year of those on the out-of-area watch list (``watched``: rows of
    ``out_of_area_watch``), in its setting."""
    reasons = {(row["institution_id"], row["setting"]): row["reasons"] for row in watched}
    its = (row for row in claims if row["settled_on"].year == year)
    found = [
        row | {"reasons": reasons[row["institution_id"], row["setting"]]}
        for row in its
        if (row["institution_id"], row["setting"]) in reasons
    ]
    return sorted(found, key=lambda row: str(row["claim_id"]))


def audit_results(
    first: Mapping[str, Row], second: Mapping[str, Row], upheld: Mapping[str, str]
) -> tuple[list[Row], list[Row]]:
    """Rows of ``audit_results`` and ``audit_agreement``. ``first``, ``second``: stay → ``institution_id``, ``dx1``,
    ``drg``, ``price`` under each coding; ``upheld``: arbiters' decisions by stay."""
    results = []
    for stay, again in sorted(second.items()):
        own = first[stay]
        agrees = own["drg"] == again["drg"]
        outcome = "agreed" if agrees and own["dx1"] == again["dx1"] else upheld.get(stay, "arbitrate")
        results.append(
            {
                "stay_id": stay,
                "institution_id": own["institution_id"],
                "first_drg": own["drg"],
                "second_drg": again["drg"],
                "principal_agrees": own["dx1"] == again["dx1"],
                "group_agrees": agrees,
                "difference": own["price"] - again["price"],
                "outcome": outcome,
            }
        )
    scopes: dict[str, list[tuple[str, str]]] = {"all": []} if results else {}
    for row in results:
        pair = (row["first_drg"], row["second_drg"])
        scopes["all"].append(pair)
        scopes.setdefault(row["institution_id"], []).append(pair)
    agreement = []
    for scope, pairs in scopes.items():
        found = kappa(pairs)
        agreement.append(
            {
                "scope": scope,
                "n": found.n,
                "agreed": found.agreed,
                "kappa": found.kappa,
                "low": found.low,
                "high": found.high,
            }
        )
    return results, agreement


def record_quality(cells: pl.DataFrame, results: Sequence[Row]) -> list[Row]:
    """Rows of ``record_quality``: fields filled of those required, and audited stays whose first coding stood."""
    stood: dict[str, list[bool]] = {}
    for row in results:
        if row["outcome"] != "arbitrate":
            stood.setdefault(row["institution_id"], []).append(row["outcome"] in ("agreed", "first"))
    rows = []
    for h, n, filled in (
        cells.group_by("institution_id").agg(pl.col("n", "filled").sum()).sort("institution_id").rows()
    ):
        complete = half_up(filled * ONE, n * FILLED)
        audited = stood.get(h)
        accurate = half_up(sum(audited) * ONE, len(audited)) if audited else None
        score = complete if accurate is None else half_up(complete + accurate, 2)
        rows.append({"institution_id": h, "n": n, "filled": complete, "accurate": accurate, "score": score})
    return rows


def coder_staffing(coders: Sequence[Row], limits: Limits) -> list[Row]:
    """Rows of ``coder_staffing``: one coder for every ``audit.beds_per_coder`` beds begun (seed 003)."""
    rows = []
    for row in coders:
        required = -(-row["beds"] // limits.whole("audit.beds_per_coder"))
        rows.append(row | {"required": required, "missing": max(0, required - row["coders"])})
    return rows
