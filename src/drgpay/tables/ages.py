"""The age in years of an infant who has an age in days only: the one place that decides it, however a stay comes.

People leave the years blank where the days are given. Up to 365 days the years are then 0; beyond, they stay unknown.
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

INFANT_DAYS = 365
"""the infants' column holds ages up to so many days"""


def years_of(years: int | None, days: int | None) -> int | None:
    """The age in years: as it is given, 0 where it is not and the days are those of an infant."""
    return 0 if years is None and days is not None and 0 <= days <= INFANT_DAYS else years


def with_years(batch: Any) -> Any:
    """A batch of stays with ``age`` as :func:`years_of` says; the same batch where nothing is to be done."""
    names = batch.schema.names
    if "age_days" not in names or batch.column("age_days").null_count == batch.num_rows:
        return batch
    days = batch.column("age_days")
    infant = pc.fill_null(pc.and_(pc.greater_equal(days, 0), pc.less_equal(days, INFANT_DAYS)), False)
    if "age" not in names or pa.types.is_null(batch.column("age").type):
        columns = [batch.column(name) for name in names if name != "age"]
        years = pc.if_else(infant, pa.scalar(0, pa.int16()), pa.scalar(None, pa.int16()))
        return pa.RecordBatch.from_arrays([*columns, years], names=[*(n for n in names if n != "age"), "age"])
    years = batch.column("age")
    if not years.null_count:
        return batch
    blank = pc.and_(years.is_null(), infant)
    place = batch.schema.get_field_index("age")
    return batch.set_column(place, batch.schema.field(place), pc.if_else(blank, pa.scalar(0, years.type), years))
