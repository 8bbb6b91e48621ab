"""The command that tries other prices of services on a settled year."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table as Grid

from drgpay import runs
from drgpay.cli.console import CPUS, Lang, Threads, engine_with_progress, in_lang, out
from drgpay.cli.folders import Schemes, schemes_folder
from drgpay.cli.sheets import open_sheets
from drgpay.policy import parse_setting
from drgpay.units import show_fen, show_percent
from drgpay.words import in_word

_SHOWN = 8
"""institutions on the screen; the file has all"""
_TOTALS = (
    ("cost", "总费用", "total cost"),
    ("personal", "个人负担", "paid by patients"),
    ("fund", "按项目的基金应付", "by the fund, item by item"),
)
_HEADS = {
    "scope": ("范围", "scope"), "who": ("编号", "code"), "name": ("名称", "name"),
    "category": ("费用类别", "category"),
    "old": ("调价前", "before"), "new": ("调价后", "after"), "diff": ("变化", "change"),
    "share_old": ("占比(前)", "share before"), "share_new": ("占比(后)", "share after"),
    "drg": ("病组", "group"), "n": ("例数", "stays"), "mean_old": ("例均费用(前)", "mean before"),
    "mean_new": ("例均费用(后)", "mean after"), "institution_id": ("机构", "institution"),
    "due": ("应付", "due"), "settled": ("清算应得", "settled"), "balance": ("结余(超支)", "balance"),
}  # fmt: skip
_SCOPES = {"area": ("统筹区", "area"), "level": ("等级", "level"), "institution": ("机构", "institution")}


def register(app: typer.Typer) -> None:
    """Add the command of this file."""
    app.command()(prices)


def prices(
    run: Annotated[Path, typer.Argument(help="年度运行结果文件夹 folder of a year run")],
    region: Annotated[Path, typer.Option("--region", help="结算所用的统筹区文件夹 folder the run was made from")],
    setting: Annotated[
        list[str],
        typer.Option("--set", metavar="KEY=RATE", help="调价,可重复:手术=+10%、三级.检查=-3% change a price"),
    ],
    output: Annotated[Path | None, typer.Option("-o", "--output", help="写成文件 .xlsx 或 .csv write a file")] = None,
    own: Schemes = None,
    threads: Threads = CPUS,
    lang: Lang = "zh",
) -> None:
    """调价模拟:有升有降,看总量、收入结构、患者和基金、病组和清算各变多少;不改动结果。

    What other prices of services would change: totals, income by category, patients, fund, groups, and the year's
    settlement; the run is left as it is.
    """
    at = 0 if in_lang(lang) == "zh" else 1
    rates = runs.parse_rates(dict(parse_setting(text) for text in setting))
    with engine_with_progress(threads, lang) as engine:
        found = runs.simulate_prices(run, region, rates, engine, schemes_folder(own))
    _print_totals(found, at)
    _print_structure(found, at)
    _print_institutions(found, at)
    if output:
        _write(found, output, at)
        out.print(str(output))


def _print_totals(found: runs.Prices, at: int) -> None:
    grid = Grid(*(_HEADS[name][at] for name in ("name", "old", "new", "diff")))
    for name, *words in _TOTALS:
        old, new = found.totals[f"{name}_old"], found.totals[f"{name}_new"]
        grid.add_row(words[at], show_fen(old), show_fen(new), show_fen(new - old))
    out.print(grid)
    raised, cut = show_fen(found.totals["raised"]), show_fen(found.totals["cut"])
    zh = f"调增 {raised} 元,调减 {cut} 元:{'总量不增' if found.within else '总量增加'}"
    en = f"raised {raised}, cut {cut} yuan: the total {'does not rise' if found.within else 'rises'}"
    out.print((zh, en)[at])
    if found.totals["without"]:
        n = found.totals["without"]
        out.print((f"{n:,} 份病例没有费用明细,费用不变", f"{n:,} stays have no fees; their cost stays")[at])


def _print_structure(found: runs.Prices, at: int) -> None:
    grid = Grid(*(_HEADS[name][at] for name in ("category", "old", "new", "share_old", "share_new")))
    for row in (row for row in found.structure if row["scope"] == "area"):
        shares = (show_percent(row[f"share_{side}"]) for side in ("old", "new"))
        name = in_word(row["category"], ("zh", "en")[at])
        grid.add_row(name, show_fen(row["old"]), show_fen(row["new"]), *shares)
    out.print(grid)


def _print_institutions(found: runs.Prices, at: int) -> None:
    rows = found.settlement.institutions
    grid = Grid(*(_HEADS[name][at] for name in ("name", "due", "settled", "balance")))
    for row in rows if len(rows) <= _SHOWN else [*rows[: _SHOWN // 2], *rows[-_SHOWN // 2 :]]:
        grid.add_row(row["name"], *(show_fen(row[f"{name}_diff"]) for name in ("due", "settled", "balance")))
    out.print(grid)


def _write(found: runs.Prices, output: Path, at: int) -> None:
    lang = ("zh", "en")[at]
    head = ("scope", "who", "name", "category", "old", "new", "diff", "share_old", "share_new")
    groups = ("drg", "name", "n", "mean_old", "mean_new", "diff")
    measures = ("due", "settled", "balance")
    sides = [f"{_HEADS[m][at]} {_HEADS[side][at]}" for m in measures for side in ("old", "new")]
    first = [_HEADS[name][at] for name in ("institution_id", "name")]
    with open_sheets(output) as sheets:
        with sheets.sheet(("收入结构", "structure")[at], [_HEADS[name][at] for name in head]) as add:
            for row in found.structure:
                who = in_word(row["who"], lang) if row["scope"] == "level" else row["who"]
                words = {"scope": _SCOPES[row["scope"]][at], "who": who, "category": in_word(row["category"], lang)}
                add([_shown(name, {**row, **words}[name]) for name in head])
        with sheets.sheet(("病组", "groups")[at], [_HEADS[name][at] for name in groups]) as add:
            for row in found.groups:
                add([_shown(name, row[name]) for name in groups])
        with sheets.sheet(("清算", "settlement")[at], [*first, *sides]) as add:
            for row in found.settlement.institutions:
                money = [row[f"{m}_{side}"] / 100 for m in measures for side in ("old", "new")]
                add([row["institution_id"], row["name"], *money])


def _shown(name: str, value: object) -> object:
    if name.startswith("share"):
        return int(str(value)) / 10_000
    return int(str(value)) / 100 if name in ("old", "new", "diff", "mean_old", "mean_new") else value
