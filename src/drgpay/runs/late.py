"""Decisions on a year that is closed (design/12 §2): what its clearing did not know enters the current year.

A violation, a hold of an amount or a refused stay of a year whose clearing is sealed, and which no sealed clearing
has known, acts in the year that is settled now. A year that is opened again leaves out what a later one has taken up.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from drgpay.engine import dataset, frame, read_manifest, table_path
from drgpay.runs.manifest import REGISTERS, TABLES
from drgpay.runs.order import Order
from drgpay.runs.region import Registers
from drgpay.runs.seals import folder_of, read_seals
from drgpay.tables import PAYMENT_HOLDS, STAY_DECISIONS, STAY_MODES, STAY_PAYMENTS, VIOLATIONS, Table

Row = dict[str, Any]
Late = dict[str, list[Row]]
"""by register: ``id``, the ``year`` decided on and the ``amount`` (fen); of refused stays the row of ``violations``
they become. ``elsewhere``: what a later year has taken up already"""

LATE = "late"
"""where a manifest says it"""
_ELSEWHERE = "elsewhere"
_DATED: tuple[Table, ...] = (VIOLATIONS, PAYMENT_HOLDS)
"""registers whose rows are of a year; the first part of their key tells them apart"""
_REFUSED = (pl.col("kind") == "refuse") & (pl.col("decision") == "approved")


def late_of(order: Order, folder: Path, registers: Registers, area: str) -> Late:
    """What enters a run from closed years, or what the opening of one leaves to later ones; of a run that is made
    again what it was made from. ``folder``: where the run is written."""
    if order.late is not None:
        return dict(order.late)
    if order.reopens is not None:
        return taken_later(order.reopens.resolve().parent, area, order.year)
    return late_rows(registers, (order.after or folder).resolve().parent, area, order.year)


def late_rows(registers: Registers, runs: Path, area: str, year: int) -> Late:
    """What enters a year from closed ones. ``runs``: the folder of runs, whose seals say what is closed."""
    closings = [(s.year, folder_of(s, runs)) for s in read_seals(runs)
                if s.area == area and s.year < year and s.month is None]  # fmt: skip
    if not closings:
        return {}
    known = {(of, folder): Registers.read(folder / REGISTERS, (*_DATED, STAY_DECISIONS)) for of, folder in closings}
    closed = {of for of, _ in closings}
    found: Late = {}
    for table in _DATED:
        key = table.key[0]
        rows = registers[table].filter(pl.col("year").is_in(closed)).sort(key)
        for name, of, amount in rows.select(key, "year", "amount").rows():
            if not any(name in its[table][key] for (then, _), its in known.items() if then >= of):
                found.setdefault(table.name, []).append({"id": name, "year": of, "amount": amount})
    refused = registers[STAY_DECISIONS].filter(_REFUSED).select("stay_id", "institution_id", "reason")
    last = dict(closings)
    for of, folder in sorted(last.items()):
        told = [its[STAY_DECISIONS].filter(_REFUSED)["stay_id"] for (then, _), its in known.items() if then >= of]
        new = refused.filter(~pl.col("stay_id").is_in(pl.concat(told).implode()))
        for row in _paid(folder, new):
            found.setdefault(STAY_DECISIONS.name, []).append(row | {"of": of})
    return dict(sorted(found.items()))


def _paid(folder: Path, refused: pl.DataFrame) -> list[Row]:
    """What a clearing paid for stays that are refused now, as rows of ``violations`` without their year."""
    rows: list[Row] = []
    for table, column in ((STAY_PAYMENTS, "year_due"), (STAY_MODES, "due")):
        if refused.is_empty() or not table_path(folder / TABLES, table).exists():
            continue
        stays = pl.scan_parquet(list(dataset(folder / TABLES, table).paths)).select(
            pl.col("stay_id", "insurance_scheme").cast(pl.String), amount=pl.col(column)
        )
        its = stays.join(refused.lazy(), on="stay_id").filter(pl.col("amount") > 0).sort("stay_id").collect()
        rows += [
            {"violation_id": f"{row['stay_id']}/refuse", "damages_multiple": None} | row for row in its.to_dicts()
        ]
    return rows


def entered(registers: Registers, late: Mapping[str, list[Row]], year: int) -> Registers:
    """The registers with what is late in the year, and without what another year has taken up."""
    frames = dict(registers.frames)
    for table in _DATED:
        key, rows = table.key[0], registers[table]
        gone = [row["id"] for row in late.get(_ELSEWHERE, ()) if row["register"] == table.name]
        names = [row["id"] for row in late.get(table.name, ())]
        if names or gone:
            moved = pl.when(pl.col(key).is_in(names)).then(pl.lit(year, rows.schema["year"])).otherwise("year")
            frames[table.name] = rows.filter(~pl.col(key).is_in(gone)).with_columns(year=moved)
    refused = [{name: row.get(name) for name in VIOLATIONS.names} | {"year": year}
               for row in late.get(STAY_DECISIONS.name, ())]  # fmt: skip
    if refused:
        more = frame(VIOLATIONS.of(refused))
        there = frames.get(VIOLATIONS.name)
        frames[VIOLATIONS.name] = more if there is None else pl.concat([there, more.cast(there.schema)])
    gone = [row["id"] for row in late.get(_ELSEWHERE, ()) if row["register"] == STAY_DECISIONS.name]
    if gone:
        rows = registers[STAY_DECISIONS]
        frames[STAY_DECISIONS.name] = rows.filter(~(pl.col("stay_id").is_in(gone) & _REFUSED))
    return Registers(frames)


def taken_later(runs: Path, area: str, year: int) -> Late:
    """What sealed clearings of later years have taken up of a year, for opening that again."""
    rows: list[Row] = []
    for seal in read_seals(runs):
        if seal.area == area and seal.year > year and seal.month is None:
            late = read_manifest(folder_of(seal, runs)).get(LATE, {})
            for table in _DATED:
                rows += [{"register": table.name, "id": row["id"]} for row in late.get(table.name, ())
                         if row["year"] == year]  # fmt: skip
            rows += [{"register": STAY_DECISIONS.name, "id": row["stay_id"]}
                     for row in late.get(STAY_DECISIONS.name, ()) if row["of"] == year]  # fmt: skip
    return {_ELSEWHERE: rows} if rows else {}
