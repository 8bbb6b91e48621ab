"""Workbooks of oversight: one for the bureau, one for every institution, which sees its own rows and no person."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl

from drgpay import runs
from drgpay.cli.sheets import open_sheets
from drgpay.engine import read_table
from drgpay.tables import (
    ALERT_EVIDENCE,
    ALERTS,
    AUDIT_AGREEMENT,
    AUDIT_RESULTS,
    AUDIT_SAMPLE,
    CODER_STAFFING,
    CODING_RATES,
    CONTROL_POINTS,
    DOCTOR_POINTS,
    LEDGER_PREVIEW,
    PUBLICATIONS,
    RECORD_QUALITY,
    RULE_STATUS,
    SPECIAL_CANDIDATES,
    SPECIAL_RESULTS,
    SUSPICION_EVIDENCE,
    SUSPICIONS,
    TREATMENT_TABLE,
    VIOLATION_TIERS,
    Column,
    Table,
)
from drgpay.units import show_coefficient, show_fen

_BUREAU = (
    SUSPICIONS,
    SUSPICION_EVIDENCE,
    ALERTS,
    ALERT_EVIDENCE,
    RULE_STATUS,
    CODING_RATES,
    CONTROL_POINTS,
    AUDIT_SAMPLE,
    AUDIT_RESULTS,
    AUDIT_AGREEMENT,
    RECORD_QUALITY,
    CODER_STAFFING,
    SPECIAL_CANDIDATES,
    SPECIAL_RESULTS,
    TREATMENT_TABLE,
    LEDGER_PREVIEW,
    DOCTOR_POINTS,
    PUBLICATIONS,
    VIOLATION_TIERS,
)
_INSTITUTION = (
    SUSPICIONS,
    SUSPICION_EVIDENCE,
    ALERTS,
    ALERT_EVIDENCE,
    AUDIT_RESULTS,
    RECORD_QUALITY,
    SPECIAL_CANDIDATES,
    SPECIAL_RESULTS,
    TREATMENT_TABLE,
)
"""what a hospital receives; the audit sample is not told beforehand"""
_OF = {"suspicion_evidence": ("suspicions", "suspicion_id"), "alert_evidence": ("alerts", "alert_id")}
"""tables without an institution: whose rows they belong to"""


def _shown(column: Column, value: Any) -> Any:
    if value is None:
        return ""
    if column.type == "fen":
        return show_fen(value, group=False)
    if column.type == "ratio" or "1/10,000" in column.unit:
        return show_coefficient(value)
    if column.type in ("date", "flag"):
        return str(value)
    return value


def _book(target: Path, tables: list[tuple[Table, pl.DataFrame]], lang: str) -> None:
    with open_sheets(target) as sheets:
        for table, rows in tables:
            kept = [
                c
                for c in table.columns
                if not (c.name == "person_id" and rows["person_id"].null_count() == rows.height)
            ]
            heads = [c.zh if lang == "zh" else c.name for c in kept]
            with sheets.sheet((table.zh if lang == "zh" else table.name)[:31], heads) as add:
                for row in rows.select(c.name for c in kept).rows():
                    add([_shown(c, v) for c, v in zip(kept, row, strict=True)])


def write_books(folder: Path, lang: str) -> None:
    """``oversight.xlsx`` for the bureau and ``institutions/<id>.xlsx`` for every institution with a suspicion, an
    alert or a candidate, in the folder of a look."""
    tables = {t.name: read_table(folder / runs.TABLES, t) for t in _BUREAU}
    first = tables["suspicions"].sort(["score", "amount", "suspicion_id"], descending=[True, True, False])
    tables["suspicions"] = first
    _book(folder / "oversight.xlsx", [(t, tables[t.name]) for t in _BUREAU], lang)
    houses = {
        h for t in (SUSPICIONS, ALERTS, SPECIAL_CANDIDATES) for h in tables[t.name]["institution_id"].drop_nulls()
    }
    (folder / "institutions").mkdir()
    for house in sorted(houses):
        own: dict[str, pl.DataFrame] = {}
        for table in _INSTITUTION:
            rows = tables[table.name]
            if table.name in _OF:
                of, key = _OF[table.name]
                own[table.name] = rows.filter(pl.col(key).is_in(own[of][key].implode()))
            else:
                own[table.name] = rows.filter(pl.col("institution_id") == house)
        _book(folder / "institutions" / f"{house}.xlsx", [(t, own[t.name]) for t in _INSTITUTION], lang)
