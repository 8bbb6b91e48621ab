"""``check`` and ``migrate``: looking after an office."""

from __future__ import annotations

from importlib import import_module
from typing import Annotated

import typer

from drgpay.errors import DrgpayError, Kind
from drgpay_web.cli.office import existing, start
from drgpay_web.project.rooms import with_part


def add_to(app: typer.Typer) -> None:
    app.command()(check)
    app.command()(migrate)


def check(
    noted: Annotated[
        str, typer.Option("--end", help="以前抄下的审计链末 end of the audit noted earlier", metavar="NUMBER:DIGEST")
    ] = "",
) -> None:
    """校验审计链、目录与文件夹、数据库结构；不符时退出码为 6；没有任务时清理半成品。 Check chain, catalogue, tables;
    exit 6 where wrong. Without a job at work drafts of killed ones are removed."""
    existing()
    _sweep_at_rest()
    chain = import_module("drgpay_web.trail.chain")
    wrong = [line for module in with_part("faults") for line in import_module(module).faults()]
    if noted and not chain.holds(*_noted(noted)):
        wrong.append(("审计链已不含抄下的链末", "the audit no longer has the end that was noted"))
    if wrong:
        raise DrgpayError(
            Kind.BROKEN, zh=";".join(zh for zh, _ in wrong), en="; ".join(en for _, en in wrong),
            fix_zh="停止办理，从备份恢复或报告安全管理员",
            fix_en="stop work; restore a backup or tell the security officer",
        )  # fmt: skip
    number, digest = chain.end()
    typer.echo(f"完整无误 all is whole · 审计链末 end of the audit: {number}:{digest}")


def sweep() -> list[str]:
    """Remove what jobs that were killed left unfinished; the names. Only while no job goes on."""
    return [name for module in with_part("drafts") for name in import_module(module).sweep()]


def _sweep_at_rest() -> None:
    """The same where no worker is there to do it."""
    from drgpay_web import jobs

    if jobs.at_rest() and (gone := sweep()):
        typer.echo(f"已清理 {len(gone)} 个中断任务留下的半成品 {len(gone)} drafts of jobs that were killed are gone")


def _noted(text: str) -> tuple[int, str]:
    number, _, digest = text.strip().partition(":")
    if not number.isdecimal() or len(digest) != 64:
        raise DrgpayError(
            Kind.USAGE, zh="链末写法不对", en="that is no end of an audit", value=text[:100],
            fix_zh="照 check 打印的 编号:摘要 抄写", fix_en="copy number:digest as check prints them",
        )  # fmt: skip
    return int(number), digest


def migrate() -> None:
    """把数据库结构改到本版本。 Bring the data base to this version."""
    from django.core.management import call_command

    start()
    call_command("migrate", verbosity=0, interactive=False)
    typer.echo("数据库结构已是本版本的 the data base is of this version")
