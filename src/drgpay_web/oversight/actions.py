"""What is done outside of moves: making findings public."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.db import transaction

from drgpay import runs
from drgpay.tables import DOCTOR_MARKS, INSTITUTIONS, PUBLICATIONS
from drgpay_web import clock, flow, store
from drgpay_web.people import Act, Actor, Unit, system_actor
from drgpay_web.ui import Unfit, w
from drgpay_web.ui.tables import headed
from drgpay_web.ui.values import printed

DONE = ("executed", "published", "closed")


def treated_cases(area: str, year: int) -> list[flow.Case]:
    """The cases of a year whose treatment was carried out."""
    found = flow.Case.objects.filter(area=area, machine="suspicion", state__in=DONE, data__year=year)
    return list(found.select_related("unit").order_by("pk"))


def year_of(area: str, year: int, cases: Collection[flow.Case]) -> runs.YearOfTreatments:
    """What the treatments of these cases, and the doctors' register, add up to."""
    return runs.year_of_treatments(
        store.practice_source(area), clock.today(), year, [row for case in cases for row in case.data["treated"]],
        store.rows(area, DOCTOR_MARKS), [row["institution_id"] for row in store.rows(area, INSTITUTIONS)],
    )  # fmt: skip


def to_publish(actor: Actor, year: int) -> list[flow.Case]:
    """The cases that are to be made public and have not been."""
    waiting = [case for case in treated_cases(actor.area, year) if case.state == "executed"]
    return [case for case in waiting if case.data["decision"]["publish"] and "announcement" not in case.data]


def announce(actor: Actor, *, year: int, audience: str) -> flow.Case:
    """Draft one announcement of all findings of a year that wait to be made public; nobody is named in it but
    institutions. Others check and publish it. Raises Unfit where none waits."""
    actor.need(Act.SUSPICION_PUBLISH)
    if audience not in ("public", "hospitals"):
        raise Unfit("oversight.audience_unclear")
    with transaction.atomic():
        store.lock(actor.area)
        waiting = to_publish(actor, year)
        if not waiting:
            raise Unfit("oversight.nothing_to_publish")
        area = Unit.objects.get(area=actor.area, kind=Unit.AREA)
        rows = year_of(actor.area, year, waiting).publications
        data = {
            "kind": "violations", "audience": audience, "text": w("oversight.announcement_text", "zh", year=year),
            "heads": heads("zh"), "rows": printed_rows(actor.area, rows, "zh"),
        }  # fmt: skip
        made = flow.open_case(
            actor, machine="announcement", unit=area, period=str(year), source=waiting[0], data=data,
            subject=w("oversight.announcement_title", "zh", year=year),
        )  # fmt: skip
        for case in waiting:
            case.data["announcement"] = made.pk
            case.save(update_fields=["data"])
    return made


def _of(announcement: flow.Case) -> list[flow.Case]:
    """The cases an announcement makes public."""
    return list(flow.Case.objects.filter(machine="suspicion", state="executed", data__announcement=announcement.pk))


def published(case: flow.Case, actor: Actor, values: Any) -> None:
    """What an announcement says is public with it."""
    for one in _of(case):
        flow.do(system_actor(one.area), one, "publish", version=one.version, note=case.number)


def discarded(case: flow.Case, actor: Actor, values: Any) -> None:
    """An announcement that was given up: its cases wait again."""
    for one in _of(case):
        del one.data["announcement"]
        one.save(update_fields=["data"])


_SHOWN = ("institution_id", "violation", "count", "amount", "damages")


def heads(lang: str) -> list[str]:
    """The heads of the list."""
    return [headed(PUBLICATIONS[name], lang) for name in _SHOWN]


def printed_rows(area: str, rows: Collection[dict[str, Any]], lang: str) -> list[list[str]]:
    """Rows of ``publications`` in words, institutions by their names."""
    names = dict(Unit.objects.filter(area=area, kind=Unit.INSTITUTION).values_list("code", "name"))
    return [
        [names.get(row[name], "") if name == "institution_id" else printed(row[name], PUBLICATIONS[name].type, lang)
         for name in _SHOWN]
        for row in rows
    ]  # fmt: skip
