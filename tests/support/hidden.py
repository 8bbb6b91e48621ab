"""How well a study finds the groups hidden in a region: proposals beside the truth that no command reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from drgpay.engine import read_table
from drgpay.runs import TABLES
from drgpay.samples import HIDDEN_FILE
from drgpay.tables.study import STUDY_PARTS, STUDY_PROPOSALS


class Score(NamedTuple):
    """``hidden`` groups, those ``found`` of them; drafted splits and new groups, those of them that are ``right``."""

    hidden: int
    found: int
    proposed: int
    right: int


def score(region: Path, study: Path) -> Score:
    """A hidden group is found by a new group or a split of its ADRG by its factor: by one of its codes, or at its
    age. A proposal that finds none is wrong."""
    truth = pl.read_parquet(region / HIDDEN_FILE).to_dicts()
    rows = read_table(study / TABLES, STUDY_PROPOSALS).filter(
        pl.col("kind").cast(pl.String).is_in(["new_group", "split_group"]) & pl.col("drafted")
    )
    parts = read_table(study / TABLES, STUDY_PARTS)
    conditions: dict[str, str] = {}
    for row in parts.iter_rows(named=True):
        conditions[row["proposal"]] = conditions.get(row["proposal"], "") + " " + row["condition"]
    proposed = rows.to_dicts()
    pairs = [(t["number"], p["proposal"]) for t in truth for p in proposed if _same(t, p, conditions[p["proposal"]])]
    return Score(len(truth), len({t for t, _ in pairs}), len(proposed), len({p for _, p in pairs}))


def _same(hidden: dict[str, Any], proposal: dict[str, Any], conditions: str) -> bool:
    if hidden["factor"] != proposal["factor"]:
        return False
    if hidden["codes"]:
        return bool({*hidden["codes"]} & {*proposal["codes"]}) and (
            hidden["factor"] == "no_mdc" or hidden["adrg"] == proposal["adrg"]
        )
    return hidden["adrg"] == proposal["adrg"] and (
        hidden["factor"] != "age" or f"age>={hidden['least_age']}" in conditions
    )
