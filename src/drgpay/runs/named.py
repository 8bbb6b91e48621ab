"""What registers name beyond themselves: stays of the region, and groups of the policy's scheme.

Registers are read before the stays; once the stays are known, those that are named are looked up in one pass over two
columns, and only where a register names any. A register with a row astray is read again, to say where it stands.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from drgpay.engine import Dataset, Engine, frame
from drgpay.runs import handed
from drgpay.runs.region import Registers, Stays, known_places, register_file
from drgpay.scheme import Scheme, load_codes
from drgpay.steps import intake
from drgpay.tables import Table

_BY = ("stay_id", "institution_id")
_PROPOSED = 20
"""unknown stays for which a likely one is looked for"""
_ALIKE = 2000
"""stays that are compared with them"""

Homes = dict[str, frozenset[str]]


def names_of(table: Table, kind: str) -> tuple[str, ...]:
    """The columns of a register that name something of a kind."""
    return tuple(c.name for c in table.references() if c.refers == kind)


def homes_of(engine: Engine, data: Dataset, wanted: Collection[str]) -> Homes:
    """Stays of a data set that are among the ids wanted, and the institutions they belong to."""
    if not wanted:
        return {}
    ids = pa.array(sorted(wanted), pa.string())
    found = frame(engine.sum(data, partial(_among, ids=ids), _BY, _BY, "look up stays"))
    return {
        stay: frozenset(rows["institution_id"].drop_nulls())
        for (stay,), rows in found.group_by("stay_id", maintain_order=True)
    }


def _among(batch: Any, ids: Any) -> Any:
    rows = batch.filter(pc.is_in(batch.column("stay_id").cast(pa.string()), value_set=ids))
    return frame(rows.select(list(_BY))).group_by(_BY).agg(n=pl.len().cast(pl.Int64)).to_arrow()


def _alike(batch: Any, starts: tuple[str, ...]) -> Any:
    """Ids that begin like those that were not found."""
    ids = frame(batch.select(["stay_id"])).filter(
        pl.any_horizontal(pl.col("stay_id").str.starts_with(start) for start in starts)
    )
    return ids.unique().head(_ALIKE).with_columns(n=pl.lit(1, pl.Int64)).to_arrow()


def proposals(engine: Engine, data: Dataset, lost: Iterable[str]) -> list[str]:
    """Stays from which the nearest to some unknown ids can be picked: those with the same first half, or sign."""
    those = sorted(lost)[:_PROPOSED]
    for length in (2, 0):
        starts = tuple(sorted({stay[: len(stay) // length if length else 1] for stay in those}))
        found = engine.sum(data, partial(_alike, starts=starts), ("stay_id",), ("stay_id",), "look for likely stays")
        if found.num_rows:
            return [str(stay) for stay in found.column("stay_id").to_pylist()]
    return []


def check_named(
    engine: Engine,
    data: Dataset,
    folder: Path,
    registers: Registers,
    tables: Iterable[Table],
    scheme: Scheme | None = None,
    kept_out: Mapping[str, frozenset[str]] | None = None,
    known_on: date | None = None,
) -> set[str]:
    """The stays registers name that are there only among those kept out.

    Raises DATA when a register of ``folder`` names a stay the region does not have, or has at another institution, or
    a group the scheme does not have, with row, value, and the nearest there is. ``data``: the region's stays;
    ``kept_out``: stays (with their institutions, where known) that were handed in but kept out by the checks;
    ``known_on``: the day until which the registers are read.
    """
    named = {t: names_of(t, "stay") for t in tables if registers[t].height}
    wanted = {str(i) for t, columns in named.items() for c in columns for i in registers[t][c].drop_nulls()}
    homes = {**(kept_out or {}), **homes_of(engine, data, wanted)}
    known = {"stay": frozenset(homes)}
    if scheme is not None:
        known["group"] = frozenset(scheme.group_names)
    if any(names_of(t, "operation") for t in tables if registers[t].height):
        known["operation"] = frozenset(load_codes("icd9cm3-nhsa-2.0").known)
    lost, near = wanted - set(homes), {}
    if lost:
        near = {"stay": proposals(engine, data, lost) or sorted(homes)}
    places = known_places(folder, known_on)
    whole = intake.Known({**places.ids, **known}, {**places.homes, "stay": homes}, near)
    for table in named:
        path = register_file(folder, table)
        if path is not None and any(intake.astray(table, registers[table].to_arrow(), whole)):
            intake.read_register(path, table, whole, known_on)
    return wanted & {stay for stay, at in homes.items() if not at}


def kept_out_of(
    engine: Engine,
    stays: Stays,
    folder: Path,
    registers: Registers,
    tables: Iterable[Table],
    scheme: Scheme,
    known_on: date | None,
) -> list[str]:
    """:func:`check_named` for a region's stays as they were read; those registers name that were kept out then."""
    those = [t for t in tables if t.references()]
    asked = any(names_of(t, "stay") and registers[t].height for t in those)
    out = {stay: frozenset[str]() for stay in handed.kept_ids(stays.findings)} if asked else {}
    return sorted(check_named(engine, stays.data, folder, registers, those, scheme, out, known_on))
