"""What stands in the way of moves of a year's prepayment, and what follows them: advances are registered."""

from __future__ import annotations

from drgpay.tables import ADVANCES, PREPAYMENTS
from drgpay_web import clock, flow, jobs, store
from drgpay_web.budget import orders, plan_moves
from drgpay_web.flow.machine import Values
from drgpay_web.people import Actor


def ordered(case: flow.Case, actor: Actor, values: Values) -> None:
    """Compute it again from the registers as they are now."""
    orders.order(actor, case, orders.PREPAY)


def paid_before(area: str, year: int) -> list[str]:
    """The advances of a year that the register has."""
    return sorted(row["advance_id"] for row in store.rows(area, ADVANCES) if row["year"] == year)


def unchanged(case: flow.Case, actor: Actor) -> flow.Guarded | None:
    """No advance was registered since it was computed: nothing is advanced twice."""
    shown = jobs.Job.objects.get(pk=case.data["shown"])
    same = paid_before(case.area, int(case.period)) == list((shown.result or {})["paid"])
    return None if same else flow.Guarded("budget.paid_since")


def payable(case: flow.Case, actor: Actor) -> flow.Guarded | None:
    """There is something to advance or to suspend, and nothing was advanced since."""
    rows = plan_moves.tables_of(case).get(PREPAYMENTS.name, [])
    if not any(row["to_advance"] or row["suspended"] for row in rows):
        return flow.Guarded("budget.nothing_to_advance")
    return unchanged(case, actor)


def approved(case: flow.Case, actor: Actor, values: Values) -> None:
    """By whom, and under which document."""
    case.data |= {"document": values["document"], "approved_by": actor.person.name}


def paid_by_now(case: flow.Case, actor: Actor, values: Values) -> flow.Guarded | None:
    """What is posted was paid, in its year."""
    if values["paid_on"] > clock.today():
        return flow.Guarded("budget.paid_in_future")
    other = values["paid_on"].year != int(case.period)
    return flow.Guarded("budget.paid_in_other_year", year=case.period) if other else None


def posting(case: flow.Case, actor: Actor, values: Values) -> None:
    """Have the rows for the registers made from what was approved: the record as it was computed from."""
    case.data |= {"order": values["order"], "paid_on": values["paid_on"].isoformat()}
    computed = jobs.Job.objects.get(pk=case.data["shown"])
    agreed = {"by": case.data["approved_by"], "on": case.data["paid_on"]}
    orders.order(actor, case, orders.PREPAY, pin=computed.payload["pin"], run=computed.payload["run"], agreed=agreed)


def registered(case: flow.Case, actor: Actor, values: Values) -> None:
    """The registers have the advances and holds, and how the fund stands is computed anew."""
    plan_moves.take_offers(case)
    orders.order_watch(jobs.orderer(jobs.Job.objects.get(pk=case.data["job"])), case.area, int(case.period))
