"""What an engine is: five verbs over Parquet. Kernels do the work; an engine maps them and adds integers.

The contract, which ``tests/spec/test_engine_contract.py`` asks of every engine:

- **Rows.** A data set is an ordered list of Parquet files of one schema. Its parts are runs of row groups and depend
  on the files only, never on the engine, its threads or its partitions. A part knows its file, the rows of the file
  before it and its number; kernels make line numbers out of that.
- **Types.** A kernel gets Arrow types exactly as the file has them: integers of their width, dates, lists,
  dictionary-coded text with one dictionary per batch. In ``map_by`` dictionary-coded text comes as plain text. What a
  kernel returns is written with the types it has. No type passes through the type system of the engine.
- **Nulls** stay nulls. As keys they belong together: null is one key, other than the empty text. In an order they
  come first. In a sum a null counts as zero.
- **Order.** ``scan`` and ``map`` keep the order of rows, of parts and of files. ``sum`` returns rows sorted by key.
  ``map_by`` hands rows over sorted by the order of their source, which must be total; the order across keys is not
  part of the contract, and a kernel may get one key or many at once.
- **Partitioning.** ``map`` writes one file per part, ``part-<number>``; ``map_by`` one file per bucket, and the
  bucket of a key is a stable hash modulo a number of buckets that depends on the number of rows only. So the files
  of a result have the same bytes on every engine.
- **Kernels** are pure: no state, no clock, no files. A task may run twice, anywhere. They take batches without rows,
  and can be pickled (functions of modules, partials, dataclasses). Small tables travel inside the kernel, once.
- **Integers.** Sums are exact. A total that does not fit into 64 bits is a failure (BROKEN), whatever the order of
  adding.
- **Writing.** A file is there whole or not at all. A folder that exists is never written into. After a failure the
  files of finished parts may remain, in a folder whose owner clears it away; bucket files and drafts do not.
- **Failures.** What a kernel raises reaches the caller with its own type and text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Protocol

import pyarrow.parquet as pq

from drgpay.errors import DrgpayError, Kind

Progress = Callable[[str, int, int], None]
"""called with a label, how much is done, and of how much (0: that is not known)"""


@dataclass(frozen=True)
class Part:
    """Some consecutive row groups of one file: the unit an engine maps."""

    path: Path
    row_groups: tuple[int, ...]
    first_row: int
    """rows of the file before this part"""
    rows: int
    number: int
    """place of the part in its data set; results are ordered by it"""
    file_number: int


@dataclass(frozen=True)
class Dataset:
    """Parquet files of one schema, in a fixed order."""

    paths: tuple[Path, ...]

    @staticmethod
    def of(folder_or_file: Path) -> Dataset:
        """All Parquet files below a folder in name order, or one file. Raises DATA when there is none."""
        if folder_or_file.is_file():
            return Dataset((folder_or_file,))
        paths = tuple(sorted(folder_or_file.rglob("*.parquet")))
        if not paths:
            raise DrgpayError(
                Kind.DATA,
                zh="没有 Parquet 文件",
                en="no Parquet file here",
                file=folder_or_file.name,
                fix_zh="检查路径,或先用 drgpay region make 生成示例",
                fix_en="check the path, or make a sample with drgpay region make",
            )
        return Dataset(paths)

    def parts(self, row_groups: int = 2) -> list[Part]:
        """The data set cut into parts of up to ``row_groups`` row groups: depends on the files only."""
        found: list[Part] = []
        for file_number, path in enumerate(self.paths):
            meta = open_parquet(path).metadata
            first = 0
            for start in range(0, meta.num_row_groups, row_groups):
                groups = tuple(range(start, min(start + row_groups, meta.num_row_groups)))
                rows = sum(meta.row_group(g).num_rows for g in groups)
                found.append(Part(path, groups, first, rows, len(found), file_number))
                first += rows
        return found

    def rows(self) -> int:
        """Number of rows, from the footers."""
        return sum(_rows(path) for path in self.paths)


def _rows(path: Path) -> int:
    """Number of rows of a file; the footer is read again where the file is another."""
    try:
        its = path.stat()
    except OSError:
        return int(open_parquet(path).metadata.num_rows)  # fails with its name
    return _footer_rows(path, its.st_size, its.st_mtime_ns, its.st_ino)


@lru_cache(maxsize=4096)
def _footer_rows(path: Path, *_as_it_is: int) -> int:
    return int(open_parquet(path).metadata.num_rows)


def open_parquet(path: Path) -> Any:
    """A ``ParquetFile``; a file that is missing, cut short or no Parquet fails with its name."""
    try:
        return pq.ParquetFile(path)
    except (OSError, ValueError) as error:
        raise DrgpayError(
            Kind.DATA,
            zh="Parquet 文件读不出(缺失、截断或不是 Parquet)",
            en="this Parquet file cannot be read (missing, cut short, or not Parquet)",
            file=path.name,
            fix_zh="重新导出或重新复制该文件",
            fix_en="export or copy the file again",
        ) from error


def no_files(label: str) -> DrgpayError:
    """The failure of adding up nothing."""
    return DrgpayError(Kind.DATA, zh="没有数据可汇总", en="no data to add up", field=label)


Kernel = Callable[[Any], Any]
"""Arrow batch → Arrow batch, or a tuple of batches, one per output"""
PartKernel = Callable[[Any, Part], Any]
"""the same, told which part of the data set the batch is"""
GroupKernel = Callable[..., Any]
"""one Arrow batch per source, all of whole keys → Arrow batch"""


@dataclass(frozen=True)
class Source:
    """One input of ``map_by``: a data set, the columns read from it, and the order its rows come in: a total order
    that begins with the key. ``prepare`` makes the rows out of a part first."""

    data: Dataset
    columns: tuple[str, ...]
    order: tuple[str, ...]
    prepare: PartKernel | None = None

    @cached_property
    def parts(self) -> list[Part]:
        """The parts of the data set; the files are opened for it once."""
        return self.data.parts()


class Engine(Protocol):
    """The verbs. Every engine gives the same files and the same sums: see the head of this module."""

    def scan(self, data: Dataset, columns: Sequence[str] | None = None) -> Iterator[Any]:
        """The batches of a data set in order, one part at a time, in the calling process: for results that are small,
        or to hand rows on."""
        ...

    def write(self, rows: Any, path: Path) -> None:
        """Leave a batch or table as one Parquet file, whole or not at all. Raises ENGINE when it cannot."""
        ...

    def map(
        self, data: Dataset, kernel: PartKernel, outs: Sequence[Path], columns: Sequence[str], label: str
    ) -> list[Dataset]:
        """Apply a kernel to every part and write each of its outputs as a folder of Parquet parts: as many as
        ``outs``, none of which may exist. A data set without files has no parts and gives none."""
        ...

    def sum(self, data: Dataset, kernel: Kernel, by: Sequence[str], columns: Sequence[str], label: str) -> Any:
        """Apply a kernel that returns the key columns ``by`` (text, integers, dates, booleans) and integer columns,
        and add the integers by key. Returns an Arrow table, keys first in the order of ``by``, then 64-bit sums,
        sorted by the keys. A data set without files raises DATA, one without rows gives no rows."""
        ...

    def map_by(self, sources: Sequence[Source], key: str, kernel: GroupKernel, out: Path, label: str) -> Dataset:
        """Bring all rows with the same ``key`` together, of every source, and apply a kernel to whole keys: it gets
        one batch per source, each in its order, empty where a source has nothing for these keys. ``key`` is a text
        column of every source, after ``prepare``. Every source has at least one file."""
        ...
