"""Rankings: places per indicator and level, and how they moved since the period before."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from fractions import Fraction
from typing import Any

from drgpay.steps.evaluation.registry import Registry

Row = dict[str, Any]


def ranks(figures: Iterable[Row], registry: Registry, previous: Iterable[Row] = ()) -> list[Row]:
    """Rows of table ``indicator_ranks``: institutions by indicator and level, the best first, equal values (exact)
    sharing a place. Few cases are listed without a place; indicators of which neither way is better are not ranked.
    ``previous``: rows of the same table of the period before; its place counts where the level is the same."""
    before = {(r["indicator"], r["level"], r["institution_id"]): r["place"] for r in previous}
    pools: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in figures:
        better = registry.indicators[row["indicator"]].better
        if row["scope"] == "institution" and row["value"] is not None and better != "neutral":
            pools[row["indicator"], row["level"]].append(row)
    result = []
    for (indicator, level), pool in sorted(pools.items()):
        sign = -1 if registry.indicators[indicator].better == "higher" else 1
        exact = {r["institution_id"]: sign * Fraction(r["numerator"], r["denominator"]) for r in pool}
        ranked = sorted(exact[r["institution_id"]] for r in pool if not r["small"])
        places = {value: place for place, value in reversed(list(enumerate(ranked, 1)))}
        for row in pool:
            h = row["institution_id"]
            place = None if row["small"] else places[exact[h]]
            old = before.get((indicator, level, h))
            result.append(
                {
                    "year": row["year"],
                    "indicator": indicator,
                    "level": level,
                    "institution_id": h,
                    "value": row["value"],
                    "n": row["n"],
                    "place": place,
                    "of": len(ranked),
                    "previous_place": old,
                    "movement": None if old is None or place is None else old - place,
                }
            )
    return result
