"""Ages with their units in the cell: ``67岁``, ``45Y``, ``25天``, ``2月``, ``1岁2月``, ``0Y0M5D``.

An age under one year that is written in the column of years goes to the infants' column, where that is blank. A month
is 30 days, as on the front page.
"""

from __future__ import annotations

from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from drgpay.steps.intake.values import normal, tidy

MONTH = 30
_PARTS = (
    r"^(?:([0-9]{1,3})\s*(?:周岁|岁|[Yy]))?\s*(?:([0-9]{1,3})\s*(?:个月|月龄|月|[Mm]))?零?\s*"
    r"(?:([0-9]{1,5})\s*(?:日龄|天|日|[Dd]))?\s*(?:([0-9]{1,3})\s*(?:小时|时|[Hh]))?$"
)
_ANY_UNIT = "[岁月天日时YyMmDdHhＹＭＤＨ]"
_UNIT = r"[岁月天日时YyMmDdHh]$"


def text_cells(cells: Any) -> pl.Series:
    """Cells of a file as tidy text in NFKC."""
    return normal(tidy(pl.Series(cells.cast(pa.string()), dtype=pl.String)))


def of_units(text: pl.Series) -> tuple[pl.Series, pl.Series]:
    """(whole years, days of those under one year) of ages with units; null for anything else."""
    parts = text.str.extract_groups(_PARTS).struct.unnest()
    years, months, days, hours = (parts.to_series(i).cast(pl.Int64, strict=False) for i in range(4))
    some = years.is_not_null() | months.is_not_null() | days.is_not_null() | hours.is_not_null()
    small = months.fill_null(0) * MONTH + days.fill_null(0) + hours.fill_null(0) // 24
    whole = years.fill_null(0) + months.fill_null(0) // 12
    whole = pl.select(pl.when((whole == 0) & (small > 365)).then(small // 365).otherwise(whole)).to_series()
    return whole.set(~some, None), small.set(~some | (whole > 0), None)


def spread(years: Any, days: Any) -> tuple[Any, Any]:
    """The cells of both age columns (Arrow text; None = no such column) with the units taken out of them.

    Cells without a unit are handed back as they are, and both columns when no cell has one.
    """
    for cells, other in ((years, days), (days, years)):
        if cells is None or not _text(cells) or not _any_unit(cells):
            continue
        text = text_cells(cells)
        united = text.str.contains(_UNIT).fill_null(False)
        if not united.any():
            continue
        whole, small = of_units(text)
        read = united & whole.is_not_null()
        blank = (
            pl.Series([True] * len(text)) if other is None else text_cells(other).is_null() if _text(other) else None
        )
        into_years, into_days = whole.cast(pl.String), small.cast(pl.String)
        if cells is years:
            years = _where(read, into_years, years)
            if blank is not None:
                days = _where(read & blank & small.is_not_null(), into_days, days)
        else:
            days = _where(read, into_days, days)
            if blank is not None:
                years = _where(read & blank, into_years, years)
    return years, days


def _any_unit(cells: Any) -> bool:
    return bool(pc.any(pc.match_substring_regex(cells.cast(pa.string()), _ANY_UNIT)).as_py())


def _text(cells: Any) -> bool:
    kind = cells.type.value_type if pa.types.is_dictionary(cells.type) else cells.type
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _where(here: pl.Series, new: pl.Series, old: Any) -> Any:
    """``new`` where ``here``, else the old cells; without old ones, null."""
    rest = pl.Series([None] * len(new), dtype=pl.String)
    if old is not None:
        rest = pl.Series(old.cast(pa.string()), dtype=pl.String)
    return pl.select(pl.when(here).then(new).otherwise(rest)).to_series().to_arrow().cast(pa.string())
