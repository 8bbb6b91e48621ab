"""The command ``drgpay-web``: set an office up, serve it, look after it. Everything is below ``DRGPAY_HOME``."""

from __future__ import annotations

import os
import sys

import typer

from drgpay.errors import DrgpayError, Kind
from drgpay_web.cli import care, first, keeping, serving

app = typer.Typer(
    name="drgpay-web",
    help="医保支付经办工作台。The office of DRG payment. 所有内容在 DRGPAY_HOME 之下(默认 ./office) "
    "everything is below DRGPAY_HOME.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for room in (first, serving, care, keeping):
    room.add_to(app)


def main() -> None:
    """Run the command line; failures a user can mend are printed in both languages and end with their exit code."""
    before = os.umask(0o077)
    try:
        app()
    except DrgpayError as error:
        typer.echo(error.text(), err=True)
        sys.exit(int(error.kind))
    except BrokenPipeError:
        sys.exit(0)
    except OSError as error:
        typer.echo(f"无法读写：{error.strerror}  Cannot read or write: {error.strerror}", err=True)
        sys.exit(int(Kind.ENGINE))
    finally:
        os.umask(before)
