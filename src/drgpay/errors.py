"""Failures a user can mend: what, where, and the next move, in Chinese and English.

A :class:`DrgpayError` is for people; anything else that escapes is a defect of the program.
Messages never carry patient data: name the file, row, field and the offending value of a code or number only.
"""

from __future__ import annotations

from enum import IntEnum
from pathlib import PurePath
from typing import Any


class Kind(IntEnum):
    """Kind of failure = exit code of the command line (1 is left to crashes of the program)."""

    USAGE = 2
    """the command or its options are wrong"""
    DATA = 3
    """an input file is missing, unreadable, or has no usable row"""
    POLICY = 4
    """a policy notice or parameter is wrong or missing"""
    SCHEME = 5
    """a grouping scheme is wrong or missing"""
    BROKEN = 6
    """figures do not add up: conservation, hash chain, digests"""
    ENGINE = 7
    """reading, writing, disk"""
    STOPPED = 8
    """somebody asked to stop"""


class DrgpayError(Exception):
    """A failure with a message in both languages, its place, and what to do.

    ``zh``/``en`` say what is wrong; ``fix_zh``/``fix_en`` say the next move; ``file``, ``row`` (1-based line or
    record), ``field`` and ``value`` say where (of a whole path only the last name is
    said). ``str(error)`` prints all of it on a few lines.
    """

    def __init__(
        self,
        kind: Kind,
        *,
        zh: str,
        en: str,
        fix_zh: str = "",
        fix_en: str = "",
        file: object = None,
        row: int | None = None,
        field: str | None = None,
        value: object = None,
    ) -> None:
        self.kind = kind
        self.zh, self.en = zh, en
        self.fix_zh, self.fix_en = fix_zh, fix_en
        self.file = None if file is None else _named(file)
        self.row, self.field = row, field
        self.value = _named(value) if isinstance(value, PurePath) else value
        super().__init__(self.text())

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled with all its parts, so that it can come from another process."""
        return _again, (self.__dict__ | {"kind": int(self.kind)},)

    def place(self) -> str:
        """``file · row · field · value``, the parts that are known."""
        parts = [
            self.file,
            None if self.row is None else f"row {self.row}",
            self.field,
            None if self.value is None else f"«{self.value}»",
        ]
        return " · ".join(p for p in parts if p)

    def text(self) -> str:
        """The whole message: place, Chinese, English, and the next move in each."""
        place = self.place()
        lines = [f"[{place}]"] if place else []
        lines.append(self.zh + (f"  → {self.fix_zh}" if self.fix_zh else ""))
        lines.append(self.en + (f"  → {self.fix_en}" if self.fix_en else ""))
        return "\n".join(lines)


def _named(file: object) -> str:
    """A file as it was given; of a whole path, which says what the machine is like, the last name."""
    path = PurePath(str(file))
    return path.name if path.is_absolute() and path.name else str(file)


class Stopped(DrgpayError):  # noqa: N818 - it says what happened
    """Somebody asked to stop a long work, and it stopped: nothing of it is left half-written."""

    def __init__(self) -> None:
        super().__init__(Kind.STOPPED, zh="已按要求停止", en="stopped as asked")

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled as what it is."""
        return Stopped, ()


def _again(parts: dict[str, Any]) -> DrgpayError:
    said = {name: value for name, value in parts.items() if name in DrgpayError.__init__.__annotations__}
    return DrgpayError(**(said | {"kind": Kind(parts["kind"])}))
