"""Tables and folders on disk: written under a temporary name, then renamed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq

from drgpay.engine.columns import frame
from drgpay.engine.contract import Dataset, open_parquet
from drgpay.errors import DrgpayError, Kind
from drgpay.tables import Table

ROW_GROUP = 65_536
WRITE_OPTIONS: dict[str, Any] = {"compression": "zstd", "compression_level": 1, "store_schema": True}


def table_path(folder: Path, table: Table) -> Path:
    """Where a table lives below ``folder``: a file, or a folder of parts."""
    return folder / (table.name if table.folder else f"{table.name}.parquet")


def dataset(folder: Path, table: Table) -> Dataset:
    """A stay-level table below ``folder`` as a data set."""
    return Dataset.of(table_path(folder, table))


@contextmanager
def drafted(target: Path, attempt: str = "") -> Iterator[Path]:
    """A temporary name beside ``target`` to write to; renamed when all went well, removed when not, so that a reader
    never sees half a file. ``attempt`` is part of the name, for two processes that may write the same file."""
    draft = target.with_name(f".{target.stem}{attempt}.tmp{target.suffix}")
    try:
        yield draft
        os.replace(draft, target)
    finally:
        draft.unlink(missing_ok=True)


@contextmanager
def new_folder(out: Path, *, replace: bool | None = None, mark: str = "", resume: bool = False) -> Iterator[Path]:
    """A hidden folder beside ``out`` to write to; renamed when all went well, removed when not, so that ``out`` is
    there as a whole or not at all.

    An existing ``out`` is an error (USAGE), unless ``replace`` and it is empty or has the file ``mark``, by which an
    earlier result is known: it is put aside until the new one is in its place, and put back if that fails. None: the
    user cannot ask for that. ``resume``: what an attempt before left in the hidden folder is still there, and what
    this one leaves is kept.
    """
    old, draft = out.with_name(f".{out.name}.old"), out.with_name(f".{out.name}.partial")
    _put_back(old, out)
    if out.exists() and not (replace and _replaceable(out, mark)):
        raise _exists(out, replace)
    if not resume:
        shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True, exist_ok=True)
    try:
        yield draft
        shutil.rmtree(old, ignore_errors=True)
        if out.exists():
            os.replace(out, old)
        os.replace(draft, out)
        shutil.rmtree(old, ignore_errors=True)
    except BaseException:
        _put_back(old, out)
        if not (resume and draft.is_dir() and any(draft.iterdir())):
            shutil.rmtree(draft, ignore_errors=True)
        raise


def _exists(out: Path, replace: bool | None) -> DrgpayError:
    more = {
        None: ("", "", "", ""),
        False: ("", "", ",或加 --replace 覆盖旧的结果", ", or add --replace to replace an earlier result"),
        True: (",而且不是旧的结果", ", and is no earlier result", ",或自行删除后重试", ", or remove it yourself"),
    }
    zh, en, fix_zh, fix_en = more[replace]
    return DrgpayError(
        Kind.USAGE,
        zh="输出文件夹已存在" + zh,
        en="the output folder exists" + en,
        file=out,
        fix_zh="换一个 -o" + fix_zh,
        fix_en="choose another -o" + fix_en,
    )


def _put_back(old: Path, out: Path) -> None:
    """Undo a replacement that was interrupted between its two renames."""
    if old.exists() and not out.exists():
        os.replace(old, out)


def _replaceable(out: Path, mark: str) -> bool:
    """Only an earlier result or an empty folder is ever replaced."""
    return out.is_dir() and ((out / mark).is_file() or not any(out.iterdir()))


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
