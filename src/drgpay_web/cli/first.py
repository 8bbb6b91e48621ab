"""``init``: the folders, the secret, the data base, the first administrator; or a demonstration to try."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from drgpay_web.cli import demo
from drgpay_web.cli.office import start
from drgpay_web.project.places import home, make_home

DEMO_DAY = "2024-04-08"


def add_to(app: typer.Typer) -> None:
    app.command()(init)


def init(
    demonstration: Annotated[
        bool, typer.Option("--demo", help="建立演示环境，每个角色一个账号 a demonstration with an account per role")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="以 JSON 输出 print JSON")] = False,
    region: Annotated[
        Path | None, typer.Option("--region", help="导入已有的统筹区文件夹 import an existing region", metavar="DIR")
    ] = None,
    area: Annotated[str, typer.Option("--area", help="统筹区代码 code of the area", metavar="CODE")] = "area",
    title: Annotated[str, typer.Option("--title", help="统筹区名称 name of the area", metavar="NAME")] = "统筹区",
    admin: Annotated[
        str, typer.Option("--admin", help="首位系统管理员的用户名 user name of the first administrator")
    ] = "admin",
) -> None:
    """建立工作台；可重复运行，已有的保留。 Set an office up; may be run again, what is there stays."""
    folder = home()
    make_home(folder)
    if demonstration:
        _mark_demo(folder)
    start()
    _migrate()
    accounts = demo.build(folder) if demonstration else _first_administrator(_area(region, area, title), admin)
    _tell(folder, accounts, demonstration, as_json)


def _mark_demo(folder: Path) -> None:
    """Say in ``office.json`` that this is a demo; an office that is a real one never becomes one."""
    from drgpay.errors import DrgpayError, Kind

    about = folder / "office.json"
    if about.is_file():
        return
    if (folder / "office.sqlite3").exists():
        raise DrgpayError(
            Kind.USAGE, zh="这里已有正式的工作台，不能改为演示环境", en="a real office is here, not made a demo",
            value=folder.name, fix_zh="用 DRGPAY_HOME 指明另一个位置", fix_en="name another place with DRGPAY_HOME",
        )  # fmt: skip
    about.write_text(json.dumps({"demo": True, "clock": DEMO_DAY}) + "\n", encoding="utf-8")


def _migrate() -> None:
    from django.core.management import call_command

    call_command("migrate", verbosity=0, interactive=False)


def _area(region: Path | None, area: str, title: str) -> str:
    """The code of the office's area, which is there afterwards."""
    from drgpay_web import store
    from drgpay_web.people import Unit

    if region is not None:
        return store.import_region(region)
    first = Unit.objects.filter(kind=Unit.AREA).first()
    if first is None:
        first = Unit.objects.create(area=area, kind=Unit.AREA, code=area, name=title)
    return first.area


def _first_administrator(area: str, username: str) -> list[dict[str, Any]]:
    """Open the first account of S1 where there is none; its password is told this once."""
    from drgpay_web.accounts.actions import create_account
    from drgpay_web.people import Membership, Role, Unit, system_actor

    if Membership.objects.filter(role=Role.S1).exists():
        return []
    unit = Unit.objects.get(area=area, kind=Unit.AREA)
    person, password = create_account(
        by=system_actor(area), username=username, name="系统管理员", role=Role.S1, unit=unit
    )
    return [demo.account(person, Role.S1, unit, password, None)]


def _tell(folder: Path, accounts: list[dict[str, Any]], is_demo: bool, as_json: bool) -> None:
    if as_json:
        said = {"home": str(folder), "demo": is_demo, "accounts": accounts}
        typer.echo(json.dumps(said, ensure_ascii=False, indent=1))
        return
    typer.echo(f"工作台已就绪 the office is ready: {folder.name}")
    for one in accounts:
        second = f"  TOTP {one['totp']}" if one["totp"] else ""
        typer.echo(f"  {one['role']:3} {one['username']:10} {one['password']}{second}  {one['unit']} {one['name']}")
    typer.echo("下一步 next: drgpay-web serve")
