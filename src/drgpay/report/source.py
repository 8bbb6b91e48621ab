"""What a report reads from a run's folder: the manifest and the small tables, never a stay-level one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from drgpay.engine import frame, open_parquet, read_manifest, read_table, table_path
from drgpay.report.labels import Both
from drgpay.tables import (
    BASE_GROUPS,
    BED_DAY_ASSESSMENTS,
    CAPITATION_RESULTS,
    CLOSINGS,
    COEFFICIENTS,
    EXPENDITURE_BY_MODE,
    FINDINGS,
    GROUP_NAMES,
    INSTITUTION_MONTHS,
    INSTITUTIONS,
    OUT_OF_AREA_STATEMENTS,
    POOLS,
    SCHEMES,
    STATEMENTS,
)
from drgpay.units import ONE, half_up

Row = dict[str, Any]

FIRST_FINDINGS = 1000
_READ = (GROUP_NAMES, INSTITUTIONS, BASE_GROUPS, COEFFICIENTS, POOLS, INSTITUTION_MONTHS, STATEMENTS, CLOSINGS,
         EXPENDITURE_BY_MODE, CAPITATION_RESULTS, BED_DAY_ASSESSMENTS, OUT_OF_AREA_STATEMENTS)  # fmt: skip


@dataclass(frozen=True)
class Source:
    """A run as the report sees it. Rows are plain dicts of whole numbers: fen, points and ratios in 1/10,000."""

    manifest: Mapping[str, Any]
    tables: Mapping[str, list[Row]]
    findings: list[Row]
    """the first :data:`FIRST_FINDINGS` findings"""
    finding_counts: list[Row]
    """rule, severity, count and an example of each rule"""
    names: Mapping[str, str]
    """the groups' names, as the run's scheme has them"""

    @property
    def schemes(self) -> tuple[str, ...]:
        """Insurance schemes the run knows, in the dictionary's order."""
        seen = {row["insurance_scheme"] for t in (POOLS, STATEMENTS, CLOSINGS) for row in self.tables[t.name]}
        return tuple(s for s in SCHEMES if s in seen)

    @property
    def period(self) -> int:
        """Month the totals speak of: 0, the whole year, when the run settled it; else its last month."""
        months = {row["month"] for row in self.tables["pools"]}
        return 0 if 0 in months or not months else max(months)

    @property
    def title(self) -> Both:
        """Name of the pooling area."""
        region = self.manifest.get("region") or {}
        title = region.get("title") or {}
        name = str(region.get("id", ""))
        return Both(title.get("zh", name), title.get("en", name))

    def group_name(self, drg: str) -> str:
        """Name of a group in the grouping scheme; empty when unknown."""
        return self.names.get(drg, "")

    def institutions(self) -> list[Row]:
        """One row per insurance scheme and institution: its statement, or its month when nothing is cleared yet,
        with name, level and coefficient."""
        registered = {row["institution_id"]: row for row in self.tables["institutions"]}
        totals = {r["institution_id"]: r["value"] for r in self.tables["coefficients"] if r["component"] == "total"}
        rows = self.tables["statements"] or [
            {
                **row,
                "balance": row["due"] - row["actual"],
                "use_ratio": half_up(row["actual"] * ONE, row["due"]) if row["due"] else None,
            }
            for row in self.tables["institution_months"]
            if row["month"] == self.period
        ]
        return [
            {
                "name": row["institution_id"],
                "level": None,
                "coefficient": totals.get(row["institution_id"]),
                **registered.get(row["institution_id"], {}),
                **row,
            }
            for row in rows
        ]


def read_source(run: Path) -> Source:
    """Read the run in folder ``run``. A small table that the run did not write is read as empty.

    Raises :class:`DrgpayError` (DATA) when there is no readable ``manifest.json``.
    """
    manifest = read_manifest(run)
    folder = run / "tables"
    tables = {
        t.name: read_table(folder, t).sort(t.key).to_dicts() if table_path(folder, t).exists() else [] for t in _READ
    }
    findings, counts = _read_findings(folder)
    names = {row["drg"]: row["name"] for row in tables.pop(GROUP_NAMES.name)}
    return Source(manifest, tables, findings, counts, names)


def _read_findings(folder: Path) -> tuple[list[Row], list[Row]]:
    """The first findings and their counts per rule; there may be more findings than stays, so one batch at a time."""
    paths = sorted(table_path(folder, FINDINGS).rglob("*.parquet"))
    first: list[Row] = []
    counts: Counter[tuple[str, str]] = Counter()
    examples: dict[tuple[str, str], Row] = {}
    for path in paths:
        for batch in open_parquet(path).iter_batches():
            rows = frame(batch)
            first += rows.head(FIRST_FINDINGS - len(first)).to_dicts()
            for row in rows.group_by("rule", "level", maintain_order=True).agg(pl.len(), pl.all().first()).to_dicts():
                key = (row["rule"], row["level"])
                counts[key] += row["len"]
                examples.setdefault(key, row)
    by_count = sorted(counts, key=lambda key: (-counts[key], key))
    return first, [{**examples[key], "count": counts[key]} for key in by_count]
