"""Commands on the payment modes besides the run of a year."""

from __future__ import annotations

from collections import Counter
from datetime import date
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table as Grid

from drgpay import runs
from drgpay.cli.console import CPUS, Lang, Threads, engine_with_progress, in_lang, out
from drgpay.cli.folders import START, PolicyName, RunFolder
from drgpay.cli.fund import Output, Region, Year, give, word_of
from drgpay.steps import modes
from drgpay.tables import BENEFIT_SPLITS, ENROLMENT_GAPS
from drgpay.units import show_fen

modes_app = typer.Typer(
    help="支付方式:床日、按人头、异地、带量采购、待遇 payment modes besides DRG points", no_args_is_help=True
)


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.add_typer(modes_app, name="modes")


@modes_app.command()
def assign(
    run: RunFolder,
    policy: Annotated[str | None, typer.Option("--policy", help="换一个做法试算 try another practice")] = None,
    threads: Threads = CPUS,
    lang: Lang = "zh",
) -> None:
    """各病例由哪种方式、哪条规则支付。 Which mode and rule pay the stays of a run."""
    zh = in_lang(lang) == "zh"
    with engine_with_progress(threads, lang) as engine:
        rows = runs.preview(run, engine, policy)
    heads = ("支付方式", "规则", "退出原因", "病例", "总费用", "基金应付") if zh else (
        "mode", "rule", "exit", "stays", "cost", "due")  # fmt: skip
    grid = Grid(*heads)
    for r in rows:
        due = "–" if r["mode"] == "drg" else show_fen(r["due"])
        coded = (word_of(r[name], lang) for name in ("mode", "rule", "exit"))
        grid.add_row(*coded, f"{r['n']:,}", show_fen(r["cost"]), due)
    out.print(grid)


@modes_app.command()
def capitation(
    region: Region,
    year: Year,
    policy: PolicyName = START,
    output: Output = None,
    threads: Threads = CPUS,
    lang: Lang = "zh",
) -> None:
    """按人头:归属、人头总额、扣减和结算。 Heads of the communities, charges and results."""
    in_lang(lang)
    with engine_with_progress(threads, lang) as engine:
        tables = runs.capitate(region, policy, year, engine)
    give(tables, output, lang)


@modes_app.command("out-of-area")
def out_of_area(
    region: Region, year: Year, policy: PolicyName = START, output: Output = None, lang: Lang = "zh"
) -> None:
    """异地就医月度清算单和关注名单。 Monthly clearing with other areas, and the watch list."""
    give(runs.clear_out_of_area(region, policy, year), output, lang, region=region)


@modes_app.command()
def procurement(
    region: Region, year: Year, policy: PolicyName = START, output: Output = None, lang: Lang = "zh"
) -> None:
    """带量采购预付与奖励。 Advances and rewards of volume-based procurement."""
    give(runs.procure(region, policy, year), output, lang, region=region)


@modes_app.command("enrolment-check")
def enrolment_check(
    region: Region,
    on: Annotated[str, typer.Option("--on", help="核对日期 day of the check, YYYY-MM-DD")],
    output: Output = None,
    threads: Threads = CPUS,
    lang: Lang = "zh",
) -> None:
    """应参尽参核对:屏幕只显示人数,名单写入文件。 Listed persons not enrolled: counts here, the list in a file."""
    zh = in_lang(lang) == "zh"
    try:
        day = date.fromisoformat(on)
    except ValueError:
        raise typer.BadParameter("YYYY-MM-DD", param_hint="--on") from None
    with engine_with_progress(threads, lang) as engine:
        rows = runs.check_enrolment(region, day, engine)
    names = modes.exempt_categories()
    counts = Counter((r["township"], r["category"], r["finding"]) for r in rows)
    heads_zh, heads_en = ("街道(乡镇)", "免缴类别", "问题", "人数"), ("township", "category", "finding", "persons")
    grid = Grid(*(heads_zh if zh else heads_en))
    for (township, category, finding), n in sorted(counts.items()):
        grid.add_row(township, names[category][0 if zh else 1], word_of(finding, lang), f"{n:,}")
    out.print(grid)
    if output is not None:
        give([(ENROLMENT_GAPS, rows)], output, lang, show=False)


@modes_app.command()
def benefit(
    region: Region,
    year: Year,
    output: Annotated[Path, typer.Option("-o", "--output", help="放 Parquet 的新文件夹 new folder for Parquet")],
    policy: PolicyName = START,
    threads: Threads = CPUS,
    lang: Lang = "zh",
) -> None:
    """按待遇规则把住院费用分为基金和个人两部分。 Split stays' costs by the benefit rules."""
    zh = in_lang(lang) == "zh"
    with engine_with_progress(threads, lang) as engine:
        sums = runs.split_benefits(region, policy, year, output, engine)
    names = BENEFIT_SPLITS.names[3:]
    grid = Grid(
        *(("险种", "病例") if zh else ("scheme", "stays")), *(BENEFIT_SPLITS[n].zh if zh else n for n in names)
    )
    for row in sums:
        amounts = (show_fen(row[n]) for n in names)
        grid.add_row(word_of(row["insurance_scheme"], lang), f"{row['n']:,}", *amounts)
    out.print(grid)
    out.print(str(output))
