"""Volume-based procurement (带量采购, 4+7): advance, reward, and what a missed volume costs (design/06; seed 002)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from drgpay.errors import DrgpayError, Kind
from drgpay.policy import Policy, needed
from drgpay.tables import PROCUREMENT
from drgpay.units import ONE, half_up

Row = dict[str, Any]


def missed(agreements: Iterable[Row], year: int) -> frozenset[tuple[str, str]]:
    """(insurance scheme, institution) of those that used less than they had agreed in a year; an agreement whose use
    is not known is not missed."""
    return frozenset(
        (row["insurance_scheme"], row["institution_id"])
        for row in agreements
        if row["year"] == year and row["used_volume"] is not None and row["used_volume"] < row["agreed_volume"]
    )


def procurement_payments(agreements: Sequence[Row], year: int, policy: Policy) -> list[Row]:
    """Rows of table ``procurement_payments`` of a year.

    Advance = agreed volume × price × ``procurement.advance_share``; reward = savings × ``procurement.reward_share``,
    both rounded half up once per agreement. Savings = (price before − price) × volume used, where the agreed volume
    is met; an agreement whose use is not known yet saves nothing. Where one is missed, all rewards of the institution
    are lost if ``procurement.missed_loses`` says so, and ``procurement.penalty_share`` of the missing volume × price,
    half up once per agreement, is taken. A price above the one before is a DATA failure. The cut is 0 here;
    :func:`~.payments.limit` makes it.
    """
    loses_all = policy.choice_or_none("procurement.missed_loses") == "all"
    penalty = policy.ratio_or_none("procurement.penalty_share") or 0
    short = missed(agreements, year)
    share, reward = (
        policy.ratio_or_none("procurement.advance_share"),
        policy.ratio_or_none("procurement.reward_share"),
    )
    total: dict[tuple[str, str], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in agreements:
        if row["year"] != year:
            continue
        if row["price"] > row["price_before"]:
            raise DrgpayError(
                Kind.DATA, zh="中选价高于原采购价", en="the price is above the one before", file=PROCUREMENT.name,
                field=f"{row['institution_id']}/{row['drug_id']}", value=row["price"],
                fix_zh="核对两个价格", fix_en="check both prices",
            )  # fmt: skip
        sums = total[row["insurance_scheme"], row["institution_id"]]
        agreed, used = row["agreed_volume"] * row["price"], row["used_volume"]
        met = used is not None and used >= row["agreed_volume"]
        savings = (row["price_before"] - row["price"]) * used if met else 0
        sums["agreed"] += agreed
        sums["advance"] += half_up(agreed * int(needed(share, "procurement.advance_share")), ONE)
        sums["savings"] += savings
        earned = half_up(savings * int(needed(reward, "procurement.reward_share")), ONE)
        lost = loses_all and (row["insurance_scheme"], row["institution_id"]) in short
        missing = max(row["agreed_volume"] - used, 0) * row["price"] if used is not None else 0
        sums["missed"] += missing
        sums["lost"] += earned if lost else 0
        sums["reward"] += 0 if lost else earned
        sums["penalty"] += half_up(missing * penalty, ONE)
        sums["cut"] += 0
    names = ("insurance_scheme", "institution_id")
    return [dict(zip(names, key, strict=True)) | dict(sums) for key, sums in sorted(total.items())]
