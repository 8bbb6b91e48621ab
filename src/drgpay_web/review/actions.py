"""Writes of special reviews besides their moves: an application begun, stays suggested."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from drgpay import runs
from drgpay_web import flow, jobs, store
from drgpay_web.people import Act, Actor, Unit, system_actor
from drgpay_web.review import quota
from drgpay_web.ui import Unfit

SUGGEST = "review.suggest"
_ENDED = ("passed", "lapsed", "withdrawn", "superseded")
_BY_ALL = ("case_class", "points", "due", "balance")


def draft(actor: Actor, *, stay: str, reason: str, statement: str) -> flow.Case:
    """Begin an application for a stay of one's own institution. One that is there already is that one. Raises Unfit
    for a stay that is not in the latest result, or was decided."""
    actor.need(Act.REVIEW_DRAFT, actor.unit)
    with transaction.atomic():
        store.lock(actor.area)
        case = there(actor.unit, stay)
        if case is None:
            found = _found(actor.unit, stay)
            if found is None:
                raise Unfit("review.no_such_stay", stay=stay)
            case = _opened(actor, actor.unit, *found)
        if case.state == "final":
            raise Unfit("review.decided_already", number=case.number)
        if case.state != "suggested":
            return case
        return flow.do(
            actor, case, "take_up", version=case.version, values={"reason": reason, "statement": statement}
        )


def there(unit: Unit, stay: str) -> flow.Case | None:
    """The review on a stay that is open or decided."""
    cases = flow.Case.objects.filter(machine=quota.MACHINE, unit=unit, stays__stay_id=stay)
    return cases.exclude(state__in=_ENDED).select_related("unit").order_by("-pk").first()


def _found(unit: Unit, stay: str) -> tuple[store.Result, dict[str, Any]] | None:
    """A stay in the newest open result that has it."""
    for result in store.results_of(unit.area).filter(state__in=("published", "sealed")).exclude(period=""):
        row = quota.stay_in(result, unit.code, stay)
        if row is not None:
            return result, row
    return None


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    """A settled stay as a case keeps it."""
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in row.items()}


def _opened(actor: Actor, unit: Unit, result: store.Result, row: dict[str, Any], reason: str = "") -> flow.Case:
    data = {
        "stay": row["stay_id"],
        "result": result.pk,
        "facts": _plain(row),
        "cost": row["total_cost"],
        "reason": reason,
    }
    return flow.open_case(
        actor, machine=quota.MACHINE, unit=unit, period=result.period, data=data, stays=(row["stay_id"],)
    )


def suggest(pk: int, rows: list[dict[str, Any]]) -> int:
    """Open a suggestion for every stay of a result that has no review yet; how many. One that an earlier result of
    the period made and nobody took up is superseded where this one does not make it, or has the stay otherwise."""
    result = store.Result.objects.get(pk=pk)
    actor, opened = system_actor(result.area), 0
    _supersede(actor, result, {(one["institution_id"], one["stay_id"]) for one in rows})
    for one in rows:
        unit = Unit.objects.filter(area=result.area, kind=Unit.INSTITUTION, code=one["institution_id"]).first()
        there_are = flow.Case.objects.filter(machine=quota.MACHINE, unit=unit, stays__stay_id=one["stay_id"])
        if unit is None or there_are.exclude(state="superseded").exists():
            continue
        row = quota.stay_in(result, unit.code, one["stay_id"])
        if row is not None:
            _opened(actor, unit, result, row, one["reason"])
            opened += 1
    return opened


def _supersede(actor: Actor, result: store.Result, offered: set[tuple[str, str]]) -> None:
    """Suggestions of earlier results of a period that stand nowhere in what is offered now, or on a stay that is
    another now."""
    for case in _suggested(result.area, result.period).exclude(data__result=result.pk):
        if (case.unit.code, case.data["stay"]) not in offered:
            flow.do_now(actor, case, "supersede", cause="not_offered")
        elif (row := quota.stay_in(result, case.unit.code, case.data["stay"])) and _own(row) != _own(
            case.data["facts"]
        ):
            flow.do_now(actor, case, "supersede", cause="newer")


def _own(row: Mapping[str, Any]) -> dict[str, Any]:
    """What of a settled stay is its own, and not made by all stays together."""
    return {name: value for name, value in _plain(row).items() if name not in _BY_ALL}


def _suggested(area: str, period: str) -> QuerySet[flow.Case]:
    """Suggestions of a period that nobody took up yet."""
    found = flow.Case.objects.filter(machine=quota.MACHINE, area=area, period=period, state="suggested")
    return found.select_related("unit").order_by("pk")


def corrected(case: flow.Case, actor: Actor, values: Any) -> None:
    """A submission has entered the record: suggestions on stays that it changed or took back hold no more."""
    there = _suggested(case.area, case.period).filter(unit=case.unit)
    if there:
        changed = set(runs.changed_by(store.record(case.area), case.data["batch"]["batch"]))
        for one in there:
            if one.data["stay"] in changed:
                flow.do_now(system_actor(case.area), one, "supersede", cause="corrected")


def order_suggestions(case: flow.Case, actor: Actor, values: Any) -> None:
    """A period was published: have it looked through for stays that may ask."""
    result = case.data["result"]
    unit = Unit.objects.get(area=case.area, kind=Unit.AREA)
    jobs.order(
        system_actor(case.area), kind=SUGGEST, area=case.area, key=f"review:{result}", payload={"result": result},
        unit=unit,
    )  # fmt: skip
