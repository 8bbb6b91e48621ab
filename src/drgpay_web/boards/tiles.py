"""The figures on top of a board: each with what it was before, a year ago and its target, leading to its origin."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from drgpay.errors import DrgpayError
from drgpay.runs import Summary, summarise
from drgpay.tables import Column
from drgpay_web.boards.filters import Seen
from drgpay_web.ui import w
from drgpay_web.ui.tables import headed
from drgpay_web.ui.values import kind_of, printed

COMPARED = ("previous", "last_year")


@dataclass(frozen=True)
class Tile:
    """A figure: its name, value, by what share it has changed and what it is beside (``beside``: words, text, tone),
    where it comes from, and the names by which it is told how it is computed."""

    title: str
    value: str
    beside: tuple[tuple[str, str, str], ...] = ()
    link: str = ""
    of: str = ""


def tiles_of(
    seen: Seen, measures: Sequence[str], leads: Callable[[str], str], targets: Mapping[str, int] | None = None
) -> list[Tile]:
    """Measures of what the filter leaves of the period, compared with other periods where they are there."""
    now = summarise(seen.folders[:1], by=(), measures=measures, scope=seen.scope, where=seen.where)
    if not now.rows:
        return []
    then = {how: _compared(seen, measures, how) for how in COMPARED}
    return [_tile(seen, column, now.rows[0], then, leads(column.name), targets or {}) for column in now.columns]


def _tile(
    seen: Seen, column: Column, row: dict[str, Any], then: Mapping[str, Summary | None], link: str,
    targets: Mapping[str, int],
) -> Tile:  # fmt: skip
    lang, kind, value = seen.lang, kind_of(column), row[column.name]
    beside = [_change(how, rows, column, lang) for how, rows in then.items() if rows]
    if (aimed := targets.get(column.name)) is not None:
        tone = "" if value is None else "missed" if value > aimed else "met"
        beside.append((w("boards.target", lang), f"≤ {printed(aimed, kind, lang)}", tone))
    if column.name == "cmi":
        growth = printed(seen.terms.cmi_growth, "share", lang)
        beside.append((w("boards.target", lang), w("boards.a_year", lang, growth=growth), ""))
    return Tile(headed(column, lang), printed(value, kind, lang), tuple(beside), link, column.name)


def _compared(seen: Seen, measures: Sequence[str], how: Any) -> Summary | None:
    """The same sums beside those of another period; None where there are none."""
    try:
        return summarise(
            seen.folders, by=(), measures=measures, scope=seen.scope, where=seen.where, compare=how
        )  # fmt: skip
    except DrgpayError:
        return None


def _change(how: str, summary: Summary, column: Column, lang: str) -> tuple[str, str, str]:
    row, name = summary.rows[0], f"{column.name}_change_ratio"
    change = next(one for one in summary.columns if one.name == name)
    ratio = row[name]
    tone = "" if not ratio else "up" if ratio > 0 else "down"
    return w(f"boards.{how}", lang), printed(ratio, kind_of(change), lang) or "–", tone
