"""The command that explains a stay: one of a run, from group to payment, or any stay by its codes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from drgpay import policy as law
from drgpay import report as reports
from drgpay import runs
from drgpay.cli.console import Lang, in_lang, out
from drgpay.cli.folders import Schemes, schemes_folder
from drgpay.errors import DrgpayError, Kind
from drgpay.sources import cited
from drgpay.steps.grouping import BY_THE_RECORD, PARTS, VALUES, Said, Story
from drgpay.words import in_word, value_words

_SHOWN = 6
"""names of failed groups on the screen for one reason; all are on the card and in the JSON"""


def register(app: typer.Typer) -> None:
    """Add the command of this file."""
    app.command()(explain)


def explain(
    source: Annotated[
        Path | None,
        typer.Argument(metavar="[RUN|STAY.json]", help="运行结果文件夹或病例 JSON a run, or a stay as JSON"),
    ] = None,
    stay: Annotated[str, typer.Option("--stay", help="运行中的病例号 id of a stay of the run")] = "",
    institution: Annotated[str, typer.Option("--institution", help="清算单的机构 an institution of the run")] = "",
    item: Annotated[str, typer.Option("--item", help="清算单的一项 a figure of its statement, e.g. deposit")] = "due",
    dx: Annotated[str, typer.Option(help="诊断,用 | 隔开,主要诊断在前 diagnoses, | between them")] = "",
    proc: Annotated[str, typer.Option(help="手术操作,用 | 隔开 procedures, | between them")] = "",
    sex: Annotated[str, typer.Option(help="性别 male | female")] = "",
    age: Annotated[int | None, typer.Option(min=0, help="年龄(岁) age in years")] = None,
    age_days: Annotated[int | None, typer.Option(min=0, help="日龄(不足一岁) age in days")] = None,
    weight: Annotated[int | None, typer.Option(min=0, help="出生体重(克) birth weight in grams")] = None,
    admission_weight: Annotated[
        int | None,
        typer.Option(min=0, help="新生儿入院体重(克) weight at admission in grams (asked by chs-drg-3.0)"),
    ] = None,
    los: Annotated[int | None, typer.Option(min=0, help="住院天数 days of stay")] = None,
    scheme: Annotated[str, typer.Option(help="分组方案 grouping scheme")] = "chs-drg-1.1",
    switch: Annotated[list[str] | None, typer.Option(help="方案开关 switch of the scheme, repeatable")] = None,
    own: Schemes = None,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON write JSON")] = False,
    html: Annotated[Path | None, typer.Option("--html", help="写成可打印的解释单 a card to print: .html")] = None,
    lang: Lang = "zh",
) -> None:
    """解释一个病例,或清算单的一项。 Explain a stay (of a run, or by its codes) or a figure of a statement."""
    in_lang(lang)
    if html and html.suffix.lower() != ".html":
        raise typer.BadParameter("….html", param_hint="--html")
    by_codes = bool(dx or proc or sex) or not all(x is None for x in (age, age_days, weight, admission_weight, los))
    from_file = source is not None and (source.is_file() or source.suffix.lower() == ".json")
    if institution:
        if source is None or from_file or by_codes or stay or html:
            raise typer.BadParameter("RUN --institution H001 --item deposit", param_hint="--institution")
        _print_sections({"institution": institution, "item": item}, *runs.explain_cell(source, institution, item),
                        as_json, lang)  # fmt: skip
        return
    if source is not None and not from_file:
        if by_codes or not stay:
            raise typer.BadParameter("RUN --stay ID", param_hint="--stay")
        _explain_of_run(source, stay, schemes_folder(own), as_json, html, lang)
        return
    if stay or from_file == by_codes or (by_codes and not dx):
        raise typer.BadParameter("RUN --stay ID | --dx … | STAY.json", param_hint="SOURCE")
    given: Any
    if source is not None:
        given = _read_json(source)
    else:
        weights = {"birth_weight": weight, "admission_weight": admission_weight}
        numbers = {"age": age, "age_days": age_days, **weights, "los": los}
        given = {"dx": dx, "proc": proc, "sex": sex or None, **numbers}
    story = runs.Grouper(scheme, switch or (), schemes_folder(own)).tell(given)
    if html:
        reports.write_stay_card(story, html, lang)
        out.print(str(html))
    elif as_json:
        typer.echo(json.dumps(story.plain(), ensure_ascii=False, indent=1))
    else:
        _print_story(story, lang)


def _read_json(path: Path) -> Any:
    given, problem = None, ""
    try:
        given = json.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        problem = "没有这个文件 no such file"
    except OSError:
        problem = "读不了 it cannot be read"
    except (ValueError, RecursionError):
        problem = "不是 UTF-8 的 JSON it is no JSON in UTF-8"
    if not isinstance(given, dict):
        raise DrgpayError(
            Kind.DATA,
            zh="不是一个病例的 JSON",
            en="this is not the JSON of one stay",
            fix_zh='写成 {"dx": ["I10.x00x002"], "sex": "male", "age": 60}',
            fix_en='write {"dx": ["I10.x00x002"], "sex": "male", "age": 60}',
            file=path.name,
            value=problem or None,
        )
    return given


def _explain_of_run(run: Path, stay: str, own: Path, as_json: bool, html: Path | None, lang: str) -> None:
    sections, sources = runs.explain_stay(run, stay, own)
    if html:
        # the card tells the facts and the grouping in its own way
        story = runs.tell_stay(run, stay, own)
        reports.write_stay_card(story, html, lang, stay=stay, sections=sections[2:], sources=sources)
        out.print(str(html))
        return
    _print_sections({"stay": stay}, sections, sources, as_json, lang)


def _print_sections(
    subject: dict[str, str],
    sections: list[runs.Section],
    sources: dict[str, dict[str, str]],
    as_json: bool,
    lang: str,
) -> None:
    if as_json:
        content = {
            **subject,
            "sections": [{"zh": s.zh, "en": s.en, "lines": [vars(line) for line in s.lines]} for s in sections],
            "parameters": sources,
        }
        typer.echo(json.dumps(content, ensure_ascii=False, indent=1))
        return
    for section in sections:
        out.print(f"\n■ {section.zh if lang == 'zh' else section.en}")
        for line in section.lines:
            text = line.zh if lang == "zh" else line.en
            value = in_word(line.value, lang)
            by = f"   [{law.parameter_words(line.parameter)[lang == 'en']}]" if line.parameter else ""
            out.print("  " + text + (f": {value}" if value else "") + by)
    out.print("\n■ " + ("参数与来源" if lang == "zh" else "parameters and sources"))
    for name, said in sources.items():
        title, value = law.parameter_words(name)[lang == "en"], value_words(said["value"], lang)
        by = cited(said["source"] or said["notice"], said.get("clause", ""), lang)
        out.print(f"  {title} = {value}  ← {by}")


def _print_story(story: Story, lang: str) -> None:
    zh = lang == "zh"

    def say(said: Said) -> str:
        return said.zh if zh else said.en

    state = f"{say(VALUES[story.status])}, {say(VALUES[story.severity])}"
    out.print(f"{story.drg} {story.drg_name}  [{state}]  {story.scheme}")
    if story.reason:
        out.print(("  原因: " if zh else "  why: ") + say(story.reason), markup=False, highlight=False)
    if story.erratum:
        out.print(("  方案勘误: " if zh else "  erratum of the scheme: ") + say(story.erratum), markup=False,
                  highlight=False)  # fmt: skip
    if story.basis:
        out.print(("  方案: " if zh else "  scheme: ") + say(story.basis), markup=False, highlight=False)
    for met in story.unmeasured:
        out.print(f"  ! {say(met)}", markup=False, highlight=False)
    facts = [f"{say(name)} {say(value)}" for name, value in story.record()]
    if facts:
        out.print("  " + (",".join(facts) if zh else ", ".join(facts)))
    out.print("■ " + ("诊断" if zh else "diagnoses"))
    others = iter(story.diagnoses)
    for place, code in enumerate(story.dx):
        first = place == 0 and len(story.diagnoses) < len(story.dx)
        out.print(f"  {code}: " + (("主要诊断" if zh else "principal") if first else say(next(others).said)))
    if story.proc:
        out.print("■ " + ("手术操作" if zh else "procedures"))
        for procedure in story.proc:
            out.print(f"  {procedure}")
    for number, layer in enumerate(story.layers, start=1):
        out.print(f"■ {number} {say(PARTS[layer.part])} {layer.code} {layer.name}".rstrip())
        out.print(f"  {'规则' if zh else 'rule'}: {say(layer.rule)}")
        for check in layer.checks:
            out.print(f"  {'✓' if check.holds else '–'} {say(check.condition)} | {say(check.fact)}")
        if layer.tried:
            out.print("  " + ("之前还试过:" if zh else "tried before:"))
        for tried in layer.tried:
            shown = "、".join(str(x) for x in tried.those[:_SHOWN]) + (" …" if len(tried.those) > _SHOWN else "")
            out.print(f"    ✗ {say(tried.why)} ({len(tried.those)}): {shown}")
    if story.retried:
        out.print(
            ("■ 改用后面的手术操作重试: " if zh else "■ tried again with: ") + "、".join(map(str, story.retried))
        )
    if story.alternatives:
        out.print("■ " + ("换一个主要诊断" if zh else "with another principal diagnosis"))
        out.print(f"  {say(BY_THE_RECORD)}")
        for x in story.alternatives:
            principal = f"{x.principal} {x.principal_name}".rstrip()
            out.print(f"  {principal} → {x.drg} {x.drg_name}  [{say(VALUES[x.severity])}]")
    if story.anomalies:
        out.print("■ " + ("方案印本与读法" if zh else "what the scheme prints, and how it is read"))
        for said in story.anomalies:
            out.print(f"  · {say(said)}", markup=False, highlight=False)
