"""Working days: weekdays, but for the days the calendar names (public holidays, and weekend days worked instead)."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from typing import Any

import yaml
from django.db import transaction

from drgpay_web import trail
from drgpay_web.flow.models import WorkingDay
from drgpay_web.people import Act, Actor

_SATURDAY = 5


@cache
def published() -> dict[int, dict[str, Any]]:
    """The public holidays the office is delivered with, by year, each with its source."""
    found: dict[int, dict[str, Any]] = yaml.safe_load(
        (files("drgpay_web.flow") / "data" / "working_days.yaml").read_text(encoding="utf-8")
    )
    return found


def seed(model: Any = WorkingDay, database: str = "default") -> int:
    """Enter the public holidays of the years that have no day yet; how many days were entered."""
    rows, there = [], model.objects.using(database)
    for year, said in published().items():
        if there.filter(day__year=year).exists():
            continue
        for name, first, last, worked in said["days"]:
            off = [first + timedelta(n) for n in range((last - first).days + 1)]
            days = [(day, False) for day in off] + [(day, True) for day in worked]
            rows += [model(day=d, working=w, name=name, source=said["source"]) for d, w in days]
    there.bulk_create(rows)
    return len(rows)


def known_year(year: int) -> bool:
    """The calendar has the public holidays of a year; where not, only weekends are counted, and pages say so."""
    return WorkingDay.objects.filter(day__year=year).exists()


def is_working(day: date) -> bool:
    """Whether a day is worked."""
    said = WorkingDay.objects.filter(day=day).values_list("working", flat=True).first()
    return day.weekday() < _SATURDAY if said is None else bool(said)


def add_days(day: date, n: int, working: bool = True) -> date:
    """The n-th day after ``day`` (not counted itself): of working days, or of all."""
    if not working:
        return day + timedelta(n)
    said = dict(
        WorkingDay.objects.filter(day__gt=day, day__lte=day + timedelta(3 * n + 30)).values_list("day", "working")
    )
    while n > 0:
        day += timedelta(1)
        n -= said.get(day, day.weekday() < _SATURDAY)
    return day


def set_day(actor: Actor, *, day: date, working: bool | None, name: str = "") -> None:
    """Say of a day whether it is worked; None: what its weekday says. Deadlines already set stay as they are."""
    actor.need(Act.CALENDAR_EDIT)
    with transaction.atomic():
        old = WorkingDay.objects.filter(day=day).first()
        before = None if old is None else {"working": old.working, "name": old.name}
        if working is None:
            WorkingDay.objects.filter(day=day).delete()
        else:
            WorkingDay.objects.update_or_create(day=day, defaults={"working": working, "name": name, "source": ""})
        after = None if working is None else {"working": working, "name": name}
        trail.record(actor, "calendar.edit", f"day:{day.isoformat()}", before=before, after=after)
