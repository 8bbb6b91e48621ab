"""What the sealed months of a book left for its clearing, and what is held of an institution's payments
(design/12 §5)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl

from drgpay.errors import DrgpayError, Kind
from drgpay.steps import settlement
from drgpay.tables import PAYMENT_HOLDS

Row = dict[str, Any]
Key = tuple[str, str]
"""insurance scheme, institution"""


@dataclass(frozen=True)
class Booked:
    """What the sealed months of a book left for its clearing: rows of their ``pools`` and ``institution_months``;
    ``amounts``: what was paid, held as deposit and refused in all of them, by institution; ``held``: (insurance
    scheme, institution) → payments of months that are still held, fen; ``holds``: what is held on the day of the
    clearing."""

    pools: list[Row]
    months: list[Row]
    amounts: list[Row]
    held: Mapping[Key, int]
    holds: settlement.Holds

    def dealings(self, scheme: str) -> dict[str, Any]:
        """What a clearing holds of an insurance scheme's payments, by institution: ``held`` of the months,
        ``disputed`` of all (None: everything)."""
        there = {h for s, h in self.holds.amounts if s == scheme} | self.holds.all
        return {
            "held": {h: amount for (s, h), amount in self.held.items() if s == scheme},
            "disputed": {h: self.holds.of_clearing(scheme, h) for h in sorted(there)},
        }


def holds_of(rows: pl.DataFrame, year: int, last_day: date, day: date) -> settlement.Holds:
    """What is held on a day, by rows of the register ``payment_holds``: of payments of months up to ``last_day``, and
    of all payments of the year. DATA for an amount without its year, insurance scheme or sum."""
    rows = rows.filter(
        (pl.col("from_date") <= day) & (pl.col("released_on").is_null() | (pl.col("released_on") > day))
    )
    kind = pl.col("holds").cast(pl.String).fill_null(settlement.MONTHS)
    amounts: dict[Key, int] = defaultdict(int)
    for row in rows.filter(kind == settlement.AMOUNT).sort("hold_id").to_dicts():
        lacks = next((name for name in ("year", "insurance_scheme", "amount") if row[name] is None), None)
        if lacks is not None:
            raise DrgpayError(
                Kind.DATA, zh=f"按金额暂缓须写明{PAYMENT_HOLDS[lacks].zh}", en=f"a hold of an amount needs {lacks}",
                file=PAYMENT_HOLDS.name, field=lacks, value=row["hold_id"],
                fix_zh="填上这一列,或把暂缓范围改为各月拨付",
                fix_en="fill the column in, or write months as what is held",
            )  # fmt: skip
        if row["year"] == year:
            amounts[row["insurance_scheme"], row["institution_id"]] += row["amount"]
    return settlement.Holds(
        frozenset(rows.filter((kind == settlement.MONTHS) & (pl.col("from_date") <= last_day))["institution_id"]),
        frozenset(rows.filter(kind == settlement.ALL)["institution_id"]),
        amounts,
    )
