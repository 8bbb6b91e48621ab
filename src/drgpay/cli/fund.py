"""Commands on the fund: budget, health, prepayment, risk adjustment fund, re-opened years."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import polars as pl
import typer
from rich.table import Table as Grid

from drgpay import runs
from drgpay.cli.console import CPUS, Lang, Threads, engine_with_progress, in_lang, out
from drgpay.cli.folders import START, PolicyName
from drgpay.engine import for_people, new_folder
from drgpay.errors import DrgpayError, Kind
from drgpay.report import Names, Sheet, write_tables
from drgpay.tables import FUND_HEALTH, Column, Table
from drgpay.units import ONE, show_coefficient, show_fen
from drgpay.words import in_word

fund_app = typer.Typer(
    help="基金预算、预警、预付和风险调剂金 the fund: budget, health, prepayment", no_args_is_help=True
)

Region = Annotated[Path, typer.Option("--region", help="登记表所在文件夹 folder of the registers")]
Year = Annotated[int, typer.Option("--year", help="年度 year")]
Output = Annotated[
    Path | None,
    typer.Option("-o", "--output", help="结果文件 .xlsx,或放 CSV 的新文件夹 workbook, or new folder for CSV"),
]

AgreedBy = Annotated[str, typer.Option("--agreed-by", help="定案或批准人,有了才能接收 who agreed; needed to take it")]
AgreedOn = Annotated[
    datetime | None,
    typer.Option("--agreed-on", formats=["%Y-%m-%d"], help="定案日期,预付为拨款日期 day; of a prepayment: paid on"),
]

_SCREEN = {
    "budget_plan": ("insurance_scheme", "base_year", "base", "wanted", "revenue_bound", "bound", "budget",
                    "adjusted"),
    "budget_parts": ("insurance_scheme", "part", "basis", "share", "budget", "adjustment", "adjusted"),
    "institution_indicators": ("insurance_scheme", "institution_id", "history", "proposal", "decided", "basis",
                               "indicator", "advance_suspended"),
    "overspend_proposals": ("insurance_scheme", "institution_id", "cause_id", "reason", "n", "actual", "due",
                            "amount"),
    "risk_fund": ("insurance_scheme", "line", "date", "movement", "draw_reason", "amount", "balance"),
    "prepayments": ("insurance_scheme", "institution_id", "base", "reserve", "total", "advance", "suspended",
                    "to_advance", "balance"),
    "in_house_estimates": ("stay_id", "drg", "days", "days_left", "charges", "expected_payment", "room"),
    "fund_health": ("month", "insurance_scheme", "balance", "months_of_payment", "light", "advice", "excess",
                    "projected_balance"),
}  # fmt: skip
"""columns on the screen of the tables that are too wide for it; a file has them all"""

_ZH = {
    "employee": "职工", "resident": "居民", "tertiary": "三级", "secondary": "二级", "primary": "一级及以下",
    "out_of_area": "异地就医", "outpatient": "门诊", "inpatient_drg": "住院DRG", "bed_day": "床日", "other": "其他",
    "amount": "定额", "share": "比例", "negotiation": "协商", "sanction": "处罚", "none": "未触及", "growth": "增幅",
    "revenue": "收入", "opening": "期初", "set_aside": "提取", "draw": "动用", "repayment": "归还",
    "ageing": "老龄化", "public_health_emergency": "突发公共卫生事件", "policy_change": "政策调整",
    "inpatient": "住院", "drg": "DRG点数", "single_disease": "单病种", "quota": "定额",
    "capitation": "按人头", "by_item": "按项目", "out": "本地参保异地就医", "in": "异地参保本地就医",
    "general": "普通", "diabetes": "糖尿病", "hypertension": "高血压", "enrolment": "参保", "visits": "就诊",
    "overlapping_enrolment": "参保重叠", "unknown_community": "无归属医共体", "died_before": "年前死亡",
    "not_covered": "全年未参保", "after_death": "死亡后就诊", "person_not_enrolled": "无参保登记",
    "not_enrolled": "未参保", "paying": "未享受免缴", "died": "已死亡", "twice": "列入多类",
    "discharge_way": "离院方式", "complication": "并发症", "procedure": "手术操作", "cost_below": "低于费用下限",
    "cost_above": "高于费用上限", "disaster": "自然灾害", "red": "红",
    "green": "绿", "yellow": "黄", "True": "是", "False": "否",
}  # fmt: skip
_EN = {"True": "yes", "False": "no"}

_DECIMALS = {"fen": 2, "ratio": 4}


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.add_typer(fund_app, name="fund")


@fund_app.command()
def budget(
    region: Region,
    year: Year,
    policy: PolicyName = START,
    agreed_by: AgreedBy = "",
    agreed_on: AgreedOn = None,
    output: Output = None,
    lang: Lang = "zh",
) -> None:
    """总额预算、分项和机构指标。 The budget of a year, its parts, and the institutions' indicators."""
    tables, unassigned = runs.plan_budget(region, policy, year)
    _give_plan(runs.Plan("budget", tables, region, policy, year), agreed_by, agreed_on, output, lang)
    for scheme, amount in unassigned.items():
        if amount:
            out.print(f"{word_of(scheme, lang)}: " + (
                f"住院DRG预算有 {show_fen(amount)} 元未落到机构" if lang == "zh" else
                f"{show_fen(amount)} yuan of the inpatient DRG budget are with no institution"))  # fmt: skip


@fund_app.command()
def health(region: Region, year: Year, policy: PolicyName = START, output: Output = None, lang: Lang = "zh") -> None:
    """基金运行分析与风险预警。 Months of payment, plan and projection."""
    give(runs.watch_fund(region, policy, year), output, lang, region=region)


@fund_app.command()
def prepay(
    region: Region,
    year: Year,
    policy: PolicyName = START,
    run: Annotated[
        Path | None,
        typer.Option("--run", help="账本最近一期,由此计算预付使用 latest run of the book: use of the advances"),
    ] = None,
    agreed_by: AgreedBy = "",
    agreed_on: AgreedOn = None,
    output: Output = None,
    lang: Lang = "zh",
) -> None:
    """医保预付和专项贷款名单。 Prepayments, and who qualifies for a special loan."""
    with engine_with_progress(CPUS, lang) as engine:
        tables = runs.plan_prepayments(region, policy, year, run, engine)
    _give_plan(runs.Plan("prepayment", tables, region, policy, year), agreed_by, agreed_on, output, lang)


@fund_app.command()
def overspend(
    run: Annotated[Path, typer.Argument(help="年度清算结果 folder of a clearing")],
    region: Region,
    agreed_by: AgreedBy = "",
    agreed_on: AgreedOn = None,
    output: Output = None,
    threads: Threads = CPUS,
    lang: Lang = "zh",
) -> None:
    """合理超支测算,认定后可接收。 Reasonable overspend as data show it; once decided a region can take it."""
    with engine_with_progress(threads, lang) as engine:
        plan = runs.propose_overspend(run, region, engine)
    _give_plan(plan, agreed_by, agreed_on, output, lang)


@fund_app.command()
def risk(region: Region, year: Year, policy: PolicyName = START, output: Output = None, lang: Lang = "zh") -> None:
    """风险调剂金账。 The account of the risk adjustment fund."""
    give(runs.keep_risk_fund(region, policy, year), output, lang, region=region)


@fund_app.command()
def ratios(
    region: Region,
    year: Year,
    policy: PolicyName = START,
    cleared: Annotated[
        list[Path] | None,
        typer.Option("--cleared", help="以前年度的清算结果,可多次 clearings of earlier years; repeatable"),
    ] = None,
    minutes: Annotated[
        str, typer.Option("--minutes", help="联席会议纪要文号:生成通知 minutes of the joint meeting: make the notice")
    ] = "",
    output: Output = None,
    lang: Lang = "zh",
) -> None:
    """年度结余留用和超支分担比例:建议、决定和通知。 Sharing ratios of a year: proposal, decision, notice."""
    tables, decided = runs.propose_sharing(region, policy, year, cleared or (), minutes.strip())
    folder = output is not None and not output.suffix
    if decided and not folder:
        raise DrgpayError(
            Kind.USAGE, zh="通知写到文件夹", en="the notice is written to a folder", field="--output",
            fix_zh="-o 文件夹", fix_en="-o FOLDER",
        )  # fmt: skip
    give(tables, None if folder else output, lang, region=region)
    if output is not None and folder:
        plan = runs.Plan("sharing", tables, region, policy, year)
        runs.write_ratios(plan, output, decided, cleared or (), lambda draft: csv_files(tables, draft, lang))
        out.print(str(output))


@fund_app.command()
def reopen(
    before: Annotated[Path, typer.Argument(help="原运行结果 folder of the first run")],
    after: Annotated[Path, typer.Argument(help="重新运行结果 folder of the new run")],
    output: Output = None,
    lang: Lang = "zh",
) -> None:
    """重开年度清算后的追回。 What a re-opened year claws back."""
    give(runs.reopen_year(before, after), output, lang)


def _give_plan(plan: runs.Plan, by: str, on: datetime | None, output: Path | None, lang: str) -> None:
    """Print a plan; in a folder it is a result that a region can take once it is agreed."""
    folder = output is not None and not output.suffix
    agreed = runs.Agreed(by.strip(), on.date()) if by.strip() and on else None
    if bool(by.strip()) != (on is not None) or (agreed and not folder):
        raise DrgpayError(
            Kind.USAGE,
            zh="定案人和日期要一起给出,结果写到文件夹",
            en="who agreed and the day go together, and the result is a folder",
            field="--agreed-by / --agreed-on",
            fix_zh="--agreed-by 姓名 --agreed-on 日期 -o 文件夹",
            fix_en="--agreed-by NAME --agreed-on DAY -o FOLDER",
        )
    give(plan.tables, None if folder else output, lang, region=plan.region)
    if output is not None and folder:
        runs.write_plan(plan, output, agreed, lambda draft: csv_files(plan.tables, draft, lang))
        out.print(str(output))


def word_of(value: str, lang: str) -> str:
    """A coded value in the language of the user."""
    own = (_ZH if lang == "zh" else _EN).get(value)
    return in_word(value, lang) if own is None else own


def _shown(column: Column, value: Any, lang: str) -> str:
    if value is None:
        return "–"
    if column.type == "fen":
        return show_fen(value)
    if column.type == "ratio":
        return show_coefficient(value)
    if column.type == "codes":
        return "; ".join(word_of(v, lang) for v in value)
    return word_of(str(value), lang)


def _heads(table: Table, names: tuple[str, ...], lang: str) -> list[str]:
    return [table[name].zh if lang == "zh" else name for name in names]


def give(
    tables: runs.FundTables, output: Path | None, lang: str, *, show: bool = True, region: Path | None = None
) -> None:
    """Print every table (unless ``show`` is false), and write them all when a place is named."""
    in_lang(lang)
    for table, rows in tables if show else ():
        names = _SCREEN.get(table.name, table.names)
        grid = Grid(*_heads(table, names, lang), title=table.zh if lang == "zh" else table.en, title_justify="left")
        for row in rows:
            grid.add_row(*(_shown(table[name], row[name], lang) for name in names))
        out.print(grid)
    if output is None:
        return
    if output.suffix.lower() == ".xlsx":
        _workbook(tables, output, lang, _names(region))
    elif output.suffix == "":
        _folder(tables, output, lang)
    else:
        raise DrgpayError(
            Kind.USAGE,
            zh="不认识的输出格式",
            en="unknown kind of output",
            value=output.name,
            fix_zh="用 .xlsx,或一个放 CSV 的文件夹名",
            fix_en="use .xlsx, or the name of a folder for CSV files",
        )
    out.print(str(output))


def _names(region: Path | None) -> dict[str, dict[str, str]]:
    """Institutions of a region by id; none where it has no register of them."""
    return {} if region is None else {"institution_id": runs.institution_names(region)}


def _code_of(value: str, lang: str) -> str:
    """A coded value in a CSV file: in words for people who read Chinese, else as other programs know it."""
    return word_of(value, lang) if lang == "zh" else _EN.get(value, value)


def _frame(table: Table, rows: list[dict[str, Any]], lang: str) -> pl.DataFrame:
    """A table for people: money in yuan and ratios as exact decimals."""
    columns = {}
    for column, head in zip(table.columns, _heads(table, table.names, lang), strict=True):
        values, decimals = [row[column.name] for row in rows], _DECIMALS.get(column.type)
        if decimals is not None:
            exact = [None if v is None else Decimal(v).scaleb(-decimals) for v in values]
            columns[head] = pl.Series(exact, dtype=pl.Decimal(38, decimals))
        elif column.type == "codes":
            columns[head] = pl.Series(["; ".join(_code_of(v, lang) for v in vs) for vs in values], dtype=pl.String)
        elif column.type in ("code", "flag"):
            columns[head] = pl.Series(
                [None if v is None else _code_of(str(v), lang) for v in values], dtype=pl.String
            )
        else:
            columns[head] = pl.Series(values, dtype=pl.Date if column.type == "date" else None)
    return pl.DataFrame(columns)


def _workbook(tables: runs.FundTables, target: Path, lang: str, names: Names) -> None:
    charts = {FUND_HEALTH.name: lambda book, rows: _health_chart(book, list(rows), lang)}
    write_tables(
        target, (Sheet(table, rows, texts=_texts(table, lang)) for table, rows in tables), lang, names, charts
    )


def _texts(table: Table, lang: str) -> dict[str, Callable[[Any], str]]:
    """Coded columns in the words of these commands."""
    return {c.name: lambda value: word_of(str(value), lang) for c in table.columns if c.type in ("code", "flag")}


def _health_chart(book: Any, rows: list[dict[str, Any]], lang: str) -> None:
    """Months of payment by month, a line per insurance scheme, beside the table."""
    rows = sorted(rows, key=lambda row: (row["insurance_scheme"], row["year"], row["month"]))
    chart, sheet = book.add_chart({"type": "line"}), book.add_worksheet("图" if lang == "zh" else "chart")
    first = 0
    for scheme in sorted({row["insurance_scheme"] for row in rows}):
        its = [row for row in rows if row["insurance_scheme"] == scheme]
        for i, row in enumerate(its, first):
            sheet.write_string(i, 0, f"{row['year']}-{row['month']:02d}")
            if row["months_of_payment"] is not None:
                sheet.write_number(i, 1, row["months_of_payment"] / ONE)
        last = first + len(its) - 1
        place = {"categories": [sheet.name, first, 0, last, 0], "values": [sheet.name, first, 1, last, 1]}
        chart.add_series({"name": word_of(scheme, lang), "marker": {"type": "circle"}, **place})
        first = last + 1
    head = FUND_HEALTH["months_of_payment"]
    chart.set_title({"name": head.zh if lang == "zh" else head.en})
    chart.set_size({"width": 720, "height": 360})
    sheet.insert_chart(0, 3, chart)


def _folder(tables: runs.FundTables, target: Path, lang: str) -> None:
    with new_folder(target) as draft:
        csv_files(tables, draft, lang)


def csv_files(tables: runs.FundTables, folder: Path, lang: str) -> None:
    """A CSV file for each table, for people."""
    for table, rows in tables:
        for_people(_frame(table, rows, lang)).write_csv(folder / f"{table.name}.csv", include_bom=True)
