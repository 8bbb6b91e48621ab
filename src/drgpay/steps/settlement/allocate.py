"""Sharing a pool among institutions, and an institution's payment among its stays, to the fen (design/04 §2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from drgpay.engine import codes_in, frame, integers
from drgpay.tables import SCHEMES, STAY_PAYMENTS
from drgpay.units import split, split_groups


def share_pool(fund: int, points: Mapping[str, int], patients: Mapping[str, int]) -> dict[str, int]:
    """Fund payment of every institution from a pool, adding up to ``fund`` when anybody has points, else all zero.

    ``patients``: patients' payments counted in the pool (basis ``total``), empty on basis ``fund``. An institution
    whose patients already paid more than its points are worth gets nothing; its surplus over the pool is not taken
    from it, and the others share the fund among themselves.
    """
    active = {h: p for h, p in points.items() if p > 0}
    due = dict.fromkeys(points, 0)
    while active:
        shares = split(fund + sum(patients.get(h, 0) for h in active), active)
        trial = {h: shares[h] - patients.get(h, 0) for h in active}
        if min(trial.values()) >= 0:
            return due | trial
        active = {h: p for h, p in active.items() if trial[h] >= 0}
    return due


def pay_by_rate(points: Mapping[str, int], patients: Mapping[str, int]) -> dict[str, int]:
    """Fund payment of every institution under the rate method: the sum of its stays' payments (points are fen then)
    less what its patients paid, at least nothing. The pool does not limit it. Source: design/03 §5."""
    return {h: max(paid - patients.get(h, 0), 0) for h, paid in points.items()}


@dataclass(frozen=True)
class Dues:
    """Institutions' shares of the pools, refused stays included, as an array ``[institution, insurance scheme,
    month]``, month 0 being the year."""

    institutions: Any
    amounts: npt.NDArray[np.int64]
    with_patients: bool
    with_year: bool


def dues_of(
    institutions: list[str], dues: Mapping[tuple[str, str, int], int], *, with_patients: bool, with_year: bool
) -> Dues:
    """``dues``: (insurance scheme, institution, month) → fen."""
    place = {h: i for i, h in enumerate(institutions)}
    amounts = np.zeros((len(institutions), len(SCHEMES), 13), np.int64)
    for (scheme, institution, month), amount in dues.items():
        amounts[place[institution], SCHEMES.index(scheme), month] = amount
    return Dues(pa.array(institutions, pa.string()), amounts, with_patients, with_year)


ORDER = ("institution_id", "insurance_scheme", "month", "stay_id")
"""order of the rows a batch must have; it also breaks ties"""

SCANNED = (*ORDER, "department_id", "drg", "case_class", "points", "personal_paid")


def stay_payments(batch: Any, dues: Dues) -> Any:
    """Table ``stay_payments`` from case points sorted by :data:`ORDER`, whole institutions at a time.

    A stay's payment is its share, by points, of the institution's due plus, on basis ``total``, the patients'
    payments of the same stays, less what its own patient paid: it may be negative, the institution's sum never is.
    A refused stay is paid nothing: its share, of either sign, is what the fund takes back (or bears), and no other
    stay's payment moves. Only where what is left would be negative are all of them paid nothing (design/03 §4).
    """
    if batch.num_rows == 0:
        return STAY_PAYMENTS.schema.empty_table()
    institution = codes_in(batch.column("institution_id"), dues.institutions)
    scheme = codes_in(batch.column("insurance_scheme"), pa.array(SCHEMES))
    month, points = integers(batch.column("month")), integers(batch.column("points"))
    personal = integers(batch.column("personal_paid"))
    pair = institution * len(SCHEMES) + scheme
    refused = codes_in(batch.column("case_class"), pa.array(["excluded"])) == 0
    amounts = dues.amounts.reshape(-1)
    by_month = _allocate(pair * 13 + month, amounts, points, personal, refused, dues.with_patients)
    columns = dict(zip(("month_due", "month_refused"), map(pa.array, by_month), strict=True))
    if dues.with_year:
        by_year = _allocate(pair * 13, amounts, points, personal, refused, dues.with_patients)
        columns |= dict(zip(("year_due", "year_refused"), map(pa.array, by_year), strict=True))
    else:
        columns |= dict.fromkeys(("year_due", "year_refused"), pa.nulls(len(points), pa.int64()))
    names = STAY_PAYMENTS.names
    return pa.table({n: columns.get(n, batch.column(n) if n not in columns else None) for n in names}).cast(
        STAY_PAYMENTS.schema
    )


def stay_payments_by_law(cleared: Any, in_months: Any, dues: Dues) -> Any:
    """Table ``stay_payments`` where the months paid by other points than the clearing has: shares of the months' dues
    by ``in_months``, of the year's by ``cleared``, both case points as :func:`stay_payments` takes them. A stay that
    only one of the two knows gets nothing from the other."""
    whole, single = dues.amounts.copy(), dues.amounts.copy()
    whole[:, :, 1:], single[:, :, 0] = 0, 0
    year = frame(stay_payments(cleared, replace(dues, amounts=whole)))
    month = frame(stay_payments(in_months, replace(dues, amounts=single)))
    key = ["institution_id", "insurance_scheme", "month", "stay_id"]
    of_month, of_year = ["month_due", "month_refused"], ["year_due", "year_refused"]
    both = year.drop(of_month).join(month.drop(of_year), on=key, how="full", coalesce=True, suffix="_of_month")
    handed_on = [n for n in year.columns if n not in (*key, *of_month, *of_year)]
    rows = both.with_columns(
        *(pl.coalesce(n, f"{n}_of_month") for n in handed_on), pl.col(*of_month, *of_year).fill_null(0)
    )
    return rows.select(STAY_PAYMENTS.names).sort(key).to_arrow().cast(STAY_PAYMENTS.schema)


PAID_BEFORE = (*ORDER, "department_id", "drg", "month_due", "month_refused")
"""columns of the stays' payments of sealed months"""


def stay_payments_of_book(cleared: Any, sealed: Any, dues: Dues) -> Any:
    """Table ``stay_payments`` of a clearing of a book: shares of the year's dues by the case points ``cleared``, and
    what the sealed months paid, as they paid it (:data:`PAID_BEFORE`). A stay withdrawn since stays with 0 for the
    year."""
    whole = dues.amounts.copy()
    whole[:, :, 1:] = 0
    year, before = frame(stay_payments(cleared, replace(dues, amounts=whole))), frame(sealed)
    key, own = ["institution_id", "insurance_scheme", "month", "stay_id"], ["month_due", "month_refused"]
    both = year.drop(own).join(before, on=key, how="full", coalesce=True, suffix="_before")
    rows = both.with_columns(
        *(pl.coalesce(n, f"{n}_before") for n in ("department_id", "drg")),
        pl.col(*own, "year_due", "year_refused").fill_null(0),
    )
    return rows.select(STAY_PAYMENTS.names).sort(key).to_arrow().cast(STAY_PAYMENTS.schema)


def _allocate(
    key: npt.NDArray[np.int64],
    amounts: npt.NDArray[np.int64],
    points: npt.NDArray[np.int64],
    personal: npt.NDArray[np.int64],
    refused: npt.NDArray[np.bool_],
    with_patients: bool,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """What every stay is paid, and what of its share the fund takes back."""
    starts = np.flatnonzero(np.append(True, key[1:] != key[:-1]))
    totals = amounts[key[starts]]
    if with_patients:
        counted = totals > 0
        totals = totals + np.where(counted, np.add.reduceat(personal, starts), 0)
        sizes = np.diff(np.append(starts, len(key)))
        shares = split_groups(starts, totals, points) - np.where(np.repeat(counted, sizes), personal, 0)
    else:
        shares = split_groups(starts, totals, points)
    if not refused.any():
        return shares, np.zeros_like(shares)
    paid = np.where(refused, 0, shares)
    left = np.add.reduceat(paid, starts)
    if (left < 0).any():
        paid = np.where(np.repeat(left < 0, np.diff(np.append(starts, len(key)))), 0, paid)
    return paid, shares - paid


Refused = Mapping[tuple[str, str, int], int]
"""(insurance scheme, institution, month; 0 = year) → what of its share the fund takes back, fen; negative: bears"""


def refused_shares(rows: pl.DataFrame) -> dict[tuple[str, str, int], int]:
    """:data:`Refused` of the rows of table ``stay_payments`` of the institutions that have refused stays."""
    by = ["insurance_scheme", "institution_id", "month"]
    months = rows.group_by(by).agg(pl.col("month_refused").sum())
    years = rows.group_by(by[:2]).agg(pl.col("year_refused").sum())
    found = {(s, h, m): amount for s, h, m, amount in months.select(*by, "month_refused").rows()}
    return found | {(s, h, 0): amount for s, h, amount in years.select(*by[:2], "year_refused").rows()}
