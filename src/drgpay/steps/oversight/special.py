"""Special review (特例单议, design/07 §5): which stays may ask for it, and where every request stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from drgpay.steps.oversight.catalogue import Limits
from drgpay.units import ONE

Row = dict[str, Any]


CANDIDATE = (
    "stay_id",
    "institution_id",
    "department_id",
    "drg",
    "los",
    "total_cost",
    "price",
    "dx",
    "severity",
    "settled",
)
"""columns of facts candidates are found by"""


def candidates(facts: pl.DataFrame, means: pl.DataFrame, limits: Limits) -> pl.DataFrame:
    """Settled stays that cost more than they were paid and are long, far dearer than their group, or critical with
    many diagnoses: ``stay_id`` … ``gap`` of table ``special_candidates``."""
    dear = pl.col("total_cost") * ONE >= pl.col("g_cost") * limits.ratio("special.cost")
    many = pl.col("dx").str.count_matches("|", literal=True) > limits.whole("special.diagnoses")
    reason = (
        pl.when(pl.col("los") > limits.whole("special.los"))
        .then(pl.lit("long_stay"))
        .when(dear.fill_null(False))
        .then(pl.lit("high_cost"))
        .when((pl.col("severity") == "mcc") & many)
        .then(pl.lit("critical"))
    )
    gap = pl.col("total_cost") - pl.col("price")
    return (
        facts.filter("settled")
        .join(means.select("drg", "g_cost"), on="drg", how="left")
        .with_columns(reason.alias("reason"), gap.alias("gap"), pl.col("price").alias("payment"))
        .filter(pl.col("reason").is_not_null() & (pl.col("gap") > 0))
        .select("stay_id", "institution_id", "department_id", "drg", "reason", "los", "total_cost", "payment", "gap")
    )


def within_quota(found: pl.DataFrame, discharges: Mapping[str, int], quota: int) -> pl.DataFrame:
    """Candidates with their place in the institution, the largest gap first, and whether the quota (1/10,000 of its
    discharges, rounded down) reaches them."""
    allowed = {h: quota * n // ONE for h, n in discharges.items()}
    ordered = found.sort(["institution_id", "gap", "stay_id"], descending=[False, True, False])
    rank = pl.int_range(pl.len()).over("institution_id") + 1
    limit = pl.col("institution_id").replace_strict(allowed, default=0, return_dtype=pl.Int64)
    return ordered.with_columns(rank.cast(pl.Int32).alias("rank"), (rank <= limit).alias("within_quota"))


def special_results(
    requests: Sequence[Row], opinions: Sequence[Row], discharges: Mapping[str, int], quota: int
) -> list[Row]:
    """Rows of ``special_results``. A request without record or bill is incomplete; two experts decide, a third where
    they differ; approvals beyond the institution's quota, in the order of the requests, do not count. The cost
    recognised is the lowest an approving expert names."""
    given: dict[str, list[Row]] = {}
    for opinion in sorted(opinions, key=lambda o: (o["stay_id"], o["number"])):
        given.setdefault(opinion["stay_id"], []).append(opinion)
    used: dict[str, int] = {}
    rows = []
    for number, request in enumerate(sorted(requests, key=lambda r: (r["on"], r["stay_id"])), 1):
        h, its = request["institution_id"], given.get(request["stay_id"], [])
        status, amount = _status(request, its)
        if status == "approved":
            used[h] = used.get(h, 0) + 1
            if used[h] > quota * discharges.get(h, 0) // ONE:
                status, amount = "over_quota", None
        rows.append(
            {"stay_id": request["stay_id"], "institution_id": h, "number": number, "status": status, "amount": amount}
        )
    return rows


def _status(request: Row, opinions: Sequence[Row]) -> tuple[str, int | None]:
    return judged(opinions) if request["record"] and request["bill"] else ("incomplete", None)


def judged(opinions: Sequence[Row], cost: int = 0, apart: int = ONE) -> tuple[str, int | None]:
    """What opinions say together: ``waiting``, ``third_needed``, ``approved`` or ``declined``, and the cost that is
    recognised (fen; None: all of it). Two who approve differ where the costs they name (``cost`` where one names
    none) are more than ``apart`` (1/10,000 of the larger) from each other."""
    votes = [o["opinion"] for o in opinions[:3]]
    if len(votes) < 2:
        return "waiting", None
    if len(votes) == 2 and (votes[0] != votes[1] or _apart(opinions, cost, apart)):
        return "third_needed", None
    if votes.count("approve") < 2:
        return "declined", None
    amounts = [o["amount"] for o in opinions[:3] if o["opinion"] == "approve" and o["amount"] is not None]
    return "approved", min(amounts, default=None)


def _apart(opinions: Sequence[Row], cost: int, apart: int) -> bool:
    low, high = sorted(cost if o["amount"] is None else o["amount"] for o in opinions)
    return opinions[0]["opinion"] == "approve" and (high - low) * ONE > apart * high


def decision_rows(results: Sequence[Row]) -> list[Row]:
    """Rows for the register ``stay_decisions`` that the points read: special reviews approved or declined."""
    return [
        {
            "stay_id": row["stay_id"],
            "institution_id": row["institution_id"],
            "kind": "special",
            "decision": row["status"],
            "number": row["number"],
            "amount": row["amount"],
            "share": None,
            "reason": None,
        }
        for row in results
        if row["status"] in ("approved", "declined")
    ]


def experts(opinions: Sequence[Row]) -> dict[str, str]:
    """Stay → the experts whose opinions decided on its request, in their order."""
    named: dict[str, list[str]] = {}
    for opinion in sorted(opinions, key=lambda o: (o["stay_id"], o["number"])):
        named.setdefault(opinion["stay_id"], []).append(opinion["expert"])
    return {stay: ", ".join(their[:3]) for stay, their in named.items()}
