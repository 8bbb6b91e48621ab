"""Cells of a format whose meaning is not what it seems: ages of infants, weights of 0, stays without an id."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from drgpay.steps.intake.age_cells import of_units
from drgpay.steps.intake.showing import shown
from drgpay.steps.intake.spellings import NULLS
from drgpay.steps.intake.values import Fault, Typed, normal, tidy, typed
from drgpay.tables import STAYS

DAYS, MONTHS, UNDECLARED = "days", "months", "?"
_MONTH = 30
"""days of a month on the front page: ``2 15/30`` is two months and 15 days"""
_WAYS = ("6", "7", "8")


def text_of(cells: Any) -> pl.Series:
    """Cells as tidy text in NFKC; null for the signs of an empty cell."""
    text = normal(tidy(pl.Series(cells.cast(pa.string()), dtype=pl.String)))
    return text.set(text.is_in(list(NULLS)), None)


def _arrow(text: pl.Series) -> Any:
    return text.to_arrow().cast(pa.string())


def _fault(rule: str, text: pl.Series, wrong: pl.Series) -> tuple[Fault, ...]:
    at = wrong.fill_null(False).arg_true().to_numpy().astype(np.int64)
    return (Fault(rule, at, tuple(shown(value) for value in text.gather(at))),) if len(at) else ()


def infant_age(cells: Any, unit: str, years: Any = None) -> Typed:
    """The age of infants in days, as text.

    ``unit``: ``days`` (whole, 0–365); ``months`` (whole, with one decimal, or ``2 15/30``, to 12; a month is 30
    days); ``?``: not declared, then nothing but 0 is taken. A unit in the cell (``3天``, ``2月``) goes before all of
    them. ``years``: age in years, as text: from one year
    on a 0 is an empty cell, as exports of number columns write it. What is not taken is null and breaks ``age_unit``.
    """
    text = text_of(cells)
    number = text.str.replace(r"\.0+$", "")
    united = of_units(text)[1].set(~text.str.contains(r"[月天日时MmDdHh]$").fill_null(False), None)
    if years is not None:
        grown = text_of(years).str.extract(r"^(\d+)").cast(pl.Int64, strict=False).fill_null(0) >= 1
        number = number.set(grown & (number == "0"), None)
        text = text.set(number.is_null(), None)
    days = number.cast(pl.Int64, strict=False)
    if unit == MONTHS:
        days = _from_months(number)
    allowed = days.is_between(0, 0 if unit == UNDECLARED else 365 if unit == DAYS else 12 * _MONTH)
    days, allowed = united.fill_null(days), allowed | united.is_between(0, 365).fill_null(False)
    taken = days.set(~allowed.fill_null(False), None)
    return Typed(_arrow(taken.cast(pl.String)), _fault("age_unit", text, text.is_not_null() & taken.is_null()))


def _from_months(text: pl.Series) -> pl.Series:
    parts = text.str.extract_groups(
        r"^(?:([0-9]{1,2})(?:\.([0-9]))?)?(?:(?:^|[ 又+]+)([0-9]{1,2})/30)?$"
    ).struct.unnest()
    whole, tenths, days = (parts.to_series(i).cast(pl.Int64, strict=False) for i in range(3))
    some = text.is_not_null() & (whole.is_not_null() | days.is_not_null())
    total = whole.fill_null(0) * _MONTH + tenths.fill_null(0) * (_MONTH // 10) + days.fill_null(0)
    return total.set(~some.fill_null(False), None)


def whole_years(cells: Any) -> Typed:
    """An age in years with decimals as whole years; where something was cut off, ``age_decimal``."""
    text = text_of(cells)
    cut = text.str.contains(r"^\d+\.\d*[1-9]\d*$")
    return Typed(_arrow(text.str.replace(r"^(\d+)\.\d+$", "${1}")), _fault("age_decimal", text, cut))


def no_zero(cells: Any) -> Typed:
    """A weight of 0 is an empty cell, as exports of number columns write it."""
    text = text_of(cells)
    return Typed(_arrow(text.set(text.str.contains(r"^0+(\.0+)?$").fill_null(False), None)))


def way(cells: Any) -> Typed:
    """The way of discharge, 1 to 5 or 9: the numbers between them are no ways."""
    text = text_of(cells)
    return Typed(_arrow(text), _fault("discharge_way_bounds", text, text.is_in(_WAYS)))


def first_filled(columns: Sequence[Any]) -> Typed:
    """Of several fields for one, the first that is not blank: settlement id, else encounter id."""
    return Typed(pc.coalesce(*(_arrow(text_of(column)) for column in columns)))


def key(record: Any, institution: Any = None, times: Any = None, admitted: Any = None) -> Typed:
    """A stay_id made of institution, record number and number of the stay, joined by ``-``. Without a record number
    there is none; the other parts are left out where they are blank. Where the number of the stay is blank, the date
    of admission (``admitted``) tells the stays of one record number apart."""
    if admitted is not None:
        day = pl.Series(typed(STAYS["admission_date"], admitted).values).dt.strftime("%Y%m%d")
        times = day.to_arrow() if times is None else pc.coalesce(_arrow(text_of(times)), _arrow(day))
    number = _arrow(text_of(record))
    filled = pc.fill_null(number, "")  # a row of nothing but nulls would be left out of the join
    parts = [_arrow(text_of(institution))] if institution is not None else []
    parts += [filled, *([_arrow(text_of(times))] if times is not None else [])]
    whole = pc.binary_join_element_wise(*parts, "-", null_handling="skip")
    return Typed(pc.if_else(number.is_valid(), whole, pa.scalar(None, pa.string())))
