"""Small tables on disk: written under a temporary name, checked against the dictionary, then renamed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq

from drgpay.engine.columns import frame
from drgpay.engine.contract import Dataset, open_parquet
from drgpay.places import drafted
from drgpay.tables import Table

ROW_GROUP = 65_536
"""rows of a row group"""
WRITE_OPTIONS: dict[str, Any] = {"compression": "zstd", "compression_level": 1, "store_schema": True}


def table_path(folder: Path, table: Table) -> Path:
    """Where a table lives below ``folder``: a file, or a folder of parts."""
    return folder / (table.name if table.folder else f"{table.name}.parquet")


def dataset(folder: Path, table: Table) -> Dataset:
    """A stay-level table below ``folder`` as a data set."""
    return Dataset.of(table_path(folder, table))


def write_table(folder: Path, table: Table, data: Any) -> None:
    """Check a small table against the dictionary, sort it by its key, and write it."""
    sorted_rows = frame(data).select(table.names).sort(table.key).to_arrow(compat_level=pl.CompatLevel.oldest())
    data = sorted_rows.cast(table.schema)
    table.check(data)
    folder.mkdir(parents=True, exist_ok=True)
    with drafted(table_path(folder, table)) as draft:
        pq.write_table(data, draft, row_group_size=ROW_GROUP, **WRITE_OPTIONS)


def read_table(folder: Path, table: Table) -> pl.DataFrame:
    """A table without code lists as a Polars frame; codes come as text."""
    return pl.concat([frame(open_parquet(p).read()) for p in dataset(folder, table).paths])
