"""Commands on the ledger of a run, and the calendar of a year."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import polars as pl
import typer
from rich.table import Table as Grid

from drgpay import policy as law
from drgpay import runs
from drgpay.cli.console import Lang, in_lang, out
from drgpay.cli.folders import PolicyName, RunFolder
from drgpay.engine import drafted, for_people
from drgpay.errors import DrgpayError, Kind
from drgpay.ledger import Ledger
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
    book = Ledger.read(run / runs.LEDGER)
    if output is None:
        grid = Grid(*(("科目", "余额(借为正)") if in_lang(lang) == "zh" else ("account", "balance (debit +)")))
        for account, fen in book.balances().items():
            if fen:
                grid.add_row(account, show_fen(fen))
        out.print(grid)
        out.print(f"{len(book):,} 笔 entries, head {book.head}")
        return
    rows = [
        {
            "entry_id": e.entry_id,
            "date": e.date,
            "area": e.area,
            "insurance_scheme": e.insurance_scheme,
            "debit": e.debit,
            "credit": e.credit,
            "yuan": show_fen(e.amount, group=False),
            "event": e.event,
            "institution_id": e.institution_id,
            "month": e.month,
            "parameter": e.parameter,
            "run": e.run,
        }
        for e in book
    ]
    kind = output.suffix.lower()
    if kind not in (".csv", ".xlsx"):
        raise DrgpayError(
            Kind.USAGE, zh="不认识的输出格式", en="unknown kind of output", value=output.name,
            fix_zh="用 .csv 或 .xlsx", fix_en="use .csv or .xlsx",
        )  # fmt: skip
    entries = pl.DataFrame(rows)
    with drafted(output) as draft:
        if kind == ".csv":
            for_people(entries).write_csv(draft, include_bom=True)
        else:
            entries.write_excel(draft)
    out.print(str(output))


def calendar(
    policy: PolicyName,
    year: Annotated[int, typer.Option("--year", help="结算年度 settlement year")],
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
