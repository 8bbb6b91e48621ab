"""What follows when a change of a budget is approved: within the year, or at its end."""

from __future__ import annotations

from typing import Any

from drgpay.tables import BUDGET_ADJUSTMENTS, BUDGET_ENTRIES, Table
from drgpay_web import clock, flow, store
from drgpay_web.budget import orders, plan_moves
from drgpay_web.flow.machine import Values
from drgpay_web.people import Actor, system_actor
from drgpay_web.ui.values import printed

MID_YEAR, YEAR_END = "mid_year", "year_end"


def after_approval(case: flow.Case, values: Values) -> str:
    """A change within the year makes the plan anew; one at its end stands in the register at once."""
    return "posting" if case.data["stage"] == MID_YEAR else "approved"


def approved(case: flow.Case, actor: Actor, values: Values) -> None:
    """The row in the register, and within the year the plan with it."""
    case.data["document"] = values["document"]
    shared = {
        "year": int(case.period), "insurance_scheme": case.data["scheme"], "change_reason": case.data["reason"],
        "amount": case.data["amount"],
    }  # fmt: skip
    if case.data["stage"] == YEAR_END:
        row = shared | {
            "adjustment_id": case.number, "decision": "approved", "decided_by": actor.person.name,
            "decided_on": clock.today(), "document": values["document"],
        }  # fmt: skip
        _put(case, actor, BUDGET_ADJUSTMENTS, row)
        return
    row = shared | {"entry_id": case.number, "stage": MID_YEAR, "part": case.data["part"], "note": values["document"]}
    _put(case, actor, BUDGET_ENTRIES, row)
    orders.order_agreed(actor, case)


def declined(case: flow.Case, actor: Actor, values: Values) -> None:
    """It goes back to who proposed it last, with the reason; who proposes it again may ask for less."""
    proposer = _proposer(case)
    case.data["declined"] = values["why"]
    case.handler = proposer
    flow.tell_person(case, proposer, "budget.told_declined", why=values["why"])


def _proposer(case: flow.Case) -> Any:
    last = case.steps.filter(move="propose").order_by("-version").first()
    return last.person if last else case.opened_by


def proposed(case: flow.Case, actor: Actor, values: Values) -> None:
    """The same change with another amount or better reasons."""
    case.data |= {"amount": values["amount"], "why": values["why"]}
    case.data.pop("declined", None)
    case.handler = None


def amount_now(case: flow.Case) -> str:
    """The amount that was declined, in yuan."""
    return printed(case.data["amount"], "fen", "zh")


def why_now(case: flow.Case) -> str:
    """The reason that was given."""
    return str(case.data["why"])


def _put(case: flow.Case, actor: Actor, table: Table, row: dict[str, Any]) -> None:
    store.put_rows(
        actor, area=case.area, table=table, rows=[row], origin=f"case:{case.number}", case=case,
        reason=str(case.data.get("why", "")),
    )  # fmt: skip


def posted(case: flow.Case, actor: Actor, values: Values) -> None:
    """The registers have the budget with the change."""
    case.data["shown"] = case.data["job"]
    plan_moves.take_offers(case)


def not_posted(case: flow.Case, actor: Actor, values: Values) -> None:
    """The plan could not be made with it: the entry is taken out again, and the case says why."""
    plan_moves.failed(case, actor, values)
    keys = [key for key, row in store.keyed_rows(case.area, BUDGET_ENTRIES) if row["entry_id"] == case.number]
    store.put_rows(
        system_actor(case.area), area=case.area, table=BUDGET_ENTRIES, rows=[], removed=keys,
        origin=f"case:{case.number}", case=case,
    )  # fmt: skip
