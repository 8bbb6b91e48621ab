"""Workbooks of oversight: one for the bureau, one for every institution, which sees its own rows and no person."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from drgpay import runs
from drgpay.engine import read_table, table_path
from drgpay.ledger import account_words, event_words
from drgpay.places import inside, safe_names
from drgpay.report import Sheet, alert_is_share, field_words, write_tables
from drgpay.tables import (
    ALERT_EVIDENCE,
    ALERTS,
    AUDIT_AGREEMENT,
    AUDIT_RESULTS,
    AUDIT_SAMPLE,
    BILL_FINDINGS,
    BILL_RATES,
    CLAIM_CHECKS,
    CODER_STAFFING,
    CODING_RATES,
    CONTROL_POINTS,
    DOCTOR_POINTS,
    GROUP_NAMES,
    INSTITUTIONS,
    LEDGER_PREVIEW,
    NEGATIVE_LIST,
    PUBLICATIONS,
    RECORD_QUALITY,
    RULE_STATUS,
    SPECIAL_CANDIDATES,
    SPECIAL_RESULTS,
    SUSPICION_EVIDENCE,
    SUSPICIONS,
    TREATMENT_TABLE,
    UPCODING_RATES,
    VIOLATION_TIERS,
    Table,
)
from drgpay.words import words_in

_BUREAU = (
    SUSPICIONS,
    SUSPICION_EVIDENCE,
    ALERTS,
    ALERT_EVIDENCE,
    RULE_STATUS,
    CODING_RATES,
    CONTROL_POINTS,
    AUDIT_SAMPLE,
    CLAIM_CHECKS,
    AUDIT_RESULTS,
    AUDIT_AGREEMENT,
    UPCODING_RATES,
    BILL_FINDINGS,
    BILL_RATES,
    RECORD_QUALITY,
    CODER_STAFFING,
    SPECIAL_CANDIDATES,
    SPECIAL_RESULTS,
    TREATMENT_TABLE,
    LEDGER_PREVIEW,
    DOCTOR_POINTS,
    PUBLICATIONS,
    NEGATIVE_LIST,
    VIOLATION_TIERS,
)
_INSTITUTION = (
    SUSPICIONS,
    SUSPICION_EVIDENCE,
    ALERTS,
    ALERT_EVIDENCE,
    AUDIT_RESULTS,
    UPCODING_RATES,
    BILL_FINDINGS,
    BILL_RATES,
    RECORD_QUALITY,
    SPECIAL_CANDIDATES,
    SPECIAL_RESULTS,
    TREATMENT_TABLE,
)
"""what a hospital receives; the audit sample is not told beforehand"""
_OF = {"suspicion_evidence": ("suspicions", "suspicion_id"), "alert_evidence": ("alerts", "alert_id")}
"""tables without an institution: whose rows they belong to"""


_HIDDEN = {
    "suspicions": frozenset({"form"}),
    "alerts": frozenset({"parameter", "numerator", "denominator"}),
    "alert_evidence": frozenset({"numerator", "denominator"}),
    "audit_sample": frozenset({"weight"}),
}
"""columns for builders: the tables have them, the workbooks do not"""


def _sheet(table: Table, rows: pl.DataFrame, lang: str) -> Sheet:
    hidden = _HIDDEN.get(table.name, frozenset())
    if "person_id" in table.names and rows["person_id"].null_count() == rows.height:
        hidden |= {"person_id"}
    percent: Callable[[str, Mapping[str, Any]], bool] | None = None
    if table in (ALERTS, ALERT_EVIDENCE):

        def percent(_name: str, row: Mapping[str, Any]) -> bool:
            return alert_is_share(row["alert_id"].partition("/")[0])

    elif table is CONTROL_POINTS:

        def percent(_name: str, _row: Mapping[str, Any]) -> bool:
            return True  # every indicator of a chart is a share of stays

    texts: dict[str, Callable[[Any], str]] = {
        name: partial(field_words, lang=lang) for name in ("field", "missing") if name in table.names
    }
    if table is SUSPICION_EVIDENCE:
        texts |= dict.fromkeys(("value", "expected"), partial(words_in, lang=lang))
    if table is CODER_STAFFING:
        texts = {}  # its column missing is a number
    if table is LEDGER_PREVIEW:
        texts = {"event": partial(event_words, lang=lang, names={})}
        texts |= {side: partial(account_words, lang=lang, names={}) for side in ("debit", "credit")}
    return Sheet(table, rows.to_dicts(), hidden, percent, texts)


def _names(run: Path) -> dict[str, dict[str, str]]:
    """Institutions and groups of the run that was looked at, by id."""
    tables = run / runs.TABLES
    names = {"institution_id": runs.names_of_run(run)}
    if table_path(tables, GROUP_NAMES).exists():
        names["drg"] = dict(read_table(tables, GROUP_NAMES).select("drg", "name").rows())
    return names


def write_books(folder: Path, lang: str, run: Path, region: Path) -> None:
    """``oversight.xlsx`` for the bureau and ``institutions/<id>.xlsx`` for every institution with a suspicion, an
    alert or a candidate, in the folder of a look. ``run`` and ``region`` say whose the stays and visits are that a
    suspicion names: an institution sees no other one's."""
    names = _names(run)
    tables = {t.name: read_table(folder / runs.TABLES, t) for t in _BUREAU}
    order = ["standing", "score", "amount", "suspicion_id"]
    first = tables["suspicions"].sort(order, descending=[False, True, True, False])
    tables["suspicions"] = first
    write_tables(folder / "oversight.xlsx", (_sheet(t, tables[t.name], lang) for t in _BUREAU), lang, names)
    houses = {
        h for t in (SUSPICIONS, ALERTS, SPECIAL_CANDIDATES) for h in tables[t.name]["institution_id"].drop_nulls()
    }
    (folder / "institutions").mkdir()
    files = safe_names(houses)
    named = runs.named_records(tables["suspicions"], tables["suspicion_evidence"])
    owners = runs.owners_of(named, run, region)
    known = frozenset(read_table(run / runs.TABLES, INSTITUTIONS)["institution_id"])
    for house in sorted(houses):
        own: dict[str, pl.DataFrame] = {}
        for table in _INSTITUTION:
            rows = tables[table.name]
            if table.name in _OF:
                of, key = _OF[table.name]
                own[table.name] = rows.filter(pl.col(key).is_in(own[of][key].implode()))
            else:
                own[table.name] = rows.filter(pl.col("institution_id") == house)
        own["suspicions"], own["suspicion_evidence"] = runs.seen_by(
            house, tables["suspicions"], tables["suspicion_evidence"], owners, known
        )
        foreign = frozenset(named - {record for record, owner in owners.items() if owner == house})
        for name, rows in own.items():
            if "suspicion_id" in rows.columns:
                ids = [runs.hide_id(text, foreign) for text in rows["suspicion_id"]]
                own[name] = rows.with_columns(pl.Series("suspicion_id", ids, pl.String))
        target = inside(folder / "institutions", f"{files[house]}.xlsx")
        write_tables(target, (_sheet(t, own[t.name], lang) for t in _INSTITUTION), lang, names)
