"""``backup`` and ``restore``: the whole office as one file; ``move``: to the other data base."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

from drgpay.errors import DrgpayError, Kind
from drgpay_web.cli.care import check
from drgpay_web.cli.office import existing, start
from drgpay_web.project import keeping, moving


def add_to(app: typer.Typer) -> None:
    app.command()(backup)
    app.command()(restore)
    app.command()(move)


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


def move(
    address: Annotated[
        str,
        typer.Argument(
            help="PostgreSQL 地址 address", metavar="postgresql://USER@HOST/NAME", envvar="DRGPAY_MOVE_TO"
        ),
    ],
) -> None:
    """把 SQLite 上的工作台搬到 PostgreSQL,逐表核对;原库不动。 Move the office from SQLite to PostgreSQL."""
    existing()
    _nobody_at_work()
    count = moving.move(address)
    typer.echo(f"已搬移 {count} 行 {count} rows were moved")
    typer.echo("今后以 DRGPAY_DATABASE 指明该库启动,再运行 drgpay-web check from now on name it in DRGPAY_DATABASE")


def _nobody_at_work() -> None:
    """Refuse while a worker of this office is at work."""
    from drgpay_web import jobs

    if jobs.is_at_work():
        raise DrgpayError(
            Kind.USAGE, zh="工作台正在运行", en="the office is at work",
            fix_zh="先停止 drgpay-web serve", fix_en="stop drgpay-web serve first",
        )  # fmt: skip
