"""Who writes to a place: one at a time, and the second one is told who and since when."""

from __future__ import annotations

import getpass
import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from drgpay.errors import DrgpayError, Kind
from drgpay.places.texts import visible

try:
    import fcntl
except ImportError:  # pragma: no cover - Windows
    fcntl = None  # type: ignore[assignment]

_SECRET = 0o600
_held: dict[Path, int] = {}
"""locks of this process, and the thread that has each"""


def lock_of(target: Path) -> Path:
    """The lock file of a place: hidden, beside it."""
    return target.with_name(f".{target.name}.lock")


@contextmanager
def locked(target: Path, *, wait: float = 0) -> Iterator[None]:
    """Hold the only right to write to ``target``. Another process that holds it is waited for ``wait`` seconds, then
    named: who, since when (ENGINE). The same thread may take it again. The lock ends with its process, however that
    ends; the file is removed."""
    path = lock_of(target.absolute())
    if _held.get(path) == threading.get_ident():  # its own already
        yield
        return
    until = time.monotonic() + wait
    while (held := _take(path)) is None:
        if time.monotonic() >= until:
            raise _taken(path, target)
        time.sleep(0.02)
    _held[path] = threading.get_ident()
    try:
        yield
    finally:
        del _held[path]
        with suppress(OSError):
            path.unlink()
        os.close(held)


def _take(path: Path) -> int | None:
    """The lock's open file, or None when another has it."""
    if fcntl is None:  # pragma: no cover - Windows
        try:
            held = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, _SECRET)
        except FileExistsError:
            return None
        _sign(held)
        return held
    held = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), _SECRET)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        there = os.stat(path, follow_symlinks=False)
        if (there.st_ino, there.st_dev) == (os.fstat(held).st_ino, os.fstat(held).st_dev):
            _sign(held)
            return held
    except OSError:  # another has it, or had it and has just removed it
        pass
    os.close(held)
    return None


def this_program() -> dict[str, object]:
    """Who writes, where, and since when."""
    who: dict[str, object] = {"pid": os.getpid(), "since": datetime.now().astimezone().isoformat(timespec="seconds")}
    with suppress(Exception):  # a user without a name
        who |= {"who": getpass.getuser(), "host": socket.gethostname()}
    return who


def _sign(held: int) -> None:
    os.truncate(held, 0)
    os.write(held, json.dumps(this_program(), ensure_ascii=True).encode())


@contextmanager
def locked_folder(folder: Path, signed: Path, target: Path) -> Iterator[None]:
    """Make a folder and hold the only right to it, also when it is renamed; nothing is left of the lock when the
    program ends. The second is told (ENGINE) who is first, as the file ``signed`` in the folder says."""
    while True:
        folder.mkdir(mode=0o700, exist_ok=True)
        if fcntl is None:  # pragma: no cover - Windows
            yield
            return
        held = os.open(folder, os.O_RDONLY)
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(held)
            raise _taken(signed, target) from None
        with suppress(OSError):
            if os.path.samestat(os.fstat(held), os.stat(folder)):
                break
        os.close(held)  # another has just finished with it
    try:
        yield
    finally:
        os.close(held)


def _taken(path: Path, target: Path) -> DrgpayError:
    said: dict[str, object] = {}
    with suppress(OSError, ValueError):
        read = json.loads(path.read_text(encoding="utf-8"))
        said = read if isinstance(read, dict) else {}
    who = visible(f"{said.get('who', '?')}@{said.get('host', '?')}, pid {said.get('pid', '?')}")
    since = visible(str(said.get("since", "?")))
    return DrgpayError(
        Kind.ENGINE,
        zh=f"另一个程序正在写这里:{who},自 {since}",
        en=f"another program is writing here: {who}, since {since}",
        file=target,
        fix_zh="等它结束后重试",
        fix_en="wait until it has ended and try again",
    )
