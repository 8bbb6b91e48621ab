"""``check`` and ``migrate``: looking after an office."""

from __future__ import annotations

from importlib import import_module

import typer

from drgpay.errors import DrgpayError, Kind
from drgpay_web.cli.office import existing, start
from drgpay_web.project.rooms import with_part


def add_to(app: typer.Typer) -> None:
    app.command()(check)
    app.command()(migrate)


def check() -> None:
    """校验审计链、目录与文件夹、数据库结构；不符时退出码为 6。 Check chain, catalogue, tables; exit 6 where wrong."""
    existing()
    wrong = [line for module in with_part("faults") for line in import_module(module).faults()]
    if wrong:
        raise DrgpayError(
            Kind.BROKEN, zh=";".join(zh for zh, _ in wrong), en="; ".join(en for _, en in wrong),
            fix_zh="停止办理，从备份恢复或报告安全管理员",
            fix_en="stop work; restore a backup or tell the security officer",
        )  # fmt: skip
    typer.echo("完整无误 all is whole")


def migrate() -> None:
    """把数据库结构改到本版本。 Bring the data base to this version."""
    from django.core.management import call_command

    start()
    call_command("migrate", verbosity=0, interactive=False)
    typer.echo("数据库结构已是本版本的 the data base is of this version")
