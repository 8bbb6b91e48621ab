"""The grouper for programs: stays in the form a program has them, results in the same form."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any, TypeVar, overload

import polars as pl
import pyarrow as pa

from drgpay.errors import DrgpayError, Kind
from drgpay.scheme import load
from drgpay.steps.grouping import given
from drgpay.steps.grouping.kernel import compile_scheme
from drgpay.steps.grouping.path import Explanation
from drgpay.steps.grouping.reference import explain_stay
from drgpay.steps.grouping.story import Alternative, Story, alternatives, tell_stay

T = TypeVar("T")

RESULTS = ("mdc", "adrg", "drg", "severity", "status", "drg_name")
"""columns appended to a table"""
_BATCH = 65_536
_FEW = 5
"""up to so many stays are grouped one by one: a batch costs about as much as six of them"""


@dataclass(frozen=True)
class Grouped:
    """The group of a stay.

    ``mdc`` and ``adrg`` are None when there is none; ``drg`` is ``0000`` when it is in no group; ``name`` is the
    group's Chinese name; ``severity`` is none, cc or mcc; ``status`` grouped, ungrouped or qy.
    """

    mdc: str | None
    adrg: str | None
    drg: str
    name: str
    severity: str
    status: str


class Grouper:
    """Groups stays under one scheme. Loading takes a second; keep the object. It may be shared by threads.

    ``switches`` are named readings of the scheme, ``folder`` may hold further built schemes. Raises
    :class:`DrgpayError`: SCHEME for an unknown scheme or switch, DATA for a stay that cannot be read, USAGE for a
    thing that is no stays.
    """

    def __init__(self, scheme: str = "chs-drg-1.1", switches: Iterable[str] = (), folder: Path | None = None) -> None:
        self.scheme = load(scheme, frozenset(switches), folder=folder)
        self._kernel = compile_scheme(self.scheme)
        codes = self._kernel.tables.drg_codes
        self._names = pa.array([self.scheme.name(code) for code in codes], pa.string())

    @overload
    def group(self, stays: Mapping[str, Any], *, threads: int = 1) -> Grouped: ...
    @overload
    def group(self, stays: list[dict[str, Any]], *, threads: int = 1) -> list[Grouped]: ...
    @overload
    def group(self, stays: T, *, threads: int = 1) -> T: ...
    def group(self, stays: Any, *, threads: int = 1) -> Any:
        """Group a stay (dict), a list of them, or a table: Polars or pandas DataFrame, Arrow Table or RecordBatch.

        A dict gives a :class:`Grouped`, a list a list of them; a table gives a table of its own kind with the
        columns :data:`RESULTS` appended. Keys, columns and values are those of :func:`given.read_stay`. Tables are
        taken in batches of 65,536 stays, ``threads`` at a time; the result does not depend on either.
        """
        if isinstance(stays, Mapping):
            return self._one(given.read_stay(stays))
        if isinstance(stays, list | tuple):
            return self._list(list(stays))
        if isinstance(stays, pa.RecordBatch):
            whole = self._results(pa.Table.from_batches([stays]), threads, stays.schema.names)
            return _append(stays, {name: column.combine_chunks() for name, column in whole.items()})
        if isinstance(stays, pa.Table):
            return _append(stays, self._results(stays, threads, stays.column_names))
        if isinstance(stays, pl.DataFrame):
            wanted = stays.select([name for name in stays.columns if name in given.SPELLINGS])
            results = self._results(wanted.to_arrow(), threads, stays.columns)
            return stays.hstack(pl.DataFrame(results).get_columns())
        if type(stays).__module__.split(".")[0] == "pandas" and hasattr(stays, "columns"):
            return self._pandas(stays, threads)
        raise DrgpayError(
            Kind.USAGE,
            zh="不认识的病例形式",
            en="this is not a form stays can have",
            fix_zh="给一个 dict、dict 的列表、Polars 或 pandas DataFrame、Arrow Table 或 RecordBatch",
            fix_en="give a dict, a list of dicts, a Polars or pandas DataFrame, an Arrow Table or RecordBatch; "
            "collect a LazyFrame first",
            value=type(stays).__name__,
        )

    def explain(self, stay: Mapping[str, Any]) -> Explanation:
        """The result for one stay (a dict as for :meth:`group`) and every step that led to it."""
        return explain_stay(self.scheme, given.read_stay(stay))

    def tell(self, stay: Mapping[str, Any]) -> Story:
        """The explanation as people read it: the three layers, each diagnosis' standing, the alternatives."""
        return tell_stay(self.scheme, given.read_stay(stay))

    def alternatives(self, stay: Mapping[str, Any]) -> list[Alternative]:
        """The result with each other diagnosis moved to the front, in the order of the record."""
        return alternatives(self.scheme, given.read_stay(stay))

    def _one(self, stay: Mapping[str, Any]) -> Grouped:
        told = explain_stay(self.scheme, stay)
        return Grouped(told.mdc, told.adrg, told.drg, self.scheme.name(told.drg), told.severity, told.status)

    def _list(self, stays: list[Any]) -> list[Grouped]:
        read = []
        for row, stay in enumerate(stays, start=1):
            if not isinstance(stay, Mapping):
                raise DrgpayError(
                    Kind.USAGE,
                    zh="列表里有不是病例的东西",
                    en="the list holds something that is no stay",
                    fix_zh="列表里只放 dict",
                    fix_en="put nothing but dicts into the list",
                    row=row,
                    value=type(stay).__name__,
                )
            read.append(given.read_stay(stay, row))
        if len(read) <= _FEW:
            return [self._one(stay) for stay in read]
        result: list[Grouped] = []
        for low in range(0, len(read), _BATCH):
            columns = self._group(given.as_batch(read[low : low + _BATCH]))
            order = ("mdc", "adrg", "drg", "drg_name", "severity", "status")
            lists = (columns[name].to_pylist() for name in order)
            result += [Grouped(*row) for row in zip(*lists, strict=True)]
        return result

    def _pandas(self, stays: Any, threads: int) -> Any:
        wanted = [name for name in stays.columns if isinstance(name, str) and name in given.SPELLINGS]
        table = pa.table({name: pa.array(stays[name], from_pandas=True) for name in wanted})
        results = self._results(table, threads, list(stays.columns))
        return stays.assign(**{name: column.to_pylist() for name, column in results.items()})

    def _results(self, table: Any, threads: int, taken: list[str]) -> dict[str, Any]:
        """The result columns; ``taken`` are the names the whole table has."""
        both = [name for name in RESULTS if name in taken]
        if both:
            raise DrgpayError(
                Kind.DATA,
                zh=f"表中已有结果列：{'、'.join(both)}",
                en=f"the table already has columns of the result: {', '.join(both)}",
                fix_zh="改名或去掉这些列",
                fix_en="rename or drop them",
                field=both[0],
            )
        names = given.fields(table.column_names)
        batches = table.select(list(names.values())).to_batches(max_chunksize=_BATCH)
        firsts = accumulate((batch.num_rows for batch in batches), initial=1)

        def one(batch: Any, first: int) -> dict[str, Any]:
            return self._group(given.read_batch(batch, names, first))

        if threads > 1 and len(batches) > 1:
            with ThreadPoolExecutor(threads) as pool:
                parts = list(pool.map(one, batches, firsts))
        else:
            parts = list(map(one, batches, firsts))
        return {name: pa.chunked_array([part[name] for part in parts], pa.string()) for name in RESULTS}

    def _group(self, batch: Any) -> dict[str, Any]:
        columns = self._kernel.group(batch)
        result = {name: columns.column(name).cast(pa.string()) for name in columns.schema.names}
        result["drg_name"] = self._names.take(columns.column("drg").indices)
        return result


def _append(table: Any, columns: Mapping[str, Any]) -> Any:
    for name, column in columns.items():
        table = table.append_column(name, column)
    return table
