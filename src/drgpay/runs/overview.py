"""What a run came to, on one page: from its small tables, with the sums that a page needs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from drgpay.engine import read_manifest, read_table, table_path
from drgpay.runs.manifest import TABLES
from drgpay.runs.pages.lately import Lately, stamp
from drgpay.runs.whose import names_of_run
from drgpay.tables import CLOSINGS, EXPENDITURE_BY_MODE, FINDINGS, POOLS, STATEMENTS
from drgpay.units import half_up

Row = dict[str, Any]
SOURCES = ("distributable", "risk_draw", "recovered")
USES = ("paid", "returned", "carried_over", "passed")
"""the two sides of the conservation of the fund, columns of ``closings``"""
_SUMMED = ("n", "due", "actual", "balance", "final_payment")


@dataclass(frozen=True)
class Overview:
    """A run on one page: its ``manifest``; ``pools`` (rows of that table for the period settled); ``modes``:
    expenditure by setting and mode (n, cost, fund), nothing where there is one only; of a year ``institutions``, the
    largest due first, over all insurance schemes (institution_id, name, n, cmi, due, actual, balance, final_payment)
    and ``closings`` (rows of that table, with ``balanced``); ``dropped``: stays kept out, by check (rule, n)."""

    manifest: Row
    pools: list[Row]
    modes: list[Row]
    institutions: list[Row]
    closings: list[Row]
    dropped: pl.DataFrame


def overview(run: Path) -> Overview:
    """A run's page; asked for again it is the one that was read before, and nobody changes it. DATA where there is no
    run, BROKEN where it is damaged."""
    manifest = read_manifest(run)
    return _LATELY.get(stamp(run), lambda: _read(run, manifest))


_LATELY: Lately[Overview] = Lately(64, lambda found: 1)


def _read(run: Path, manifest: Row) -> Overview:
    tables = run / TABLES
    month, whole = manifest["month"] or 0, manifest["kind"] == "year"
    return Overview(
        manifest,
        read_table(tables, POOLS).filter(pl.col("month") == month).to_dicts(),
        _modes(tables, month),
        _institutions(run) if whole else [],
        _closings(tables) if whole else [],
        _dropped(tables) if manifest["counts"]["rejected"] else pl.DataFrame(schema=_DROPPED),
    )


def _modes(tables: Path, month: int) -> list[Row]:
    if not table_path(tables, EXPENDITURE_BY_MODE).exists():
        return []
    rows = read_table(tables, EXPENDITURE_BY_MODE).filter(pl.col("month") == month)
    sums = rows.group_by("setting", "mode").agg(pl.col("n", "cost", "fund").sum()).sort("setting", "mode")
    return sums.to_dicts() if sums.height > 1 else []


def _institutions(run: Path) -> list[Row]:
    names = names_of_run(run)
    statements = read_table(run / TABLES, STATEMENTS).with_columns(weight=pl.col("cmi").fill_null(0) * pl.col("n"))
    sums = statements.group_by("institution_id").agg(pl.col(*_SUMMED, "weight").sum())
    rows = sums.sort(["due", "institution_id"], descending=[True, False]).to_dicts()
    for row in rows:
        weight = row.pop("weight")
        row |= {"name": names[row["institution_id"]], "cmi": half_up(weight, row["n"]) if row["n"] else None}
    return rows


def _closings(tables: Path) -> list[Row]:
    rows = read_table(tables, CLOSINGS).to_dicts()
    return [row | {"balanced": sum(row[k] for k in SOURCES) == sum(row[k] for k in USES)} for row in rows]


_DROPPED = {"rule": pl.String, "n": pl.UInt32, "institution_id": pl.String}


def _dropped(tables: Path) -> pl.DataFrame:
    """Stays kept out by check; the findings of a run name no institution."""
    found = pl.scan_parquet(table_path(tables, FINDINGS) / "*.parquet").select("file", "row", "rule", "level")
    errors = found.cast(dict.fromkeys(("file", "rule", "level"), pl.String)).filter(pl.col("level") == "error")
    counted = errors.unique(["file", "row", "rule"]).group_by("rule").agg(n=pl.len())
    return counted.with_columns(institution_id=pl.lit("")).sort("n", "rule", descending=[True, False]).collect()
