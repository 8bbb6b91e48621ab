"""Cases people move: machines as data, one door for every move, deadlines, notices (13 §2).

The face: what other rooms take is here; what needs the data base is loaded when it is asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from drgpay_web.flow.machine import (
    CasePaper,
    Deadline,
    Field,
    Guarded,
    Machine,
    Move,
    Stale,
    follow,
    machine,
    machines,
    register,
)

if TYPE_CHECKING:
    from drgpay_web.flow.actions import (
        about_stays,
        attach,
        comment,
        do,
        do_many,
        do_now,
        open_case,
        read_notices,
        recall,
    )
    from drgpay_web.flow.calendar import add_days, is_working, known_year, set_day
    from drgpay_web.flow.contacts import contact_line, name_contact, with_contact
    from drgpay_web.flow.deadlines import sweep
    from drgpay_web.flow.forms import at_once
    from drgpay_web.flow.giving import end_given, give, given_to, hand_over, hand_over_many, takers
    from drgpay_web.flow.list_views import MOST, list_table
    from drgpay_web.flow.lists import WORK, WORK_ASKED, keep, kept, work
    from drgpay_web.flow.models import Case
    from drgpay_web.flow.reads import (
        Row,
        case_seen,
        cases_of,
        cases_on_stay,
        in_state,
        moves_for,
        notices_of,
        rows_of,
        standing_steps,
        state_told,
        state_words,
        stays_given,
        timeline,
        unread,
        work_list,
    )
    from drgpay_web.flow.told import people_with, tell, tell_person

_WHERE = {
    "actions": ("about_stays", "attach", "comment", "do", "do_many", "do_now", "open_case", "read_notices", "recall"),
    "calendar": ("add_days", "is_working", "known_year", "set_day"),
    "reads": (
        "Row",
        "case_seen",
        "cases_of",
        "cases_on_stay",
        "in_state",
        "moves_for",
        "notices_of",
        "rows_of",
        "standing_steps",
        "state_told",
        "state_words",
        "stays_given",
        "timeline",
        "unread",
        "work_list",
    ),
    "forms": ("at_once",),
    "giving": ("end_given", "give", "given_to", "hand_over", "hand_over_many", "takers"),
    "contacts": ("contact_line", "name_contact", "with_contact"),
    "deadlines": ("sweep",),
    "list_views": ("MOST", "list_table"),
    "lists": ("WORK", "WORK_ASKED", "keep", "kept", "work"),
    "models": ("Case",),
    "told": ("people_with", "tell", "tell_person"),
}
_ROOM = {name: module for module, names in _WHERE.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _ROOM:
        raise AttributeError(name)
    return getattr(import_module(f"{__name__}.{_ROOM[name]}"), name)


__all__ = [
    "MOST",
    "WORK",
    "WORK_ASKED",
    "Case",
    "CasePaper",
    "Deadline",
    "Field",
    "Guarded",
    "Machine",
    "Move",
    "Row",
    "Stale",
    "about_stays",
    "add_days",
    "at_once",
    "attach",
    "case_seen",
    "cases_of",
    "cases_on_stay",
    "comment",
    "contact_line",
    "do",
    "do_many",
    "do_now",
    "end_given",
    "follow",
    "give",
    "given_to",
    "hand_over",
    "hand_over_many",
    "in_state",
    "is_working",
    "keep",
    "kept",
    "known_year",
    "list_table",
    "machine",
    "machines",
    "moves_for",
    "name_contact",
    "notices_of",
    "open_case",
    "people_with",
    "read_notices",
    "recall",
    "register",
    "rows_of",
    "set_day",
    "standing_steps",
    "state_told",
    "state_words",
    "stays_given",
    "sweep",
    "takers",
    "tell",
    "tell_person",
    "timeline",
    "unread",
    "with_contact",
    "work",
    "work_list",
]
