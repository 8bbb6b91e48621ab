"""Volume-based procurement (带量采购, 4+7): advance and reward (design/06)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from drgpay.errors import DrgpayError, Kind
from drgpay.policy import Policy, needed
from drgpay.tables import PROCUREMENT
from drgpay.units import ONE, half_up

Row = dict[str, Any]


def procurement_payments(agreements: Iterable[Row], year: int, policy: Policy) -> list[Row]:
    """Rows of table ``procurement_payments`` of a year.

    Advance = agreed volume × price × ``procurement.advance_share``; reward = savings × ``procurement.reward_share``,
    both rounded half up once per agreement. Savings = (price before − price) × volume used, where the agreed volume
    is met; an agreement whose use is not known yet saves nothing. A price above the one before is a DATA failure. The
    cut is 0 here; :func:`~.payments.limit` makes it.
    """
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
        sums["reward"] += half_up(savings * int(needed(reward, "procurement.reward_share")), ONE)
        sums["cut"] += 0
    names = ("insurance_scheme", "institution_id")
    return [dict(zip(names, key, strict=True)) | dict(sums) for key, sums in sorted(total.items())]
