"""The tables of a folder of results, and the rows of one that a reader sees."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from drgpay.engine import dataset, read_manifest, table_path
from drgpay.errors import DrgpayError, Kind
from drgpay.ledger import Ledger
from drgpay.runs.manifest import LEDGER as BOOK
from drgpay.runs.manifest import REGISTERS, TABLES
from drgpay.runs.pages.index import slices_of_stay
from drgpay.runs.pages.kept import kept
from drgpay.runs.pages.scope import Scope, readable, rows_seen
from drgpay.runs.pages.settled import has_settled, scan, settled_stays
from drgpay.tables import ALL, LEDGER, SETTLED_STAYS, VIEWS, Table

_DAMAGED = (
    pl.exceptions.ComputeError, pl.exceptions.ColumnNotFoundError, pl.exceptions.SchemaError,
    pl.exceptions.SchemaFieldNotFoundError, pa.ArrowInvalid, OSError,
)  # fmt: skip


@contextmanager
def reading(folder: Path) -> Iterator[None]:
    """Files of results that cannot be read are a failure with a name (BROKEN)."""
    try:
        yield
    except _DAMAGED as error:
        raise DrgpayError(
            Kind.BROKEN, zh="运行结果的表读不出(缺失或损坏)", en="a table of the results cannot be read",
            file=folder.name, fix_zh="用 drgpay verify 核对,或用同样的输入重新运行",
            fix_en="check it with drgpay verify, or run again with the same inputs",
        ) from error  # fmt: skip


_NAMED = {name: table for table in (*ALL, *VIEWS) for name in (table.name, table.zh)}


@dataclass(frozen=True)
class Source:
    """A folder of results as a reader sees it."""

    folder: Path
    scope: Scope

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """What the folder says of itself; DATA when it is none of results, or of an area that is not the reader's."""
        manifest = read_manifest(self.folder)
        areas = self.scope.areas
        if areas is not None and (manifest.get("region") or {}).get("id") not in areas:
            raise DrgpayError(
                Kind.DATA, zh="这里没有您可以查看的运行结果", en="no results here that you may see",
                file=self.folder.name, fix_zh="给出本统筹区的运行结果", fix_en="name results of your own area",
            )  # fmt: skip
        return manifest

    @property
    def own(self) -> str | None:
        """The institution whose results these are, where they are one's."""
        said = self.manifest.get("institution")
        return said if isinstance(said, str) else None

    def place(self, table: Table) -> Path | None:
        """Where the folder holds a table; None where it does not."""
        if table is LEDGER:
            return self.folder / BOOK if (self.folder / BOOK).is_file() else None
        for below in (TABLES, REGISTERS):
            path = table_path(self.folder / below, table)
            if path.is_file() or (path.is_dir() and next(path.rglob("*.parquet"), None)):
                return path
        return None

    def there(self, name: str) -> Table | None:
        """A table of the folder by its name or Chinese name, whoever may see it."""
        table = _NAMED.get(name)
        if table is None:
            return None
        is_there = has_settled(self.folder) if table is SETTLED_STAYS else self.place(table) is not None
        return table if is_there else None

    def sees(self, table: Table) -> bool:
        """Whether the reader may see rows of a table."""
        return readable(table, self.scope, self.own, self.there)

    def table(self, name: str) -> Table:
        """A table of the folder; DATA when it has none of the name, or the reader may not see it: what he may not
        see is not there."""
        self.manifest  # noqa: B018
        table = self.there(name)
        if table is None or not self.sees(table):
            known = {n: t for t in self.tables() for n in (t.name, t.zh)}
            near = known[(get_close_matches(name, known, 1, 0.0) or list(known))[0]]
            raise DrgpayError(
                Kind.DATA, zh="这里没有这张表", en="no such table here", file=self.folder.name, value=name,
                fix_zh=f"最接近的是 {near.zh};drgpay browse 列出可看的表",
                fix_en=f"the nearest is {near.name}; drgpay browse lists the tables to see",
            )  # fmt: skip
        return table

    def tables(self) -> list[Table]:
        """The tables of the folder that the reader may see."""
        self.manifest  # noqa: B018
        return [t for t in (*VIEWS, *ALL) if self.there(t.name) is not None and self.sees(t)]

    def rows(self, table: Table, stay: str = "") -> pl.LazyFrame:
        """The rows the reader sees, with all columns of the table that the file has. ``stay``: of settled stays none
        but those of one is asked for."""
        if table is SETTLED_STAYS:
            its = slices_of_stay(self.folder, table, stay) if stay else []
            rows = pl.concat(its) if its else scan([settled_stays(self.folder)])
        elif table is LEDGER:
            rows = scan(
                [kept(self.folder, "ledger.parquet", lambda target: _write_ledger(self.folder / BOOK, target))]
            )
        else:
            place = self.place(table)
            assert place is not None
            rows = scan(dataset(place.parent, table).paths)
        kind, _, where = table.visible.partition(":")
        if kind == "via":
            if not self.scope.limited:
                return rows
            name, _, key = where.partition(".")
            through = self.rows(_NAMED[name]).select(pl.col(key).cast(pl.String)).unique()
            return rows.join(through, on=pl.col(key).cast(pl.String), how="semi")
        seen = rows_seen(table, self.scope, self.own)
        return rows if seen is None else rows.filter(seen)


def _write_ledger(book: Path, target: Path) -> None:
    """The entries of a run's ledger, verified, with their hashes."""
    Ledger.read(book)
    lines = book.read_text(encoding="utf-8").removesuffix("\n").split("\n")[1:-1]
    rows = [record["entry"] | {"hash": record["hash"]} for record in map(json.loads, lines)]
    pq.write_table(LEDGER.of([row | {"date": date.fromisoformat(row["date"])} for row in rows]), target)
