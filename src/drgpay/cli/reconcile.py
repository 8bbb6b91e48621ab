"""The command that compares a return of the bureau with a hospital's own stays."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml
from rich.table import Table as Grid

from drgpay import runs
from drgpay.cli import stays as files
from drgpay.cli.console import Lang, err, in_lang, out
from drgpay.cli.folders import Schemes, schemes_folder
from drgpay.cli.sheets import open_sheets
from drgpay.errors import DrgpayError, Kind
from drgpay.runs.deadlines import working_day
from drgpay.runs.estimate import NEED
from drgpay.scheme import load
from drgpay.steps import intake
from drgpay.steps.reconcile import Tolerance
from drgpay.tables import RECONCILIATION, RECONCILIATION_TOTALS, Column, Table
from drgpay.units import parse_fen, parse_points, show_coefficient, show_fen
from drgpay.words import in_word

KINDS = {
    "same": "一致", "group": "病组不同", "class": "倍率不同", "cost": "费用不同", "coefficient": "系数不同",
    "points": "点数(权重)不同", "payment": "支付不同", "zero_balance": "倍率病例零盈亏", "missing": "返回中没有",
    "extra": "本院没有", "repeated": "返回重复", "refund": "退费冲销", "all": "合计",
    "settlement_id": "结算ID", "record_and_dates": "病案号和日期", "record_number": "病案号",
}  # fmt: skip
"""kinds of difference, and by what lines were matched, in Chinese"""
_OBJECTIONS = ("建议提出", "objections")


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command()(reconcile)


def reconcile(
    source: Annotated[Path, typer.Argument(help="医保返回(或厂商分组)文件 the return of the bureau or a vendor")],
    own_stays: Annotated[
        list[Path], typer.Option("--with", help="本院病例文件(可多个)或结算运行结果 own files of stays, or a run")
    ],
    published: Annotated[
        list[Path] | None,
        typer.Option("--published", help="公布的病组和参数,用来比较支付 what is published, to compare payments"),
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option("--column", help="返回的列名=标准列 header of the return = column; repeatable"),
    ] = None,
    alias: Annotated[
        Path | None, typer.Option("--alias", help="列名对照文件 YAML file: columns: {列名: 标准列}")
    ] = None,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="结果 workbook: .xlsx")] = None,
    tolerance: Annotated[str, typer.Option("--tolerance", help="金额容差(元) tolerance of money, yuan")] = "0.01",
    tolerance_points: Annotated[str, typer.Option("--tolerance-points", help="点数容差 of points")] = "0.01",
    until: Annotated[
        datetime | None, typer.Option("--until", formats=["%Y-%m-%d"], help="提出截止日 last day for objections")
    ] = None,
    received: Annotated[
        datetime | None, typer.Option("--received", formats=["%Y-%m-%d"], help="收到返回的日期 day of the return")
    ] = None,
    days: Annotated[
        int, typer.Option("--days", min=0, help="收到后几个工作日内可提出 working days for objections")
    ] = 0,
    institution: Annotated[str, typer.Option("--institution", help="运行中的机构编号 institution in the run")] = "",
    sheet: files.Sheet = "",
    header_row: files.HeaderRow = 0,
    scheme: Annotated[str, typer.Option(help="分组方案 grouping scheme of own files")] = "chs-drg-1.1",
    switch: Annotated[list[str] | None, typer.Option(help="方案开关 named switch, repeatable")] = None,
    codes: files.Codes = None,
    form: files.Form = "",
    stays_alias: Annotated[
        Path | None, typer.Option("--stays-alias", help="本院病例的别名文件 alias file of the own stays")
    ] = None,
    own: Schemes = None,
    lang: Lang = "zh",
) -> None:
    """把医保返回与本院病例逐例对账:差异分类、可能原因、该提出什么。 Compare a return with own stays: kinds of
    difference, likely causes, what to object to."""
    zh = in_lang(lang) == "zh"
    if output is not None and output.suffix.lower() not in (".xlsx", ".csv"):
        raise typer.BadParameter("….xlsx | ….csv", param_hint="-o")
    returned = intake.read_returned(source, aliases_of(alias, column or []), sheet, header_row)
    folder = schemes_folder(own)
    if len(own_stays) == 1 and (own_stays[0] / runs.MANIFEST).is_file():
        mine = runs.own_of_run(own_stays[0], institution, folder)
    else:
        switches = frozenset(switch or ())
        rules = runs.read_published(published) if published else None
        hints, way = files.hints_of(form, stays_alias, "", codes)
        found = files.found_files(own_stays, [output, source], lang)
        parts = runs.read_files(found, need=NEED, codes=runs.known_codes(), hints=hints, crosswalk=way, keep=("*",))
        mine = runs.own_of_files(files.reading(parts, lang), load(scheme, switches, folder=folder), switches, rules)
    allowed = Tolerance(int(parse_fen(tolerance)), int(parse_points(tolerance_points)))
    done = runs.reconcile_return(returned, mine, allowed, schemes=folder)
    last = until.date() if until else working_day(received.date(), days) if received and days else None
    _tell(done, last, zh)
    if output is not None:
        _write(done, last, output, zh)
        out.print(str(output))


def aliases_of(path: Path | None, given: list[str]) -> dict[str, str]:
    aliases: dict[str, str] = {}
    if path is not None:
        try:
            read = yaml.safe_load(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            raise _alias_wrong(path.name, str(error)[:80]) from error
        columns = read.get("columns") if isinstance(read, Mapping) else None
        if not isinstance(columns, Mapping):
            raise _alias_wrong(path.name, "columns")
        aliases |= {str(head): str(name) for head, name in columns.items()}
    for one in given:
        head, equals, name = one.rpartition("=")
        if not equals or not head.strip():
            raise _alias_wrong("--column", one)
        aliases[head.strip()] = name.strip()
    return aliases


def _alias_wrong(file: str, value: str) -> DrgpayError:
    return DrgpayError(
        Kind.USAGE, zh="列名对照读不出来", en="the names of columns cannot be read", file=file, value=value,
        fix_zh="写成 columns: {列名: 标准列},或 --column 列名=标准列",
        fix_en="write columns: {HEADER: column}, or --column HEADER=column",
    )  # fmt: skip


def _tell(done: runs.Reconciled, last: date | None, zh: bool) -> None:
    if done.lacks:
        names = "、".join(name for name, _ in done.lacks) if zh else ", ".join(name for _, name in done.lacks)
        err.print(("返回中没有这些列,不比较:" if zh else "not in the return, not compared: ") + names, markup=False)
    if done.left_out:
        err.print(f"合计行 {done.left_out} 行未计入" if zh else f"{done.left_out} rows of totals left out")
    if done.findings.num_rows:
        for row in done.findings.slice(0, 10).to_pylist():
            err.print(f"  {row['row']} · {row['field']} · {row['value']} {row['zh' if zh else 'en']}", markup=False)
    heads = (
        ("差异类别", "返回行数", "本院例数", "建议提出", "返回支付", "本院预期", "支付差")
        if zh
        else ("kind", "lines", "stays", "objections", "returned", "expected", "difference")
    )
    grid = Grid(*heads)
    for row in done.totals:
        grid.add_row(_word(row["kind"], zh), *(f"{row[n]:,}" for n in ("lines", "stays", "objections")),
                     *(show_fen(row[n]) for n in ("returned_payment", "payment", "amount")))  # fmt: skip
    out.print(grid)
    out.print(_deadline(last, zh))


def _deadline(last: date | None, zh: bool) -> str:
    if last is None:
        return "未给出提出截止日(--until,或 --received 和 --days)" if zh else "no last day for objections was given"
    return f"提出截止日 {last.isoformat()}(不计法定节假日调整)" if zh else f"objections until {last.isoformat()}"


def _word(value: str, zh: bool) -> str:
    return KINDS.get(value, in_word(value, "zh")) if zh else value


def _write(done: runs.Reconciled, last: date | None, output: Path, zh: bool) -> None:
    """The summary, what to object to, and a sheet for every kind that occurs."""
    with open_sheets(output) as book:
        head = [c.zh if zh else c.name for c in RECONCILIATION_TOTALS.columns]
        with book.sheet("汇总" if zh else "summary", head) as add:
            for row in done.totals:
                add(_cells(RECONCILIATION_TOTALS, row, zh))
            add([_deadline(last, zh)])
        names = [c for c in RECONCILIATION.names if c != ("cause_en" if zh else "cause_zh")]
        head = [RECONCILIATION[n].zh if zh else n for n in names]
        with book.sheet(_OBJECTIONS[0 if zh else 1], [*head, "截止日" if zh else "until"]) as add:
            for row in done.rows:
                if row["object"]:
                    add([*_cells(RECONCILIATION, row, zh, names), last.isoformat() if last else ""])
        for total in done.totals[:-1]:
            with book.sheet(_word(total["kind"], zh), head) as add:
                for row in done.rows:
                    if row["kind"] == total["kind"]:
                        add(_cells(RECONCILIATION, row, zh, names))


def _cells(table: Table, row: dict[str, Any], zh: bool, names: list[str] | None = None) -> list[Any]:
    return [_cell(table[name], row[name], zh) for name in names or table.names]


def _cell(column: Column, value: Any, zh: bool) -> Any:
    if value is None:
        return ""
    if column.type == "fen":
        return Decimal(show_fen(value, group=False))
    if column.type in ("ratio", "points"):
        return Decimal(show_coefficient(value))
    if column.type == "flag":
        return ("是" if value else "否") if zh else ("yes" if value else "no")
    if isinstance(value, date):
        return value.isoformat()
    if column.name == "also":
        return "、".join(_word(one, zh) for one in value.split("|") if one)
    return _word(value, zh) if isinstance(value, str) and column.type == "code" else value
