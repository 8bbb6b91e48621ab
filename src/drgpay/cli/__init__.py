"""The command line: one verb per step and run. Exit codes are those of :class:`drgpay.errors.Kind`; 1 is a crash."""

from __future__ import annotations

import sys

import typer

from drgpay import __version__
from drgpay.cli import books, evaluate, explain, facts, fund, modes, money, oversight, perform, schemes, stays, whatif
from drgpay.cli.console import err
from drgpay.errors import DrgpayError

app = typer.Typer(
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


for room in (money, explain, whatif, fund, modes, oversight, evaluate, perform, stays, schemes, facts, books):
    room.register(app)


def main() -> None:
    """Run the command line; failures a user can mend are printed in both languages and end with their exit code."""
    try:
        app()
    except DrgpayError as error:
        err.print(error.text(), markup=False, highlight=False, style="red")
        sys.exit(int(error.kind))
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)


__all__ = ["app", "main"]
