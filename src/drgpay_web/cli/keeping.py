"""``backup`` and ``restore``: the whole office as one file."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

from drgpay_web.cli.care import check
from drgpay_web.cli.office import existing, start
from drgpay_web.project import keeping


def add_to(app: typer.Typer) -> None:
    app.command()(backup)
    app.command()(restore)


def backup(
    output: Annotated[
        Path, typer.Option("--output", "-o", help="备份文件 file of the backup", metavar="FILE.tar.zst")
    ],
) -> None:
    """备份整个工作台为一个文件;运行中也可备份。 The whole office as one file, also while it is at work."""
    existing()
    count = keeping.backup(output)
    typer.echo(f"已备份 {count} 个文件 → {output.name}  {count} files and the data base")
    typer.echo("内含个人信息,请妥善保管 it holds data of persons; keep it safe")


def restore(
    file: Annotated[Path, typer.Argument(help="备份文件 file of a backup", metavar="FILE.tar.zst")],
) -> None:
    """从备份恢复到空的位置,并校验。 Restore a backup to an empty place, and check it."""
    from django.core.management import call_command

    keeping.restore(file)
    start()
    call_command("migrate", verbosity=0, interactive=False)
    import_module("drgpay_web.store.catalogue").reconcile()
    check()
