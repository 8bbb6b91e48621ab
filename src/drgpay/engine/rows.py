"""Parts read and written: the same batches and the same bytes whichever engine asks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from drgpay.engine.contract import Part, open_parquet
from drgpay.engine.files import ROW_GROUP, WRITE_OPTIONS
from drgpay.errors import DrgpayError, Kind
from drgpay.places import drafted
from drgpay.tables import LATER


def one_batch(table: Any) -> Any:
    """A table as a single batch, its dictionaries made one."""
    table = table.unify_dictionaries().combine_chunks()
    batches = table.to_batches()
    return batches[0] if batches else pa.RecordBatch.from_pylist([], schema=table.schema)


def read_part(part: Part, columns: Sequence[str] | None) -> Any:
    """The rows of a part as one batch."""
    file = _with_columns(part.path, columns)
    try:
        # One at a time: pyarrow cannot read lists of dictionary-coded text across row groups.
        names = file.schema_arrow.names
        there = None if columns is None else [c for c in columns if c in names]
        groups = [file.read_row_group(g, columns=there, use_threads=False) for g in part.row_groups]
    except (OSError, ValueError) as error:
        raise DrgpayError(
            Kind.DATA,
            zh="Parquet 数据损坏",
            en="the Parquet data are damaged",
            file=part.path.name,
            fix_zh="重新导出或重新复制该文件",
            fix_en="export or copy the file again",
        ) from error
    return one_batch(_complete(pa.concat_tables(groups), columns))


def _complete(table: Any, columns: Sequence[str] | None) -> Any:
    """The columns asked for, in that order; one that came later and is not in the file is empty."""
    if columns is None or all(c in table.column_names for c in columns):
        return table
    own = {c: table.column(c) if c in table.column_names else pa.nulls(len(table), LATER[c]) for c in columns}
    return pa.table(own)


def no_rows(path: Path, columns: Sequence[str] | None) -> Any:
    """A batch without rows of the columns of a file: what a kernel makes of it has the types of its results."""
    schema = _with_columns(path, columns).schema_arrow
    empty = schema.empty_table()
    if columns is None:
        return one_batch(empty)
    return one_batch(_complete(empty.select([c for c in columns if c in schema.names]), columns))


def _with_columns(path: Path, columns: Sequence[str] | None) -> Any:
    file = open_parquet(path)
    there = {*file.schema_arrow.names, *LATER}  # asked once: pyarrow makes the schema anew each time
    missing = [c for c in columns or () if c not in there]
    if missing:
        raise DrgpayError(
            Kind.DATA,
            zh="缺少列",
            en="a column is missing",
            file=path.name,
            field=", ".join(missing),
            fix_zh="列名见 docs/tables.md",
            fix_en="docs/tables.md lists the columns",
        )
    return file


def write_part(path: Path, batch: Any, attempt: str = "") -> None:
    """One Parquet part, whole or not at all; an empty one is written too, so that the schema is never lost.
    ``attempt`` keeps the drafts of two attempts at the same part apart."""
    table = batch if isinstance(batch, pa.Table) else pa.Table.from_batches([batch])
    with drafted(path, attempt) as draft:
        pq.write_table(table, draft, row_group_size=ROW_GROUP, **WRITE_OPTIONS)


def plain(rows: pl.DataFrame) -> Any:
    """A frame as an Arrow table of plain types."""
    return rows.to_arrow(compat_level=pl.CompatLevel.oldest())
