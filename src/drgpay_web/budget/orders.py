"""Ordering the jobs of this room; their kinds."""

from __future__ import annotations

from typing import Any

from drgpay_web import clock, flow, jobs, store
from drgpay_web.people import Actor

PLAN, RATIOS, PREPAY, WATCH = "budget.plan", "budget.ratios", "budget.prepay", "budget.watch"


def order(actor: Actor, case: flow.Case, kind: str, **more: Any) -> jobs.Job:
    """Have something computed for a case from the record as it is now, by the practice in force and the book up to
    its last sealed run of the year; ``more`` may name another pin and run."""
    year = int(case.period)
    known = more if "pin" in more else _as_it_is(actor, case.area, year)
    payload = {"case": case.pk, "year": year, "back": f"/cases/{case.pk}", **known, **more}
    job = jobs.order(actor, kind=kind, area=case.area, key=f"{kind}:case:{case.pk}", payload=payload)
    case.data["job"] = job.pk
    case.data.pop("error", None)
    return job


def order_agreed(actor: Actor, case: flow.Case) -> jobs.Job:
    """Have the budget computed as it was agreed, with the rows it gives the registers."""
    return order(actor, case, PLAN, agreed={"by": actor.person.name, "on": clock.today().isoformat()})


def order_watch(actor: Actor, area: str, year: int) -> jobs.Job:
    """Have it computed how the fund of a year stands."""
    payload = {"year": year, "back": f"/fund?year={year}", **_as_it_is(actor, area, year)}
    return jobs.order(actor, kind=WATCH, area=area, key=f"{WATCH}:{area}:{year}", payload=payload)


def _as_it_is(actor: Actor, area: str, year: int) -> dict[str, Any]:
    """The record now, and the last sealed run of the year's book."""
    pin = store.pin(actor, area, store.practice_of(area), "")
    sealed = store.results_of(area).filter(state="sealed", period__startswith=str(year)).first()
    return {"pin": pin.pk, "run": sealed.pk if sealed else None}
