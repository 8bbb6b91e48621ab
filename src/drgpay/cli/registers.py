"""Commands on the registers of a region: templates to fill in, and what looks wrong before money moves."""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from drgpay import runs
from drgpay.cli.console import CPUS, Lang, Threads, engine_with_progress, err, in_lang, out
from drgpay.cli.folders import PolicyName, Schemes, schemes_folder
from drgpay.errors import Kind

After = Annotated[
    Path | None,
    typer.Option("--after", help="账本中前一期(已封账)的结果 the sealed run of the book before this one"),
]
Base = Annotated[
    Path | None,
    typer.Option("--base", help="各统筹区共用的基期(drgpay run base 的结果) base period shared with other areas"),
]
Accept = Annotated[
    list[str] | None,
    typer.Option("--accept", metavar="NAME", help="接受一项会停止结算的核对结果 accept what would stop the run; "
                 "name of the check, or yours for all; repeatable, recorded"),
]  # fmt: skip
Reason = Annotated[
    str, typer.Option("--reason", help="接受或重开的理由 why it is accepted, or opened again; recorded")
]


def register(region_app: typer.Typer) -> None:
    """Add the commands of this file to ``drgpay region``."""
    region_app.command("template")(template)
    region_app.command("ready")(ready)


def template(
    output: Annotated[
        Path, typer.Option("-o", "--output", help="文件夹,或一个登记表的 .xlsx folder, or .xlsx of one register")
    ] = Path("forms"),
    names: Annotated[
        list[str] | None,
        typer.Option("--register", metavar="NAME", help="登记表,中文或英文名,可写多次 register; default: every one"),
    ] = None,
    lang: Lang = "zh",
) -> None:
    """写出登记表模板:下拉选项、单位、必填说明和填写示例。 Write workbooks to fill in, one for each register."""
    zh = in_lang(lang) == "zh"
    tables = tuple(dict.fromkeys(map(runs.register_named, names))) if names else runs.register_tables()
    made = runs.register_template(tables, output, lang)
    if len(tables) == 1:
        out.print(str(made[0]))
    else:
        out.print(f"{len(made)} 个登记表模板 → {output}" if zh else f"{len(made)} templates → {output}")


def ready(
    region: Annotated[Path, typer.Argument(help="区域文件夹 folder of the region")],
    policy: PolicyName,
    year: Annotated[int, typer.Option("--year", help="结算年度 settlement year")],
    month: Annotated[int | None, typer.Option("--month", min=1, max=12, help="月份 month; default: the year")] = None,
    after: After = None,
    base: Base = None,
    known_on: Annotated[
        datetime | None,
        typer.Option("--known-on", formats=["%Y-%m-%d"], help="只用该日已知的内容 only what was known on that day"),
    ] = None,
    own: Schemes = None,
    today: Annotated[
        datetime | None, typer.Option("--today", formats=["%Y-%m-%d"], help="对照日,默认今天 day to compare with")
    ] = None,
    accept: Accept = None,
    reason: Reason = "",
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON write JSON")] = False,
    threads: Threads = CPUS,
    lang: Lang = "zh",
) -> None:
    """结算前核对:预算、病例、登记表有何不对。 What looks wrong before money moves; nothing is written."""
    zh = in_lang(lang) == "zh"
    order = runs.Order(
        region, policy, year, month, known_on.date() if known_on else None, schemes_folder(own),
        runs.Accepted(accept or (), reason), after, base=base,
    )  # fmt: skip
    with engine_with_progress(threads, lang) as engine:
        rows = runs.look(order, engine, today.date() if today else date.today())
    stops = sum(row["stops"] and "accepted" not in row for row in rows)
    if as_json:
        typer.echo(json.dumps({"ready": not stops, "notices": rows}, ensure_ascii=False, indent=1))
    else:
        tell_notices(rows, lang)
        out.print(
            f"{len(rows)} 处提示,其中 {stops} 处会停止结算" if zh
            else f"{len(rows)} notes, {stops} of them would stop a run"
        )  # fmt: skip
    if stops:
        raise typer.Exit(int(Kind.DATA))


def tell_notices(rows: list[dict[str, Any]], lang: str) -> None:
    """What was noticed before money moved, and who accepted it."""
    zh = lang == "zh"
    for row in rows:
        check = runs.ready_checks()[row["check"]]
        state = "accepted" if "accepted" in row else "stops" if check.stops else "note"
        word = {"accepted": "已接受", "stops": "会付错钱", "note": "提示"}[state] if zh else state
        what = f"{check.zh}:{row['zh']}" if zh else f"{row['check']} · {check.en}: {row['en']}"
        by = f" ({_by(row['accepted'], zh)}:{row['reason']})" if "accepted" in row else ""
        err.print(f"⚠ {word} {what}{by}", markup=False, highlight=False)


def _by(accepted: str, zh: bool) -> str:
    """Who accepted, or the check that was accepted by its name."""
    check = runs.ready_checks().get(accepted)
    return "按项接受" if zh and check is not None else accepted
