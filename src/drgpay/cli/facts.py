"""Commands on policies and generated documentation."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

from drgpay import policy as law
from drgpay import runs, tables
from drgpay.cli.console import Lang, in_lang, out
from drgpay.cli.folders import Schemes, schemes_folder
from drgpay.places import check_target, write_text, writing
from drgpay.scorecard import cards, scorecards_markdown
from drgpay.sources import cited, documents
from drgpay.steps import performance
from drgpay.words import value_words

policy_app = typer.Typer(help="政策参数 policies", no_args_is_help=True)
docs_app = typer.Typer(help="生成文档 generated documentation", no_args_is_help=True)

Practice = Annotated[str, typer.Argument(help="做法编号或 YAML 文件 practice id or YAML file")]
On = Annotated[datetime, typer.Option("--on", formats=["%Y-%m-%d"], help="适用日 day whose law is wanted")]
KnownOn = Annotated[
    datetime | None, typer.Option("--known-on", formats=["%Y-%m-%d"], help="已知日 notices known on that day")
]
Set = Annotated[list[str] | None, typer.Option("--set", help="改一个参数,可重复 change a parameter: key=value")]


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.add_typer(policy_app, name="policy")
    app.add_typer(docs_app, name="docs", hidden=True)


@policy_app.command("list")
def policy_list(lang: Lang = "zh") -> None:
    """列出自带的地方做法,标明默认的一个。 List the shipped practices, and which one is the default."""
    zh = in_lang(lang) == "zh"
    for name in law.practices():
        found = law.read_practice(*law.practice_text(name), law.dictionary())
        mark = ("(默认)" if zh else " (default)") if name == law.START else ""
        out.print(f"{name}  {found.title_zh if zh else found.title_en}  {found.scheme}{mark}")


@policy_app.command("show")
def policy_show(
    practice: Practice,
    parameter: Annotated[str | None, typer.Argument(help="参数名或前缀 a parameter, or how its name begins")] = None,
    *,
    on: On,
    known_on: KnownOn = None,
    changes: Set = None,
    lang: Lang = "zh",
) -> None:
    """显示某日有效的参数及来源。 Show the values in force on a day, each with its source."""
    words = law.dictionary()
    policy = _load(practice, on, known_on, changes)
    shown = {n: v for n, v in policy.values().items() if parameter is None or n.startswith(parameter)}
    if not shown:
        raise typer.BadParameter(f"{parameter}: 没有这样的参数 no such parameter", param_hint="PARAMETER")
    in_lang(lang)
    for name, value in shown.items():
        out.print(f"{words[name].zh if lang == 'zh' else words[name].en}: {value_words(value.value, lang)}")
        out.print(f"    {name} = {value.value}", style="dim")
        out.print(f"    ← {cited(value.source, value.clause, lang)}")
    out.print(f"{'摘要值' if lang == 'zh' else 'digest'} {policy.digest}")


@policy_app.command("sources")
def policy_sources(lang: Lang = "zh") -> None:
    """列出各值所引的文件。 List the documents that values cite."""
    zh = in_lang(lang) == "zh"
    for d in documents().values():
        said = [d.title_zh, d.by_zh] if zh else [d.title_en, d.by_en]
        title, issuer = said if d.title_zh else [d.zh if zh else d.en, ""]
        out.print(f"{d.id}  " + " · ".join(part for part in (title, issuer, d.date) if part))


@policy_app.command("export")
def policy_export(
    practice: Practice, output: Annotated[Path, typer.Option("-o", "--output", help="YAML 文件 file to write")]
) -> None:
    """导出政策文件,作为自己政策的起点。 Write a practice's file, to start one's own from."""
    text, _ = law.practice_text(practice)
    write_text(output, text)
    out.print(str(output))


@policy_app.command("check")
def policy_check(practice: Practice, on: On, known_on: KnownOn = None, own: Schemes = None) -> None:
    """检查政策文件在某日及当年是否完整、合法,能否据以结算。
    Check that a practice is complete, valid and can be run, on a
    day and in its year."""
    policy = _load(practice, on, known_on, None)
    runs.check_practice(policy, schemes_folder(own))
    of_year = law.laws(practice, on.year, known_on=known_on.date() if known_on else None)
    out.print(f"{policy.practice}: {len(policy.values())} 个参数有效 values valid, digest {policy.digest}")
    for name in law.dictionary():
        spans: list[tuple[int, int, str]] = []
        for month, span in sorted(of_year.months.items()):
            value = span.policy.source(name).value
            if spans and spans[-1][2] == value:
                spans[-1] = (spans[-1][0], month, value)
            else:
                spans.append((month, month, value))
        if len(spans) > 1:
            out.print(f"{name} {on.year}: " + " → ".join(f"{value} ({a}–{b})" for a, b, value in spans))


@policy_app.command("diff")
def policy_diff(practice: Practice, other: Practice, on: On, known_on: KnownOn = None) -> None:
    """比较两个做法。 Compare two practices on a day."""
    a, b = _load(practice, on, known_on, None), _load(other, on, known_on, None)
    differences = law.diff(a, b)
    for name, before, after in differences:
        out.print(f"{name}: {before} → {after}")
    if not differences:
        out.print("没有差别 no difference")


def _load(practice: str, on: datetime, known_on: datetime | None, changes: list[str] | None) -> law.Policy:
    day: date | None = known_on.date() if known_on else None
    policy = law.load(practice, on=on.date(), known_on=day)
    return policy.amend(dict(law.parse_setting(c) for c in changes), "set") if changes else policy


@docs_app.command("write")
def docs_write(folder: Path) -> None:
    """写出生成的文档。 Write the generated pages: tables.md, policy-reference.md, plan-reference.md and
    scorecards.md."""
    plan = law.reference_markdown(
        "院内绩效方案参数参考 / Reference of a hospital's plan",
        performance.plan_dictionary(),
        performance.plans_folder(),
    )
    pages = {
        "tables.md": tables.tables_markdown((*tables.ALL, *tables.VIEWS)),
        "policy-reference.md": law.reference_markdown(),
        "plan-reference.md": plan,
        "scorecards.md": scorecards_markdown(card for card in map(runs.known_card, cards()) if card.effects),
    }
    for name, text in pages.items():
        _check_page(folder / name, text)
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    for name, text in pages.items():
        write_text(folder / name, text)


def _check_page(target: Path, text: str) -> None:
    """A page replaces an earlier one of the same title and nothing else."""
    try:
        with target.open(encoding="utf-8") as stream:
            ours = stream.readline() == text.partition("\n")[0] + "\n"
    except FileNotFoundError:
        return
    except (OSError, ValueError):
        ours = False
    check_target(target, file=True, replace=ours)
