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
    """Institutions' dues as an array ``[institution, insurance scheme, month]``, month 0 being the year."""

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

SCANNED = (*ORDER, "department_id", "drg", "points", "personal_paid")


def stay_payments(batch: Any, dues: Dues) -> Any:
    """Table ``stay_payments`` from case points sorted by :data:`ORDER`, whole institutions at a time.

    A stay's payment is its share, by points, of the institution's due plus, on basis ``total``, the patients'
    payments of the same stays, less what its own patient paid: it may be negative, the institution's sum never is.
    """
    if batch.num_rows == 0:
        return STAY_PAYMENTS.schema.empty_table()
    institution = codes_in(batch.column("institution_id"), dues.institutions)
    scheme = codes_in(batch.column("insurance_scheme"), pa.array(SCHEMES))
    month, points = integers(batch.column("month")), integers(batch.column("points"))
    personal = integers(batch.column("personal_paid"))
    pair = institution * len(SCHEMES) + scheme
    by_month = _allocate(pair * 13 + month, dues.amounts.reshape(-1), points, personal, dues.with_patients)
    by_year = _allocate(pair * 13, dues.amounts.reshape(-1), points, personal, dues.with_patients)
    columns = {
        "month_due": pa.array(by_month),
        "year_due": pa.array(by_year) if dues.with_year else pa.nulls(len(points), pa.int64()),
    }
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
    both = year.drop("month_due").join(month.drop("year_due"), on=key, how="full", coalesce=True, suffix="_of_month")
    handed_on = [n for n in year.columns if n not in (*key, "month_due", "year_due")]
    rows = both.with_columns(
        *(pl.coalesce(n, f"{n}_of_month") for n in handed_on), pl.col("month_due", "year_due").fill_null(0)
    )
    return rows.select(STAY_PAYMENTS.names).sort(key).to_arrow().cast(STAY_PAYMENTS.schema)


def _allocate(
    key: npt.NDArray[np.int64],
    amounts: npt.NDArray[np.int64],
    points: npt.NDArray[np.int64],
    personal: npt.NDArray[np.int64],
    with_patients: bool,
) -> npt.NDArray[np.int64]:
    starts = np.flatnonzero(np.append(True, key[1:] != key[:-1]))
    totals = amounts[key[starts]]
    if not with_patients:
        return split_groups(starts, totals, points)
    counted = totals > 0
    totals = totals + np.where(counted, np.add.reduceat(personal, starts), 0)
    sizes = np.diff(np.append(starts, len(key)))
    return split_groups(starts, totals, points) - np.where(np.repeat(counted, sizes), personal, 0)
