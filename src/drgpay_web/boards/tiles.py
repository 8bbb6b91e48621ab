"""The figures on top of a board: each with what it was before and a year ago."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from drgpay.errors import DrgpayError
from drgpay.runs import Scope, Summary, Where, summarise
from drgpay.tables import Column
from drgpay_web.ui.tables import title_of
from drgpay_web.ui.values import kind_of, printed

SHOWN = ("n", "points", "cmi", "mean_cost", "due", "actual", "balance", "use_ratio")
COMPARED = ("previous", "last_year")


@dataclass(frozen=True)
class Tile:
    """A figure: its name, value, and by what share it has changed (``beside``: key of words, text, rose or fell)."""

    title: str
    value: str
    beside: tuple[tuple[str, str, str], ...]


def tiles_of(
    folders: Sequence[Path], scope: Scope, lang: str, where: Sequence[Where] = (), measures: Sequence[str] = SHOWN
) -> list[Tile]:
    """The figures of the first folder's period, compared with the others where they hold what is compared."""
    now = summarise(folders[:1], by=(), measures=measures, scope=scope, where=where)
    if not now.rows:
        return []
    then = {how: _compared(folders, scope, where, measures, how) for how in COMPARED}
    return [
        Tile(title_of(column, lang), printed(now.rows[0][column.name], kind_of(column), lang),
             tuple(_change(how, rows, column, lang) for how, rows in then.items() if rows))
        for column in now.columns
    ]  # fmt: skip


def _compared(
    folders: Sequence[Path], scope: Scope, where: Sequence[Where], measures: Sequence[str], how: Any
) -> Summary | None:
    """The same sums beside those of another period; None where there are none."""
    try:
        return summarise(folders, by=(), measures=measures, scope=scope, where=where, compare=how)
    except DrgpayError:
        return None


def _change(how: str, summary: Summary, column: Column, lang: str) -> tuple[str, str, str]:
    row, name = summary.rows[0], f"{column.name}_change_ratio"
    change = next(one for one in summary.columns if one.name == name)
    ratio = row[name]
    tone = "" if not ratio else "up" if ratio > 0 else "down"
    return f"boards.{how}", printed(ratio, kind_of(change), lang) or "–", tone
