"""``drgpay evaluate survey``: answers of patients, counted for the evaluation and for the hospitals' registers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table as Grid

from drgpay import runs
from drgpay.cli.console import Lang, in_lang, out
from drgpay.tables import INSTITUTIONS
from drgpay.units import show_percent

_SHOWN = 40


def register(evaluate_app: typer.Typer) -> None:
    """Add the command of this file to ``drgpay evaluate``."""
    evaluate_app.command("survey")(survey)


def survey(
    answers: Annotated[
        list[Path],
        typer.Argument(help="答卷导出文件,一行一份,或按季度科室汇总 answers of a form, or numbers by quarter"),
    ],
    region: Annotated[Path, typer.Option("--region", help="区域文件夹 folder of the region")],
    year: Annotated[int, typer.Option("--year", help="年度 year")],
    output: Annotated[Path, typer.Option("-o", "--output", help="新文件夹 new folder")],
    scale: Annotated[
        int | None, typer.Option("--scale", min=1, max=1000, help="分制:5、10、100 highest mark; default 5")
    ] = None,
    satisfied_from: Annotated[
        int | None,
        typer.Option(
            "--satisfied-from", min=1, max=100, help="达到分制的百分之几算满意 per cent of the scale; default 80"
        ),
    ] = None,
    lang: Lang = "zh",
) -> None:
    """导入满意度调查:答卷数、满意度和区间,供考核接收。 Count a survey of satisfaction, for a region to take."""
    zh = in_lang(lang) == "zh"
    done = runs.survey(runs.Survey(answers, region, year, scale, satisfied_from), output)
    names = dict(runs.read_region(region).registers[INSTITUTIONS].select("institution_id", "name").rows())
    heads = ("机构", "科室", "答卷数", "满意数", "满意度", "区间") if zh else (
        "institution", "department", "answers", "satisfied", "share", "interval")  # fmt: skip
    grid = Grid(*heads)
    for row in done.results[:_SHOWN]:
        few = ("（例数少）" if zh else " (few)") if row["small"] else ""
        interval = "–" if row["low"] is None else f"{show_percent(row['low'])} – {show_percent(row['high'])}"
        share = "–" if row["share"] is None else show_percent(row["share"])
        ward = row["department_id"] or ("全院" if zh else "all")
        grid.add_row(names[row["institution_id"]], ward, str(row["answers"]), str(row["satisfied"]), share + few,
                     interval)  # fmt: skip
    out.print(grid)
    if len(done.results) > _SHOWN:
        more = len(done.results) - _SHOWN
        out.print(f"另有 {more} 行,见结果表" if zh else f"{more} more rows in the table")
    if done.elsewhere:
        out.print(
            f"其他年度的答卷 {done.elsewhere} 份,未计" if zh else f"{done.elsewhere} answers of other years left out"
        )
    out.print(str(output))
