"""Options of commands that also read straight from a database."""

from __future__ import annotations

import atexit
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from drgpay import runs

Sql = Annotated[
    str,
    typer.Option(
        "--sql", metavar="URL", help="数据库 sqlite:///文件 或 postgresql://用户@主机/库 a database, read-only"
    ),
]
Query = Annotated[Path | None, typer.Option("--query", help="查询文件(一条 SELECT) file with one SELECT, with --sql")]
View = Annotated[str, typer.Option("--view", help="视图或表名,代替 --query a view instead of a query")]


def with_rows(sources: Sequence[Path] | None, sql: str, query: Path | None, view: str) -> list[Path]:
    """The files that were named, and the rows of the database as one more, which is gone when the program ends."""
    there = list(sources or ())
    if not sql:
        if query is not None or view:
            raise typer.BadParameter("--sql URL", param_hint="--query")
        return there
    text = runs.query_of(query, view)
    folder = tempfile.TemporaryDirectory()  # its owner's alone
    atexit.register(folder.cleanup)
    target = Path(folder.name) / f"{query.stem if query is not None else view}.parquet"
    runs.fetch(sql, text, target)
    return [*there, target]
