"""Files written under a temporary name and renamed: there as a whole or not at all."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from drgpay.errors import DrgpayError, Kind
from drgpay.places.texts import visible

PRIVATE_FILE, PRIVATE_FOLDER = 0o600, 0o700
"""results hold persons' data: nobody but their owner reads them, whatever the umask"""


def not_written(path: Path, error: BaseException) -> DrgpayError:
    """What the disk, or the memory, refuses while something is written: a failure a user can mend (ENGINE)."""
    why, place = type(error).__name__, str(path)
    if isinstance(error, OSError):
        why = error.strerror or why
        place = error.filename if isinstance(error.filename, str) and error.filename else place
    return DrgpayError(
        Kind.ENGINE,
        zh="写文件失败",
        en="a file could not be written",
        file=visible(place),
        value=why,
        fix_zh="检查磁盘空间和权限",
        fix_en="check disk space and permissions",
    )


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """What the disk refuses while a file or a folder is written is a failure a user can mend (ENGINE)."""
    try:
        yield
    except (BrokenPipeError, DrgpayError):
        raise
    except Exception as error:
        if isinstance(error, OSError) or _of_the_disk(error):
            raise not_written(path, error) from error
        raise


def _of_the_disk(error: BaseException) -> bool:
    """A library's own failure that has the disk's behind it: of Arrow, Polars, and the writer of workbooks."""
    behind = error.__cause__ or error.__context__
    name = type(error).__name__
    said = ("os error", "No space left", "Permission denied", "Read-only file system", "File too large")
    return name == "FileCreateError" or isinstance(behind, OSError) or any(word in str(error) for word in said)


@contextmanager
def drafted(target: Path, attempt: str = "") -> Iterator[Path]:
    """A temporary name beside ``target`` to write to; renamed when all went well, removed when not, so that a reader
    never sees half a file. ``attempt`` is part of the name, for two processes that may write the same file. A new
    file is its owner's alone; one that replaces another keeps its rights. Raises ENGINE when it cannot be written."""
    draft = target.with_name(f".{target.stem}{attempt}.tmp{target.suffix}")
    if target.is_dir():
        raise _is_folder(target)
    with writing(target):
        try:
            mode = _rights(target)
            yield draft
            os.chmod(draft, mode)
            os.replace(draft, target)
        finally:
            with suppress(OSError):
                draft.unlink(missing_ok=True)


def _is_folder(target: Path) -> DrgpayError:
    return DrgpayError(
        Kind.USAGE,
        zh="这里是文件夹,不是文件",
        en="this is a folder, not a file",
        file=visible(str(target)),
        fix_zh="给出文件名",
        fix_en="name a file",
    )


def _rights(target: Path) -> int:
    try:
        return stat.S_IMODE(target.stat().st_mode)
    except FileNotFoundError:
        return PRIVATE_FILE


def write_text(target: Path, text: str, encoding: str = "utf-8") -> None:
    """A text file with ``\\n`` at the ends of its lines, drafted."""
    with drafted(target) as draft:
        draft.write_text(text, encoding=encoding, newline="\n")
