"""Cases people move: machines as data, one door for every move, deadlines, notices (13 §2).

The face: what other rooms take is here; what needs the data base is loaded when it is asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from drgpay_web.flow.machine import Deadline, Field, Guarded, Machine, Move, Stale, machine, machines, register

if TYPE_CHECKING:
    from drgpay_web.flow.actions import attach, comment, do, open_case, read_notices
    from drgpay_web.flow.calendar import add_days, is_working, known_year, set_day
    from drgpay_web.flow.deadlines import sweep
    from drgpay_web.flow.models import Case
    from drgpay_web.flow.reads import Row, case_seen, cases_of, moves_for, timeline, unread, work_list
    from drgpay_web.flow.told import tell

_WHERE = {
    "actions": ("attach", "comment", "do", "open_case", "read_notices"),
    "calendar": ("add_days", "is_working", "known_year", "set_day"),
    "reads": ("Row", "case_seen", "cases_of", "moves_for", "timeline", "unread", "work_list"),
    "deadlines": ("sweep",),
    "models": ("Case",),
    "told": ("tell",),
}
_ROOM = {name: module for module, names in _WHERE.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _ROOM:
        raise AttributeError(name)
    return getattr(import_module(f"{__name__}.{_ROOM[name]}"), name)


__all__ = [
    "Case",
    "Deadline",
    "Field",
    "Guarded",
    "Machine",
    "Move",
    "Row",
    "Stale",
    "add_days",
    "attach",
    "case_seen",
    "cases_of",
    "comment",
    "do",
    "is_working",
    "known_year",
    "machine",
    "machines",
    "moves_for",
    "open_case",
    "read_notices",
    "register",
    "set_day",
    "sweep",
    "tell",
    "timeline",
    "unread",
    "work_list",
]
