"""The lines of statements, read from a run: figures as they are in its tables, and the digest that names them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from drgpay import runs
from drgpay.errors import DrgpayError, Kind
from drgpay.tables import (
    INSTITUTION_MONTHS,
    MODE_PAYMENTS,
    MONTH_CASH,
    NUMBERS,
    SETTLED_STAYS,
    STATEMENTS,
    Column,
    Table,
)
from drgpay_web.ui.values import printed

HOUSE, SCHEME = "institution_id", "insurance_scheme"
MONTHLY: tuple[Table, ...] = (INSTITUTION_MONTHS, MONTH_CASH)
YEARLY: tuple[Table, ...] = (STATEMENTS,)
_ALSO: tuple[Table, ...] = (MODE_PAYMENTS,)
"""what else a statement's digest covers"""
_STAY = ("stay_id", HOUSE, SCHEME, "drg", "case_class", "mode", "points", "due", "refused")
EVENTS: Mapping[str, tuple[str, ...]] = {
    "due": ("month_due", "year_due_more", "year_due_less", "mode_due", "mode_more", "mode_less"),
    "refused": ("refused", "refused_less"),
    "paid": ("month_paid", "mode_paid", "held_paid"),
    "paid_in_months": ("month_paid", "mode_paid"),
    "deposit": ("month_deposit", "mode_deposit"),
    "deposit_held": ("deposit_returned", "deposit_forfeited"),
    "deposit_forfeited": ("deposit_forfeited",),
    "corrections": ("correction",),
    "corrections_deposit": ("correction_deposit",),
    "advance_netted": ("advance_netted",),
    "held": ("month_held", "held_passed", "final_held"),
    "modes_held": ("mode_held", "mode_held_passed", "mode_final_held", "capitation_held", "procurement_reward_held"),
    "modes_released": ("mode_released",),
    "released": ("held_paid",),
    "moved": ("succeeded",),
    "surplus_returned": ("surplus_returned",),
    "overspend_shared": ("overspend_shared",),
    "second_distribution": ("second_distribution",),
    "violations": ("violation_recovered",),
    "damages": ("damages",),
    "debt_netted": ("debt_netted",),
    "assessment_held": ("assessment_held",),
    "assessment_forfeited": ("assessment_forfeited",),
    "final_payment": ("final_paid", "recovered"),
}
"""entries of the ledger that a line is made of, by the beginning of their event"""


@dataclass(frozen=True)
class Line:
    """A line of a statement: its name, table and column, and its figure as the table has it."""

    name: str
    column: Column
    value: Any

    def title(self, lang: str) -> str:
        """What it is called."""
        return self.column.en.split(":")[0] if lang == "en" else self.column.zh

    def text(self, lang: str) -> str:
        """Its figure as people read it."""
        return printed(self.value, self.column.type, lang)


def tables_of(period: str) -> tuple[Table, ...]:
    """The tables whose rows are the statements of a month, or of a clearing."""
    return MONTHLY if "-" in period else YEARLY


def _rows(folder: Path, table: Table, scope: runs.Scope, *where: runs.Where) -> Iterator[dict[str, Any]]:
    """Rows of a table that the reader sees; none where the run has no such table."""
    try:
        for batch in runs.export_rows(folder, runs.View(table.name, where=where, scope=scope)):
            yield from batch
    except DrgpayError as error:
        if error.kind is not Kind.DATA:
            raise


def lines_of(folder: Path, period: str, house: str, scheme: str, scope: runs.Scope) -> list[Line]:
    """The lines of a statement in the order of their tables; a name that comes twice stands once."""
    found: dict[str, Line] = {}
    for table in tables_of(period):
        for row in _rows(folder, table, scope, runs.Where(HOUSE, "is", house), runs.Where(SCHEME, "is", scheme)):
            for column in table.columns:
                if column.name in row and column.name not in found and _is_line(column):
                    found[column.name] = Line(column.name, column, row[column.name])
    return list(found.values())


def _is_line(column: Column) -> bool:
    return column.type in NUMBERS and column.name not in ("month", "year")


def figures(folder: Path, period: str) -> dict[tuple[str, str], dict[str, Any]]:
    """All figures of a run's statements, by institution and insurance scheme, then by line."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for table in tables_of(period):
        for row in _rows(folder, table, runs.Scope.everything()):
            mine = found.setdefault((row[HOUSE], row[SCHEME]), {})
            for column in table.columns:
                if _is_line(column):
                    mine.setdefault(column.name, row.get(column.name))
    return found


def digests(folder: Path, period: str) -> list[dict[str, str]]:
    """Every statement of a run with the digest of all its figures and stays, by institution and scheme."""
    found: dict[tuple[str, str], Any] = {}
    everything = runs.Scope.everything()
    for table in (*tables_of(period), *_ALSO):
        for row in _rows(folder, table, everything):
            key = (row[HOUSE], row[SCHEME])
            if key in found or table not in _ALSO:
                _add(found.setdefault(key, hashlib.sha256()), table.name, row)
    for batch in runs.export_rows(folder, runs.View(SETTLED_STAYS.name, columns=_STAY, scope=everything)):
        for row in batch:
            if (row[HOUSE], row[SCHEME]) in found:
                _add(found[row[HOUSE], row[SCHEME]], SETTLED_STAYS.name, row)
    return [{HOUSE: h, SCHEME: s, "digest": found[h, s].hexdigest()} for h, s in sorted(found)]


def _add(digest: Any, table: str, row: Mapping[str, Any]) -> None:
    plain = json.dumps([table, dict(row)], ensure_ascii=False, sort_keys=True, default=str)
    digest.update(plain.encode() + b"\n")


def stays_not_of(folder: Path, house: str, scheme: str, stays: list[str]) -> list[str]:
    """Those of the stays that are none of an institution and scheme in a run."""
    view = runs.View(
        SETTLED_STAYS.name, columns=("stay_id", SCHEME), where=(runs.Where("stay_id", "in", stays),),
        scope=runs.Scope.institution(house),
    )  # fmt: skip
    page = runs.browse(folder, view, limit=1000, totals=False)
    known = {row["stay_id"] for row in page.rows if row[SCHEME] == scheme}
    return [stay for stay in stays if stay not in known]
