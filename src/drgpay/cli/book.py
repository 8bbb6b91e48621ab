"""Commands of the book: seal a run, compare two, and show a year as it was lived."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import polars as pl
import typer
from rich.table import Table as Grid

from drgpay import runs
from drgpay.cli.console import CPUS, Lang, engine_with_progress, in_lang, out
from drgpay.cli.folders import RunFolder, Schemes, schemes_folder
from drgpay.cli.papers import run_reports
from drgpay.cli.sheets import open_sheets
from drgpay.errors import DrgpayError, Kind
from drgpay.ledger import account_words, event_words
from drgpay.tables import INSTITUTION_MONTHS, STATEMENTS
from drgpay.units import show_fen, show_points
from drgpay.words import words_in

_SHOWN = 20
"""rows of a table on the screen; a file has them all"""
_LABELS = {
    "insurance_scheme": ("险种", "scheme"),
    "institution_id": ("机构", "institution"),
    "month": ("月份", "month"),
    "item": ("项目", "item"),
    "before": ("原", "before"),
    "after": ("现", "after"),
    "difference": ("差额", "difference"),
    "stay_id": ("病例号", "stay"),
    "drg": ("病组", "group"),
    "case_class": ("病例类型", "class"),
    "points": ("点数", "points"),
    "total_cost": ("总费用", "total cost"),
    "personal_paid": ("个人负担", "paid by the patient"),
    "cause": ("原因", "cause"),
    "link": ("期", "link"),
    "run": ("结果", "run"),
    "sealed_on": ("封账日期", "sealed on"),
    "sealed_by": ("封账人", "sealed by"),
    "entries": ("分录", "entries"),
    "head": ("哈希", "hash"),
    "event": ("事项", "event"),
    "amount": ("金额", "amount"),
    "date": ("日期", "date"),
    "account": ("科目", "account"),
    "moved": ("发生额", "moved"),
    "balance": ("余额(借为正)", "balance (debit +)"),
    "year": ("年度", "year"),
    "origin": ("来源", "origin"),
}


def register(app: typer.Typer, run_app: typer.Typer) -> None:
    """Add the commands of this file."""
    run_app.command("seal")(seal)
    run_app.command("difference")(difference)
    app.command("book")(book)


def seal(
    run: RunFolder,
    by: Annotated[str, typer.Option("--by", help="封账人 who seals it")],
    on: Annotated[
        datetime | None, typer.Option("--on", formats=["%Y-%m-%d"], help="封账日期 day; default: today")
    ] = None,
    key: Annotated[Path | None, typer.Option("--key", help="签名私钥(ed25519,PEM) private key to sign with")] = None,
    own: Schemes = None,
    lang: Lang = "zh",
) -> None:
    """复核后封账:只读,并记入封账记录。 Verify a run and seal it: read-only, and entered into the list of seals."""
    zh = in_lang(lang) == "zh"
    with engine_with_progress(CPUS, lang) as engine:
        day, papers = on.date() if on else date.today(), {said: run_reports(said) for said in ("zh", "en")}
        made = runs.seal_run(run, engine, by=by, on=day, key=key, reports=papers, schemes=schemes_folder(own))
    out.print(f"已封账 {made.link}:{made.by},{made.on}" if zh else f"sealed {made.link}: {made.by}, {made.on}")
    out.print(f"{'封账号(写在纸上)' if zh else 'head, for the paper'} {made.hash}")


def difference(
    before: Annotated[Path, typer.Argument(help="原结果 the run before")],
    after: Annotated[Path, typer.Argument(help="现结果 the run after")],
    stays: Annotated[bool, typer.Option("--stays", help="逐例 stay by stay too")] = False,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="写出 export: .xlsx")] = None,
    lang: Lang = "zh",
) -> None:
    """两个结果的差异:逐机构、逐例,及原因。 What differs between two runs, and why."""
    zh = in_lang(lang) == "zh"
    with tempfile.TemporaryDirectory() as work, engine_with_progress(CPUS, lang) as engine:
        found = runs.difference(before, after, engine, Path(work), stays=stays or output is not None)
    for cause in found.causes:
        out.print(f"{runs.CAUSES[cause.kind][0 if zh else 1]}: {cause.what}")
    if not found.institutions.height:
        out.print("金额没有差异" if zh else "no amount differs")
    names = {c.name: c.zh for table in (STATEMENTS, INSTITUTION_MONTHS) for c in table.columns}
    kinds = {c.name: c.type for table in (STATEMENTS, INSTITUTION_MONTHS) for c in table.columns}
    rows = _in_words([_told(row, kinds, names, zh) for row in found.institutions.to_dicts()], lang, {})
    _show(rows, zh)
    differing = _in_words([_stay(row, zh) for row in found.stays.to_dicts()], lang, {})
    if stays:
        _show(differing, zh)
    if output is not None:
        sheets = {"机构" if zh else "institutions": rows,
                  "病例" if zh else "stays": differing}  # fmt: skip
        _write(output, sheets, zh)
        out.print(str(output))


def _told(row: dict[str, Any], kinds: dict[str, str], names: dict[str, str], zh: bool) -> dict[str, Any]:
    """A row of differing amounts in words."""
    show = {"fen": show_fen, "points": show_points}.get(kinds[row["item"]], str)
    amounts = {key: show(row[key]) for key in ("before", "after", "difference")}
    return row | amounts | {"item": names[row["item"]] if zh else row["item"]}


def _stay(row: dict[str, Any], zh: bool) -> dict[str, Any]:
    """A differing stay in words: what changed, and why."""
    shows = {"points": show_points, "total_cost": show_fen, "personal_paid": show_fen}
    told: dict[str, Any] = {
        "stay_id": row["stay_id"],
        "institution_id": row["institution_id"] or row["institution_id_after"],
    }
    for name in ("drg", "case_class", "points", "total_cost", "personal_paid"):
        show = shows.get(name, str)
        old, new = ("–" if v is None else show(v) for v in (row[name], row[f"{name}_after"]))
        told[name] = old if old == new else f"{old} → {new}"
    return told | {"cause": runs.CAUSES[row["cause"]][0 if zh else 1]}


def _in_words(rows: list[dict[str, Any]], lang: str, names: Mapping[str, str]) -> list[dict[str, Any]]:
    """Rows for people: links, accounts, events and codes in words; ``names``: institutions by id."""
    ways: dict[str, Callable[[str], str]] = {
        "link": lambda link: _link(link, lang),
        "account": lambda account: account_words(account, lang, names),
        "event": lambda event: event_words(event, lang, names),
        **dict.fromkeys(("insurance_scheme", "case_class"), lambda text: words_in(text, lang)),
    }
    return [{k: ways[k](v) if k in ways and isinstance(v, str) else v for k, v in row.items()} for row in rows]


def _link(link: str, lang: str) -> str:
    """A link in words: 3 月, 清算, 第 1 次重开."""
    number = int(link[1:]) if link[1:].isdigit() else 0
    if lang == "en":
        return {"m": f"month {number}", "r": f"re-opening {number}"}.get(link[0], "clearing")
    return {"m": f"{number} 月", "r": f"第 {number} 次重开"}.get(link[0], "清算")


def _show(rows: list[dict[str, Any]], zh: bool) -> None:
    if not rows:
        return
    grid = Grid(*(_LABELS[name][0 if zh else 1] for name in rows[0]))
    for row in rows[:_SHOWN]:
        grid.add_row(*("–" if value is None else str(value) for value in row.values()))
    out.print(grid)
    if len(rows) > _SHOWN:
        more = len(rows) - _SHOWN
        out.print(f"另有 {more} 行;用 -o 写出" if zh else f"{more} more rows; -o writes them")


def _write(output: Path, sheets: dict[str, list[dict[str, Any]]], zh: bool) -> None:
    """Rows as a workbook, a sheet each."""
    if output.suffix.lower() != ".xlsx":
        raise DrgpayError(Kind.USAGE, zh="不认识的输出格式", en="unknown kind of output", value=output.name,
                          fix_zh="用 .xlsx", fix_en="use .xlsx")  # fmt: skip
    with open_sheets(output) as book:
        for name, rows in sheets.items():
            with book.sheet(name, [_LABELS[column][0 if zh else 1] for column in rows[0]] if rows else []) as add:
                for row in rows:
                    add(list(row.values()))


def book(
    run: RunFolder,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="写出 export: .xlsx")] = None,
    lang: Lang = "zh",
) -> None:
    """一年的账本:各期、记账金额、科目余额。 The book of a year: its links, what was booked, and its accounts."""
    zh = in_lang(lang) == "zh"
    view = runs.book(run)
    names = runs.names_of_run(run)
    tell = partial(_in_words, lang=lang, names=names)
    out.print(f"{view.area} {view.year}")
    _show(tell([row | {"head": row["head"][:12]} for row in view.links.to_dicts()]), zh)
    last = view.accounts.group_by("account", maintain_order=True).last().filter(pl.col("balance") != 0)
    balances = [{"account": a, "balance": show_fen(b)} for a, b in last.select("account", "balance").rows()]
    _show(tell(balances), zh)
    if view.passed.height:
        out.print("转下年(填入登记表 debts)" if zh else "goes over to the next year (register debts)")
        _show(tell([row | {"amount": show_fen(row["amount"])} for row in view.passed.to_dicts()]), zh)
    if output is not None:
        amounts = [row | {"amount": row["amount"] / 100} for row in view.amounts.to_dicts()]
        days = [row | {n: row[n] / 100 for n in ("moved", "balance")} for row in view.accounts.to_dicts()]
        over = [row | {"amount": row["amount"] / 100} for row in view.passed.to_dicts()]
        _write(output, {
            "各期" if zh else "links": tell(view.links.to_dicts()),
            "记账" if zh else "booked": tell(amounts),
            "科目" if zh else "accounts": tell(days),
            "转下年" if zh else "goes over": tell(over),
        }, zh)  # fmt: skip
        out.print(str(output))
