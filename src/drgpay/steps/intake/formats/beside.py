"""Fields of a format that no column of STAYS holds, as the checks of intensive care take them."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from drgpay.steps.intake.care import icu_struct
from drgpay.steps.intake.formats import checks, lists
from drgpay.steps.intake.formats.cells import text_of
from drgpay.steps.intake.values import Typed

_MOMENT = (
    r"^([0-9]{4})[-/.年]?([0-9]{1,2})[-/.月]?([0-9]{1,2})日?[ T]*([0-9]{1,2})?[:时点]?([0-9]{1,2})?[:分]?"
    r"[0-9]{0,2}秒?(?:\.[0-9]+)?(?:Z|[+-][0-9]{2}:?[0-9]{2})?$"
)


def minutes_of(cells: Any, unit: str) -> Typed:
    """A duration in minutes, null where it is blank or cannot be read."""
    return Typed(checks.minutes(cells, unit).cast(pl.Int64).to_arrow())


def withdrawn(valid: Any, refunded: Any) -> Typed:
    """``1`` where a list is no longer valid or was refunded; ``valid``, ``refunded``: cells, or None."""
    flags = [text_of(cells) == said for cells, said in ((valid, "0"), (refunded, "1")) if cells is not None]
    whole = flags[0].fill_null(False)
    for flag in flags[1:]:
        whole = whole | flag.fill_null(False)
    return Typed(whole.cast(pl.Int8).cast(pl.String).to_arrow().cast(pa.string()))


def _moments(listed: Any) -> tuple[pl.Series, Any]:
    """(minutes since 1970, null where unreadable; the row) of every element of lists of times."""
    text, owner, _ = lists.spread(listed)
    parts = text.str.extract_groups(_MOMENT).struct.unnest()
    year, month, day, hour, minute = (parts.to_series(i) for i in range(5))
    dated = (year + "-" + month.str.zfill(2) + "-" + day.str.zfill(2)).str.to_date("%Y-%m-%d", strict=False)
    days = dated.cast(pl.Int32).cast(pl.Int64)
    clock = hour.fill_null("0").cast(pl.Int64) * 60 + minute.fill_null("0").cast(pl.Int64)
    return days * 1440 + clock, owner


def icu_of(kinds: Any, entered: Any, left: Any, sums: Any) -> Typed:
    """What is said of intensive care: lists of wards, entries, exits and durations (``3/12/30``) beside each other;
    ``kinds`` and ``sums`` may be None. See :func:`drgpay.steps.intake.care.icu_struct`."""
    rows = len(entered)
    into, owner = _moments(entered)
    out = _aligned(_moments(left), owner, entered, left)
    both = (into.is_not_null() & out.is_not_null()).to_numpy()
    spent = (out - into).fill_null(0).to_numpy()
    timed = np.zeros(rows, np.int64)
    np.add.at(timed, owner[both], spent[both])
    reversed_ = np.zeros(rows, bool)
    reversed_[owner[both & (spent < 0)]] = True
    any_time = np.zeros(rows, bool)
    any_time[owner[both]] = True
    given, some = np.zeros(rows, np.int64), np.zeros(rows, bool)
    if sums is not None:
        text, of, _ = lists.spread(sums)
        lasted = checks.minutes(text.to_arrow(), "d/h/m")
        there = lasted.is_not_null().to_numpy()
        np.add.at(given, of[there], lasted.fill_null(0).to_numpy()[there])
        some[of[there]] = True
    ward = np.zeros(rows, bool)
    if kinds is not None:
        text, of, _ = lists.spread(kinds)
        ward[of[(text.is_not_null() & ~text.is_in(["0", "-", "9", "无"])).fill_null(False).to_numpy()]] = True
    incomplete = (ward != any_time) & (kinds is not None)
    return Typed(
        icu_struct(
            pa.array(given, pa.int64(), mask=~some),
            pa.array(timed, pa.int64(), mask=~any_time),
            pa.array(reversed_),
            pa.array(incomplete),
        )
    )


def _aligned(moments: tuple[pl.Series, Any], owner: Any, first: Any, second: Any) -> pl.Series:
    """The elements of a second column of lists at the places of the first; null where they are shorter."""
    values, of = moments
    lengths = np.bincount(of, minlength=len(second))
    start = np.cumsum(lengths) - lengths
    own = np.bincount(owner, minlength=len(first))
    place = np.arange(len(owner)) - np.repeat(np.cumsum(own) - own, own)
    at = np.where(place < lengths[owner], start[owner] + place, -1) if len(owner) else np.zeros(0, np.int64)
    positions = pl.Series(at, dtype=pl.Int64)
    return values.gather(positions.set(positions < 0, None).cast(pl.UInt32))
