"""Ordering looks, runs and checks; publishing. Moves of cases are in ``rules``."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from drgpay_web import flow, jobs, store, trail
from drgpay_web.clearing import period_moves, reopening_moves, results
from drgpay_web.clearing.links import blocked, parsed, standing
from drgpay_web.people import Act, Actor, NotThere, Role, Unit
from drgpay_web.ui import Unfit

LOOK, RUN, VERIFY = "clearing.look", "clearing.run", "clearing.verify"
KINDS = (results.CANDIDATE, results.TRIAL)


def order_look(actor: Actor, *, period: str, kind: str, policy: str) -> jobs.Job:
    """Pin what the record holds and have it looked at before a run; a year that is opened again goes by the practice
    it was sealed under. Raises Unfit where there can be no such run."""
    actor.need(Act.RUN_ORDER)
    if kind not in KINDS or policy not in {one.id for one in store.practices(actor.area)}:
        raise Unfit("clearing.order_unclear")
    try:
        year, _ = parsed(period)
    except ValueError:
        raise Unfit("clearing.order_unclear") from None
    _need_free(actor.area, period, kind)
    opened = reopening_moves.approved_of(actor.area, period) if kind == results.CANDIDATE else None
    own = reopening_moves.practice_of(opened) if opened else policy
    pin = store.pin(actor, actor.area, own, "")
    book = standing(actor.area, year)
    after = book.after if blocked(actor.area, period) is None else ""
    payload: dict[str, Any] = {"period": period, "kind": kind, "pin": pin.pk, "after": after}
    if opened:
        payload |= {"reopens": opened.data["run"], "because": opened.data["reason"]}
    return jobs.order(
        actor, kind=LOOK, area=actor.area, key=f"look:{actor.area}:{period}:{kind}:{pin.pk}", payload=payload
    )


def _need_free(area: str, period: str, kind: str) -> None:
    why = blocked(area, period) if kind == results.CANDIDATE else None
    if why and reopening_moves.approved_of(area, period) is None:
        raise Unfit(why[0], **why[1])


def reopen(actor: Actor, *, year: int, reason: str) -> flow.Case:
    """Ask for a sealed year to be opened again, as an addition: another person approves it. Raises Unfit where the
    year is not closed, without a reason, or while another goes on."""
    unit = Unit.objects.get(area=actor.area, kind=Unit.AREA)
    actor.need(Act.REOPENING_ASK, unit)
    run = reopening_moves.last_closing(actor.area, year)
    if not run:
        raise Unfit("clearing.reopen_not_closed", year=year)
    if not reason:
        raise Unfit("clearing.reopen_reason_needed")
    with transaction.atomic():
        store.lock(actor.area)
        if reopening_moves.open_case_of(actor.area, year):
            raise Unfit("clearing.reopen_goes_on", year=year)
        case = flow.open_case(
            actor, machine="reopening", unit=unit, period=str(year), data={"run": run, "reason": reason}
        )
        flow.tell(case, (Role.B2,), "clearing.told_reopening", year=year)
    return case


def order_run(actor: Actor, *, look: jobs.Job, reason: str = "") -> jobs.Job:
    """Have a run made of what a look has seen. What would stop it is accepted in the actor's name with a reason.
    One run of a year goes on at a time: ordering another gives the one that does."""
    actor.need(Act.RUN_ORDER, look.unit)
    if look.state != "done" or look.result is None:
        raise Unfit("clearing.look_first")
    said = look.payload
    _need_free(actor.area, said["period"], said["kind"])
    stops = [notice for notice in look.result["notices"] if notice["stops"]]
    if stops and not reason:
        raise Unfit("clearing.reason_needed", count=len(stops))
    year, _ = parsed(said["period"])
    payload = {**said, "accept": actor.person.name if stops else "", "reason": reason if stops else ""}
    job = jobs.order(actor, kind=RUN, area=actor.area, key=f"run:{actor.area}:{year}", payload=payload)
    if not job.existing:
        after = {"period": said["period"], "kind": said["kind"], "pin": said["pin"]}
        trail.record(actor, Act.RUN_ORDER, f"job:{job.pk}", after=after, reason=reason)
    return job


def order_check(actor: Actor, result: store.Result) -> jobs.Job:
    """Have a result made again from its inputs and compared row by row."""
    actor.need(Act.RUN_ORDER)
    payload = {"result": result.pk, "back": f"/runs/{result.pk}"}
    return jobs.order(actor, kind=VERIFY, area=actor.area, key=results.verify_key(result), payload=payload)


def publish(actor: Actor, result: store.Result) -> flow.Case:
    """Publish the newest candidate of a period: the first opens the period and its statements, a later one takes the
    place of the published one, and one that is published stays so. Raises Refused, NotThere, Guarded."""
    unit = Unit.objects.get(area=result.area, kind=Unit.AREA)
    actor.need(Act.PERIOD_PUBLISH, unit)
    there = period_moves.case_of(result.area, result.period)
    if there is not None:
        if there.data["result"] == result.pk:
            return there
        if why := results.unpublishable(actor, result):
            raise why
        return flow.do(actor, there, "republish", version=there.version)
    return _opened(actor, result)


def _opened(actor: Actor, result: store.Result) -> flow.Case:
    with transaction.atomic():
        store.lock(result.area)
        if there := period_moves.case_of(result.area, result.period):
            return there
        result.refresh_from_db()
        if why := results.unpublishable(actor, result):
            raise why
        return period_moves.opened(actor, result)


def result_seen(actor: Actor, pk: int) -> store.Result:
    """A run or trial of the actor's area. Raises NotThere."""
    found = store.Result.objects.filter(pk=pk, area=actor.area, kind__in=("run", "trial"))
    result = found.select_related("pin", "job", "job__ordered_by").exclude(state="lost").first()
    if result is None:
        raise NotThere
    return result
