"""Payment modes under several laws: stays and visits by their day, months by their own law (design/04 §7)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from drgpay.engine import Part, codes_in, integers, one_batch
from drgpay.policy import Policy
from drgpay.runs.money import Period
from drgpay.steps import fund, modes, points

Row = dict[str, Any]

_YEAR_KEY = ("insurance_scheme", "institution_id", "setting", "mode", "category")
_NOTHING = (
    "n", "days", "cost", "personal", "actual", "price", "before", "gross", "refused", "due", "paid", "deposit",
)  # fmt: skip


def assign_by_day(
    batch: Any, part: Part, starts: tuple[int, ...], tables: tuple[modes.ModeTables, ...], period: Period
) -> tuple[Any, Any, Any]:
    """``modes.assign_batch`` under several laws: each stay of the year by the tables of its day of discharge, those
    of other years by the last; the rows stay in their order. ``starts``: first days of the laws, days since 1970."""
    place = points.place_of(batch.column("discharge_date"), starts)
    place[integers(batch.column("year")) != period.year] = len(tables) - 1
    pieces = [
        modes.assign_batch(batch.filter(pa.array(place == i)), its, period.year, period.months)
        for i, its in enumerate(tables)
    ]
    ids = batch.column("stay_id")
    found = []
    for tables_of_kind in zip(*pieces, strict=True):
        whole = one_batch(pa.concat_tables(tables_of_kind, promote_options="permissive"))
        order = np.argsort(codes_in(whole.column("stay_id"), ids), kind="stable")
        found.append(whole.take(pa.array(order)))
    return found[0], found[1], found[2]


def outside_points(sums: list[Row], laws: Mapping[int, Policy]) -> list[Row]:
    """What is not paid by points or other areas, by the law of each month."""
    return [
        row
        for row in sums
        if row["mode"] not in ("drg", "out_of_area")
        and not (row["mode"] == "bed_day" and laws[row["month"]].flag("modes.bed_day_in_points"))
    ]


def month_payments(sums: list[Row], laws: Mapping[int, Policy]) -> list[Row]:
    """What the modes pay in every month, by its own law."""
    months = (modes.month_payments([r for r in sums if r["month"] == m], law) for m, law in sorted(laws.items()))
    return sorted((row for rows in months for row in rows), key=_row_key)


def year_payments(months: list[Row], cleared: list[Row], assessed: list[Row]) -> list[Row]:
    """The year of the modes, before any limit, where the clearing computes the stays otherwise than the months did.
    ``months``: what the months paid and held; ``cleared``: rows of months by the law of the clearing. What a month
    paid under a mode that the clearing does not know is recovered."""
    years = modes.year_payments([row | {"paid": 0, "deposit": 0} for row in cleared], assessed)
    by_key = {tuple(row[name] for name in _YEAR_KEY): row for row in years}
    for row in months:
        key = tuple(row[name] for name in _YEAR_KEY)
        if key not in by_key:
            by_key[key] = row | dict.fromkeys(_NOTHING, 0) | {"month": fund.YEAR}
        for name in ("paid", "deposit"):
            by_key[key][name] += row[name]
    return sorted(by_key.values(), key=_row_key)


def _row_key(row: Row) -> tuple[Any, ...]:
    return tuple(row[name] for name in (*_YEAR_KEY[:1], "month", *_YEAR_KEY[1:]))


def pay_visits_by_day(
    visits: Any, heads: Any, tables: modes.Capitation, starts: tuple[int, ...], by_law: tuple[modes.ModeTables, ...]
) -> Any:
    """``modes.pay_visits``, each visit by the law of its day, in their order."""
    place = points.place_of(visits.column("visit_date"), starts)
    pieces = [
        modes.pay_visits(visits.filter(pa.array(place == i)), heads, tables, its) for i, its in enumerate(by_law)
    ]
    whole = one_batch(pa.concat_tables(pieces))
    order = np.argsort(codes_in(whole.column("visit_id"), visits.column("visit_id")), kind="stable")
    return whole.take(pa.array(order))
