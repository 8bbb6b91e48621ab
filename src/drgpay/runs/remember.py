"""An engine that adds up the same data with the same kernel once: what lets a simulation reuse stages."""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

from drgpay.engine import Dataset, Engine, GroupKernel, Kernel, PartKernel, Source

R = TypeVar("R")


class Remembering:
    """Hands every verb on to another engine and keeps the results of ``sum`` and ``map_by`` by what they were made
    from: the files, the kernel with all its arguments, the columns and the keys.

    A kernel is a pure function, so the same question has the same answer, and a changed parameter costs a scan only
    when it reaches the arguments of a kernel. What is kept are sums, never stays. A kernel that has no exact name
    (a closure) is run every time.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._kept: dict[str, Any] = {}
        self.scanned: list[str] = []
        """labels of the scans that were made, in order"""

    def scan(self, data: Dataset, columns: Sequence[str] | None = None) -> Iterator[Any]:
        """See :class:`~drgpay.engine.contract.Engine`."""
        return self._engine.scan(data, columns)

    def write(self, rows: Any, path: Path) -> None:
        """See :class:`~drgpay.engine.contract.Engine`."""
        self._engine.write(rows, path)

    def map(
        self, data: Dataset, kernel: PartKernel, outs: Sequence[Path], columns: Sequence[str], label: str
    ) -> list[Dataset]:
        """See :class:`~drgpay.engine.contract.Engine`."""
        return self._engine.map(data, kernel, outs, columns, label)

    def sum(self, data: Dataset, kernel: Kernel, by: Sequence[str], columns: Sequence[str], label: str) -> Any:
        """See :class:`~drgpay.engine.contract.Engine`; the same sum is made once."""
        question = (data.paths, kernel, tuple(by), tuple(columns))
        return self._once(question, label, lambda: self._engine.sum(data, kernel, by, columns, label))

    def map_by(self, sources: Sequence[Source], key: str, kernel: GroupKernel, out: Path, label: str) -> Dataset:
        """See :class:`~drgpay.engine.contract.Engine`; the same question is answered with the files of the first
        time, which must still be there."""
        question = (tuple(sources), key, kernel)
        return self._once(question, label, lambda: self._engine.map_by(sources, key, kernel, out, label))

    def _once(self, question: object, label: str, answer: Callable[[], R]) -> R:
        try:
            name = hashlib.sha256(pickle.dumps(question)).hexdigest()
        except (pickle.PicklingError, AttributeError, TypeError):
            name = ""
        if not name or name not in self._kept:
            self.scanned.append(label)
            result = answer()
            if not name:
                return result
            self._kept[name] = result
        kept: R = self._kept[name]
        return kept
