"""Suggested corrections of a scheme (勘误): what print seems to have lost, kept beside its tables.

A scheme may bring a table ``errata``. The switch ``errata`` applies all of it; without it the scheme is as printed.
Each row adds or removes a code (``table``: mdc_dx, adrg_code, mcc, cc; ``key``: the MDC or ADRG; ``list``: the
list, for mcc and cc the exclusion table), or replaces a rule (``table`` adrg or mdc, ``action`` rule, the text in
``code``).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from drgpay.scheme.source import Row

SWITCH = "errata"
EFFECT = (
    "the suggested corrections of the scheme's errata are applied: it is no longer as printed",
    "采用方案勘误中建议的更正，不再照印本",
)
ACTIONS = ("add", "remove", "rule")
_COLUMNS = {
    "mdc_dx": ("mdc", "code", "site"),
    "adrg_code": ("adrg", "list", "code"),
    "mcc": ("code", "exclusion"),
    "cc": ("code", "exclusion"),
}
_CODED = tuple(_COLUMNS)


class Erratum(NamedTuple):
    """One suggested correction; the fields are the columns of the table."""

    table: str
    key: str
    list: str
    code: str
    action: str
    reason: str

    @property
    def zh(self) -> str:
        """The correction in Chinese, in a few words."""
        return self._said(
            f"{self.key} 的规则改为 {self.code}",
            {"add": f"{self.code} 列入", "remove": f"{self.code} 移出"},
            {"mdc_dx": f"大类 {self.key} 的主要诊断表", "adrg_code": f"{self.key} 的编码表"},
        )

    @property
    def en(self) -> str:
        """The correction in English, in a few words."""
        return self._said(
            f"the rule of {self.key} becomes {self.code}",
            {"add": f"{self.code} enters", "remove": f"{self.code} leaves"},
            {"mdc_dx": f"the table of MDC {self.key}", "adrg_code": f"the list {self.list} of {self.key}"},
        )

    def _said(self, rule: str, acts: Mapping[str, str], places: Mapping[str, str]) -> str:
        if self.action == "rule":
            return rule
        return f"{acts[self.action]} {places.get(self.table, self.table.upper())}"


def read(rows: Iterable[Row]) -> tuple[Erratum, ...]:
    """The rows of the table as corrections."""
    return tuple(Erratum(**row) for row in rows)


def correct(tables: Mapping[str, list[Row]], errata: Iterable[Erratum]) -> dict[str, list[Row]]:
    """Tables with the corrections applied; the rows given are left as they are."""
    result = dict(tables)
    of_table: dict[str, list[Erratum]] = defaultdict(list)
    for erratum in errata:
        of_table[erratum.table].append(erratum)
    for table, those in of_table.items():
        gone = {_row(e) for e in those if e.action == "remove"}
        rules = {e.key: e.code for e in those if e.action == "rule"}
        rows = [row for row in tables[table] if not gone or _cells(table, row) not in gone]
        if rules:
            field = "rule" if table == "adrg" else "condition"
            rows = [{**row, field: rules.get(row[table], row[field])} for row in rows]
        added = [_row(e) for e in those if e.action == "add"]
        rows = rows + [dict(zip(_COLUMNS[table], cells, strict=True)) for cells in added]
        result[table] = rows
    return result


def _cells(table: str, row: Row) -> tuple[str, ...]:
    return tuple(row[column] for column in _COLUMNS[table])


def _row(erratum: Erratum) -> tuple[str, ...]:
    """The row of its table that a correction adds or removes."""
    if erratum.table == "mdc_dx":
        return erratum.key, erratum.code, "" if erratum.list == "pdx" else erratum.list
    if erratum.table == "adrg_code":
        return erratum.key, erratum.list, erratum.code
    return erratum.code, erratum.list


def outdated(errata: Iterable[Erratum], tables: Mapping[str, list[Row]]) -> Iterator[Erratum]:
    """Corrections that change nothing in these tables: a derived scheme has settled them."""
    adrgs = {row["adrg"]: row["rule"] for row in tables["adrg"]}
    mdcs = {row["mdc"]: row["condition"] for row in tables["mdc"]}
    have = {table: {_cells(table, row) for row in tables[table]} for table in _CODED}
    for e in errata:
        if e.action == "rule":
            rules = adrgs if e.table == "adrg" else mdcs
            if rules.get(e.key, e.code) == e.code:
                yield e
        else:
            owners = {"mdc_dx": mdcs, "adrg_code": adrgs}.get(e.table)
            if (owners is not None and e.key not in owners) or (_row(e) in have[e.table]) == (e.action == "add"):
                yield e


def wrong(errata: Iterable[Erratum], tables: Mapping[str, list[Row]]) -> Iterator[tuple[Erratum, str, str]]:
    """Corrections that cannot be applied: (correction, Chinese, English)."""
    rows = list(errata)
    idle = set(outdated(rows, tables))
    for e in rows:
        if e.action not in ACTIONS or e.table not in (("adrg", "mdc") if e.action == "rule" else _CODED):
            yield e, f"{e.table} 不能 {e.action}", f"«{e.action}» cannot be done to {e.table}"
        elif e in idle:
            yield e, "该更正不起作用", "this correction changes nothing"
