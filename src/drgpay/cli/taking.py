"""``drgpay region take``: a region takes what a result offers to its registers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table as Grid

from drgpay import runs
from drgpay.cli.console import Lang, in_lang, out
from drgpay.cli.hand_in import Region
from drgpay.places import real_path
from drgpay.tables import Column
from drgpay.units import show_coefficient, show_fen
from drgpay.words import in_word

_SHOWN = 20
_WHAT = {
    "added": ("新增", "added"),
    "superseded": ("替代", "superseded"),
    "conflicts": ("冲突", "conflict"),
}


def register(region_app: typer.Typer) -> None:
    """Add the command of this file to ``drgpay region``."""
    region_app.command("take")(take)


def take(
    region: Region,
    result: Annotated[Path, typer.Argument(help="结果文件夹 folder of the result")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="只看会改什么,不写 show what would change, write nothing")
    ] = False,
    over: Annotated[
        list[str] | None,
        typer.Option("--over", metavar="KEY", help="冲突以结果为准,可多次 let the result decide; repeatable"),
    ] = None,
    on: Annotated[
        datetime | None, typer.Option("--on", formats=["%Y-%m-%d"], help="登记日期 day of recording; default: today")
    ] = None,
    by: Annotated[str, typer.Option("--by", help="登记人 who records it")] = "",
    folders: Annotated[
        Path | None,
        typer.Option("--runs", help="运行结果所在文件夹 folder of sealed runs; default: beside the region"),
    ] = None,
    lang: Lang = "zh",
) -> None:
    """把结果接收到登记表:预算、预付、考核、评审、重开清算。 Take what a result offers to the region's registers."""
    zh = in_lang(lang) == "zh"
    taken = runs.take(
        region, result, dry_run=dry_run, over=over or (), on=on.date() if on else date.today(), by=by,
        sealed=runs.year_sealed(folders or real_path(region).parent),
    )  # fmt: skip
    for name, words in _WHAT.items():
        _show(getattr(taken, name), words[0 if zh else 1], lang)
    counts = {name: len(getattr(taken, name)) for name in (*_WHAT, "same")}
    said = {**_WHAT, "same": ("不变", "unchanged")}
    line = ", ".join(f"{said[name][0 if zh else 1]} {n:,}" for name, n in counts.items())
    kind, _, digest = taken.origin.partition("/")
    source = f"{'来源' if zh else 'origin'} {runs.ORIGINS[kind][0 if zh else 1]} {digest[:12]}"
    done = ("没有写(试算)" if zh else "nothing was written (dry run)") if dry_run else (
        ("没有要写的" if zh else "nothing to write") if taken.number is None
        else f"第 {taken.number} 次接收" if zh else f"taking {taken.number}"
    )  # fmt: skip
    out.print(f"{done}: {line}; {source}" if not zh else f"{done}:{line};{source}")


def _show(changes: Sequence[runs.Change], what: str, lang: str) -> None:
    if not changes:
        return
    zh = lang == "zh"
    asked = what == _WHAT["conflicts"][0 if zh else 1]
    heads = ("登记表", "键", what) if zh else ("register", "key", what)
    grid = Grid(*heads, *(("--over",) if asked else ()))
    for change in changes[:_SHOWN]:
        table = change.register
        key = " ".join(_shown(table[name], change.after[name], lang) for name in table.key)
        grid.add_row(table.zh if zh else table.name, key, _told(change, lang), *((change.key,) if asked else ()))
    out.print(grid)
    if len(changes) > _SHOWN:
        more = len(changes) - _SHOWN
        out.print(f"另有 {more:,} 行" if zh else f"{more:,} more rows")


def _told(change: runs.Change, lang: str) -> str:
    """What becomes of a row, in words: the columns that are not of its key, old and new where it was there."""
    table, parts = change.register, []
    for column in table.columns:
        new = change.after[column.name]
        old = change.before[column.name] if change.before else None
        if column.name in table.key or (change.before is None and new is None) or (change.before and old == new):
            continue
        name = column.zh if lang == "zh" else column.name.replace("_", " ")
        shown = _shown(column, new, lang)
        parts.append(f"{name} {_shown(column, old, lang)} → {shown}" if change.before else f"{name} {shown}")
    return (";" if lang == "zh" else "; ").join(parts)


def _shown(column: Column, value: Any, lang: str) -> str:
    if value is None:
        return "–"
    if column.type == "fen":
        return show_fen(value)
    if column.type in ("ratio", "points"):
        return show_coefficient(value)
    return in_word(str(value), lang)
