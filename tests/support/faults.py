"""What goes wrong on machines: workers of Spark that die or find no space."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from drgpay.engine import Dataset, GroupKernel, Kernel, PartKernel, SparkEngine
from support.kernels import DyingFirst

_SPACE = 1024
"""bytes a file may have on a full disk: less than any Parquet file of a run"""


def workers() -> list[int]:
    """The Python processes of Spark that descend from this one."""
    parents, spark = {}, set()
    for entry in Path("/proc").iterdir():
        try:
            pid = int(entry.name)
            parents[pid] = int((entry / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1])
            if b"pyspark.daemon" in (entry / "cmdline").read_bytes():
                spark.add(pid)
        except (OSError, ValueError):
            continue

    def ours(pid: int) -> bool:
        while pid not in (0, os.getpid()):
            pid = parents.get(pid, 0)
        return pid != 0

    return [pid for pid in sorted(spark) if ours(pid)]


@contextmanager
def no_space() -> Iterator[None]:
    """No worker of Spark can write a file to its end: the operating system refuses, as a full disk does."""
    _limit(_SPACE)
    try:
        yield
    finally:
        _limit(resource.RLIM_INFINITY)


def _limit(size: int) -> None:
    for pid in workers():
        hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)[1]
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, hard))


class Shaky(SparkEngine):
    """Spark on which steps lose a worker once: every one, or with ``each_kind`` the first of every verb."""

    marks: Path
    """folder with a file for every step that has"""
    each_kind: bool = False

    def map(self, data: Dataset, kernel: PartKernel, outs: Sequence[Path], *rest: Any) -> list[Dataset]:
        """See :class:`~drgpay.engine.contract.Engine`."""
        return super().map(data, self._dying(kernel, f"map {outs[0].name}"), outs, *rest)

    def sum(self, data: Dataset, kernel: Kernel, by: Sequence[str], columns: Sequence[str], label: str) -> Any:
        """See :class:`~drgpay.engine.contract.Engine`; its kernel is called in this process too, without rows."""
        return super().sum(data, _Apart(self._dying(kernel, f"sum {label}"), os.getpid(), kernel), by, columns, label)

    def map_by(self, sources: Any, key: str, kernel: GroupKernel, out: Path, label: str) -> Dataset:
        """See :class:`~drgpay.engine.contract.Engine`."""
        return super().map_by(sources, key, self._dying(kernel, f"by {out.name}"), out, label)

    def _dying(self, kernel: Any, step: str) -> Any:
        verb = step.split(maxsplit=1)[0]
        if self.each_kind and any(mark.name.startswith(f"{verb} ") for mark in self.marks.iterdir()):
            return kernel
        return DyingFirst(kernel, self.marks / step.replace("/", " "))


class _Apart:
    """A kernel for the workers, and another for the process that made it."""

    def __init__(self, there: Any, here: int, kernel: Any) -> None:
        self.there, self.here, self.kernel = there, here, kernel

    def __call__(self, *args: Any) -> Any:
        return (self.kernel if os.getpid() == self.here else self.there)(*args)
