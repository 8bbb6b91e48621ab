"""Files that must stay as they are while something is made of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from drgpay.errors import DrgpayError
from drgpay.steps.intake.chunks import fail

Stamp = tuple[int, int, int]
"""which file it is, how long, and when it was last written"""


def stamp(path: Path) -> Stamp | None:
    """By what a file is known to be unchanged; None where there is none."""
    try:
        about = path.stat()
    except (OSError, ValueError):
        return None
    return about.st_ino, about.st_size, about.st_mtime_ns


def changed(name: str) -> DrgpayError:
    """The failure of a file that was written, taken away or added while it was being read."""
    return fail(
        "文件在处理时被改动",
        "the file changed while it was being read",
        "等它写完,再重新运行",
        "wait until it is complete, then run again",
        file=name,
    )


class Watch:
    """Input files by what they were before the first of them was read; ``early``: stamps taken before this."""

    def __init__(self, early: Mapping[Path, Stamp | None]) -> None:
        self._stamps = dict(early)

    def digests(self, files: Iterable[Path], root: Path, digest: Callable[[Path], str]) -> dict[str, str]:
        """The digest of every file, by its name below ``root``."""
        found = {}
        for path in files:
            self._stamps.setdefault(path, stamp(path))
            found[path.relative_to(root).as_posix()] = digest(path)
        return found

    def check(self, files: Iterable[Path]) -> None:
        """Raise DrgpayError of kind DATA when one of the files is not what it was, or was not there."""
        for path in files:
            if path not in self._stamps or self._stamps[path] != stamp(path):
                raise changed(path.name)
