"""Confirmed cases of oversight as sums of institutions: by type, and by the items of the negative list."""

from __future__ import annotations

import polars as pl

from drgpay.steps.evaluation.settings import Settings
from drgpay.tables import CASE_TYPES

LISTED = ("admission", "charges", "shifting")
"""items of the negative list (负面清单): admission and splitting, charges and upcoding, shifting and refusal"""


def case_sums(institutions: pl.DataFrame, cases: pl.DataFrame, settings: Settings) -> pl.DataFrame:
    """Columns institution_id, ``case_<type>`` and ``listed_<item>``: how many cases of every institution are
    confirmed. ``institutions``: institution_id; ``cases``: institution_id and violation, one row a case."""
    counts = [(pl.col("violation") == violation).sum().alias(f"case_{violation}") for violation in CASE_TYPES]
    listed = settings.listed.items()
    counts += [pl.col("violation").is_in(list(types)).sum().alias(f"listed_{name}") for name, types in listed]
    found = cases.group_by("institution_id").agg(counts)
    names = [name for name in found.columns if name != "institution_id"]
    whole = institutions.join(found, on="institution_id", how="left")
    return whole.with_columns(pl.col(name).fill_null(0).cast(pl.Int64) for name in names)
