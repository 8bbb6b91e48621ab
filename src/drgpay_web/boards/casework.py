"""What is open of cases on both boards: disputes, special reviews, and alerts with their state."""

from __future__ import annotations

from typing import Any

from django.db.models import F

from drgpay_web import flow
from drgpay_web.boards.filters import DEPARTMENT, GROUP, Seen
from drgpay_web.boards.tiles import Tile
from drgpay_web.ui import w
from drgpay_web.ui.summaries import HOUSE

DISPUTED = ("disputed", "answering", "answered", "escalated")
"""states of a statement that somebody does not agree with"""
ALERT, STATEMENT, REVIEW = "alert", "statement", "special_review"
SHOWN = 8


def _of(seen: Seen, machine: str) -> Any:
    """The cases of a machine that the reader may see, of what is filtered by."""
    found = flow.cases_of(seen.actor, machine=machine)
    if seen.house is not None:
        found = found.filter(unit__path__startswith=seen.house.path)
    return found


def _may(seen: Seen, machine: str) -> bool:
    return any(one.name == machine and seen.actor.may(one.see) for one in flow.machines())


def open_tiles(seen: Seen) -> list[Tile]:
    """How many statements are disputed and special reviews are open; each leads to its list."""
    found = []
    counted = (
        (STATEMENT, "boards.disputes", {"state__in": DISPUTED}, ",".join(DISPUTED), "dispute"),
        (REVIEW, "boards.reviews", {"closed_at": None}, "open", "special"),
    )
    for machine, key, which, state, term in counted:
        if _may(seen, machine):
            count = _of(seen, machine).filter(**which).count()
            unit = f"&unit={seen.house.pk}" if seen.house else ""
            found.append(Tile(w(key, seen.lang), str(count), (), f"/cases/of/{machine}?state={state}{unit}", term))
    return found


def alerts(seen: Seen) -> dict[str, Any] | None:
    """Alerts on what is filtered by, those that are open and urgent first; on both boards alike. None for those who
    may not see alerts."""
    if not _may(seen, ALERT):
        return None
    found = _of(seen, ALERT)
    if ward := seen.of(DEPARTMENT):
        found = found.filter(unit__code=ward, unit__kind="department") | found.filter(unit__code=seen.of(HOUSE))
    if group := seen.of(GROUP):
        found = found.filter(subject=group)
    order = (F("closed_at").desc(nulls_first=True), F("deadline").asc(nulls_last=True), "-pk")
    rows, lang = flow.rows_of(seen.actor, found.order_by(*order)[:SHOWN]), seen.lang
    cases = [row.case for row in rows]
    said = [dict(one.rules.columns(one, lang)) if one.rules.columns else {} for one in cases]
    keys = list(dict.fromkeys(key for one in said for key in one))
    return {
        "heads": [w(key, lang) for key in keys],
        "rows": [
            {
                "case": row.case, "light": row.light, "light_words": w(f"flow.light_{row.light}", lang),
                "state": flow.state_words(seen.actor, row.case), "cells": [its.get(key, "") for key in keys],
                "mine": bool(row.moves), "group": row.case.subject,
                "group_name": seen.names(GROUP, {GROUP: row.case.subject}) if row.case.subject else "",
            }
            for row, its in zip(rows, said, strict=True)
        ],
        "grouped": any(one.subject for one in cases),
        "open": found.filter(closed_at=None).count(),
        "total": found.count(),
        "all": f"/cases/of/{ALERT}?state=open{f'&unit={seen.house.pk}' if seen.house else ''}",
    }  # fmt: skip
