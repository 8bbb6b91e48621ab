"""Tables of other systems brought into Parquet by Spark's own readers: Hive, ORC, JDBC, Parquet, and what else it
reads. The rows are written by the workers; none passes through the driver."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from drgpay.engine.contract import Dataset
from drgpay.engine.rows import write_part
from drgpay.engine.spark import SparkEngine
from drgpay.errors import DrgpayError, Kind
from drgpay.places import new_folder

PART_ROWS = 524_288
"""rows of one file"""


@dataclass(frozen=True)
class Outside:
    """A table outside: ``hive`` with ``table``, a format of files with ``path``, or ``jdbc`` with ``options`` (url,
    dbtable, user, password, …)."""

    form: str
    path: str = ""
    table: str = ""
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Landed:
    """What was brought in, and the columns that kept a type other than the dictionary's."""

    data: Dataset
    rows: int
    other: tuple[str, ...]


def land(engine: SparkEngine, source: Outside, schema: Any, needed: Iterable[str], out: Path, key: str) -> Landed:
    """Write a table outside as Parquet into the folder ``out``, whole or not at all.

    Where every column of ``schema`` is there (those not ``needed`` may be missing) and converts without loss (text to
    codes, integers to integers, dates to dates), the files have exactly that schema. Otherwise all columns are kept
    as they come, and reading them is left to the checks; ``Landed.other`` names the columns that stood in the way.
    Rows are sorted by ``key``, then by all other columns, so that landing the same table again gives the same lines.
    Raises DATA when the table cannot be read, USAGE when ``out`` exists.
    """
    with new_folder(out, kind="stays") as draft:
        done, other = _landed(engine, source, schema, frozenset(needed), draft, key)
    return Landed(Dataset.of(out), sum(done.column("rows").to_pylist()), other)


def _landed(
    engine: SparkEngine, source: Outside, schema: Any, needed: frozenset[str], draft: Path, key: str
) -> tuple[Any, tuple[str, ...]]:
    """Rows of each file written to ``draft``, and the columns that stood in the way."""
    rows = _opened(engine, source)
    kinds = {f.name: f.type for f in _arrow_schema(rows)}
    other = tuple(
        c.name
        for c in schema
        if (c.name not in kinds and c.name in needed) or not _converts(kinds.get(c.name, c.type), c.type)
    )
    if not other:
        rows = rows.select(*[c.name for c in schema if c.name in kinds])
    if key in rows.columns:
        rows = rows.orderBy(key, *(c for c in rows.columns if c != key))
    writer = _Writer(Path.cwd() / draft, None if other else schema)
    return engine.collect(lambda: rows.mapInArrow(writer, "rows long").toArrow(), "land"), other


def _opened(engine: SparkEngine, source: Outside) -> Any:
    try:
        if source.form == "hive":
            return engine.spark.table(source.table)
        reader = engine.spark.read.format(source.form).options(**source.options)
        return reader.load(source.path) if source.path else reader.load()
    except Exception as error:  # whatever a reader, a driver or a metastore has to say
        raise DrgpayError(
            Kind.DATA,
            zh="Spark 读不出这张表",
            en="Spark cannot read this table",
            file=source.table or source.path or source.form,
            value=str(error).strip().partition("\n")[0][:300],
            fix_zh="检查 --from、--path、--table、--option;JDBC 驱动用 --conf spark.jars=… 给出",
            fix_en="check --from, --path, --table and --option; name a JDBC driver with --conf spark.jars=…",
        ) from error


def _arrow_schema(rows: Any) -> Any:
    from pyspark.sql.pandas.types import to_arrow_schema

    return to_arrow_schema(rows.schema)


def _converts(kind: Any, wanted: Any) -> bool:
    """No value of the first type is changed by the second, or the cast fails aloud."""
    if pa.types.is_list(wanted):
        return pa.types.is_list(kind) and _converts(kind.value_type, wanted.value_type)
    if pa.types.is_dictionary(wanted) or pa.types.is_string(wanted):
        return bool(pa.types.is_string(kind) or pa.types.is_dictionary(kind))
    if pa.types.is_integer(wanted):
        return bool(pa.types.is_integer(kind) or (pa.types.is_decimal(kind) and kind.scale == 0))
    return bool(kind == wanted)


@dataclass(frozen=True)
class _Writer:
    """Writes the rows of a partition as files, in order."""

    folder: Path
    schema: Any

    def __call__(self, batches: Iterable[Any]) -> Iterator[Any]:
        from pyspark import TaskContext

        context = TaskContext.get()
        partition, attempt = context.partitionId(), f".{context.taskAttemptId()}"
        held: list[Any] = []
        number = rows = 0

        def flush() -> int:
            table = pa.Table.from_batches(held)
            write_part(self.folder / f"part-{partition:05d}-{number:05d}.parquet", self._typed(table), attempt)
            held.clear()
            return int(table.num_rows)

        for batch in batches:
            held.append(batch)
            if sum(b.num_rows for b in held) >= PART_ROWS:
                rows, number = rows + flush(), number + 1
        if held:
            rows += flush()
        yield pa.record_batch({"rows": pa.array([rows], pa.int64())})

    def _typed(self, table: Any) -> Any:
        if self.schema is None:
            return table
        columns = [
            _cast(table.column(f.name).combine_chunks(), f.type)
            if f.name in table.column_names
            else pa.nulls(table.num_rows, f.type)
            for f in self.schema
        ]
        return pa.table(columns, schema=self.schema)


def _cast(column: Any, wanted: Any) -> Any:
    """To the wanted type; lists of text become lists of codes, which Arrow does not cast itself."""
    column = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if pa.types.is_list(wanted) and pa.types.is_dictionary(wanted.value_type):
        values = _cast(column.values, wanted.value_type)
        mask = column.is_null() if column.null_count else None
        return pa.ListArray.from_arrays(column.offsets, values, type=wanted, mask=mask)
    if pa.types.is_dictionary(wanted):
        return column.cast(wanted.value_type).dictionary_encode().cast(wanted)
    return column.cast(wanted)
