"""A folder that is watched: which files in it are whole and have no result yet. No clock here: the caller waits."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from drgpay.runs.stay_files import STAY_SUFFIXES, is_result

RESULT = ".grouped.csv"
"""ending of a result beside its file"""
FAILED = ".failed.txt"
"""ending of what is said of a file that cannot be grouped"""


@dataclass
class Watched:
    """What was seen of a folder at the last look: size and time of each file."""

    folder: Path
    seen: dict[Path, tuple[int, int]] = field(default_factory=dict)

    def ready(self) -> list[Path]:
        """Files of stays that stand as they stood at the last look, and whose result is not there or older. A file
        that is still being written changes from look to look and waits."""
        now = {path: (stat.st_size, stat.st_mtime_ns) for path in self._files() if (stat := _stat(path))}
        still = [path for path, marks in sorted(now.items()) if self.seen.get(path) == marks and marks[0]]
        self.seen = now
        return [path for path in still if not self._done(path, now[path][1])]

    def _files(self) -> list[Path]:
        try:
            inside = list(self.folder.iterdir())
        except OSError:
            return []
        return [
            path
            for path in inside
            if path.suffix.lower() in STAY_SUFFIXES
            and not is_result(path)
            and not path.name.startswith((".", "~$"))
            and not path.name.endswith((RESULT, FAILED))
            and path.is_file()
        ]

    def _done(self, path: Path, written: int) -> bool:
        results = (result_of(path), failure_of(path))
        return any(stat.st_mtime_ns >= written for one in results if (stat := _stat(one)))


def _stat(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except OSError:
        return None


def result_of(path: Path) -> Path:
    """Where the result of a file stands: beside it, with the whole of its name."""
    return path.with_name(path.name + RESULT)


def failure_of(path: Path) -> Path:
    """Where it is said that a file cannot be grouped."""
    return path.with_name(path.name + FAILED)
