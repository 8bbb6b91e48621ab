"""Folders of results: written whole or not at all, known by their mark, and replaced file by file."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from drgpay.errors import DrgpayError, Kind
from drgpay.places.drafts import PRIVATE_FOLDER, write_text
from drgpay.places.locks import locked_folder, this_program
from drgpay.places.texts import visible

TOOL = "drgpay"
MANIFEST = "manifest.json"
SEAL = "seal.json"
"""in a folder of results that is sealed"""
MARK = ".drgpay.json"
"""the mark of a folder of results without a manifest: tool, kind, and the files that were written"""

REGION = "region.json"
"""what a region made by us is; it is its own mark"""
MARKS = (MANIFEST, REGION, MARK)

_TRIES, _PAUSE = 50, 0.1
"""how often, and how many seconds apart, the removal of a draft is tried"""

may_replace: ContextVar[bool | None] = ContextVar("may_replace", default=None)
"""what ``--replace`` said, for writers that are not told themselves; None: nobody was asked"""


@dataclass(frozen=True)
class Mark:
    """By what a folder is known as one we wrote: its kind and its files. ``done``: it is whole."""

    kind: str
    files: frozenset[str]
    done: bool = True


def read_mark(folder: Path) -> Mark | None:
    """The mark of a folder: its manifest, its ``region.json`` or its mark file; None where there is none of ours."""
    for name in MARKS:
        try:
            with (folder / name).open(encoding="utf-8") as stream:
                said = json.load(stream)
        except (OSError, ValueError, RecursionError):
            continue
        found = _mark(said)
        if found is not None:
            return found
    return None


def _mark(said: Any) -> Mark | None:
    if not isinstance(said, Mapping):
        return None
    tool, kind, files = (
        said.get("software", said.get("tool")),
        said.get("kind"),
        said.get("outputs", said.get("files")),
    )
    ours = isinstance(tool, str) and tool.split(" ")[0] == TOOL
    if not ours or not isinstance(kind, str) or not isinstance(files, (list, dict)):
        return None
    if not all(isinstance(name, str) for name in files):
        return None
    return Mark(kind, frozenset(files), said.get("draft") is not True)


def files_below(folder: Path) -> list[str]:
    """Everything below a folder that is no folder (links count as files), by relative name, sorted."""
    found = []
    for root, folders, files in os.walk(folder):
        linked = [name for name in folders if (Path(root) / name).is_symlink()]
        found += [(Path(root) / name).relative_to(folder).as_posix() for name in (*files, *linked)]
    return sorted(found)


def write_mark(folder: Path, kind: str, *, draft: bool = False) -> None:
    """Leave a mark in a folder that names its files; ``draft``: it is not whole yet."""
    said: dict[str, Any] = {"tool": TOOL, "kind": kind, "files": [] if draft else files_below(folder)}
    said["files"] = [name for name in said["files"] if name not in MARKS]
    if draft:
        said |= {"draft": True, **this_program()}
    write_text(folder / MARK, json.dumps(said, ensure_ascii=False, indent=1) + "\n")


def strange_files(folder: Path, mark: Mark) -> list[str]:
    """What lies in a folder and is not on its list: somebody else put it there."""
    own = mark.files | set(MARKS)
    links = {name for name in own if (folder / name).is_symlink()}
    return [name for name in files_below(folder) if name not in own or name in links]


@contextmanager
def new_folder(
    out: Path, *, replace: bool | None = None, kind: str = "results", resume: bool = False
) -> Iterator[Path]:
    """A hidden folder beside ``out`` to write to; renamed when all went well, removed when not, so that ``out`` is
    there as a whole or not at all. It is its owner's alone, and one program at a time writes to it.

    An existing ``out`` is an error (USAGE), unless ``replace`` (None: what ``--replace`` said) and it is empty or
    carries our mark and holds nothing but the files that its list names: anything else stops the replacement by its
    name. The old one is put aside until the new one is in its place, and put back if that fails; then its listed
    files are removed. ``kind`` is written into the mark where no manifest says it. ``resume``: what an attempt
    before left in the hidden folder is still there, and what this one leaves is kept.
    """
    replace = may_replace.get() if replace is None else replace
    old, draft = out.with_name(f".{out.name}.old"), out.with_name(f".{out.name}.partial")
    made = [parent for parent in out.parents if not _there(parent)]
    out.parent.mkdir(parents=True, exist_ok=True)
    try:
        with locked_folder(draft, draft / MARK, out):
            try:
                with _kept(out, old, draft, kind, replace, resume):
                    yield draft
            finally:
                with suppress(OSError):  # only when nothing is in it
                    os.rmdir(draft)
    except BaseException:
        for parent in made:
            with suppress(OSError):  # not empty: what is there is kept
                parent.rmdir()
        raise


@contextmanager
def _kept(out: Path, old: Path, draft: Path, kind: str, replace: bool | None, resume: bool) -> Iterator[None]:
    _put_back(old, out)
    if _there(out):
        _check_replaceable(out, replace)
    if not resume:
        _empty(draft)
    draft.chmod(PRIVATE_FOLDER)
    write_mark(draft, kind, draft=True)
    try:
        yield
        if _says_itself(draft):
            (draft / MARK).unlink(missing_ok=True)
        else:
            write_mark(draft, kind)
        _discard(old)
        if _there(out):
            _check_replaceable(out, replace)
            os.replace(out, old)
        os.replace(draft, out)
        _discard(old)
    except BaseException:
        _put_back(old, out)
        if not (resume and draft.is_dir() and any(p.name != MARK for p in draft.iterdir())):
            _discard(draft)
        raise


def _says_itself(folder: Path) -> bool:
    """The folder has a mark besides the one of a draft."""
    mark = read_mark(folder)
    return mark is not None and mark.done


def _there(path: Path) -> bool:
    """Something is there, were it a link to nowhere."""
    return os.path.lexists(path)


def _put_back(old: Path, out: Path) -> None:
    """Undo a replacement that was interrupted between its two renames."""
    if old.is_dir() and not _there(out) and (read_mark(old) or not any(old.iterdir())):
        os.replace(old, out)


def _discard(folder: Path) -> None:
    """Remove a folder of ours, put aside or never finished. What is not ours stays and is named."""
    if not _there(folder):
        return
    mark = None if folder.is_symlink() or not folder.is_dir() else read_mark(folder)
    if mark is not None and not mark.done:
        _remove(folder)
        return
    if mark is None:
        if folder.is_dir() and not folder.is_symlink() and not files_below(folder):
            _remove(folder)
            return
        raise _strange(folder, "")
    for name in {*mark.files, *MARKS}:
        with suppress(FileNotFoundError, NotADirectoryError):
            (folder / name).unlink()
    for root, _, _ in os.walk(folder, topdown=False):
        with suppress(OSError):  # something else is in it: it is kept
            os.rmdir(root)


def _empty(draft: Path) -> None:
    """Remove what an attempt before left in the hidden folder; what is not ours stays and is named."""
    if files_below(draft) and read_mark(draft) is None:
        raise _strange(draft, files_below(draft)[0])
    for path in draft.iterdir():
        if path.is_dir() and not path.is_symlink():
            _remove(path)
        else:
            path.unlink()


def _remove(folder: Path) -> None:
    """Remove a folder that was never finished, also while a thread of an interrupted program still writes into it:
    without its folder it cannot go on."""
    for _ in range(_TRIES):
        shutil.rmtree(folder, ignore_errors=True)
        if not _there(folder):
            return
        time.sleep(_PAUSE)


def _check_replaceable(out: Path, replace: bool | None) -> None:
    """Fail unless an existing place may be replaced: only our own results, and nothing else in them."""
    if (out / SEAL).exists():
        raise DrgpayError(
            Kind.USAGE, zh="已封账的结果不能替换", en="a sealed run is never replaced", file=out.name,
            fix_zh="换一个 -o;封账后的变化用更正",
            fix_en="choose another -o; what changes after a seal is a correction",
        )  # fmt: skip
    if not replace:
        raise _exists(out, replace)
    if out.is_symlink() or not out.is_dir():
        raise _exists(out, True)
    mark = read_mark(out)
    if mark is None:
        if any(out.iterdir()):
            raise _exists(out, True)
        return
    strange = strange_files(out, mark)
    if strange:
        raise _strange(out, strange[0])


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


def _strange(folder: Path, name: str) -> DrgpayError:
    return DrgpayError(
        Kind.USAGE,
        zh="要替换的文件夹里有别的文件,没有删除",
        en="the folder to be replaced holds a file that is not its own; nothing was removed",
        file=folder,
        value=visible(name) or None,
        fix_zh="先把它移走,或换一个 -o",
        fix_en="move it away first, or choose another -o",
    )
