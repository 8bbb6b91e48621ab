"""Checks on fields of a format that no column of STAYS holds: fees, durations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl
import pyarrow.compute as pc

from drgpay.steps.intake.formats.cells import text_of
from drgpay.steps.intake.showing import shown
from drgpay.steps.intake.values import Fault
from drgpay.units import show_fen
from drgpay.units.vector import Ints

_LARGEST = 10**15
"""fen; what a fee is cut to, so that no sum overflows"""


def top_fees(part_of: Mapping[str, str]) -> tuple[str, ...]:
    """The fees that are in no other one. ``part_of``: fee -> the fee it is contained in, or ""."""
    return tuple(fee for fee, parent in part_of.items() if parent not in part_of)


def fee_total_check(total: Any, fees: Mapping[str, Any], part_of: Mapping[str, str], complete: bool) -> Fault | None:
    """Rows whose fees do not add up to the total cost, as ``fee_total`` showing ``sum / total`` in yuan.

    ``total``, ``fees``: Arrow int64 in fen, null where not given; ``part_of`` as in :func:`top_fees`: antibiotics are
    in western drugs, anaesthesia and operation in surgical treatment, and are not added again. ``complete``: all top
    fees of the format are there; without, only a sum above the total is wrong. Rows without a total or without any
    fee are passed over.
    """
    parts = [fees[fee] for fee in top_fees({fee: part_of.get(fee, "") for fee in fees})]
    whole: Ints = np.zeros(len(total), np.int64)
    some = np.zeros(len(total), bool)
    for part in parts:
        whole += np.clip(pc.fill_null(part, 0).to_numpy(), -_LARGEST, _LARGEST)
        some |= part.is_valid().to_numpy(zero_copy_only=False)
    cost = np.asarray(pc.fill_null(total, 0).to_numpy())
    wrong = (whole != cost) if complete else (whole > cost)
    at = np.flatnonzero(wrong & some & total.is_valid().to_numpy(zero_copy_only=False))
    if len(at) == 0:
        return None
    shown = (f"{show_fen(a)} / {show_fen(b)}" for a, b in zip(whole[at].tolist(), cost[at].tolist(), strict=True))
    return Fault("fee_total", at, tuple(shown))


def minutes(cells: Any, unit: str) -> pl.Series:
    """Durations in minutes; null where blank or not readable.

    ``unit``: ``d/h/m`` (``3/12/30`` = 3 days, 12 hours, 30 minutes; hours under 24, minutes under 60) or ``h`` (hours
    with up to two decimals, parts of a minute left out; ``120小时`` too).
    """
    text = text_of(cells)
    if unit == "h":
        parts = text.str.extract_groups(r"^([0-9]{1,6})(?:\.([0-9]{1,2}))?\s*(?:小时|时|[hH])?$").struct.unnest()
        hours, cents = parts.to_series(0), parts.to_series(1).fill_null("").str.pad_end(2, "0")
        return hours.cast(pl.Int64) * 60 + cents.cast(pl.Int64, strict=False) * 60 // 100
    parts = text.str.extract_groups(r"^([0-9]{1,4})/([01]?[0-9]|2[0-3])/([0-5]?[0-9])$").struct.unnest()
    days, hours, rest = (parts.to_series(i).cast(pl.Int64) for i in range(3))
    return days * 1440 + hours * 60 + rest


def duration_check(cells: Any, unit: str, los: Any = None) -> tuple[Fault, ...]:
    """Durations that cannot be read (``duration``), and those longer than the stay (``duration_stay``): more than a
    day beyond ``los`` (Arrow integers in days, null where unknown)."""
    text, time = text_of(cells), minutes(cells, unit)
    bad = (text.is_not_null() & time.is_null()).arg_true().to_numpy().astype(np.int64)
    faults = [Fault("duration", bad, tuple(shown(value) for value in text.gather(bad)))] if len(bad) else []
    if los is not None:
        long = (time > (pl.Series(los).cast(pl.Int64) + 1) * 1440).fill_null(False)
        at = long.arg_true().to_numpy().astype(np.int64)
        if len(at):
            faults.append(Fault("duration_stay", at, tuple(text.gather(at).to_list())))
    return tuple(faults)
