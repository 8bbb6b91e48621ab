"""What follows moves of a meeting and of what was agreed to be done in it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from drgpay_web import clock, flow
from drgpay_web.flow.machine import Values
from drgpay_web.people import Actor, Person, Role, Unit
from drgpay_web.ui import w

KINDS = ("analysis", "mid_year", "joint", "other")
_BUREAU = (Role.B1, Role.B2, Role.B3, Role.B4, Role.B6)
_HOUSE = (Role.H1, Role.H6)


def planned(case: flow.Case, actor: Actor, values: Values) -> None:
    """Take over day, place and agenda."""
    case.subject = values["subject"][:200]
    case.data |= {"day": values["day"].isoformat(), "place": values["place"] or "", "agenda": values["agenda"] or ""}


def due(case: flow.Case) -> date:
    """A meeting is held by its day."""
    return date.fromisoformat(case.data["day"])


def houses_of(case: flow.Case) -> list[Unit]:
    """The institutions that are invited."""
    found = Unit.objects.filter(area=case.area, kind=Unit.INSTITUTION, code__in=case.data["houses"])
    return list(found.order_by("code"))


def _people(units: Iterable[Unit], case: flow.Case) -> list[Person]:
    people = dict.fromkeys(flow.people_with(_BUREAU, case.unit))
    for unit in units:
        people |= dict.fromkeys(flow.people_with(_HOUSE, unit))
    return list(people)


def invited(case: flow.Case, actor: Actor, values: Values) -> None:
    """The bureau and the institutions are told, with day and place."""
    for person in _people(houses_of(case), case):
        if person != actor.person:
            flow.tell_person(
                case, person, "rhythm.told_invited", href=f"/meetings/{case.pk}", title=case.subject,
                day=case.data["day"], place=case.data["place"],
            )  # fmt: skip


def held_by_now(case: flow.Case, actor: Actor, values: Values) -> flow.Guarded | None:
    """A meeting is held today or was before."""
    return flow.Guarded("rhythm.held_in_future") if values["held_on"] > clock.today() else None


def held(case: flow.Case, actor: Actor, values: Values) -> None:
    """The day it was held on, and who was there."""
    case.data |= {"held_on": values["held_on"].isoformat(), "present": values["present"]}


def minuted(case: flow.Case, actor: Actor, values: Values) -> None:
    """The draft of the minutes."""
    case.data["drafted"] = {"number": values["number"], "text": values["text"], "held_on": case.data["held_on"]}


def approved(case: flow.Case, actor: Actor, values: Values) -> None:
    """The minutes hold."""
    case.data["minutes"] = case.data.pop("drafted")


def owners(case: flow.Case, actor: Actor, lang: str) -> list[tuple[str, str]]:
    """Who can be given something to do: people of the bureau and of the invited institutions."""
    found = {str(one.pk): one.name for one in flow.people_with(_BUREAU, case.unit)}
    for unit in houses_of(case):
        people = flow.people_with(_HOUSE, unit)
        found |= {str(one.pk): f"{one.name} · {unit.name}" for one in people if str(one.pk) not in found}
    return list(found.items())


def some_day_ahead(case: flow.Case, actor: Actor, values: Values) -> flow.Guarded | None:
    """One person, and a day that has not passed."""
    if len(values.get("owner") or [0]) != 1:
        return flow.Guarded("rhythm.one_owner")
    return flow.Guarded("rhythm.day_passed") if values["day"] < clock.today() else None


def task_given(case: flow.Case, actor: Actor, values: Values) -> None:
    """A follow-up of its own, given to its owner by name, in the unit he acts for."""
    person = Person.objects.get(pk=values["owner"][0])
    units = [*houses_of(case), case.unit]
    unit = next(
        one for one in units
        if person in flow.people_with(_HOUSE if one.kind == Unit.INSTITUTION else _BUREAU, one)
    )  # fmt: skip
    data = {"task": values["task"], "day": values["day"].isoformat(), "owner": person.name}
    task = flow.open_case(
        actor, machine="follow_up", unit=unit, period=case.period, subject=values["task"][:200], data=data,
        source=case,
    )  # fmt: skip
    flow.give(actor, task, person=person, slot="owner")


def task_due(case: flow.Case) -> date:
    """The day of a follow-up."""
    return date.fromisoformat(case.data["day"])


def postponed(case: flow.Case, actor: Actor, values: Values) -> None:
    """Another day."""
    case.data["day"] = values["day"].isoformat()


def done(case: flow.Case, actor: Actor, values: Values) -> None:
    """What was done."""
    case.data["result"] = values["result"]


def open_tasks(case: flow.Case) -> list[flow.Case]:
    """The follow-ups of a meeting, the first due first."""
    found = flow.Case.objects.filter(machine="follow_up", came_from__source=case).select_related("unit")
    return sorted(found, key=lambda one: (one.data["day"], one.pk))


def facts(case: flow.Case, lang: str) -> list[tuple[str, str, str]]:
    """Kind, day, place, who is invited, minutes."""
    data: dict[str, Any] = case.data
    found = [
        ("rhythm.meeting_kind", w(f"rhythm.meeting.kind.{data['kind']}", lang), ""),
        ("rhythm.meeting_day", data["day"], ""),
        ("rhythm.place", data["place"], ""),
        ("rhythm.agenda", data["agenda"], ""),
        ("rhythm.invited", "、".join(one.name for one in houses_of(case)), ""),
    ]
    if data.get("held_on"):
        found += [("rhythm.held_on", data["held_on"], ""), ("rhythm.present", data["present"], "")]
    if minutes := data.get("minutes") or data.get("drafted"):
        found += [("rhythm.minutes_number", minutes["number"], ""), ("rhythm.minutes", minutes["text"], "")]
    return [one for one in found if one[1]]


def task_facts(case: flow.Case, lang: str) -> list[tuple[str, str, str]]:
    """What, who, by when, and what was done."""
    found = [("rhythm.task", case.data["task"], ""), ("rhythm.owner", case.data["owner"], ""),
             ("rhythm.task_day", case.data["day"], "")]  # fmt: skip
    return [*found, ("rhythm.result", case.data["result"], "")] if case.data.get("result") else found


def task_columns(case: flow.Case, lang: str) -> list[tuple[str, str]]:
    """What the list of follow-ups shows."""
    return [("rhythm.owner", case.data["owner"]), ("rhythm.task_day", case.data["day"])]


def columns(case: flow.Case, lang: str) -> list[tuple[str, str]]:
    """What the list of meetings shows."""
    kind = w(f"rhythm.meeting.kind.{case.data['kind']}", lang)
    return [("rhythm.meeting_kind", kind), ("rhythm.meeting_day", case.data["day"])]
