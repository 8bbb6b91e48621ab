"""Codes at hand: search, suggestions for the words of records, and all that is known of a code."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table as Grid

from drgpay import runs
from drgpay.cli.console import Lang, err, in_lang, out
from drgpay.cli.folders import Schemes, schemes_folder
from drgpay.cli.fund import give
from drgpay.cli.reconcile import aliases_of
from drgpay.cli.stays import HeaderRow, Sheet
from drgpay.cli.wording import for_readers
from drgpay.steps import coding, intake
from drgpay.steps.coding import Candidate
from drgpay.tables import CODING_GAPS, CODING_SUGGESTIONS, CODING_TEXTS
from drgpay.units import show_percent

code_app = typer.Typer(help="编码查询与编码辅助 codes: search, suggestions, what is known", no_args_is_help=True)

Limit = Annotated[int, typer.Option("--limit", min=1, max=50, help="给出几个 how many")]
_KINDS = {"dx": ("诊断", "diagnosis"), "proc": ("手术操作", "procedure")}
_GRAY = ("灰码,不得上报", "gray: may not be reported")
_READINGS = {"plain": "", "history": "既往", "negated": "否认", "doubtful": "待查"}


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.add_typer(code_app, name="code")


@code_app.command()
def search(
    text: Annotated[str, typer.Argument(help="名称、俗称、拼音首字母或编码 name, word, pinyin initials or code")],
    kind: Annotated[str, typer.Option("--kind", metavar="dx|proc", help="只查诊断或手术 one kind only")] = "",
    limit: Limit = 10,
    gray: Annotated[bool, typer.Option("--gray", help="连灰码一起 gray codes too")] = False,
    lang: Lang = "zh",
) -> None:
    """按名称、俗称、拼音首字母或编码查医保版编码。 Look for codes of the insurer's edition."""
    zh = in_lang(lang) == "zh"
    if kind not in ("", *coding.KINDS):
        raise typer.BadParameter("dx | proc", param_hint="--kind")
    found = runs.search_code(text, (kind,) if kind else coding.KINDS, limit, gray=gray)
    grid = Grid(*(("编码", "名称", "类别", "相近度", "依据") if zh else ("code", "name", "kind", "likeness", "why")))
    for one in found:
        grid.add_row(*_cells(one, zh))
    if found:
        out.print(grid)
    else:
        err.print("没有相近的编码" if zh else "no code is like it")
    out.print(runs.FOLLOWS[0 if zh else 1])


def _cells(one: Candidate, zh: bool) -> tuple[str, ...]:
    at = 0 if zh else 1
    why = one.why[at] + (f";{_GRAY[at]}" if one.gray else "")
    return one.code, one.name, _KINDS[one.kind][at], show_percent(one.score), why


@code_app.command()
def suggest(
    source: Annotated[Path, typer.Argument(help="病历文字 file with diagnoses, operations, summary in words")],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="结果 .xlsx,或放 CSV 的新文件夹 workbook or new folder")
    ] = None,
    limit: Limit = 5,
    column: Annotated[
        list[str] | None, typer.Option("--column", help="列名=标准列 header of the file = column; repeatable")
    ] = None,
    alias: Annotated[
        Path | None, typer.Option("--alias", help="列名对照文件 YAML file: columns: {列名: 标准列}")
    ] = None,
    sheet: Sheet = "",
    header_row: HeaderRow = 0,
    lang: Lang = "zh",
) -> None:
    """给病历文字建议编码,并指出漏编的文字和没有文字支持的编码。 Offer codes for the words of records, and name words
    without a code and codes without words."""
    zh = in_lang(lang) == "zh"
    one_of = ("diagnoses", "operations", "summary")
    texts = intake.read_rows(source, CODING_TEXTS, one_of, aliases_of(alias, column or []), sheet, header_row)
    offered, gaps = runs.suggest_codes(texts, limit)
    first = [row for row in offered if row["rank"] == 1]
    grid = Grid(*(("行", "文字", "语气", "编码", "名称", "相近度") if zh else
                  ("line", "words", "said as", "code", "name", "likeness")))  # fmt: skip
    for row in first[:40]:
        said = _READINGS[row["reading"]] if zh else row["reading"]
        grid.add_row(str(row["line"]), row["phrase"], said, row["code"], row["name"], show_percent(row["score"]))
    out.print(grid)
    for kind, words in (("no_code", ("有文字没有编码", "words without a code")),
                        ("no_text", ("有编码没有文字", "codes without words"))):  # fmt: skip
        its = [row for row in gaps if row["kind"] == kind]
        out.print(f"{words[0 if zh else 1]}: {len(its)}")
        for row in its[:20]:
            out.print(f"  {row['line']} · {row['what']} · {row['name']} · {row['zh' if zh else 'en']}")
    out.print(runs.FOLLOWS[0 if zh else 1])
    tables = ((CODING_SUGGESTIONS, offered), (CODING_GAPS, gaps))
    give([for_readers(table, rows, lang) for table, rows in tables], output, lang, show=False)


@code_app.command()
def show(
    code: Annotated[str, typer.Argument(help="诊断或手术操作编码 a code")],
    scheme: Annotated[str, typer.Option("--scheme", help="只看一个方案 one scheme only")] = "",
    own: Schemes = None,
    lang: Lang = "zh",
) -> None:
    """一个编码的名称、各方案中的病组、并发症、排除、灰码和对照。 All that is known of a code."""
    zh = in_lang(lang) == "zh"
    at = 0 if zh else 1
    story = runs.tell_code(code, schemes_folder(own), scheme)
    name = story.names[0][1] if story.names else ""
    gray = f"  [{_GRAY[at]}]" if story.gray else ""
    out.print(f"{story.code} {name} ({_KINDS[story.kind][at]}){gray}")
    out.print(f"  {'拼音首字母' if zh else 'pinyin initials'}: {story.initials}")
    for edition, its in story.names:
        out.print(f"  {edition}: {its}")
    for way, one, to in story.ways:
        out.print(f"  {way}: {one} → {to}")
    for there in story.schemes:
        out.print(there.scheme)
        for line in _lines(there, zh):
            out.print(f"  {line}")


def _lines(one: runs.InScheme, zh: bool) -> list[str]:
    lines = [f"MDC {mdc} {name}" for mdc, name in one.mdcs] + [f"ADRG {adrg} {name}" for adrg, name in one.adrgs]
    if one.severity:
        word = {"mcc": ("严重并发症(MCC)", "MCC"), "cc": ("一般并发症(CC)", "CC")}[one.severity][0 if zh else 1]
        table = f"排除表 {one.exclusion},{one.excluded_by:,} 个主要诊断下不计" if zh else (
            f"exclusion table {one.exclusion}: not counted with {one.excluded_by:,} principal diagnoses"
        )  # fmt: skip
        lines.append(f"{word}" + (f";{table}" if one.exclusion else ""))
    for here, words in (
        (one.operation, ("手术室手术", "operation of the operating room")),
        (one.gray, ("方案列为灰码", "gray in the scheme")),
        (one.invalid, ("方案列为无效编码", "invalid in the scheme")),
    ):
        lines += [words[0 if zh else 1]] if here else []
    return lines or ["方案中未用到" if zh else "not used in the scheme"]
