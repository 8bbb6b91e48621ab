"""What an evaluation says of an institution, as its board shows it: indicators with cases, interval and peers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from drgpay.engine import read_manifest, read_table
from drgpay.runs.manifest import TABLES
from drgpay.steps import evaluation
from drgpay.tables import FIGURES

Row = dict[str, Any]
KINDS = {"share": "share", "number": "ratio", "days": "ratio", "yuan": "points"}
"""unit of an indicator → how its value, in 1/10,000 of the unit, is printed"""


@dataclass(frozen=True)
class Indicated:
    """An indicator of an institution: its name, how its figures are printed, value, cases, whether these are few,
    ends of the interval of a share, the values of its level and of the area. None: unknown, or not for the reader."""

    name: str
    zh: str
    en: str
    kind: str
    value: int | None
    n: int | None
    small: bool
    low: int | None
    high: int | None
    level_value: int | None
    area_value: int | None


def indicators_of(
    result: Path, institution: str, wanted: Sequence[str], *, peers_from: int = 0
) -> list[Indicated]:  # fmt: skip
    """The indicators ``wanted`` of an institution out of an evaluation, those that have a value, in this order.
    ``peers_from``: of how many other institutions of the level and of the area at least theirs are shown."""
    read_manifest(result, "evaluation")
    rows = read_table(result / TABLES, FIGURES).filter(pl.col("scope").cast(pl.String) == "institution")
    levels = rows.select("institution_id", "level").unique()
    own = levels.filter(pl.col("institution_id") == institution)
    level = own["level"][0] if own.height else None
    enough_of_level = levels.filter(pl.col("level") == level).height > peers_from
    enough = levels.height > peers_from
    mine = {r["indicator"]: r for r in rows.filter(pl.col("institution_id") == institution).to_dicts()}
    known = evaluation.registry().indicators
    found = []
    for name in wanted:
        row = mine.get(name)
        if row is not None and row["value"] is not None:
            found.append(
                Indicated(
                    name, known[name].zh, known[name].en, KINDS[known[name].unit], row["value"], row["n"],
                    bool(row["small"]), row["low"], row["high"], row["level_value"] if enough_of_level else None,
                    row["area_value"] if enough else None,
                )
            )  # fmt: skip
    return found


def satisfaction(counted: Iterable[Row], year: int) -> list[Row]:
    """Rows of ``survey_results`` of a year, out of the register ``satisfaction_surveys``."""
    return evaluation.survey_results([row for row in counted if row["year"] == year], year)


def goals_of(result: Path) -> list[Mapping[str, Any]]:
    """What a hospital's performance result says of the hospital's goals: goal, value, target (fen for ``fund_spend``,
    else 1/10,000) and whether it is met."""
    return list(read_manifest(result).get("goals") or [])
