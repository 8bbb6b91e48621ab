"""A doctor beside others of his department, and beside those of the same specialty elsewhere in the area: sums of
several, who are never named, and of a few nothing."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from drgpay.runs.pages.measures import MEASURES, quotient
from drgpay.runs.pages.scope import Scope
from drgpay.runs.pages.summary import FEWEST
from drgpay.runs.pages.sums import ABOVE, BELOW, Folders, value_of
from drgpay.tables import Column

_BY = ("institution_id", "department_id", "doctor_id")
_DOCTORS = "doctors"


@dataclass(frozen=True)
class Colleagues:
    """One measure of a doctor, of the other doctors of his department, and of those of the specialty in other
    institutions: a quotient of theirs together, of a sum the mean of a doctor. None: nobody, or fewer than are
    shown."""

    column: Column
    own: int | None
    ward: int | None
    specialty: int | None


def colleagues(
    folder: Path, area: str, *, institution: str, department: str, doctor: str,
    alike: Collection[tuple[str, str]], measures: Sequence[str], suppress_below: int = 5,
) -> list[Colleagues]:  # fmt: skip
    """Measures of a doctor beside others. ``alike``: the departments of the specialty, by institution and number.

    Others are shown where ``suppress_below`` doctors at least, and as many stays, stand behind the figure; those of
    other institutions only where they are of three at least, so that no institution reads another's out of it.
    """
    its = tuple(MEASURES[name] for name in measures)
    whole = Folders((folder,), Scope(areas=frozenset({area})), suppress_below)
    sums = whole.sums(_BY, dict.fromkeys((*its, MEASURES["n"])), ()).filter(pl.col("doctor_id").is_not_null())
    sums = sums.with_columns(pl.lit(1, pl.Int128).alias(_DOCTORS))
    here = (pl.col("institution_id") == institution) & (pl.col("department_id") == department)
    keys = pl.DataFrame(
        sorted(pair for pair in alike if pair[0] != institution),
        schema={"institution_id": pl.String, "department_id": pl.String}, orient="row",
    )  # fmt: skip
    plain = sums.with_columns(pl.col("institution_id", "department_id").cast(pl.String))
    own = plain.filter(here & (pl.col("doctor_id") == doctor))
    ward = _shown(plain.filter(here & (pl.col("doctor_id") != doctor)), 1, suppress_below)
    elsewhere = _shown(plain.join(keys, on=["institution_id", "department_id"], how="semi"), FEWEST, suppress_below)
    values = [_values(part, measures, whole) for part in (own, ward, elsewhere)]
    return [Colleagues(measure.column, *(part.get(measure.name) for part in values)) for measure in its]


def _shown(rows: pl.DataFrame, houses: int, below: int) -> pl.DataFrame:
    """The rows of others; none where too few doctors, stays or institutions stand behind them."""
    stays = int(rows["n" + ABOVE].sum())
    enough = rows.height >= below <= stays and rows["institution_id"].n_unique() >= houses
    return rows if enough else rows.clear()


def _values(rows: pl.DataFrame, measures: Sequence[str], folders: Folders) -> dict[str, int | None]:
    """The measures of several doctors together."""
    if rows.is_empty():
        return {}
    together = rows.select(pl.col(name).sum() for name in rows.columns if name.endswith((ABOVE, BELOW, _DOCTORS)))
    means = [
        quotient(pl.col(name + ABOVE), pl.col(_DOCTORS)).alias(name)
        if MEASURES[name].below is None
        else value_of(MEASURES[name], folders)
        for name in measures
    ]
    return together.select(means).row(0, named=True)
