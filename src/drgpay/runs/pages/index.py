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
from drgpay.tables import Table

SMALL = 200_000
"""rows of a table that is looked through"""
_ROWS = 8_192
Place = tuple[int, int, int]
"""part, row group, row"""


def rows_of_stay(run: Path, table: Table, stay_id: str) -> list[dict[str, Any]]:
    """The rows of a stay in a table of stays of a run, in the order of its parts."""
    data = dataset(run / TABLES, table)
    small = data.rows() <= SMALL
    found: list[dict[str, Any]] = []
    for part, group, row in _looked_through(data, stay_id) if small else _indexed(run, table, stay_id):
        found += open_parquet(data.paths[part]).read_row_group(group).slice(row, 1).to_pylist()
    return found


def index_stays(run: Path, table: Table) -> Path:
    """The index of a table of stays of a run, made where it is not there."""
    return kept(run, f"{table.name}.index.parquet", lambda target: _write(dataset(run / TABLES, table), target))


def _looked_through(data: Dataset, stay_id: str) -> list[Place]:
    return [
        (part, group, row)
        for part, group, ids in _ids(data)
        for row in pc.indices_nonzero(pc.equal(ids, stay_id)).to_pylist()
    ]


def _indexed(run: Path, table: Table, stay_id: str) -> list[Place]:
    places = pl.scan_parquet(index_stays(run, table)).filter(pl.col("stay_id") == stay_id).collect()
    return sorted(places.select("part", "group", "row").rows())


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
