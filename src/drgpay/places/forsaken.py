"""What programs that were killed have left: drafts that nobody will finish."""

from __future__ import annotations

import os
import re
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from drgpay.places.folders import files_below, read_mark

try:
    import fcntl
except ImportError:  # pragma: no cover - Windows
    fcntl = None  # type: ignore[assignment]

_FOLDER = re.compile(r"\..+\.partial")
_FILE = re.compile(r"\..+\.tmp(\.\w+)?|\..+\.(lock|partial)")
_WRITER = re.compile(r"\.(\d+)-\d+\.tmp(\.\w+)?$")
"""in the name of a draft: the process that writes it"""


def discard_forsaken(folder: Path, *, deep: bool = False) -> list[str]:
    """Remove drafts of folders and files, and locks, that lie in ``folder`` and that nobody writes any more; their
    names. ``deep``: in the folders below as well.

    Call it when no program is at work there: of a draft of a folder it is seen whether it is still written, of a file
    only where its name says by whom. Folders that are not our drafts stay.
    """
    found = []
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.is_symlink():
            continue
        if path.is_dir():
            if _FOLDER.fullmatch(path.name):
                found += [path.name] if _discarded(path) else []
            elif deep:
                found += discard_forsaken(path, deep=True)
        elif _FILE.fullmatch(path.name) and not _is_written(path):
            path.unlink()
            found.append(path.name)
    return found


def _discarded(draft: Path) -> bool:
    """Remove the draft of a folder, unless it is written or is none of ours."""
    with _nobody_writes(draft) as free:
        ours = read_mark(draft) is not None or not files_below(draft)
        if free and ours:
            remove_whole(draft)
        return free and ours


def remove_whole(folder: Path) -> None:
    """Remove a folder with all that is in it, also where a folder in it is read-only."""
    for root, folders, _ in os.walk(folder):
        for name in folders:
            its = Path(root) / name
            if not its.is_symlink():
                its.chmod(its.stat().st_mode | stat.S_IRWXU)
    shutil.rmtree(folder)


@contextmanager
def _nobody_writes(folder: Path) -> Iterator[bool]:
    if fcntl is None:  # pragma: no cover - Windows
        yield False
        return
    held = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        yield False
    else:
        yield True
    finally:
        os.close(held)


def _is_written(path: Path) -> bool:
    """The process that the name of a draft names is there."""
    said = _WRITER.search(path.name)
    if said is None:
        return False
    try:
        os.kill(int(said[1]), 0)
    except PermissionError:
        return True
    except (ProcessLookupError, OverflowError):
        return False
    return True
