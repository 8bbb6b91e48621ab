"""A whole region folder from a record (stays, batches, files) and registers as rows (design/12 §7, 14 §3)."""

from __future__ import annotations

import json
import os
import shutil
import stat
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from drgpay.engine import frame, new_folder
from drgpay.errors import DrgpayError, Kind
from drgpay.runs.batches import COMPOSED, FOLDER
from drgpay.runs.manifest import file_digest, write_json
from drgpay.runs.region import read_about, read_region
from drgpay.runs.registers.declared import declaration_digest, known_of, register_named
from drgpay.runs.stay_files import below
from drgpay.steps import intake
from drgpay.tables import BATCHES, Table

ABOUT = "region.json"
Row = Mapping[str, Any]


@dataclass(frozen=True)
class RecordChange:
    """What one composed region has that an earlier one had not: ``batches`` and ``batches_gone`` by number, rows of
    registers ``added`` and ``gone`` (an edited row is both), and ``files`` that are new, gone or other ones."""

    batches: tuple[int, ...]
    batches_gone: tuple[int, ...]
    added: Mapping[str, list[dict[str, Any]]]
    gone: Mapping[str, list[dict[str, Any]]]
    files: tuple[str, ...]


@dataclass(frozen=True)
class Composed:
    """A composed region: its folder and what its mark says (``composed_by``, the caller's marks, ``region``,
    ``last_batch``, ``batches``, ``registers``: name → rows, digest of the rows, digest of the declaration)."""

    folder: Path
    mark: Mapping[str, Any]

    @staticmethod
    def read(folder: Path) -> Composed:
        """A region that was composed before. Raises DATA for a folder that is none."""
        try:
            mark = json.loads((folder / COMPOSED).read_text(encoding="utf-8"))
            whole = isinstance(mark["batches"], list) and isinstance(mark["registers"], dict)
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            whole = False
        if not whole:
            raise DrgpayError(
                Kind.DATA, zh="不是由登记内容生成的区域文件夹", en="no region folder composed from a record",
                file=folder, fix_zh="检查文件夹", fix_en="check the folder",
            )  # fmt: skip
        return Composed(folder, mark)

    def difference(self, previous: Composed) -> RecordChange:
        """What came since ``previous``, and what is no more."""
        now, before = set(self.mark["batches"]), set(previous.mark["batches"])
        added, gone = {}, {}
        for name in sorted({*self.mark["registers"], *previous.mark["registers"]}):
            if _digest(self, name) != _digest(previous, name):
                new, old = _rows(self, name), _rows(previous, name)
                added[name], gone[name] = _without(new, old), _without(old, new)
        files = tuple(
            name
            for name in sorted({*_files(self), *_files(previous)})
            if not _same(self.folder / name, previous.folder / name)
        )
        return RecordChange(tuple(sorted(now - before)), tuple(sorted(before - now)), added, gone, files)


def compose(
    record: Path,
    registers: Mapping[str, Sequence[Row]],
    target: Path,
    *,
    last_batch: int | None = None,
    marks: Mapping[str, Any] | None = None,
) -> Composed:
    """Make ``target`` a whole, read-only region folder, or leave nothing.

    ``record``: a folder with ``stays``, ``batches`` and registers that are kept as files; ``registers``: name → rows
    as :func:`check_rows` takes them, in the order they shall have; ``last_batch``: take batches up to this number
    (None: all, 0: none); ``marks``: what its mark says besides (``composed_by`` is ``office`` unless it says
    otherwise). Files are linked where the disk allows it, else copied; what is linked becomes read-only in the record
    too, where files are replaced and never edited. Same record, rows and marks: same bytes.

    Raises DrgpayError of kind DATA for rows that are wrong (register, row, column, value, what to do), a register
    that is in the record as well, or a batch that does not exist; USAGE for a register that does not exist or is kept
    as a file, and for a target that is there.
    """
    rows = _checked(record, registers)
    batches, wanted = _batches(record, last_batch)
    with new_folder(target, replace=False, kind="region") as draft:
        for path in _taken(record, batches, wanted):
            _link(path, draft / path.relative_to(record))
        if len(wanted) < len(batches):
            batches.filter(batches["batch"].is_in(sorted(wanted))).write_csv(draft / f"{BATCHES.name}.csv")
        for table, its in rows.values():
            intake.write_register(draft / f"{table.name}.csv", table, its)
        about = _identity(record, draft)
        mark = {
            "composed_by": "office",
            **(marks or {}),
            "region": about["id"],
            "last_batch": max(wanted, default=0),
            "batches": sorted(wanted),
            "registers": {
                name: {
                    "rows": len(its),
                    "sha256": file_digest(draft / f"{name}.csv"),
                    "declaration": declaration_digest(table),
                }
                for name, (table, its) in sorted(rows.items())
            },
        }
        write_json(draft / COMPOSED, mark)
        read_region(draft)
    _read_only(target)
    return Composed(target, mark)


def _checked(record: Path, registers: Mapping[str, Sequence[Row]]) -> dict[str, tuple[Table, list[dict[str, Any]]]]:
    """The rows of every register, typed, by its English name."""
    given: dict[str, tuple[Table, Sequence[Row]]] = {}
    for name, its in registers.items():
        table = register_named(name)
        if table.kept != "rows":
            raise DrgpayError(
                Kind.USAGE, zh=f"{table.zh}以文件保存,不能逐行登记", en="this register is kept as a file", value=name,
                fix_zh="把文件放在记录文件夹里", fix_en="put its file into the record's folder",
            )  # fmt: skip
        there = [path.name for path in intake.register_files(record, table)]
        if there or table.name in given:
            raise _twice(table, name, there)
        given[table.name] = (table, its)
    known = known_of({name: its for name, (_, its) in given.items()}, record)
    checked = {}
    for name, (table, its) in given.items():
        findings, rows = intake.check_rows(table, its, known)
        intake.refuse_rows(table.zh, findings)
        checked[name] = (table, rows)
    return checked


def _twice(table: Table, name: str, there: Sequence[str]) -> DrgpayError:
    return DrgpayError(
        Kind.DATA, zh=f"{table.zh}有两份:逐行登记的,和{'、'.join(there) or '另一份'}",
        en=f"{table.name} is there twice: as rows, and {', '.join(there) or 'as rows again'}", value=name,
        fix_zh="只保留一份", fix_en="keep one of them",
    )  # fmt: skip


def _batches(record: Path, last: int | None) -> tuple[Any, frozenset[int]]:
    """The register of batches of a record, and the numbers of those to be taken."""
    path = intake.register_file(record, BATCHES)
    whole = frame(intake.read_register(path, BATCHES) if path else BATCHES.schema.empty_table()).sort("batch")
    numbers = whole["batch"].to_list()
    if last is not None and last and last not in numbers:
        raise DrgpayError(
            Kind.DATA, zh="没有这个批次", en="no such batch", value=last, field="batch",
            fix_zh=f"最后一批是 {max(numbers, default=0)}", fix_en=f"the last one is {max(numbers, default=0)}",
        )  # fmt: skip
    return whole, frozenset(n for n in numbers if last is None or n <= last)


def _taken(record: Path, batches: Any, wanted: Collection[int]) -> Iterator[Path]:
    """The files of a record that go into the region: all but those of other batches, and of hand-ins that were
    interrupted."""
    kept = {Path(row["file"]) for row in batches.to_dicts() if row["batch"] in wanted}
    others = {Path(row["file"]) for row in batches.to_dicts() if row["batch"] not in wanted} - kept
    folders = {Path(*file.parts[:2]) for file in kept if file.parts[0] == FOLDER}
    register = intake.register_file(record, BATCHES)
    for path in below(record):
        its = path.relative_to(record)
        unused = its.parts[0] == FOLDER and len(its.parts) > 1 and Path(*its.parts[:2]) not in folders | kept
        partial = path == register and len(wanted) < len(batches)
        if its not in others and not unused and not partial and its != Path(COMPOSED):
            yield path


def _link(path: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(os.path.realpath(path), target)
    except OSError:  # another disk, or one that has no links
        shutil.copy2(path, target)


def _identity(record: Path, draft: Path) -> dict[str, Any]:
    """What the region is: said by the record, else its folder's name; the composed one says it always."""
    about = read_about(draft / ABOUT)
    if "id" not in about:
        about |= {"id": record.name}
        (draft / ABOUT).unlink(missing_ok=True)
        write_json(draft / ABOUT, about)
    return about


def _read_only(folder: Path) -> None:
    for path in [*folder.rglob("*"), folder]:
        if not path.is_symlink():
            with suppress(PermissionError):  # somebody else's, linked: theirs to protect
                path.chmod(path.stat().st_mode & ~(stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH))


def _digest(composed: Composed, name: str) -> str | None:
    its = composed.mark["registers"].get(name)
    return str(its["sha256"]) if its else None


def _rows(composed: Composed, name: str) -> list[dict[str, Any]]:
    if name not in composed.mark["registers"]:
        return []
    table = register_named(name)
    return intake.check_rows(table, intake.register_rows(composed.folder / f"{name}.csv", table)).rows


def _without(rows: Sequence[dict[str, Any]], others: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    left = list(map(repr, others))
    found = []
    for row in rows:
        if repr(row) in left:
            left.remove(repr(row))
        else:
            found.append(row)
    return found


def _files(composed: Composed) -> set[str]:
    """Files that are neither registers of rows nor of batches, nor say what the folder is."""
    written = {COMPOSED, f"{BATCHES.name}.csv", *(f"{name}.csv" for name in composed.mark["registers"])}
    names = {path.relative_to(composed.folder).as_posix() for path in below(composed.folder)}
    return {name for name in names - written if not name.startswith(f"{FOLDER}/")}


def _same(path: Path, other: Path) -> bool:
    if not (path.is_file() and other.is_file()):
        return False
    return os.path.samefile(path, other) or (
        path.stat().st_size == other.stat().st_size and file_digest(path) == file_digest(other)
    )
