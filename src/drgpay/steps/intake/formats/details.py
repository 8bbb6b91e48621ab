"""Details of a stay in the files of the formats: route, plan to return, procedures, fees, what is out of policy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import polars as pl
import pyarrow as pa

from drgpay.steps.intake.formats import lists
from drgpay.steps.intake.formats.catalogue import Entry
from drgpay.steps.intake.formats.cells import text_of
from drgpay.steps.intake.values import Typed, typed
from drgpay.tables import STAY_DETAILS

ITEMS = {
    "bed_fee": frozenset(("01", "1")), "examination_fee": frozenset(("03", "3")),
    "laboratory_fee": frozenset(("04", "4")), "treatment_fee": frozenset(("05", "5")),
    "surgery_fee": frozenset(("06", "6")), "nursing_fee": frozenset(("07", "7")),
    "material_fee": frozenset(("08", "8")), "drug_fee": frozenset(("09", "9", "10", "11")),
}  # fmt: skip
"""kinds of items of a settlement list (医疗收费项目类别) that make a fee"""
_ONE_IS_NO = "1无|2有"
"""values of a field in which 1 says no, as on the front page"""


def maker(name: str, entry: Entry) -> Callable[[Sequence[Any]], Typed]:
    """How a column of STAY_DETAILS is made of the lists of cells of its fields."""
    column = STAY_DETAILS[name]
    if column.type == "fen":
        return lists.summed
    if column.type == "date":
        return _earliest
    if entry.values == _ONE_IS_NO:
        return lambda parts: Typed(_first(parts).replace({"1": "0", "2": "1"}).to_arrow().cast(pa.string()))
    return lambda parts: Typed(_first(parts).to_arrow().cast(pa.string()))


def _first(parts: Sequence[Any]) -> pl.Series:
    """The first cell of every row that is not blank."""
    whole = pl.select(pl.concat_list([pl.Series(part, dtype=pl.List(pl.String)) for part in parts])).to_series()
    flat = pl.DataFrame({"row": range(len(whole)), "cell": whole}).explode("cell")
    tidy = flat.with_columns(cell=text_of(flat["cell"].to_arrow()))
    return tidy.group_by("row", maintain_order=True).agg(pl.col("cell").drop_nulls().first())["cell"]


def _earliest(parts: Sequence[Any]) -> Typed:
    """The earliest date of every row; one that cannot be read is passed over, as the field is not needed."""
    whole = pl.select(pl.concat_list([pl.Series(part, dtype=pl.List(pl.String)) for part in parts])).to_series()
    flat = pl.DataFrame({"row": range(len(whole)), "cell": whole}).explode("cell")
    days = typed(STAY_DETAILS["first_procedure_date"], flat["cell"].to_arrow().cast(pa.string())).values
    dated = flat.with_columns(day=pl.Series(days))
    return Typed(dated.group_by("row", maintain_order=True).agg(pl.col("day").min())["day"].to_arrow())
