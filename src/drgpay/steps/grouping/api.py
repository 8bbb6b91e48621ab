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
from drgpay.steps.grouping.reasons import reason_columns
from drgpay.steps.grouping.reference import explain_stay
from drgpay.steps.grouping.story import Alternative, Story, alternatives, tell_stay
from drgpay.steps.grouping.why import why

T = TypeVar("T")

RESULTS = ("mdc", "adrg", "drg", "severity", "status", "drg_name", "reason", "reason_code")
"""columns appended to a table"""
_BATCH = 65_536
_FEW = 5
"""up to so many stays are grouped one by one: a batch costs about as much as six of them"""


@dataclass(frozen=True)
class Grouped:
    """The group of a stay.

    ``mdc`` and ``adrg`` are None when there is none; ``drg`` is ``0000`` when it is in no group; ``name`` is the
    group's Chinese name; ``severity`` is none, cc or mcc; ``status`` grouped, ungrouped or qy. ``reason`` says, in
    the language of the grouper, why a stay is in no group or in that of unrelated operations, ``reason_code`` is its
    word in :data:`drgpay.steps.grouping.REASONS`; both are empty for a stay in a group.
    """

    mdc: str | None
    adrg: str | None
    drg: str
    name: str
    severity: str
    status: str
    reason: str = ""
    reason_code: str = ""


class Grouper:
    """Groups stays under one scheme. Loading takes a second; keep the object. It may be shared by threads, and by
    processes, forked or not: sent to another one it is loaded there. A stay, or a list of few, is grouped without
    threads or tables of any library.

    ``switches`` are named readings of the scheme, ``folder`` may hold further built schemes, ``lang`` (zh, en) is the
    language of the reasons. Raises :class:`DrgpayError`: SCHEME for an unknown scheme or switch, DATA for a stay that
    cannot be read, USAGE for a thing that is no stays.
    """

    reading: given.Reading = given.PLAIN
    """how codes and sexes are spelled"""

    def __init__(
        self,
        scheme: str = "chs-drg-1.1",
        switches: Iterable[str] = (),
        folder: Path | None = None,
        *,
        lang: str = "zh",
    ) -> None:
        if lang not in ("zh", "en"):
            raise DrgpayError(
                Kind.USAGE, zh="没有这种语言", en="no such language", fix_zh="用 zh 或 en", fix_en="use zh or en",
                value=lang,
            )  # fmt: skip
        self.lang = lang
        self._made_of = (scheme, tuple(sorted(set(switches))), folder, lang)
        switches = self._made_of[1]
        self.scheme = load(scheme, frozenset(switches), folder=folder)
        self._kernel = compile_scheme(self.scheme)
        codes = self._kernel.tables.drg_codes
        self._names = pa.array([self.scheme.name(code) for code in codes], pa.string())

    def __reduce__(self) -> tuple[Any, ...]:
        """Another process loads its own: sending the tables would take longer."""
        return _again, (type(self), *self._made_of)

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
            return self._one(self._read(stays))
        if isinstance(stays, list | tuple):
            return self._list(list(stays))
        results = self._results(arrow_of(stays), threads, list(names_of(stays)))
        if isinstance(stays, pa.RecordBatch):
            return _append(stays, {name: column.combine_chunks() for name, column in results.items()})
        if isinstance(stays, pa.Table):
            return _append(stays, results)
        if isinstance(stays, pl.DataFrame):
            return stays.hstack(pl.DataFrame(results).get_columns())
        return stays.assign(**{name: column.to_pylist() for name, column in results.items()})

    def explain(self, stay: Mapping[str, Any]) -> Explanation:
        """The result for one stay (a dict as for :meth:`group`) and every step that led to it."""
        return explain_stay(self.scheme, self._read(stay))

    def tell(self, stay: Mapping[str, Any]) -> Story:
        """The explanation as people read it: the three layers, each diagnosis' standing, the alternatives."""
        return tell_stay(self.scheme, self._read(stay))

    def alternatives(self, stay: Mapping[str, Any]) -> list[Alternative]:
        """The result with each other diagnosis moved to the front, in the order of the record."""
        return alternatives(self.scheme, self._read(stay))

    def _read(self, stay: Mapping[str, Any], row: int | None = None) -> dict[str, Any]:
        return given.read_stay(stay, row, self.reading)

    def _one(self, stay: Mapping[str, Any]) -> Grouped:
        told = explain_stay(self.scheme, stay)
        name = self.scheme.name(told.drg)
        reason = why(self.scheme, stay, told)
        said = ("", "") if reason is None else (reason.said(self.scheme)[self.lang == "en"], reason.code)
        return Grouped(told.mdc, told.adrg, told.drg, name, told.severity, told.status, *said)

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
            read.append(self._read(stay, row))
        if len(read) <= _FEW:
            return [self._one(stay) for stay in read]
        result: list[Grouped] = []
        for low in range(0, len(read), _BATCH):
            columns = self._group(given.as_batch(read[low : low + _BATCH]))
            order = ("mdc", "adrg", "drg", "drg_name", "severity", "status")
            texts = (columns[name].fill_null("") for name in ("reason", "reason_code"))
            lists = (column.to_pylist() for column in (*(columns[name] for name in order), *texts))
            result += [Grouped(*row) for row in zip(*lists, strict=True)]
        return result

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
        names = given.fields(taken)
        batches = table.select(list(names.values())).to_batches(max_chunksize=_BATCH)
        firsts = accumulate((batch.num_rows for batch in batches), initial=1)

        def one(batch: Any, first: int) -> dict[str, Any]:
            return self._group(given.read_batch(batch, names, first, self.reading))

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
        return result | reason_columns(self.scheme, batch, columns, self.lang)


def _again(kind: type[Grouper], scheme: str, switches: tuple[str, ...], folder: Path | None, lang: str) -> Grouper:
    return kind(scheme, switches, folder, lang=lang)


def _append(table: Any, columns: Mapping[str, Any]) -> Any:
    for name, column in columns.items():
        table = table.append_column(name, column)
    return table


def names_of(stays: Any) -> Iterable[Any]:
    """The names of the columns of a table of any kind."""
    names: Iterable[Any] = stays.schema.names if isinstance(stays, pa.RecordBatch | pa.Table) else stays.columns
    return names


def arrow_of(stays: Any) -> Any:
    """A table of any kind as an Arrow table of the columns grouping knows. Raises USAGE for a thing that is none."""
    if isinstance(stays, pa.RecordBatch):
        return pa.Table.from_batches([stays])
    if isinstance(stays, pa.Table):
        return stays
    if isinstance(stays, pl.DataFrame):
        return stays.select([name for name in stays.columns if name in given.SPELLINGS]).to_arrow()
    if type(stays).__module__.split(".")[0] == "pandas" and hasattr(stays, "columns"):
        wanted = [name for name in stays.columns if isinstance(name, str) and name in given.SPELLINGS]
        return pa.table({name: pa.array(stays[name], from_pandas=True) for name in wanted})
    raise DrgpayError(
        Kind.USAGE,
        zh="不认识的病例形式",
        en="this is not a form stays can have",
        fix_zh="给一个 dict、dict 的列表、Polars 或 pandas DataFrame、Arrow Table 或 RecordBatch",
        fix_en="give a dict, a list of dicts, a Polars or pandas DataFrame, an Arrow Table or RecordBatch; "
        "collect a LazyFrame first",
        value=type(stays).__name__,
    )
