"""The one gate of all that is written: a place a user names is nothing he has, unless he says that it may be."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from drgpay.errors import DrgpayError, Kind
from drgpay.places.folders import read_mark
from drgpay.places.names import check_length
from drgpay.places.texts import visible

PROGRAM = Path(__file__).resolve().parents[1]
"""where the program itself lives"""


def check_target(said: str | Path, inputs: Iterable[Path] = (), *, file: bool, replace: bool = False) -> None:
    """Fail with USAGE unless a file (``file``), or else a folder, may be written at ``said``.

    It must be a name; not an input, inside an input folder or around an input; not the program, the root, the home
    or the working folder or one above them; not inside a folder of results; and not an existing file without
    ``replace``. What is in an existing folder is looked at by :func:`new_folder`.
    """
    target = Path(said)
    if not str(said).strip() or str(said) in (".", ".."):
        raise _refused(said, "没有写明输出位置", "this names no place to write to", "写出名称", "write its name")
    check_length(target)
    place = real_path(target)
    check_length(place)
    home = _home()
    held = {Path.cwd(), *([home] if home else [])}
    if target.name in ("", ".", "..") or place == place.parent or any(p.is_relative_to(place) for p in held):
        raise _refused(said, "不能写在这里:它是工作文件夹、主文件夹或其上级",
                       "nothing is written here: it is the working or home folder, or above one")  # fmt: skip
    if place.is_relative_to(PROGRAM) or PROGRAM.is_relative_to(place):
        raise _refused(said, "不能写进程序本身", "nothing is written into the program itself")
    for given in inputs:
        _apart(said, place, given)
    for above in place.parents:
        if above.is_dir() and read_mark(above) is not None:
            raise _refused(said, "不能写进结果文件夹", "nothing may be written into a folder of results")
    if os.path.lexists(target):
        _check_existing(said, target, file=file, replace=replace)


def _check_existing(said: str | Path, target: Path, *, file: bool, replace: bool) -> None:
    if target.is_dir():
        if file:
            raise _refused(said, "这里是文件夹,不是文件", "this is a folder, not a file", "给出文件名", "name a file")
        return
    if not target.is_file() or target.is_symlink():
        raise _refused(said, "这里不是普通文件", "this is no ordinary file")
    if not file:
        raise _refused(said, "这里是文件,不是文件夹", "this is a file, not a folder")
    if not replace:
        raise _refused(said, "文件已存在", "the file exists", "换一个名称,或加 --replace 覆盖",
                       "choose another name, or add --replace to overwrite it")  # fmt: skip


def _apart(said: str | Path, place: Path, given: Path) -> None:
    """The place is not the input, not in it and not around it."""
    real = real_path(given)
    if not os.path.lexists(real):
        return
    same = place == real or (place.exists() and os.path.samefile(place, real))
    if same:
        raise _refused(said, "输出就是输入", "the output is an input")
    if real.is_dir() and place.is_relative_to(real) and any(real.iterdir()):
        raise _refused(said, "不能写进输入文件夹", "nothing may be written into a folder that is read")
    if real.is_relative_to(place):
        raise _refused(said, "输出位置包含输入", "an input lies inside the place to write to")


def real_path(path: Path) -> Path:
    """Where a path leads, its own name kept when it is not there yet."""
    try:
        return path.resolve()
    except (OSError, RuntimeError):  # a circle of links
        return path.absolute()


def _home() -> Path | None:
    try:
        return Path.home().resolve()
    except (RuntimeError, OSError):
        return None


def _refused(
    said: str | Path, zh: str, en: str, fix_zh: str = "换一个位置", fix_en: str = "choose another place"
) -> DrgpayError:
    return DrgpayError(Kind.USAGE, zh=zh, en=en, value=visible(str(said)), fix_zh=fix_zh, fix_en=fix_en)
