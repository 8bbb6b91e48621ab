"""Pages in plain Python: whole tables as rows, the same questions asked of them row by row."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from drgpay.runs import Scope, View, Where
from drgpay.tables import BASE_GROUPS, CASE_POINTS, GROUPED, LEDGER, SETTLED_STAYS, STAY_MODES, STAY_PAYMENTS, Table

Row = dict[str, Any]


def rows_of(run: Path, table: Table) -> list[Row]:
    """All rows of a table of a run."""
    if table is LEDGER:
        return ledger(run)
    return _rows(run, table.name, table.folder) if table is not SETTLED_STAYS else settled(run)


@cache
def ledger(run: Path) -> list[Row]:
    """The entries of a run's ledger."""
    lines = (run / "ledger.jsonl").read_text(encoding="utf-8").strip().split("\n")[1:-1]
    records = [json.loads(line) for line in lines]
    return [r["entry"] | {"hash": r["hash"], "date": date.fromisoformat(r["entry"]["date"])} for r in records]


@cache
def _rows(run: Path, name: str, folder: bool) -> list[Row]:
    for below in ("tables", "registers"):
        place = run / below / (name if folder else f"{name}.parquet")
        if place.exists():
            parts = sorted(place.rglob("*.parquet")) if place.is_dir() else [place]
            return [row for part in parts for row in _plain(part)]
    return []


def _plain(part: Path) -> list[Row]:
    file = pq.ParquetFile(part)
    return [row for g in range(file.num_row_groups) for row in file.read_row_group(g).to_pylist()]


@cache
def settled(run: Path) -> list[Row]:
    """``settled_stays`` of a year run, from the tables it is read from."""
    case, paid, modes = ({r["stay_id"]: r for r in rows_of(run, t)} for t in (CASE_POINTS, STAY_PAYMENTS, STAY_MODES))
    base = {r["drg"]: r["base_points"] for r in rows_of(run, BASE_GROUPS)}
    found = []
    for stay in rows_of(run, GROUPED):
        its, mode = case.get(stay["stay_id"]), modes.get(stay["stay_id"])
        if its is None and mode is None:
            continue
        row = dict.fromkeys(SETTLED_STAYS.names) | {n: stay[n] for n in SETTLED_STAYS.names if n in stay}
        row |= {"dx1": stay["dx"][0], "proc1": (stay["proc"] or [None])[0], "mode": mode["mode"] if mode else "drg"}
        if row["mode"] == "drg":
            share = paid[stay["stay_id"]]
            row |= {n: its[n] for n in ("case_class", "coefficient", "discount", "extra", "points")}
            row |= {"base_points": base.get(stay["drg"]), "due": share["year_due"], "refused": share["year_refused"]}
            gone = its["case_class"] == "excluded"
        else:
            row |= {"due": mode["due"], "refused": mode["refused"] or 0}
            gone = mode["refused"] is not None
        row["actual"] = 0 if gone else stay["fund_by_item"]
        row["balance"] = row["due"] - row["actual"]
        found.append(row)
    return found


def seen(run: Path, table: Table, scope: Scope, tables: Callable[[str], Table]) -> list[Row]:
    """The rows of a table that a reader sees; none where he does not see the table."""
    rows = rows_of(run, table)
    kind, _, where = table.visible.partition(":")
    if kind == "public" or not scope.limited:
        return rows
    if kind == "area":
        return []
    if kind == "via":
        name, key = where.split(".")
        known = {r[key] for r in seen(run, tables(name), scope, tables)}
        return [r for r in rows if r[key] in known]
    return [r for r in rows if _is_its(r, kind, where, scope)]


def _is_its(row: Row, kind: str, where: str, scope: Scope) -> bool:
    house = row.get(where if kind == "institution" else "institution_id")
    ward = row.get(where) if kind == "department" else row.get("department_id") if kind == "doctor" else None
    doctor = row.get(where) if kind == "doctor" else None
    return (
        (scope.institutions is None or house in scope.institutions)
        and (scope.departments is None or (house, ward) in scope.departments)
        and (scope.doctors is None or (house, doctor) in scope.doctors)
    )


def holds(row: Row, where: Where) -> bool:
    """Whether a row passes a filter."""
    value, wanted = row[where.column], where.value
    match where.op:
        case "is":
            return value is not None and value == wanted
        case "not":
            return value != wanted
        case "in":
            return value in wanted
        case "from":
            return value is not None and value >= wanted
        case "to":
            return value is not None and value <= wanted
        case "has":
            return value is not None and wanted in value
        case _:
            return (value is None) == wanted


def selection(run: Path, table: Table, view: View, tables: Callable[[str], Table]) -> list[Row]:
    """All rows of a view in order, with all columns."""
    rows = [r for r in seen(run, table, view.scope, tables) if all(holds(r, w) for w in view.where)]
    rows.sort(key=lambda r: [(r[n] is None, r[n]) for n in table.key])
    for sort in reversed(view.sort):
        with_value = [r for r in rows if r[sort.column] is not None]
        with_value.sort(key=lambda r: r[sort.column], reverse=sort.down)
        rows = with_value + [r for r in rows if r[sort.column] is None]
    return rows
