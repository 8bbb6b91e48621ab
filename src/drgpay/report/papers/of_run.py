"""A run as its papers see it: small tables, ledger and law, read once for all its institutions."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl

from drgpay import policy as law
from drgpay.engine import dataset, read_manifest, read_table, table_path
from drgpay.errors import DrgpayError, Kind
from drgpay.ledger import Ledger
from drgpay.places import MANIFEST, SEAL
from drgpay.tables import BUDGET_ADJUSTMENTS, GROUP_NAMES, INSTITUTIONS, POOLS, SCHEMES, Table

Row = dict[str, Any]


class OfRun:
    """A month's or a year's run. ``manifest``: what the run says of itself."""

    def __init__(self, run: Path) -> None:
        self.folder, self.manifest = run, read_manifest(run)
        if self.manifest.get("kind") not in ("month", "year"):
            raise DrgpayError(
                Kind.USAGE, zh="这里不是月结或年清算的结果", en="this is neither a month nor a clearing",
                file=run.name, fix_zh="给出 drgpay run month 或 run year 的结果",
                fix_en="name a result of drgpay run month or run year",
            )  # fmt: skip
        self._tables = run / "tables"
        self._read: dict[str, dict[str, list[Row]]] = {}

    @property
    def month(self) -> int:
        """The month that was settled; 0: the year."""
        return int(self.manifest["month"] or 0)

    @property
    def year(self) -> int:
        """The settlement year."""
        return int(self.manifest["year"])

    @cached_property
    def laws(self) -> law.Laws:
        """The laws the run was made with."""
        known = self.manifest["known_on"]
        return law.laws(self.folder / "practice.yaml", self.year, month=self.manifest["month"],
                        known_on=date.fromisoformat(known) if known else None)  # fmt: skip

    @cached_property
    def by_rate(self) -> bool:
        """Stays are paid by rates; there is no point value."""
        return self.laws.policy.choice_or_none("points.pricing") == "rate"

    @cached_property
    def practice(self) -> tuple[str, str]:
        """Title of the policy, Chinese and English."""
        found = law.read_practice(*law.practice_text(self.folder / "practice.yaml"), law.dictionary())
        return found.title_zh, found.title_en

    @cached_property
    def digest(self) -> str:
        """The run's digest, by which seals and later links name it: sha256 of its manifest."""
        return hashlib.sha256((self.folder / MANIFEST).read_bytes()).hexdigest()

    @cached_property
    def seal(self) -> Mapping[str, Any] | None:
        """Who sealed the run, and when; None: it is not sealed."""
        path = self.folder / SEAL
        return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None

    @cached_property
    def names(self) -> dict[str, str]:
        """Names of the institutions by code."""
        return {row["institution_id"]: row["name"] for row in self.frame(INSTITUTIONS).to_dicts()}

    @cached_property
    def groups(self) -> dict[str, str]:
        """Names of the groups by code."""
        return {row["drg"]: row["name"] for row in self.frame(GROUP_NAMES).to_dicts()}

    @cached_property
    def ledger(self) -> Ledger:
        """The entries of this run."""
        return Ledger.read(self.folder / "ledger.jsonl")

    @cached_property
    def pools(self) -> dict[str, Row]:
        """The pool of the run's period by insurance scheme."""
        return {r["insurance_scheme"]: r for r in self.frame(POOLS).to_dicts() if r["month"] == self.month}

    @cached_property
    def schemes(self) -> tuple[str, ...]:
        """Insurance schemes of the run."""
        seen = set(self.frame(POOLS)["insurance_scheme"].to_list())
        return tuple(s for s in SCHEMES if s in seen)

    def frame(self, table: Table) -> pl.DataFrame:
        """A small table; empty where the run has none."""
        if not table_path(self._tables, table).exists():
            return pl.DataFrame(schema=dict.fromkeys(table.names, pl.String))
        return read_table(self._tables, table).sort(table.key)

    def adjustments(self) -> list[Row]:
        """What was approved to change the year's budgets at its end."""
        kept = self.folder / "registers"
        if self.month or not table_path(kept, BUDGET_ADJUSTMENTS).exists():
            return []
        found = read_table(kept, BUDGET_ADJUSTMENTS).sort("adjustment_id").to_dicts()
        return [row for row in found if row["year"] == self.year and row["decision"] == "approved"]

    def rows(self, table: Table, institution: str, month: int | None = None) -> list[Row]:
        """Rows of an institution in a small table, of one month where it is said."""
        if table.name not in self._read:
            parts: dict[str, list[Row]] = {}
            for row in self.frame(table).to_dicts():
                parts.setdefault(str(row["institution_id"]), []).append(row)
            self._read[table.name] = parts
        found = self._read[table.name].get(institution, [])
        return [row for row in found if month is None or row["month"] == month]

    def stays(self, table: Table, institution: str, columns: Iterable[str]) -> pl.DataFrame:
        """Rows of an institution in a table of stays, sorted by stay."""
        columns = list(columns)
        if not table_path(self._tables, table).exists():
            return pl.DataFrame(schema=dict.fromkeys(columns, pl.String))
        found = [
            pl.scan_parquet(path)
            .filter(pl.col("institution_id").cast(pl.String) == institution)
            .select(columns)
            .with_columns(pl.selectors.categorical().cast(pl.String))
            for path in dataset(self._tables, table).paths
        ]
        return pl.concat(found).collect().sort("stay_id")
