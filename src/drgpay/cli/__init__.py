"""The command line: one verb per step and run. Exit codes are those of :class:`drgpay.errors.Kind`; 1 is a crash."""

from __future__ import annotations

import io
import os
import signal
import sys
import threading
from functools import cache
from pathlib import Path
from typing import Any

import typer
from typer.main import get_command

from drgpay import __version__
from drgpay.cli import (
    base_points,
    books,
    coding,
    estimate,
    evaluate,
    explain,
    facts,
    fund,
    modes,
    money,
    oversight,
    pages,
    paper,
    perform,
    prices,
    reconcile,
    schemes,
    stays,
    whatif,
)
from drgpay.cli.console import err
from drgpay.cli.gate import Gated
from drgpay.errors import DrgpayError, Kind
from drgpay.places import not_written

app = typer.Typer(
    cls=Gated,
    name="drgpay",
    help="DRG点数法付费,从病例到最后一分钱。The DRG points payment, from the first record to the last fen.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.callback(invoke_without_command=True)
def _root(version: bool = typer.Option(False, "--version", help="版本 version", is_eager=True)) -> None:
    if version:
        typer.echo(f"drgpay {__version__}")
        raise typer.Exit


for room in (
    base_points,
    money,
    explain,
    whatif,
    prices,
    fund,
    modes,
    oversight,
    evaluate,
    paper,
    perform,
    estimate,
    reconcile,
    coding,
    stays,
    schemes,
    facts,
    books,
    pages,
):
    room.register(app)


@cache
def program() -> Any:
    """All commands as they are called, made once per process: making them takes longer than many of them."""
    return get_command(app)


def main() -> None:
    """Run the command line; failures a user can mend are printed in both languages and end with their exit code.

    What it writes is its owner's alone. A request to end (SIGTERM) cleans up as an interruption does; a reader of the
    output that went away ends it quietly; characters the terminal does not know are written as codes.
    """
    _tolerant()
    before, kept = os.umask(0o077), _on_term()
    try:
        program()()
    except DrgpayError as error:
        sys.exit(_failed(error))
    except BrokenPipeError:
        _quiet()
        sys.exit(0)
    except MemoryError as error:
        sys.exit(_failed(_short_of_memory(error)))
    except OSError as error:
        sys.exit(_failed(not_written(Path(error.filename or "."), error)))
    finally:
        os.umask(before)
        if kept is not None:
            signal.signal(signal.SIGTERM, kept)


def _failed(error: DrgpayError) -> int:
    try:
        err.print(error.text(), markup=False, highlight=False, style="red")
    except BrokenPipeError:
        _quiet()
    return int(error.kind)


def _short_of_memory(error: MemoryError) -> DrgpayError:
    return DrgpayError(
        Kind.ENGINE,
        zh="内存不够",
        en="there is not enough memory",
        value=str(error)[:80] or None,
        fix_zh="减少 --threads,或换内存更大的机器",
        fix_en="use fewer --threads, or a machine with more memory",
    )


def _tolerant() -> None:
    """What the terminal cannot show is written as codes instead of ending the program."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _quiet() -> None:
    """Nobody reads the output any more: what is left of it goes nowhere, also at the end of the program."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
    except (OSError, ValueError):
        pass


def _ended(number: int, frame: object) -> None:
    raise SystemExit(128 + number)


def _on_term() -> Any:
    """SIGTERM raises, so that everything cleans up; the handler before it, None where there are no signals."""
    if threading.current_thread() is not threading.main_thread():
        return None
    return signal.signal(signal.SIGTERM, _ended)


__all__ = ["app", "main", "program"]
