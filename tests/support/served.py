"""A demo's office as people have it: set up by ``drgpay-web init --demo``, served by ``drgpay-web serve``."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SRC = Path(__file__).parents[2] / "src"
PATIENCE = float(os.environ.get("DRGPAY_TEST_PATIENCE", "120"))
"""seconds anything may take on a machine at work; ``DRGPAY_TEST_PATIENCE`` gives more to one that has much to do"""


def environment(home: Path) -> dict[str, str]:
    """Of a process of its own: the office is the one at ``home``, on SQLite."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("DRGPAY_", "DJANGO_"))}
    return kept | {"DRGPAY_HOME": str(home), "PYTHONPATH": str(SRC), "PYTHONDONTWRITEBYTECODE": ""}


def command(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """``drgpay-web``, to its end."""
    run = [sys.executable, "-m", "drgpay_web.cli", *words]
    return subprocess.run(run, env=environment(home), capture_output=True, text=True, check=False, timeout=600)


def demo_at(place: Path, shared: Path) -> Path:
    """A demo's home of one's own at ``place``; made once for all processes that test, below ``shared`` (or taken from
    where ``DRGPAY_TEST_DEMO`` says one lies, with what ``init --json`` told in ``told.json``)."""
    made = Path(os.environ.get("DRGPAY_TEST_DEMO", shared / "demo-office"))
    with (shared / "demo-office.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.is_dir():
            draft = shared / "demo-office.partial"
            done = command(draft, "init", "--demo", "--json")
            assert done.returncode == 0, done.stderr
            (draft / "told.json").write_text(done.stdout)
            draft.rename(made)
    shutil.copytree(made, place, symlinks=True)
    return place


@dataclass
class Served:
    """An office that is being served. ``accounts``: what ``init --json`` told, by user name."""

    home: Path
    port: int
    process: subprocess.Popen[bytes]

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def accounts(self) -> dict[str, dict[str, Any]]:
        told = json.loads((self.home / "told.json").read_text())
        return {one["username"]: one for one in told["accounts"]}

    @property
    def log(self) -> str:
        return (self.home.parent / f"serve-{self.port}.log").read_text()


def until(true: Callable[[], Any], what: str, seconds: float = PATIENCE) -> Any:
    """Wait for something; what it was."""
    end = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < end, what
        time.sleep(0.2)
    return found


def is_up(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5) as answer:
            return bool(answer.read() == b"up\n")
    except OSError:
        return False


def serve(home: Path, port: int = 0) -> Served:
    """Serve an office until :func:`stop`."""
    if not port:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
    run = [sys.executable, "-m", "drgpay_web.cli", "serve", "--port", str(port)]
    with (home.parent / f"serve-{port}.log").open("ab") as log:
        process = subprocess.Popen(run, env=environment(home), stdout=log, stderr=log, start_new_session=True)
    served = Served(home, port, process)
    try:
        until(lambda: is_up(port) or process.poll() is not None, "the server comes up")
        assert process.poll() is None, served.log
    except BaseException:
        stop(served)
        raise
    return served


def stop(served: Served) -> None:
    """As Ctrl-C does."""
    if served.process.poll() is None:
        served.process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            served.process.wait(60)
    if served.process.poll() is None:
        os.killpg(served.process.pid, signal.SIGKILL)
        served.process.wait()


@contextlib.contextmanager
def serving(home: Path) -> Iterator[Served]:
    served = serve(home)
    try:
        yield served
    finally:
        stop(served)


def processes(home: Path, word: str) -> list[int]:
    """The processes of an office whose command line has a word: ``serve``, ``worker``, ``jobs.child``."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            line = (place / "cmdline").read_bytes().decode().split("\0")
            its = (place / "environ").read_bytes().decode(errors="replace").split("\0")
            if f"DRGPAY_HOME={home}" in its and any(word in one for one in line[1:]):
                found.append(int(place.name))
    return found
