"""Where the rows of a stay lie in the tables of a run, found in a time that does not grow with the region.

A table of stays is a folder of parts in no order of ids. Its index is a small file of (stay, part, row group, row),
sorted by stay; its row groups say from which stay to which they go, so that one of them is read. A small table is
looked through instead, and leaves nothing behind.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.compute as pc

from drgpay.engine import Dataset, dataset, open_parquet
from drgpay.runs.manifest import TABLES
from drgpay.runs.pages.kept import kept
from drgpay.runs.pages.settled import settled_stays
from drgpay.tables import SETTLED_STAYS, Table

SMALL = 20_000
"""rows of a table that is looked through"""
_ROWS = 8_192
Place = tuple[int, int, int]
"""part, row group, row"""


def rows_of_stay(run: Path, table: Table, stay_id: str) -> list[dict[str, Any]]:
    """The rows of a stay in a table of stays of a run, in the order of its parts."""
    return [row for rows in slices_of_stay(run, table, stay_id) for row in rows.collect().to_dicts()]


def slices_of_stay(run: Path, table: Table, stay_id: str) -> list[pl.LazyFrame]:
    """:func:`rows_of_stay` not yet read, one frame a row; the table may be that of settled stays."""
    data = _data(run, table)
    places = _looked_through(data, stay_id) if data.rows() <= SMALL else _indexed(index_stays(run, table), stay_id)
    found = []
    for part, group, row in places:
        meta = open_parquet(data.paths[part]).metadata
        at = row + sum(meta.row_group(before).num_rows for before in range(group))
        found.append(pl.scan_parquet(data.paths[part]).slice(at, 1))
    return found


def _data(run: Path, table: Table) -> Dataset:
    return Dataset((settled_stays(run),)) if table is SETTLED_STAYS else dataset(run / TABLES, table)


def index_stays(run: Path, table: Table) -> Path:
    """The index of a table of stays of a run, made where it is not there."""
    return kept(run, f"{table.name}.index.parquet", lambda target: _write(_data(run, table), target))


def _looked_through(data: Dataset, stay_id: str) -> list[Place]:
    return [
        (part, group, row)
        for part, group, ids in _ids(data)
        for row in pc.indices_nonzero(pc.equal(ids, stay_id)).to_pylist()
    ]


def _indexed(index: Path, stay_id: str) -> list[Place]:
    """The places of a stay: only the row groups are read whose bounds hold its id."""
    file = open_parquet(index)
    found: list[Place] = []
    at, meta = file.schema_arrow.names.index("stay_id"), file.metadata
    for number in range(meta.num_row_groups):
        bounds = meta.row_group(number).column(at).statistics
        if bounds is not None and bounds.has_min_max and not bounds.min <= stay_id <= bounds.max:
            continue
        rows = file.read_row_group(number)
        mine = rows.filter(pc.equal(rows.column("stay_id"), stay_id))
        found += zip(*(mine.column(name).to_pylist() for name in ("part", "group", "row")), strict=True)
    return sorted(found)


def _write(data: Dataset, target: Path) -> None:
    places = [pl.DataFrame(schema={"row": pl.UInt32, "stay_id": pl.String, "part": pl.Int32, "group": pl.Int32})]
    for part, group, ids in _ids(data):
        here = [pl.lit(number, pl.Int32).alias(name) for name, number in (("part", part), ("group", group))]
        rows = pl.DataFrame([pl.Series("stay_id", ids).cast(pl.String)])
        places.append(rows.with_row_index("row").with_columns(here))
    whole = pl.concat(places).sort("stay_id", "part", "group", "row")
    whole.write_parquet(target, compression="zstd", compression_level=1, row_group_size=_ROWS)


def _ids(data: Dataset) -> Iterator[tuple[int, int, Any]]:
    """The ids of the stays of every row group, with its part and number."""
    for part, path in enumerate(data.paths):
        file = open_parquet(path)
        for group in range(file.num_row_groups):
            yield part, group, file.read_row_group(group, columns=["stay_id"]).column("stay_id")
