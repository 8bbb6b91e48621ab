"""Coding audit (design/07 §3): whom to look at, how far two coders agree, what is left to an arbiter; how complete
the records are, and whether there are coders enough."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import polars as pl

from drgpay.engine import key_hash
from drgpay.steps.oversight.catalogue import Limits
from drgpay.steps.oversight.facts import FILLED
from drgpay.steps.oversight.hits import HITS
from drgpay.steps.oversight.statistics import kappa, sample_size, stratified
from drgpay.units import ONE, half_up, split

Row = dict[str, Any]
SAMPLED = "=sampled"
"""rows of the audit sample among the hits: ``weight``, ``score``, the stratum as ``signal``, the coder as
``doctor_id``, and the place in the sample as ``amount``"""


STRATA = "=strata"
"""rows beside the sample: stays of a stratum (``signal``) by institution and coder (``doctor_id``), as ``amount``"""
RISK, OTHER = "risk", "other"
"""strata of the sample: stays with a suspicion, and those without"""


def sample(
    facts: pl.DataFrame, scores: pl.DataFrame, limits: Limits, seed: int, shares: Mapping[str, int] | None = None
) -> pl.DataFrame:
    """The settled stays of whole institutions that are to be coded again, with the sizes of their strata.

    Of each institution ``audit.share``, or what its supervision tier says (``shares``, 1/10,000), at least
    ``audit.min_stays``, shared between the strata by what their stays weigh (1 + risk weight × highest score); and of
    each stratum its part of what makes the rate of upcoding known to ± ``audit.half_width``. Within a stratum every
    stay is as likely as the others, in an order only the seed decides. ``weight``: stays each stands for (1/10,000);
    ``scores``: ``stay_id``, ``score``."""
    rows = facts.filter("settled").select("stay_id", "institution_id", "department_id", "coder_id")
    rows = rows.join(scores, on="stay_id", how="left").with_columns(pl.col("score").fill_null(0))
    places = key_hash(rows.select(pl.lit(f"{seed}:") + pl.col("stay_id")).to_series().to_arrow())
    rows = rows.with_columns(
        pl.Series("place", places),
        pl.when(pl.col("score") > 0).then(pl.lit(RISK)).otherwise(pl.lit(OTHER)).alias("signal"),
    ).sort("institution_id", "signal", "place", "stay_id")
    counts = rows.group_by(
        "institution_id", "signal", pl.col("coder_id").alias("doctor_id"), maintain_order=True
    ).agg(pl.len().alias("amount"))
    drawn = []
    for key, its in rows.group_by("institution_id", maintain_order=True):
        share = (shares or {}).get(str(key[0]), limits.ratio("audit.share"))
        for stratum, wanted in _wanted(its, share, limits).items():
            own = its.filter(pl.col("signal") == stratum)
            drawn.append(own.head(wanted).with_columns(pl.lit(half_up(own.height * ONE, wanted)).alias("weight")))
    whole = pl.concat(drawn) if drawn else rows.with_columns(pl.lit(0, pl.Int64).alias("weight"))
    number = (pl.int_range(pl.len()).over("institution_id") + 1).cast(pl.Int64)
    whole = whole.with_columns(
        number.alias("amount"), pl.lit(SAMPLED).alias("rule"), pl.col("coder_id").alias("doctor_id")
    )
    return pl.concat(
        table.select(pl.col(c).cast(t) if c in table.columns else pl.lit(None, t).alias(c) for c, t in HITS.items())
        for table in (whole, counts.with_columns(pl.lit(STRATA).alias("rule")))
    )


def _wanted(its: pl.DataFrame, share: int, limits: Limits) -> dict[str, int]:
    """Stratum → how many of an institution's stays are drawn of it; strata without stays are left out."""
    n = its.height
    sizes = dict(its.group_by("signal").len().sort("signal").rows())
    weighed = (
        its.group_by("signal").agg((ONE + pl.col("score") * limits.whole("audit.risk_weight")).sum()).sort("signal")
    )
    risky = split(min(n, max(limits.whole("audit.min_stays"), -(-n * share // ONE))), dict(weighed.rows()))
    known = sample_size(
        n, limits.ratio("alert.upcoding_rate"), limits.ratio("audit.half_width"), limits.ratio("audit.confidence")
    )
    return {stratum: min(size, max(1, risky[stratum], -(-known * size // n))) for stratum, size in sizes.items()}


def upcoding_rates(
    strata: Iterable[Row], sampled: Iterable[Row], results: Sequence[Row], peers: Iterable[Row], limits: Limits
) -> list[Row]:
    """Rows of ``upcoding_rates`` (高套分组率) of every institution, and of each of its coders where they are known.

    What counts is known: a stay of the sample whose second coding stood (by agreement or by the arbiter) and is paid
    less. The rate of all stays is estimated from that by strata (:func:`~.statistics.stratified`), since risky stays
    are drawn more often. ``strata``, ``sampled``: rows of :data:`STRATA` and of the sample; ``results``: of
    ``audit_results``; ``peers``: ``institution_id``, ``coder_id``, ``observed``, ``expected``, ``ratio``, cheap and
    highly coded stays against what everybody's rates lead one to expect."""
    outcome = {r["stay_id"]: r["outcome"] == "second" and r["difference"] > 0 for r in results
               if r["outcome"] != "arbitrate"}  # fmt: skip
    sizes: dict[tuple[str, str], dict[str, int]] = {}
    for row in strata:
        for coder in {"", row["doctor_id"] or ""}:
            its = sizes.setdefault((row["institution_id"], coder), {})
            its[row["signal"]] = its.get(row["signal"], 0) + row["amount"]
    drawn: dict[tuple[str, str, str], list[str]] = {}
    for row in sampled:
        for coder in {"", row["doctor_id"] or ""}:
            drawn.setdefault((row["institution_id"], coder, row["signal"]), []).append(row["stay_id"])
    standard = {(r["institution_id"], r["coder_id"]): r for r in peers}
    rows = []
    for (h, coder), its in sorted(sizes.items()):
        stays = {s: drawn.get((h, coder, s), []) for s in its}
        known = {s: [outcome[stay] for stay in stays[s] if stay in outcome] for s in its}
        found = stratified(
            [(its[s], len(known[s]), sum(known[s])) for s in sorted(its)], limits.ratio("audit.confidence")
        )
        peer = standard.get((h, coder), {})
        rows.append(
            {
                "institution_id": h,
                "coder_id": coder,
                "n": sum(its.values()),
                "sampled": sum(map(len, stays.values())),
                "audited": sum(map(len, known.values())),
                "confirmed": sum(map(sum, known.values())),
                "estimate": found.share if found else None,
                "low": found.low if found else None,
                "high": found.high if found else None,
                "observed": peer.get("observed", 0),
                "expected": peer.get("expected", 0),
                "ratio": peer.get("ratio"),
            }
        )
    return rows


def shares_of(sampling: Mapping[str, int], watched: Collection[str], limits: Limits) -> dict[str, int]:
    """Institution → share of its stays to be checked (1/10,000), where it is not ``audit.share``: what its
    supervision tier says (``sampling``), and at least ``audit.watched`` for one on the out-of-area watch list
    (警示名单, seed 004)."""
    least = limits.ratio("audit.watched")
    own = {h: max(sampling.get(h, limits.ratio("audit.share")), least) for h in watched}
    return dict(sampling) | own


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


def record_quality(cells: pl.DataFrame, results: Sequence[Row], billed: Sequence[Row] = ()) -> list[Row]:
    """Rows of ``record_quality``: fields filled of those required, audited stays whose first coding stood, and stays
    whose codes are not at odds with the bill (``billed``: rows of ``bill_rates``)."""
    agree = {row["institution_id"]: ONE - row["share"] for row in billed if row["coder_id"] == ""}
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
        told = [part for part in (complete, accurate, agree.get(h)) if part is not None]
        rows.append(
            {
                "institution_id": h,
                "n": n,
                "filled": complete,
                "accurate": accurate,
                "against_bill": agree.get(h),
                "score": half_up(sum(told), len(told)),
            }
        )
    return rows


def coder_staffing(coders: Sequence[Row], limits: Limits) -> list[Row]:
    """Rows of ``coder_staffing``: one coder for every ``audit.beds_per_coder`` beds begun (seed 003)."""
    rows = []
    for row in coders:
        required = -(-row["beds"] // limits.whole("audit.beds_per_coder"))
        rows.append(row | {"required": required, "missing": max(0, required - row["coders"])})
    return rows
