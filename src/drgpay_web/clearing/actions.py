"""Ordering looks, runs and checks; publishing. Moves of cases are in ``rules``."""

from __future__ import annotations

from drgpay import runs
from drgpay_web import flow, jobs, store, trail
from drgpay_web.clearing import period_moves, results
from drgpay_web.clearing.links import blocked, parsed, standing
from drgpay_web.people import Act, Actor, NotThere, Unit
from drgpay_web.ui import Unfit

LOOK, RUN, VERIFY = "clearing.look", "clearing.run", "clearing.verify"
KINDS = (results.CANDIDATE, results.TRIAL)


def order_look(actor: Actor, *, period: str, kind: str, policy: str) -> jobs.Job:
    """Pin what the record holds and have it looked at before a run. Raises Unfit where there can be no such run."""
    actor.need(Act.RUN_ORDER)
    if kind not in KINDS or policy not in {one.id for one in runs.practice_names()}:
        raise Unfit("clearing.order_unclear")
    try:
        year, _ = parsed(period)
    except ValueError:
        raise Unfit("clearing.order_unclear") from None
    _need_free(actor.area, period, kind)
    pin = store.pin(actor, actor.area, policy, "")
    book = standing(actor.area, year)
    after = book.after if blocked(actor.area, period) is None else ""
    payload = {"period": period, "kind": kind, "pin": pin.pk, "after": after}
    return jobs.order(
        actor, kind=LOOK, area=actor.area, key=f"look:{actor.area}:{period}:{kind}:{pin.pk}", payload=payload
    )


def _need_free(area: str, period: str, kind: str) -> None:
    why = blocked(area, period) if kind == results.CANDIDATE else None
    if why:
        raise Unfit(why[0], **why[1])


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
    from django.db import transaction

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
