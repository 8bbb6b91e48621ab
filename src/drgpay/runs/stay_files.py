"""The files below a folder, none left out in silence: those that hold stays, and those that nobody reads."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from drgpay.errors import DrgpayError, Kind
from drgpay.steps import intake

STAY_SUFFIXES = (".csv", ".txt", ".tsv", ".xlsx", ".xlsm", ".xls", ".parquet", ".dbf", ".json", ".jsonl", ".ndjson")
"""kinds of files that hold stays"""
_NO_ROWS = (".md", ".pdf", ".docx", ".doc")
"""kinds of files beside the data, for people"""
_OF_SYSTEMS = ("thumbs.db", "desktop.ini", "__macosx", "_success", "_metadata", "_common_metadata")
_NAMED = 5


def below(folder: Path) -> list[Path]:
    """Every file below a folder, in name order; hidden ones, and those that systems and spreadsheets leave, are none.

    Raises DrgpayError of kind DATA for a folder in it that cannot be read: what is in there would be missing.
    """

    def unreadable(error: OSError) -> None:
        name = Path(error.filename or folder).name
        raise DrgpayError(
            Kind.DATA,
            zh="文件夹读不了,里面的文件会漏掉",
            en="a folder cannot be read, and the files in it would be missing",
            file=name,
            fix_zh="给它读的权限,或移到别处",
            fix_en="allow reading it, or move it elsewhere",
        ) from error

    found: list[Path] = []
    seen: set[str] = set()
    for place, folders, files in os.walk(folder, onerror=unreadable, followlinks=True):
        whole = os.path.realpath(place)
        if whole in seen:  # a link back to a folder above
            folders.clear()
            continue
        seen.add(whole)
        folders[:] = sorted(name for name in folders if not _passed(name))
        found += [Path(place) / name for name in files if not _passed(name)]
    return sorted(found)


def _passed(name: str) -> bool:
    plain = name.lower()
    return plain.startswith((".", "~$")) or plain in _OF_SYSTEMS


def is_result(path: Path) -> bool:
    """Lists of findings, which ``check`` writes beside a file, are no rows."""
    return ".findings." in path.name.lower()


def holds_rows(path: Path, suffixes: Sequence[str]) -> bool:
    """Whether a file below the folder of a table is one of its files."""
    return path.suffix.lower() in suffixes and not is_result(path)


def all_read(files: Sequence[Path], folder: Path, suffixes: Sequence[str]) -> list[Path]:
    """The files of a folder of rows that money depends on.

    Raises DrgpayError of kind DATA, naming them, when others are among them that may hold rows and are not read.
    """
    read = [path for path in files if holds_rows(path, suffixes)]
    known = (*suffixes, *_NO_ROWS, ".yaml")
    left = [path for path in files if not is_result(path) and path.suffix.lower() not in known]
    if left:
        names = [path.relative_to(folder.parent).as_posix() for path in left[:_NAMED]]
        more = len(left) - len(names)
        raise DrgpayError(
            Kind.DATA,
            zh=f"{folder.name} 里有不会读的文件:{'、'.join(names)}" + (f" 等 {len(left)} 个" if more else ""),
            en=f"files in {folder.name} that are not read: {', '.join(names)}"
            + (f" and {more} more" if more else ""),
            file=names[0],
            fix_zh=f"改存为 {' '.join(suffixes)} 之一,或移到别处",
            fix_en=f"save them as one of {' '.join(suffixes)}, or move them elsewhere",
        )
    return read


@dataclass(frozen=True)
class Found:
    """The files of stays that people named: each with the name findings know it by, and the files ``left`` out."""

    files: tuple[tuple[Path, str], ...]
    left: tuple[str, ...] = ()

    @property
    def several(self) -> bool:
        """Whether results must say which file they are from."""
        return len(self.files) > 1


def named(paths: Sequence[Path], *, without: Callable[[Path], bool] = lambda path: False) -> Found:
    """The files of stays in what people named: files as they are, of folders every file that can hold stays.

    ``without``: files that are none, as results of an earlier time. Raises DrgpayError of kind DATA for a folder
    without such a file, or with one that cannot be read.
    """
    files: list[tuple[Path, str]] = []
    left: list[str] = []
    for path in paths:
        if not os.path.isdir(path):
            files.append((path, intake.name_of(path)))
            continue
        inside = [one for one in below(path) if not without(one)]
        mine = [one for one in inside if holds_rows(one, STAY_SUFFIXES)]
        if not mine:
            raise DrgpayError(
                Kind.DATA,
                zh="文件夹里没有病例文件",
                en="no file of stays in the folder",
                file=path.name,
                fix_zh=f"能读 {' '.join(STAY_SUFFIXES)}",
                fix_en=f"{' '.join(STAY_SUFFIXES)} are read",
            )
        files += [(one, _plain(one.relative_to(path))) for one in mine]
        left += [
            _plain(one.relative_to(path))
            for one in inside
            if not holds_rows(one, STAY_SUFFIXES) and not is_result(one)
        ]
    return Found(tuple(_told_apart(files)), tuple(left))


def _plain(path: Path) -> str:
    return "/".join(intake.name_of(Path(part)) for part in path.parts)


def _told_apart(files: Sequence[tuple[Path, str]]) -> Iterator[tuple[Path, str]]:
    """The files once each; two of one name keep the folder in it."""
    seen: set[Path] = set()
    names: dict[str, int] = {}
    for path, name in files:
        whole = Path(os.path.abspath(path))
        if whole in seen:
            continue
        seen.add(whole)
        names[name] = names.get(name, 0) + 1
        yield path, name if names[name] == 1 else f"{intake.name_of(path.parent)}/{name}"


def read_files(found: Found, **how: Any) -> Iterator[tuple[str, intake.Intake]]:
    """The rows of several files of stays, one after the other, with the name of the file they are from; ``how`` as
    for :func:`drgpay.steps.intake.read_stays`."""
    for path, name in found.files:
        for part in intake.read_stays(path, **how):
            yield name, part if name == intake.name_of(path) else replace(part, findings=_named(part.findings, name))


def _named(findings: Any, file: str) -> Any:
    """Findings with this name of their file: two folders may have files of one name."""
    at = findings.schema.get_field_index("file")
    field = findings.schema.field(at)
    return findings.set_column(at, field, pa.repeat(file, findings.num_rows).cast(field.type))
