"""Moves of a quarter and of a department's view of it."""

from __future__ import annotations

from typing import Any

from drgpay import runs
from drgpay_web import clock, flow, jobs, store
from drgpay_web.flow.machine import Values
from drgpay_web.hospital import orders
from drgpay_web.people import Actor, Role, Unit, system_actor

Why = flow.Guarded | None
POOLS = "department_results"


def departments_of(case: flow.Case) -> list[flow.Case]:
    """The departments' views of a quarter, by code."""
    found = flow.Case.objects.filter(machine="hospital_department", period=case.period, unit__parent=case.unit)
    return [one for one in found.select_related("unit").order_by("unit__code") if one.data["quarter"] == case.pk]


def quarter_of(case: flow.Case) -> flow.Case:
    """The quarter a department's view belongs to."""
    return flow.Case.objects.get(pk=case.data["quarter"])


def uncomputable(case: flow.Case, actor: Actor) -> Why:
    """The year was settled and published."""
    year, _ = orders.parsed(case.period)
    return None if orders.year_runs(case.area, year) else flow.Guarded("hospital.year_not_settled", year=year)


def nothing_to_correct(case: flow.Case, actor: Actor) -> Why:
    """Objections are answered together, and one of them changed something."""
    if waiting := [one for one in departments_of(case) if one.state in ("objected", "answered")]:
        return flow.Guarded("hospital.objections_open", count=len(waiting))
    return None if case.data.get("corrected") else flow.Guarded("hospital.nothing_changed")


def compute(case: flow.Case, actor: Actor, values: Values) -> None:
    """Have the quarter worked out."""
    payload = {
        "case": case.pk, "period": case.period, "base": case.data["base"], "changes": case.data["changes"],
        "back": f"/cases/{case.pk}",
    }  # fmt: skip
    key = f"quarter:{case.pk}:{case.version}"
    job = jobs.order(actor, kind=orders.COMPUTE, area=case.area, key=key, payload=payload, unit=case.unit)
    case.data["job"] = job.pk
    case.data["corrected_before"] = bool(case.data.pop("corrected", False))


def computed(case: flow.Case, actor: Actor, values: Values) -> None:
    """The new result; departments whose pay it leaves as it was are not asked again."""
    before = orders.result_of(case)
    case.data["result"] = store.Result.objects.get(job=case.data["job"]).pk
    case.data.pop("failed", None)
    case.save(update_fields=["data"])
    if before is None:
        return
    old, new = (_paid(one) for one in (before, orders.result_of(case)))
    for one in departments_of(case):
        if one.state == "agreed":
            same = old.get(one.unit.code) == new.get(one.unit.code)
            flow.do(actor, one, "keep" if same else "again", version=one.version)


def _paid(result: store.Result | None) -> dict[str, Any]:
    """What every department's result says."""
    return {row["department_id"]: row for row in orders.rows_of(result, POOLS)} if result else {}


def failed(case: flow.Case, actor: Actor, values: Values) -> None:
    """The job says why; what was to be corrected still is."""
    case.data["failed"] = case.data["job"]
    if case.data.get("corrected_before"):
        case.data["corrected"] = True


def where_it_was(case: flow.Case, values: Values) -> str:
    """Where the quarter is after a result, or without one."""
    if departments_of(case):
        return "shown"
    return "computed" if case.data.get("result") else "opened"


def with_result(case: flow.Case, values: Values) -> str:
    """The quarter has a result: departments look at it again, or have yet to see it."""
    return "shown" if departments_of(case) else "computed"


def shown(case: flow.Case, actor: Actor, values: Values) -> None:
    """Every department that gets something sees its own, and has its days to object."""
    there = _paid(orders.result_of(case))
    terms = runs.office_terms(store.practice_source(case.area), clock.today())
    for unit in case.unit.children.filter(kind=Unit.DEPARTMENT, code__in=list(there)):
        one = flow.open_case(
            actor, machine="hospital_department", unit=unit, period=case.period, source=case,
            data={"quarter": case.pk, "days": terms.objection_days},
        )  # fmt: skip
        flow.tell(one, (Role.H3,), "hospital.told_shown", period=case.period)


def not_agreed(case: flow.Case, actor: Actor) -> Why:
    """All departments agreed, were answered or were silent, and what was accepted is worked out."""
    if case.data.get("corrected"):
        return flow.Guarded("hospital.compute_again")
    left = [one for one in departments_of(case) if one.state != "agreed"]
    return flow.Guarded("hospital.departments_open", count=len(left)) if left else None


def not_ahead(case: flow.Case, actor: Actor, values: Values) -> Why:
    """Pay is not noted before it was paid."""
    return flow.Guarded("hospital.paid_ahead") if values["paid_on"] > clock.today() else None


def paid(case: flow.Case, actor: Actor, values: Values) -> None:
    """The day on which slips were paid; the quarter is kept, and the next one goes on from it."""
    case.data["paid_on"] = values["paid_on"].isoformat()
    for one in departments_of(case):
        flow.do(system_actor(case.area), one, "finish", version=one.version)


def corrected(case: flow.Case, actor: Actor, values: Values) -> None:
    """An objection was accepted."""
    case.data["corrected"] = True


def due(case: flow.Case) -> Any:
    """By when a department objects."""
    return flow.add_days(clock.today(), case.data["days"])


def objected(case: flow.Case, actor: Actor, values: Values) -> None:
    """Keep what is objected to."""
    case.data["objection"] = {"reason": values["reason"], "on": clock.today().isoformat()}


def accepted(case: flow.Case, actor: Actor, values: Values) -> None:
    """Keep the answer until it is approved."""
    case.data["objection"]["answer"] = {"is": "accept", "reply": values["reply"]}


def refused(case: flow.Case, actor: Actor, values: Values) -> None:
    """Keep the answer until it is approved."""
    case.data["objection"]["answer"] = {"is": "refuse", "reply": values["reply"]}


def answered(case: flow.Case, actor: Actor, values: Values) -> None:
    """What was accepted is worked out again before anything is paid."""
    if case.data["objection"]["answer"]["is"] == "accept":
        quarter = quarter_of(case)
        flow.do(system_actor(case.area), quarter, "corrected", version=quarter.version)


def returned(case: flow.Case, actor: Actor, values: Values) -> None:
    """The answer is written anew."""
    case.data["objection"].pop("answer", None)


def lapsed(case: flow.Case, actor: Actor, values: Values) -> None:
    """Nobody objected: marked so."""
    case.data["silent"] = True
