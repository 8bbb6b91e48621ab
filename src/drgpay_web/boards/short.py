"""The tables of a board: the first rows of sums; choosing one sets the filter of both boards."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from drgpay.runs import Sort
from drgpay_web.boards import casework
from drgpay_web.boards.filters import DEPARTMENT, GROUP, SCHEME, Seen, bar, titled
from drgpay_web.people import Act
from drgpay_web.ui import w
from drgpay_web.ui.summaries import HOUSE, Question, answer, table_of

MOST = 10
CHOSEN = (HOUSE, DEPARTMENT, GROUP)
"""columns whose values are chosen on the board itself"""


def tables_of(seen: Seen, board: str, set_: str, sort: str) -> list[dict[str, Any]]:
    """The tables of what is below the filter: institutions of the area, departments of one, doctors of those; and
    groups, or for one group where it is treated."""
    own = DEPARTMENT if seen.of(HOUSE) else HOUSE
    by = "doctor_id" if seen.of(DEPARTMENT) else own
    return [short(seen, one, board, set_, sort) for one in (by, GROUP) if not seen.of(one)]


def short(seen: Seen, by: str, board: str, set_: str, sort: str) -> dict[str, Any]:
    """The first rows by one dimension, the largest of ``sort`` first; red where a cost index passes the limit."""
    question = Question(by, set_, "", seen.where, Sort(sort, down=True), 1)
    summary = answer(question, seen.folders, seen.scope)

    def leads(column: str, row: dict[str, Any]) -> str:
        if column != by or row[column] is None:
            return ""
        if by in CHOSEN:
            return seen.board(board, **{by: row[by]})
        return seen.page("board-drill", by=GROUP, **{f"{by}.is": row[by]}) if may_drill(seen) else ""

    def tone(column: str, row: dict[str, Any]) -> str:
        above = column == "cost_index" and row[column] is not None and row[column] > seen.terms.red_cost_index
        return "red" if above else ""

    found = table_of(question, summary, seen.lang, leads, seen.names, tone, MOST)
    asked = {"by": by, "set": set_, "sort": f"-{sort}"}
    its = {f"{one.column}.is": one.value for one in seen.where}
    return found | {
        "title": w(f"boards.by_{by}", seen.lang),
        "key": by,
        "more": seen.page("board-drill", **asked) if may_drill(seen) else "",
        "excel": f"{reverse('take-summary', args=[seen.result.pk])}?{urlencode(its | asked)}"
        if seen.actor.may(Act.EXPORT_TABLE) else "",
    }  # fmt: skip


def peers_of(seen: Seen, set_: str) -> dict[str, Any] | None:
    """An institution beside the others of its level, as one line; of a group as far as others treat it. None where
    the filter is about a part of the institution, for peers are whole institutions, and for those who see none."""
    part = seen.of(DEPARTMENT) or seen.of(SCHEME)
    if seen.house is None or part or not seen.actor.may(Act.BOARD_PEERS):
        return None
    group, where = seen.of(GROUP), tuple(one for one in seen.where if one.column == HOUSE)
    question = Question(GROUP if group else HOUSE, set_, "peers", where, None, 1)
    summary = answer(question, seen.folders, seen.scope)
    if group:
        kept = [row for row in summary.rows if row[GROUP] == group]
        summary = replace(summary, rows=kept, totals={})
    return table_of(question, summary, seen.lang, None, seen.names) | {"sums": []} if summary.rows else None


def own_page(seen: Seen) -> str:
    """The page of the department that is filtered by, where there is one for its hospital; else empty."""
    if not seen.of(DEPARTMENT) or seen.actor.role.side != "hospital":
        return ""
    return f"{reverse('hospital-department')}?{urlencode({'period': seen.result.pk, 'code': seen.of(DEPARTMENT)})}"


def board_of(seen: Seen, board: str, set_: str, sort: str) -> dict[str, Any]:
    """What both boards show alike; ``set_`` and ``sort``: which sums their tables have, and in which order."""
    return {
        "seen": seen,
        "board_word": f"boards.{board.removeprefix('board-')}",
        "title": titled(seen),
        "bar": bar(seen, board),
        "result": seen.result,
        "alerts": casework.alerts(seen),
        "tables": tables_of(seen, board, set_, sort),
        "peers": peers_of(seen, set_),
        "stays": seen.page("board-stays") if seen.actor.may(Act.STAY_SEE) else "",
        "own_page": own_page(seen),
        "may_take": seen.actor.may(Act.EXPORT_TABLE),
    }


def deeper(seen: Seen, set_: str, measure: str) -> str:
    """Where a figure of a board comes from: the sums one step deeper, by that figure."""
    if not may_drill(seen):
        return "#tables"
    by = GROUP if seen.of(DEPARTMENT) else DEPARTMENT if seen.house else HOUSE
    return seen.page("board-drill", by=by, set=set_, sort=f"-{measure}")


def may_drill(seen: Seen) -> bool:
    """Whether the reader may go down to departments."""
    return seen.actor.may(Act.BOARD_DEPARTMENT)
