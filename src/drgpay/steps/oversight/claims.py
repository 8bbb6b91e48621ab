"""Out-of-area claims of institutions on the watch list (警示名单, seed 004): every one is checked, and listed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from drgpay.steps.oversight.catalogue import Limits
from drgpay.units import ONE

Row = dict[str, Any]
CHECKS = ("over_total", "paid_twice", "dear_claim", "high_fund_share", "as_if_registered")
_SAME = ("direction", "area", "setting", "institution_id", "insurance_scheme", "settled_on", "total_cost",
         "personal_paid", "fund_amount")  # fmt: skip
"""what two settlements of one bill have in common"""


def claims_to_check(claims: Iterable[Row], watched: Sequence[Row], year: int, limits: Limits) -> list[Row]:
    """Rows of ``claim_checks``: every claim of the year of those on the out-of-area watch list (``watched``: rows of
    ``out_of_area_watch``), in its setting, with the checks it does not pass. Claims are compared with all of their
    direction and setting in the year."""
    its = [row for row in claims if row["settled_on"].year == year]
    reasons = {(row["institution_id"], row["setting"]): row["reasons"] for row in watched}
    times = Counter(tuple(row[name] for name in _SAME) for row in its)
    whole: dict[tuple[str, str], list[int]] = {}
    registered: dict[tuple[str, str], list[int]] = {}
    for row in its:
        key = (row["direction"], row["setting"])
        _add(whole, key, (1, row["total_cost"], row["fund_amount"]))
        if row["registered"] or row["referred"]:
            _add(registered, key, (1, row["total_cost"], row["fund_amount"]))
    found = [
        row
        | {
            "reasons": reasons[row["institution_id"], row["setting"]],
            "checks": [c for c, fails in _checks(row, times, whole, registered, limits).items() if fails],
        }
        for row in its
        if (row["institution_id"], row["setting"]) in reasons
    ]
    return sorted(found, key=lambda row: str(row["claim_id"]))


def _add(sums: dict[tuple[str, str], list[int]], key: tuple[str, str], amounts: Sequence[int]) -> None:
    sums[key] = [a + b for a, b in zip(sums.get(key, [0] * len(amounts)), amounts, strict=True)]


def _checks(
    row: Row,
    times: Mapping[tuple[Any, ...], int],
    whole: Mapping[tuple[str, str], list[int]],
    registered: Mapping[tuple[str, str], list[int]],
    limits: Limits,
) -> dict[str, bool]:
    """Check → whether the claim does not pass it."""
    key = (row["direction"], row["setting"])
    n, cost, _ = whole[key]
    _, of_registered, paid_there = registered.get(key, [0, 0, 0])
    total, fund = row["total_cost"], row["fund_amount"]
    unknown = not row["registered"] and not row["referred"]
    return {
        "over_total": row["personal_paid"] + fund > total,
        "paid_twice": times[tuple(row[name] for name in _SAME)] > 1,
        "dear_claim": total * n * ONE > cost * limits.ratio("claims.dear"),
        "high_fund_share": fund * ONE > total * limits.ratio("claims.fund_share"),
        "as_if_registered": unknown and of_registered > 0 and fund * of_registered >= paid_there * total,
    }
