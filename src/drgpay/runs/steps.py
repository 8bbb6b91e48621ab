"""An engine that keeps a record of every step, so that an interrupted run can go on after the last complete one."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from drgpay.engine import Dataset, Engine, GroupKernel, Kernel, PartKernel, Source, drafted
from drgpay.places import MARK
from drgpay.runs.manifest import write_json
from drgpay.steps import intake

Say = Callable[[str, str], None]
"""called with a message in Chinese and in English"""

_KEY = "key.json"


def quiet(zh: str, en: str) -> None:
    """Says nothing."""


class Steps:
    """Hands every verb on to another engine and records what is complete, in ``folder``.

    A run is a fixed row of steps for a given ``key`` (inputs, policy, scheme, software, all by digest). So a step is
    known by its place in the row; its record says which files it left, and a step counts as complete when they are
    all there in their sizes. With another key, and after the first step that is not complete, everything is made
    anew. What an incomplete step left behind is removed before it runs again.
    """

    def __init__(self, engine: Engine, folder: Path, key: Mapping[str, Any]) -> None:
        self._engine, self._folder = engine, folder
        self._root = folder.parent.parent
        self._next = 0
        self.reused: list[str] = []
        """labels of the steps that were found complete"""
        folder.mkdir(parents=True, exist_ok=True)
        write_json(folder / _KEY, key)

    @staticmethod
    def differs(folder: Path, key: Mapping[str, Any]) -> list[str] | None:
        """Which parts of the key changed since the records in ``folder``; None when there are no records."""
        try:
            known = json.loads((folder / _KEY).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        now = json.loads(json.dumps(key))
        return sorted(name for name in known.keys() | now.keys() if known.get(name) != now.get(name))

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
        return self._files(label, outs, lambda: self._engine.map(data, kernel, outs, columns, label))

    def map_by(self, sources: Sequence[Source], key: str, kernel: GroupKernel, out: Path, label: str) -> Dataset:
        """See :class:`~drgpay.engine.contract.Engine`."""
        return self._files(label, [out], lambda: [self._engine.map_by(sources, key, kernel, out, label)])[0]

    def sum(self, data: Dataset, kernel: Kernel, by: Sequence[str], columns: Sequence[str], label: str) -> Any:
        """See :class:`~drgpay.engine.contract.Engine`."""
        return self._table(label, lambda: self._engine.sum(data, kernel, by, columns, label))

    def convert(self, path: Path, folder: Path, **how: Any) -> intake.Conversion:
        """:func:`drgpay.steps.intake.convert` as a step; its record is its findings, the rest stands beside them."""

        def made() -> Any:
            shutil.rmtree(folder, ignore_errors=True)
            done = intake.convert(path, folder, **how)
            about = {"rows_in": done.rows_in, "rows_ok": done.rows_ok, "files": self._sizes(done.parts)}
            about["kept_out"] = dict(done.kept_out)
            return _table_of(done.findings).replace_schema_metadata({"about": json.dumps(about)})

        found = self._table(f"read {path.name}", made)
        about = json.loads(found.schema.metadata[b"about"])
        parts = tuple(self._root / name for name in about["files"])
        plain = found.replace_schema_metadata(None)
        return intake.Conversion(about["rows_in"], about["rows_ok"], plain, parts, about["kept_out"])

    def _files(self, label: str, outs: Sequence[Path], make: Callable[[], list[Dataset]]) -> list[Dataset]:
        record = self._record(label, ".json")
        found = self._read_files(record)
        if found is not None and len(found) == len(outs):
            self.reused.append(label)
            return [Dataset(tuple(self._root / name for name in names)) for names in found]
        self._forget(record)
        for out in outs:
            shutil.rmtree(out, ignore_errors=True)
            shutil.rmtree(out.with_name(out.name + ".spill"), ignore_errors=True)
        made = make()
        write_json(record, [self._sizes(data.paths) for data in made])
        return made

    def _read_files(self, record: Path) -> list[list[str]] | None:
        if not record.is_file():
            return None
        kept = json.loads(record.read_text(encoding="utf-8"))
        whole = all(self._is_whole(name, size) for sizes in kept for name, size in sizes.items())
        return [list(sizes) for sizes in kept] if whole else None

    def _table(self, label: str, make: Callable[[], Any]) -> Any:
        record = self._record(label, ".arrow")
        if record.is_file():
            with pa.ipc.open_file(record.read_bytes()) as kept:
                table = kept.read_all()
            about = json.loads((table.schema.metadata or {}).get(b"about", b"{}"))
            if all(self._is_whole(name, size) for name, size in about.get("files", {}).items()):
                self.reused.append(label)
                return table
        self._forget(record)
        table = make()
        with drafted(record) as draft, pa.ipc.new_file(str(draft), table.schema) as out:
            out.write_table(table)
        return table

    def _record(self, label: str, suffix: str) -> Path:
        name = "".join(c if c.isalnum() else "-" for c in label)
        self._next += 1
        return self._folder / f"{self._next:03d}-{name}{suffix}"

    def _forget(self, record: Path) -> None:
        """A step is made anew: what was recorded of it and of later ones no longer counts."""
        for other in self._folder.iterdir():
            if other.name != _KEY and other.name[:3] >= record.name[:3]:
                other.unlink()

    def _sizes(self, paths: Sequence[Path]) -> dict[str, int]:
        return {p.relative_to(self._root).as_posix(): p.stat().st_size for p in paths}

    def _is_whole(self, name: str, size: int) -> bool:
        path = self._root / name
        return path.is_file() and path.stat().st_size == size


def _table_of(rows: Any) -> Any:
    return rows if isinstance(rows, pa.Table) else pa.Table.from_batches([rows])


def emptied(folder: Path) -> None:
    """Remove what an earlier attempt left, but not the mark by which the folder is known as ours."""
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path.name != MARK:
            path.unlink()
