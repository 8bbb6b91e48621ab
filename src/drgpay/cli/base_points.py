"""The command of a base period that several areas share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from drgpay import runs
from drgpay.cli.console import CPUS, Lang, Threads, engine_with_progress, in_lang, out
from drgpay.cli.folders import START, PolicyName, Schemes, schemes_folder
from drgpay.cli.money import KnownOn, OutFolder, Replace, Year, run_app
from drgpay.cli.registers import Accept, Reason
from drgpay.units import show_fen


def register(app: typer.Typer) -> None:
    """Add the command of this file below ``run``."""
    run_app.command("base")(run_base)


def run_base(
    output: OutFolder,
    year: Year,
    more: Annotated[list[Path] | None, typer.Argument(help="其余统筹区 further areas", show_default=False)] = None,
    regions: Annotated[
        list[Path] | None, typer.Option("--regions", help="统筹区文件夹,可给出多个 folders of areas")
    ] = None,
    policy: PolicyName = START,
    known_on: KnownOn = None,
    own: Schemes = None,
    threads: Threads = CPUS,
    lang: Lang = "zh",
    replace: Replace = False,
    accept: Accept = None,
    reason: Reason = "",
) -> None:
    """几个统筹区合算基准点数,公布后各区据以结算。 Base points of several areas together, for their own runs."""
    day = known_on.date() if known_on else None
    places = (*(regions or ()), *(more or ()))
    if not places:
        raise typer.BadParameter("--regions A B …", param_hint="--regions")
    order = runs.BaseOrder(places, policy, year, day, schemes_folder(own), runs.Accepted(accept or (), reason))
    with engine_with_progress(threads, in_lang(lang)) as engine:
        runs.run_base(order, output, engine, overwrite=replace)
    said = runs.read_manifest(output)
    mean, areas = show_fen(said["base"]["mean_cost"]), len(said["areas"])
    zh = f"{areas} 个统筹区,全部病例均费 {mean} 元 → {output}"
    out.print(zh if lang == "zh" else f"{areas} areas, overall mean {mean} yuan → {output}", highlight=False)
