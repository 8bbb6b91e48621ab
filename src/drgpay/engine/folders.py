"""Folders of results: written whole or not at all, and known by their manifest."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from drgpay.errors import DrgpayError, Kind

MANIFEST = "manifest.json"
KINDS = {
    "year": ("年度清算的运行结果", "run of a whole year", "drgpay run year"),
    "oversight": ("监管结果", "result of oversight", "drgpay oversee"),
    "evaluation": ("考核评价结果", "evaluation", "drgpay evaluate"),
}
"""kinds of results that are asked for: their names and the command that makes them"""


@contextmanager
def new_folder(
    out: Path, *, replace: bool | None = None, mark: str = MANIFEST, resume: bool = False
) -> Iterator[Path]:
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
    made = [parent for parent in out.parents if not parent.exists()]
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
        for parent in made:
            with suppress(OSError):  # not empty: what is there is kept
                parent.rmdir()
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


def read_manifest(folder: Path, kind: str = "") -> dict[str, Any]:
    """The manifest of a folder of results. DATA when there is none; BROKEN when it cannot be read; USAGE when a
    ``kind`` is asked for (of :data:`KINDS`) and the results are others."""
    path = folder / MANIFEST
    if not path.is_file():
        raise DrgpayError(
            Kind.DATA,
            zh="这里没有运行结果(缺 manifest.json)",
            en="no run here (manifest.json is missing)",
            file=folder,
            fix_zh="给出 drgpay run 的输出文件夹",
            fix_en="name the output folder of drgpay run",
        )
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise DrgpayError(
            Kind.BROKEN, zh="manifest.json 读不出", en="manifest.json cannot be read", file=path.name
        ) from error
    if kind and content.get("kind") != kind:
        zh, en, command = KINDS[kind]
        raise DrgpayError(
            Kind.USAGE,
            zh=f"这里不是{zh}",
            en=f"this is no {en}",
            file=folder,
            fix_zh=f"给出 {command} 的输出文件夹",
            fix_en=f"name the output folder of {command}",
        )
    return content
