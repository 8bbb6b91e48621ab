"""Workbooks of oversight: one for the bureau, one for every institution, which sees its own rows and no person."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from drgpay import runs
from drgpay.engine import read_table, table_path
from drgpay.ledger import account_words, event_words
from drgpay.places import HIDDEN, inside, safe_names
from drgpay.report import Sheet, alert_is_share, field_words, write_tables
from drgpay.tables import (
    ALERT_EVIDENCE,
    ALERTS,
    AUDIT_AGREEMENT,
    AUDIT_RESULTS,
    AUDIT_SAMPLE,
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
    RECORD_QUALITY,
    SPECIAL_CANDIDATES,
    SPECIAL_RESULTS,
    TREATMENT_TABLE,
)
"""what a hospital receives; the audit sample is not told beforehand"""
_OF = {"suspicion_evidence": ("suspicions", "suspicion_id"), "alert_evidence": ("alerts", "alert_id")}
"""tables without an institution: whose rows they belong to"""
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_WORD = re.compile(r"[^\s|,;，、；]+")


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
    first = tables["suspicions"].sort(["score", "amount", "suspicion_id"], descending=[True, True, False])
    tables["suspicions"] = first
    write_tables(folder / "oversight.xlsx", (_sheet(t, tables[t.name], lang) for t in _BUREAU), lang, names)
    houses = {
        h for t in (SUSPICIONS, ALERTS, SPECIAL_CANDIDATES) for h in tables[t.name]["institution_id"].drop_nulls()
    }
    (folder / "institutions").mkdir()
    files = safe_names(houses)
    named = named_records(tables["suspicions"], tables["suspicion_evidence"])
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
        mine = frozenset(record for record, owner in owners.items() if owner == house)
        pairs = own["suspicions"].filter(
            pl.Series([_only(r, mine) != r for r in own["suspicions"]["related"]], dtype=pl.Boolean)
        )
        mixed = frozenset(pairs["suspicion_id"])
        own["suspicion_evidence"] = hide_evidence(own["suspicion_evidence"], mine | {house}, known - {house}, mixed)
        own["suspicions"] = hide_related(own["suspicions"], mine)
        foreign = frozenset(named - mine)
        for name, rows in own.items():
            if "suspicion_id" in rows.columns:
                ids = [hide_id(text, foreign) for text in rows["suspicion_id"]]
                own[name] = rows.with_columns(pl.Series("suspicion_id", ids, pl.String))
        target = inside(folder / "institutions", f"{files[house]}.xlsx")
        write_tables(target, (_sheet(t, own[t.name], lang) for t in _INSTITUTION), lang, names)


def named_records(suspicions: pl.DataFrame, evidence: pl.DataFrame) -> frozenset[str]:
    """Every stay and visit that suspicions and their evidence name."""
    found = {one for text in suspicions["related"].drop_nulls() for one in text.split("|")}
    found |= {one for text in evidence["record"].drop_nulls() for one in text.split("|")}
    return frozenset(found | set(suspicions["stay_id"].drop_nulls())) - {""}


def hide_related(rows: pl.DataFrame, mine: frozenset[str]) -> pl.DataFrame:
    """Suspicions as their institution sees them: no person, and of related records only its own."""
    related = [_only(text, mine) for text in rows["related"]]
    return rows.with_columns(pl.Series("related", related, pl.String), person_id=pl.lit(None, pl.String))


def hide_id(text: str, foreign: frozenset[str]) -> str:
    """The id of a suspicion as its institution sees it: records of others are masked, and where there were any, four
    digits of the id's digest tell it from its like."""
    parts = re.split(r"([/|])", text)
    if foreign.isdisjoint(parts):
        return text
    digest = hashlib.sha256(text.encode()).hexdigest()[:4]
    return "".join(HIDDEN if part in foreign else part for part in parts) + f"#{digest}"


def hide_evidence(
    rows: pl.DataFrame, mine: frozenset[str], others: frozenset[str], mixed: frozenset[str] = frozenset()
) -> pl.DataFrame:
    """Evidence as an institution sees it. Of a record that is not its own nothing is left but that there is one, and
    no date; what its own is compared with shows no date where the suspicion names another's record (those of
    ``mixed``, and those whose evidence does); other institutions are masked everywhere."""
    mixed |= {
        row["suspicion_id"] for row in rows.iter_rows(named=True) if _only(row["record"], mine) != row["record"]
    }
    shown = []
    for row in rows.iter_rows(named=True):
        foreign = _only(row["record"], mine) != row["record"]
        value = _DATE.sub(HIDDEN, row["value"]) if foreign else row["value"]
        expected = _DATE.sub(HIDDEN, row["expected"]) if row["suspicion_id"] in mixed else row["expected"]
        texts = {"value": value, "expected": expected, "record": _only(row["record"], mine)}
        shown.append(row | {name: _WORD.sub(lambda m: _of_other(m[0], others), text) for name, text in texts.items()})
    return pl.DataFrame(shown, schema=rows.schema)


def _only(text: str, mine: frozenset[str]) -> str:
    return "|".join(one if one in mine or not one else HIDDEN for one in text.split("|"))


def _of_other(word: str, others: frozenset[str]) -> str:
    return HIDDEN if word in others else word
