"""The command line, called as its entry point calls it."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from contextlib import chdir, nullcontext, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from typer import testing

from drgpay.cli import app, main, program
from drgpay.errors import DrgpayError

PROGRAM = Path(sys.executable).with_name("drgpay")


@dataclass(frozen=True)
class Done:
    """How a command ended and what it wrote."""

    returncode: int
    stdout: str
    stderr: str


def drgpay(*words: object, cwd: Path | None = None) -> Done:
    """The entry point with these words, in this process: a new one needs a second to start.

    A failure the program does not expect comes out of here as it is; a process would end with 1 and a traceback.
    """
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="\n") for _ in range(2))
    code: object = 0
    with (
        mock.patch.object(sys, "argv", ["drgpay", *map(str, words)]),
        redirect_stdout(out),
        redirect_stderr(err),
        chdir(cwd) if cwd else nullcontext(),
    ):
        try:
            main()
        except SystemExit as ending:
            code = ending.code or 0
    assert isinstance(code, int), code
    return Done(code, *(_written(stream) for stream in (out, err)))


class CliRunner(testing.CliRunner):
    """Typer's runner, with the commands made once for all calls, as :func:`drgpay` has them."""

    def invoke(self, *args: Any, **named: Any) -> testing.Result:
        with mock.patch.object(testing, "_get_command", return_value=program()):
            return super().invoke(*args, **named)


def drgpay_alone(*words: object, **env: str) -> subprocess.CompletedProcess[str]:
    """The installed program in a process of its own, as a user starts it."""
    return subprocess.run(
        [PROGRAM, *map(str, words)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env=os.environ | env,
        check=False,
    )


def _written(stream: io.TextIOWrapper) -> str:
    stream.flush()
    raw = stream.buffer
    assert isinstance(raw, io.BytesIO)
    return raw.getvalue().decode("utf-8")


def say(*words: object) -> str:
    """What a command says; an error of the program comes out as it is, and any other end than a good one fails."""
    done = testing.CliRunner(env={"COLUMNS": "300"}).invoke(app, [str(word) for word in words])
    if isinstance(done.exception, DrgpayError):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.output
