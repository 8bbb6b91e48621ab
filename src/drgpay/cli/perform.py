"""Commands inside a hospital: a quarter's pools and slips, the registers' templates, checks, trials, explanations."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table as Grid

from drgpay import policy as law
from drgpay import report, runs, samples
from drgpay.cli.console import CPUS, Lang, Threads, engine_with_progress, err, in_lang, out
from drgpay.cli.folders import Schemes, schemes_folder
from drgpay.cli.fund import give
from drgpay.engine import new_folder
from drgpay.errors import Kind
from drgpay.policy import parameter_words
from drgpay.steps import intake, performance
from drgpay.steps.grouping import BY_THE_RECORD
from drgpay.tables import (
    IN_HOUSE_ESTIMATES,
    IN_HOUSE_STAYS,
    PERFORMANCE_CHANGES,
    PERFORMANCE_FINDINGS,
    PERFORMANCE_REGISTERS,
    STAYS,
)
from drgpay.units import show_coefficient, show_fen

perform_app = typer.Typer(
    help="院内绩效:盈亏、绩效池、发放单 inside a hospital: gains and losses, pools, slips",
    no_args_is_help=False,
    invoke_without_command=True,
)

Plan = Annotated[str, typer.Option("--plan", help="方案编号或 YAML 文件 plan id or YAML file")]
Run = Annotated[Path, typer.Option("--run", help="结算运行结果 folder of a settled run")]
Registers = Annotated[Path, typer.Option("--registers", help="医院登记表文件夹 folder of the hospital's registers")]
Institution = Annotated[str | None, typer.Option("--institution", help="机构编号 institution id")]
Quarter = Annotated[int, typer.Option("--quarter", min=0, max=4, help="季度,0 为全年 quarter; 0: the year")]
Output = Annotated[Path, typer.Option("-o", "--output", help="结果文件夹 folder of the result")]
Before = Annotated[
    Path | None,
    typer.Option(help="上期绩效结果,病组复评由此接续 earlier result: the review of groups goes on from it"),
]
Setting = Annotated[list[str] | None, typer.Option("--set", help="改一个参数,可重复 change a parameter: key=value")]
File = Annotated[
    Path | None,
    typer.Option("-o", "--output", help="结果文件 .xlsx,或放 CSV 的新文件夹 workbook, or new folder for CSV"),
]

CARD = "hospital-departments"
WORKBOOK, SLIPS = "performance.xlsx", "slips"
_SHOWN = 20
_OF_A_RULE = 3
"""warnings of a rule on the screen, so that many of one kind hide none of another"""
_LINES: Mapping[bool, Sequence[str]] = {
    True: ("组成", "科室", "角色", "基数(元)", "系数", "金额(元)", "说明", "依据"),
    False: ("component", "department", "role", "base, yuan", "factor", "yuan", "how", "source"),
}
_FLOWS: Mapping[bool, Sequence[str]] = {
    True: ("来源", "去向", "事项", "基数", "系数", "金额", "依据"),
    False: ("from", "to", "event", "base", "factor", "amount", "source"),
}
_STAYS: Mapping[bool, Sequence[str]] = {
    True: ("病例", "组成", "角色", "点数", "金额"),
    False: ("stay", "component", "role", "points", "amount"),
}
"""heads of an explanation, in Chinese or not"""


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.add_typer(perform_app, name="perform")


@perform_app.callback()
def perform(
    ctx: typer.Context,
    plan: Annotated[str, typer.Option("--plan", help="方案编号或 YAML 文件 plan id or YAML file")] = "",
    run: Annotated[Path | None, typer.Option("--run", help="结算运行结果 folder of a settled run")] = None,
    registers: Annotated[
        Path | None, typer.Option("--registers", help="医院登记表文件夹 folder of the hospital's registers")
    ] = None,
    institution: Institution = None,
    quarter: Quarter = 0,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="结果文件夹 folder of the result")] = None,
    card: Annotated[str, typer.Option(help="科室评分表编号或文件 scorecard of the departments: id or file")] = CARD,
    figures: Annotated[
        Path | None, typer.Option(help="评价结果文件夹,补充科室指标 folder of an evaluation, for more indicators")
    ] = None,
    before: Before = None,
    gains_only: Annotated[
        bool, typer.Option("--gains-only", help="只算盈亏,不发绩效 gains and losses only, no pay")
    ] = False,
    threads: Threads = CPUS,
    lang: Lang = "zh",
) -> None:
    """一个季度或全年:盈亏、绩效池、科室、个人和发放单。 A quarter or a year: gains and losses, pools, departments,
    people, slips."""
    if ctx.invoked_subcommand is not None:
        return
    given = {"--plan": plan, "--run": run, "--registers": registers, "-o": output}
    for name, value in given.items():
        if not value:
            raise typer.BadParameter("缺少该选项 is needed", param_hint=name)
    assert run is not None and registers is not None and output is not None  # noqa: PT018
    in_lang(lang)
    order = runs.PerformOrder(plan, run, registers, institution, quarter, card=card, figures=figures, before=before)

    def book(folder: Path) -> None:
        report.write_performance_workbook(folder, folder / WORKBOOK, lang)
        report.write_slips(folder, folder / SLIPS, lang)

    with engine_with_progress(threads, lang) as engine:
        runs.perform(order, output, engine, (book,), pay=not gains_only)
    _tell(output, lang)


def _tell(folder: Path, lang: str) -> None:
    """Totals only: what a person is paid stays in the files."""
    manifest = runs.read_manifest(folder)
    warning = manifest["plan"]["warning"]
    if warning:
        err.print(warning[lang], style="red", markup=False, highlight=False)
    zh = lang == "zh"
    if "amount" in manifest:
        balances = manifest["balances"]
        words = ("总额", "医院", "个人", "暂缓") if zh else ("sum", "hospital", "people", "held")
        values = (manifest["amount"], balances["hospital"], balances["people"], balances["held"])
        out.print(", ".join(f"{w} {show_fen(v)}" for w, v in zip(words, values, strict=True)))
        if manifest["prizes"]:
            budget, left = ("专项奖励经费", "结余") if zh else ("budgets of prizes", "left")
            out.print(f"{budget} {show_fen(manifest['prizes'])}, {left} {show_fen(balances['prizes_left'])}")
        out.print(f"{manifest['people']} 人" if zh else f"{manifest['people']} people")
    findings = runs.findings_of(folder)
    if findings:
        n = len(findings)
        out.print(f"核对问题 {n} 条，见 {WORKBOOK}" if zh else f"{n} findings, see {WORKBOOK}")
    out.print(str(folder))


@perform_app.command()
def check(
    plan: Plan, run: Run, registers: Registers, institution: Institution = None, quarter: Quarter = 0,
    output: File = None, lang: Lang = "zh",
) -> None:  # fmt: skip
    """核对登记表、方案和运行结果,列出全部问题。 Check registers against plan and run: all that does not fit."""
    order = runs.PerformOrder(plan, run, registers, institution, quarter)
    with tempfile.TemporaryDirectory() as work, engine_with_progress(CPUS, in_lang(lang)) as engine:
        found = runs.check_performance(order, Path(work), engine)
    of_rule: Counter[str] = Counter()
    for row in found:
        of_rule[row["rule"]] += 1
        if row["level"] == "error" or of_rule[row["rule"]] <= _OF_A_RULE:
            out.print(f"{_said(row['level'], lang)} {row['register_name']} {row['unit_id']}: {row[lang]}")
    for rule, n in of_rule.items():
        if n > _OF_A_RULE and output is None:
            out.print(f"{rule}: {n} 条，全部见 -o" if lang == "zh" else f"{rule}: {n} of them; all with -o")
    if output is not None:
        give([(PERFORMANCE_FINDINGS, found)], output, lang, show=False)
    if any(row["level"] == "error" for row in found):
        raise typer.Exit(int(Kind.DATA))
    out.print("可以计算" if lang == "zh" else "pay can be worked out")


@perform_app.command()
def template(output: Output, lang: Lang = "zh") -> None:
    """写出登记表模板和方案样例。 Write templates of the registers, and the shipped plans to start from."""
    in_lang(lang)
    with new_folder(output) as draft:
        for table in PERFORMANCE_REGISTERS:
            more = [c for c in STAYS.columns if c.grouping and c.name != "stay_id"] if table is IN_HOUSE_STAYS else []
            whole = replace(table, columns=(*table.columns, *more))
            intake.write_register_template(whole, draft / f"{table.name}.xlsx", lang)
        for plan in performance.plans():
            text, label = law.practice_text(plan, performance.plans_folder())
            (draft / label).write_text(text, encoding="utf-8")
    out.print(str(output))


@perform_app.command()
def sample(
    region: Annotated[Path, typer.Option("--region", help="模拟统筹区 folder of a synthetic region")],
    institution: Annotated[str, typer.Option("--institution", help="机构编号 institution id")],
    output: Output,
    seed: Annotated[int, typer.Option(min=0, help="种子 seed")] = 1,
    lang: Lang = "zh",
) -> None:
    """给模拟统筹区的一家医院造登记表。 Make the registers of a hospital of a synthetic region."""
    in_lang(lang)
    made = samples.make_hospital(region, institution, output, seed=seed)
    for name, n in made.rows.items():
        out.print(f"{name} {n:,}")
    out.print(str(output))


@perform_app.command()
def simulate(
    plan: Plan, run: Run, registers: Registers,
    against: Annotated[str, typer.Option(help="上季结果文件夹或另一方案 earlier result, or another plan")],
    institution: Institution = None, quarter: Quarter = 0, changes: Setting = None, before: Before = None,
    output: File = None, lang: Lang = "zh",
) -> None:  # fmt: skip
    """用一个季度试算方案:谁增谁减。 Try a plan on a quarter: who wins, who loses."""
    settings = dict(law.parse_setting(c) for c in changes or ())
    order = runs.PerformOrder(plan, run, registers, institution, quarter, settings, before=before)
    with tempfile.TemporaryDirectory() as work, engine_with_progress(CPUS, in_lang(lang)) as engine:
        rows, warnings = runs.simulate(order, against, Path(work), engine)
    for row in warnings:
        err.print(f"{row['unit_id']}: {row[lang]}", style="red", markup=False, highlight=False)
    zh = lang == "zh"
    grid = Grid(*(("层级", "增加", "减少", "不变", "增加额", "减少额") if zh else
                  ("scope", "wins", "loses", "same", "gained", "lost")))  # fmt: skip
    for scope, name in (("department", "科室"), ("person", "个人")):
        its = [r for r in rows if r["scope"] == scope]
        counts = [sum(r["outcome"] == o for r in its) for o in ("wins", "loses", "same")]
        gained, lost = (sum(abs(r["change"]) for r in its if r["outcome"] == o) for o in ("wins", "loses"))
        grid.add_row(name if zh else scope, *(str(c) for c in counts), show_fen(gained), show_fen(lost))
    out.print(grid)
    if output is not None:
        tables = [(PERFORMANCE_CHANGES, rows), *([(PERFORMANCE_FINDINGS, warnings)] if warnings else [])]
        give(tables, output, lang, show=False)


@perform_app.command()
def explain(
    result: Annotated[Path, typer.Argument(help="绩效结果文件夹 folder of a result")],
    person: Annotated[str, typer.Argument(help="工号 staff id")],
    lang: Lang = "zh",
) -> None:
    """解释一个人的发放单,到病例。 Explain a person's slip, down to the stays."""
    told, zh = runs.explain_person(result, person), in_lang(lang) == "zh"
    if told.warning:
        out.print(told.warning[lang])
    slip = told.slip
    out.print(f"{slip['name']} {slip['staff_id']} {slip['department_id']} {_said(slip['post'], lang)}")
    _grid(
        _LINES[zh],
        [
            (_said(x["component"], lang), x["department_id"], _said(x["role"], lang), show_fen(x["pool"]),
             _ratio(x["factor"]), show_fen(x["amount"]), x[lang], _by(x["parameter"], lang))
            for x in told.lines
        ],
    )  # fmt: skip
    words = ("应得", "暂缓", "应发") if zh else ("earned", "held", "paid")
    out.print(", ".join(f"{w} {show_fen(slip[k])}" for w, k in zip(words, ("earned", "held", "paid"), strict=True)))
    _grid(
        _FLOWS[zh],
        [
            (*(_said(f[k], lang) for k in ("origin", "account", "event")), show_fen(f["base"]), _ratio(f["factor"]),
             show_fen(f["amount"]), _by(f["parameter"], lang))
            for f in told.flows
        ],
    )  # fmt: skip
    rows = [
        (
            s["stay_id"],
            _said(s["component"], lang),
            _said(s["role"], lang),
            show_coefficient(s["weight"]),
            show_fen(s["amount"]),
        )
        for s in told.stays[:_SHOWN]
    ]
    _grid(_STAYS[zh], rows)
    if len(told.stays) > _SHOWN:
        out.print(f"… {len(told.stays) - _SHOWN}")


@perform_app.command("in-house")
def in_house(
    run: Run, registers: Registers, institution: Institution = None, schemes: Schemes = None, output: File = None,
    lang: Lang = "zh",
) -> None:  # fmt: skip
    """在院病例预估:病组、预期支付、剩余空间。 Stays in house: expected group, payment, room left."""
    order = runs.PerformOrder("", run, registers, institution)
    with engine_with_progress(CPUS, in_lang(lang)) as engine:
        rows, missing = runs.in_house(order, engine, schemes_folder(schemes))
    give([(IN_HOUSE_ESTIMATES, rows)], output, lang)
    if missing:
        out.print(
            f"{missing} 例的编码或字段读不出，用 drgpay check --need grouping 查看"
            if lang == "zh"
            else f"{missing} stays could not be read; see drgpay check --need grouping"
        )
    out.print(performance.NO_LIMIT[0 if lang == "zh" else 1])
    out.print(BY_THE_RECORD.zh if lang == "zh" else BY_THE_RECORD.en)


def _by(parameter: str, lang: str) -> str:
    """The plan's parameter in words."""
    return parameter_words(parameter, performance.plan_dictionary())[lang == "en"]


def _said(code: str, lang: str) -> str:
    return report.performance_word(code)[lang]


def _ratio(value: int | None) -> str:
    return "" if value is None else show_coefficient(value)


def _grid(heads: Sequence[str], rows: list[tuple[Any, ...]]) -> None:
    grid = Grid(*heads)
    for row in rows:
        grid.add_row(*map(str, row))
    out.print(grid)
