"""Commands on the ledger of a run, and the calendar of a year."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

import polars as pl
import typer
from rich.table import Table as Grid

from drgpay import policy as law
from drgpay import runs
from drgpay.cli.console import Lang, in_lang, out
from drgpay.cli.folders import START, PolicyName, RunFolder
from drgpay.engine import drafted, for_people
from drgpay.errors import DrgpayError, Kind
from drgpay.ledger import Ledger, account_words, event_words
from drgpay.report import Sheet, field_words, head_words, write_tables
from drgpay.tables import LEDGER
from drgpay.units import show_fen


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command()(ledger)
    app.command("calendar")(calendar)


def ledger(
    run: RunFolder,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="导出 export: .csv, .xlsx; default: balances on the screen"),
    ] = None,
    lang: Lang = "zh",
) -> None:
    """总账:核对哈希链,显示余额或导出分录。 The ledger: check its chain, show balances or export the entries."""
    runs.read_manifest(run)
    zh = in_lang(lang) == "zh"
    book = Ledger.read(run / runs.LEDGER)
    names = runs.names_of_run(run)
    if output is None:
        grid = Grid(*(("科目", "余额(元,借为正)") if zh else ("account", "balance (yuan, debit +)")))
        for account, fen in book.balances().items():
            if fen:
                grid.add_row(account_words(account, lang, names), show_fen(fen))
        out.print(grid)
        out.print(f"{len(book):,} 笔分录,末条摘要 {book.head}" if zh else f"{len(book):,} entries, head {book.head}")
        return
    rows = [vars(entry) for entry in book]
    match output.suffix.lower():
        case ".xlsx":
            in_words: dict[str, Callable[[Any], str]] = {
                "event": lambda event: event_words(event, lang, names),
                "parameter": lambda name: field_words(law.parameter_words(name)[lang == "en"], lang),
                **dict.fromkeys(("debit", "credit"), lambda account: account_words(account, lang, names)),
            }
            sheet = Sheet(LEDGER, rows, frozenset({"run", "area", "hash"}), texts=in_words)
            write_tables(output, [sheet], lang, {"institution_id": names})
        case ".csv":
            with drafted(output) as draft:
                for_people(_entries(rows, lang)).write_csv(draft, include_bom=True)
        case _:
            raise DrgpayError(
                Kind.USAGE, zh="不认识的输出格式", en="unknown kind of output", value=output.name,
                fix_zh="用 .csv 或 .xlsx", fix_en="use .csv or .xlsx",
            )  # fmt: skip
    out.print(str(output))


def _entries(rows: list[dict[str, Any]], lang: str) -> pl.DataFrame:
    """The entries for other programs: codes as the ledger has them under headings of the language, money in yuan."""
    kept = [column for column in LEDGER.columns if column.name != "hash"]
    columns = {head_words(column, LEDGER, lang): [row[column.name] for row in rows] for column in kept}
    money = head_words(LEDGER["amount"], LEDGER, lang)
    columns[money] = [show_fen(fen, group=False) for fen in columns[money]]
    return pl.DataFrame(columns)


def calendar(
    year: Annotated[int, typer.Option("--year", help="结算年度 settlement year")],
    policy: PolicyName = START,
    today: Annotated[
        datetime | None, typer.Option("--today", formats=["%Y-%m-%d"], help="对照日,默认今天 day to compare with")
    ] = None,
    lang: Lang = "zh",
) -> None:
    """结算日历:各月结算与年度清算的最迟日期,逾期提示。 Deadlines of the year; those that have passed are marked."""
    zh = in_lang(lang) == "zh"
    day = today.date() if today else date.today()
    for deadline in runs.deadlines(law.load(policy, on=date(year, 12, 31)), year):
        month = deadline.month
        if month:
            name = f"{year}-{month:02d} 月结" if zh else f"month {year}-{month:02d}"
        else:
            name = f"{year} 年度清算" if zh else f"clearing of {year}"
        late = deadline.overdue(day)
        mark = ("  ⚠ 已过期" if zh else "  ⚠ overdue") if late else ""
        out.print(f"{deadline.last_day}  {name}{mark}")
    out.print("工作日未扣除法定节假日" if zh else "public holidays are not taken out of working days")
