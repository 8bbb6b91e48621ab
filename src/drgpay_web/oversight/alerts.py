"""Alerts: raised by a look, answered by those they are about, kept as events (13 §2.5)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from drgpay.report import alert_is_share
from drgpay.tables import ALERT_EVENTS, ALERT_EVIDENCE, ALERTS
from drgpay.units import show_coefficient, show_percent
from drgpay_web import clock, flow, store
from drgpay_web.flow.machine import Values
from drgpay_web.oversight.looks import rows_of
from drgpay_web.oversight.opening import has_case, remember, unit_of
from drgpay_web.people import Actor, Role, system_actor
from drgpay_web.ui import field_word, w
from drgpay_web.ui.values import printed

BUREAU, HOUSE = (Role.B1, Role.B4), (Role.H1, Role.H6)


def raise_from(look: store.Result) -> list[flow.Case]:
    """Open a case for every alert of a look that has none, and tell bureau and hospital of it."""
    folder, system = store.folder(look), system_actor(look.area)
    evidence: dict[str, list[dict[str, Any]]] = {}
    for row in rows_of(folder, ALERT_EVIDENCE):
        evidence.setdefault(row["alert_id"], []).append(row)
    opened = []
    for row in sorted(rows_of(folder, ALERTS), key=lambda one: str(one["alert_id"])):
        if row["state"] == "raised" and not has_case(look.area, row["alert_id"]):
            opened.append(_raised(system, look, row, evidence.get(row["alert_id"], [])))
    return opened


def _raised(
    system: Actor, look: store.Result, row: dict[str, Any], evidence: list[dict[str, Any]]
) -> flow.Case:  # fmt: skip
    """An alert as a case. Its days count from today: a look may come long after the month it is of."""
    due = clock.today() + (row["deadline"] - row["raised_on"])
    month = f"{row['year']}-{row['month']:02d}" if row["month"] else str(row["year"])
    names = ("alert_id", "rule", "scope", "drg", "value", "threshold", "zh", "en", "action_zh", "action_en", "owner",
             "small")  # fmt: skip
    data = {
        "look": look.pk, "due": due.isoformat(), "evidence": sorted(evidence, key=lambda one: one["month"]),
        **{name: row[name] for name in names},
    }  # fmt: skip
    unit = unit_of(look.area, row["institution_id"], row["department_id"])
    case = flow.open_case(system, machine="alert", unit=unit, period=month, data=data, subject=row["drg"] or "")
    remember(case, [row["alert_id"]])
    flow.tell(case, (*BUREAU, *HOUSE), "oversight.told_alert")
    return case


def due(case: flow.Case) -> date:
    """By when it is to be explained or corrected."""
    return date.fromisoformat(case.data["due"])


def later(case: flow.Case) -> date:
    """What is to be checked is checked within the same days again."""
    return max(due(case), clock.today() + timedelta(days=15))


def event(case: flow.Case, actor: Actor, values: Values) -> None:
    """What was done goes to the register of events, which the next look reads."""
    alert = case.data["alert_id"]
    before = [row for row in store.rows(case.area, ALERT_EVENTS) if row["alert_id"] == alert]
    row = {
        "alert_id": alert, "number": len(before) + 1, "state": case.state, "on": clock.today(),
        "by": actor.person.username, "note": values.get("text") or w(f"oversight.alert.state.{case.state}", "zh"),
    }  # fmt: skip
    store.put_rows(
        actor, area=case.area, table=ALERT_EVENTS, rows=[row], origin=f"case:{case.number}", case=case,
        reason=row["note"],
    )  # fmt: skip


def overdue(case: flow.Case, actor: Actor, values: Values) -> None:
    """Nobody answered in time: it is marked, and said once."""
    case.data["overdue"], case.silence = True, ""


def figure(case: flow.Case, value: int) -> str:
    """A figure of an alert as people read it."""
    return show_percent(value) if alert_is_share(case.data["rule"]) else show_coefficient(value)


def facts(case: flow.Case, lang: str) -> list[tuple[str, str, str]]:
    """What it says, the figure and the limit it passed, what is to be done and by whom."""
    data = case.data
    found = [
        ("oversight.alert_says", data[lang], ""),
        ("oversight.figure", figure(case, data["value"]), ""),
        ("oversight.limit", figure(case, data["threshold"]) if data["threshold"] else "", ""),
        ("oversight.action", data[f"action_{lang}"], ""),
        ("oversight.owner", field_word(data["owner"], lang), ""),
    ]
    if data["drg"]:
        found.append(("oversight.group", data["drg"], ""))
    if data["small"]:
        found.append(("oversight.few", w("ui.yes", lang), ""))
    if data.get("overdue"):
        found.append(("oversight.was_overdue", w("ui.yes", lang), ""))
    return [one for one in found if one[1]]


def panel(case: flow.Case, actor: Actor) -> Mapping[str, Any]:
    """The figures behind it, month by month."""
    months = [
        {"month": one["month"], "value": figure(case, one["value"]), "n": printed(one["n"], "int64", "zh")}
        for one in case.data["evidence"]
    ]
    return {"months": months}


def columns(case: flow.Case, lang: str) -> list[tuple[str, str]]:
    """What the list shows of it."""
    return [
        ("oversight.alert_says", case.data[lang]),
        ("oversight.figure", figure(case, case.data["value"])),
        ("oversight.action", case.data[f"action_{lang}"]),
    ]
