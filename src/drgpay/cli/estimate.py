"""Commands of a hospital without the area's run: estimate."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
import xlsxwriter
from rich.table import Table as Grid

from drgpay import runs
from drgpay.cli import stays as files
from drgpay.cli.console import Lang, err, in_lang, out
from drgpay.cli.database import Query, Sql, View, with_rows
from drgpay.cli.folders import Schemes, schemes_folder
from drgpay.cli.fund import give
from drgpay.cli.sheets import CREATED
from drgpay.cli.wording import for_readers
from drgpay.engine import drafted
from drgpay.errors import DrgpayError, Kind
from drgpay.runs.estimate import NEED
from drgpay.scheme import load
from drgpay.tables import ESTIMATE_TOTALS, PUBLISHED, PUBLISHED_TERMS, STAY_ESTIMATES
from drgpay.units import show_fen

_SHOWN = 15
_SCOPES = {"department": "科室", "doctor": "医师", "group": "病组"}
_GROUPS = (("BR23", "脑缺血性疾患,伴合并症或并发症", "", "98.76", "9876.50", "9.5", "0.4", "3", ""),)
_TERMS = (
    ("点值", "职工", "98.7654", "某月预结算公告"), ("点值", "居民", "95.4321", ""), ("系数", "全部", "1.0123", ""),
    ("全部病例均费", "全部", "10000.00", ""), ("标度", "全部", "100", ""), ("高倍率追加", "全部", "自动", ""),
    ("非稳定病组折扣", "全部", "1", ""), ("未入组折扣", "全部", "0.7", ""), ("歧义折扣", "全部", "0.7", ""),
    ("支付口径", "全部", "总费用", ""),
)  # fmt: skip
"""lines that show how the template is filled in; every figure is an example"""


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command()(estimate)


def estimate(
    sources: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[SOURCE]...", help="病例文件 files of stays, discharged or not", show_default=False),
    ] = None,
    published: Annotated[
        list[Path] | None,
        typer.Option("--published", help="医保局公布的病组和参数,文件(可多个)或文件夹 what the bureau published"),
    ] = None,
    term: Annotated[
        list[str] | None,
        typer.Option("--term", help="参数=值,如 点值:职工=98.76 a term: name=value, or name:employee=value"),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="结果 .xlsx,或放 CSV 的新文件夹 workbook or new folder")
    ] = None,
    template: Annotated[
        bool, typer.Option("--template", help="写出 --published 的模板到 -o write the template of --published")
    ] = False,
    in_house: Annotated[bool, typer.Option("--in-house", help="全部是在院病例 all stays are still in house")] = False,
    scheme: Annotated[str, typer.Option(help="分组方案 grouping scheme")] = "chs-drg-1.1",
    switch: Annotated[list[str] | None, typer.Option(help="方案开关 named switch of the scheme, repeatable")] = None,
    findings: files.Findings = None,
    form: files.Form = "",
    alias: files.Alias = None,
    newborn_age: files.NewbornAge = "",
    codes: files.Codes = None,
    sheet: files.Sheet = "",
    header_row: files.HeaderRow = 0,
    sql: Sql = "",
    query: Query = None,
    view: View = "",
    own: Schemes = None,
    lang: Lang = "zh",
) -> None:
    """按医保局公布的病组和参数,预估本院病例的支付和盈亏。 What a hospital's stays are expected to bring, from what
    the bureau published."""
    zh = in_lang(lang) == "zh"
    if template:
        if output is None or output.suffix.lower() != ".xlsx":
            raise typer.BadParameter("….xlsx", param_hint="-o")
        _write_template(output, zh)
        return
    sources = with_rows(sources, sql, query, view)
    if not sources or not published:
        raise typer.BadParameter("缺少 is needed", param_hint="--published" if sources else "SOURCE")
    rules = runs.read_published(published, _terms(term or []))
    chosen = load(scheme, frozenset(switch or ()), folder=schemes_folder(own))
    hints, way = files.hints_of(form, alias, newborn_age, codes, sheet, header_row)
    found = files.found_files(sources, [output, findings], lang)
    parts = runs.read_files(found, need=NEED, codes=runs.known_codes(), hints=hints, crosswalk=way)
    done = runs.estimate_stays(files.reading(parts, lang), rules, chosen, in_house=in_house)
    files.tell(done.rows, done.kept, done.findings.num_rows, lang)
    target = findings or (output.with_name(f"{output.stem}.findings.csv") if output else None)
    if done.findings.num_rows and target:
        files.write_findings(done.findings, target, lang)
    if not done.kept:
        raise runs.all_rejected(done.rows, [done.findings])
    _tell(done, zh)
    tables = ((STAY_ESTIMATES, done.stays.to_dicts()), (ESTIMATE_TOTALS, done.totals))
    give([for_readers(table, rows, lang) for table, rows in tables], output, lang, show=False)


def _terms(given: list[str]) -> dict[str, str]:
    terms = {}
    for one in given:
        name, equals, value = one.partition("=")
        if not equals or not value.strip():
            raise DrgpayError(
                Kind.USAGE, zh="参数写作 名=值", en="write a term as name=value", value=one,
                fix_zh="例如 point_value=98.76", fix_en="for example point_value=98.76",
            )  # fmt: skip
        terms[name.strip()] = value.strip()
    return terms


def _tell(done: runs.Estimate, zh: bool) -> None:
    heads = (
        ("", "例数", "高倍率", "低倍率", "支付未知", "总费用", "预期支付", "盈亏")
        if zh
        else ("", "stays", "high", "low", "not known", "total cost", "expected", "gain")
    )
    for in_house in (False, True):
        rows = [row for row in done.totals if row["in_house"] == in_house]
        if not rows:
            continue
        title = ("在院" if in_house else "出院") if zh else ("in house" if in_house else "discharged")
        grid = Grid(*heads, title=title, title_justify="left")
        for row in _to_show(rows):
            grid.add_row(_named(row, zh), *(f"{row[n]:,}" for n in ("n", "high", "low", "unknown")),
                         *(show_fen(row[n]) for n in ("total_cost", "expected_payment", "gain")))  # fmt: skip
        out.print(grid)
        whole = rows[0]
        if whole["exact_payment"] != whole["expected_payment"]:
            gap = show_fen(whole["exact_payment"] - whole["expected_payment"])
            said = f"点数合计后一次取整的支付比逐例取整多 {gap} 元" if zh else f"rounded once: {gap} yuan more"
            out.print(f"  {said}")
    out.print("预估不包含:" if zh else "what the estimate cannot know:")
    for words in done.cannot_know:
        out.print(f"  · {words[0 if zh else 1]}")


def _to_show(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """All together, and of every scope those that lose most."""
    shown = [row for row in rows if row["scope"] == "all"]
    for scope in _SCOPES:
        shown += sorted((r for r in rows if r["scope"] == scope), key=lambda r: (r["gain"], r["unit_id"]))[:_SHOWN]
    return shown


def _named(row: dict[str, Any], zh: bool) -> str:
    if row["scope"] == "all":
        return "合计" if zh else "all"
    scope = _SCOPES[row["scope"]] if zh else row["scope"]
    unit = row["unit_id"] or ("(未写)" if zh else "(not named)")
    return f"{scope} {unit} {row['unit_name']}".rstrip()


def _write_template(target: Path, zh: bool) -> None:
    with drafted(target) as draft, xlsxwriter.Workbook(draft) as book:
        book.set_properties({"created": CREATED})
        bold = book.add_format({"bold": True, "bg_color": "#DDE7F0"})
        notes: list[tuple[str, ...]] = []
        for table, lines in ((PUBLISHED, _GROUPS), (PUBLISHED_TERMS, _TERMS)):
            sheet = book.add_worksheet(table.zh if zh else table.name)
            for i, column in enumerate(table.columns):
                sheet.write_string(0, i, column.zh if zh else column.name, bold)
                notes.append((table.zh, column.zh, column.name, column.en, "" if column.null else "必填 needed"))
            for at, line in enumerate(lines, start=1):
                sheet.write_row(at, 0, line)
            sheet.set_column(0, len(table.columns) - 1, 18)
        sheet = book.add_worksheet("说明 notes")
        for at, note in enumerate(notes):
            sheet.write_row(at, 0, note)
        sheet.set_column(0, 4, 30)
    err.print(("模板:" if zh else "template: ") + str(target), markup=False, highlight=False)
