"""Loaded by every Python that has this folder in its path: it ends the office it belongs to before one of its changes
on the disk, as a power cut does.

``DRGPAY_TEST_DIES``: word of the command line, and the number of the change, as ``jobs.child:7``; 0 only counts, into
the file that ``DRGPAY_TEST_COUNTED`` names.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT
CHANGES = ("os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.chmod", "os.link")
word, _, said = os.environ.get("DRGPAY_TEST_DIES", "").partition(":")
line = Path("/proc/self/cmdline").read_bytes().decode().split("\0")
count = 0


def changes(event: str, args: tuple[Any, ...]) -> bool:
    """Something of the office's folder is to be changed, its data base and its locks apart."""
    if event == "open":
        if not args[2] & WRITES:
            return False
    elif event not in CHANGES:
        return False
    path = str(args[0])
    return path.startswith(os.environ["DRGPAY_HOME"]) and "/areas/" in path


def watch(event: str, args: tuple[Any, ...]) -> None:
    global count  # noqa: PLW0603 - a hook has nothing else to keep it in
    if not changes(event, args):
        return
    count += 1
    if int(said) == 0:
        with open(os.environ["DRGPAY_TEST_COUNTED"], "a") as out:
            out.write(f"{event} {args[0]}\n")
    elif count == int(said):
        for place in Path("/proc").glob("[0-9]*"):
            try:
                its = (place / "environ").read_bytes().decode(errors="replace").split("\0")
            except OSError:
                continue
            if f"DRGPAY_HOME={os.environ['DRGPAY_HOME']}" in its and int(place.name) != os.getpid():
                os.kill(int(place.name), signal.SIGKILL)
        os.kill(os.getpid(), signal.SIGKILL)


if word and any(word in one for one in line):
    sys.addaudithook(watch)
