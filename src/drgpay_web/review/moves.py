"""What stands in the way of moves of a special review, and what follows them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from drgpay import runs
from drgpay.tables import STAY_DECISIONS
from drgpay_web import clock, flow, store
from drgpay_web.flow.machine import Guarded, Values
from drgpay_web.people import Actor, Person
from drgpay_web.review import experts, quota

Why = Guarded | None
AMOUNTS = ("amount", "standard")
"""decisions that name a cost"""
APPROVED = ("amount", "by_item", "standard")
AGAIN = ("appeal_reviewing", "appeal_third")


def terms(area: str) -> runs.SpecialTerms:
    """The terms of the area's practice today."""
    return runs.special_terms(store.practice_source(area), clock.today())


def due(step: str) -> Callable[[flow.Case], date]:
    """By when a step is due, from the practice."""
    return lambda case: flow.add_days(clock.today(), getattr(terms(case.area), f"{step}_days"))


def due_opinion(case: flow.Case) -> date | None:
    """While another opinion of the round is missing its day stays; then the next step has its own."""
    if case.state in experts.OF_STATE:
        return case.deadline
    return due("assign" if case.state in experts.ROUNDS else "decide")(case)


def written(case: flow.Case, actor: Actor, values: Values) -> None:
    """Take over reason and statement."""
    case.data |= {"reason": values["reason"], "statement": values["statement"]}


def may_submit(case: flow.Case, actor: Actor) -> Why:
    """Evidence is attached, and there is a place in the quota."""
    if not case.attachments.exists():
        return Guarded("review.no_evidence")
    return _full(case)


def _full(case: flow.Case) -> Why:
    taken = quota.used(case.unit, quota.result_of(case), case.pk)
    return Guarded("review.quota_full", used=taken.used, allowed=taken.allowed) if taken.full else None


def whole(case: flow.Case, actor: Actor, values: Values) -> Why:
    """The record and the bill are enclosed, as the applicant says."""
    return None if values["record"] and values["bill"] else Guarded("review.record_and_bill")


def submitted(case: flow.Case, actor: Actor, values: Values) -> None:
    """The quota as it was when it was handed in."""
    taken = quota.used(case.unit, quota.result_of(case), case.pk)
    case.data["quota"] = {"used": taken.used, "allowed": taken.allowed, "discharges": taken.discharges}


def enough(case: flow.Case, actor: Actor) -> Why:
    """There are as many experts as places."""
    wanted, there = len(experts.ROUNDS[case.state]), len(experts.free(case))
    return None if there >= wanted else Guarded("review.too_few_experts", n=wanted, there=there)


def assigned(case: flow.Case, actor: Actor, values: Values) -> None:
    """Give the case to the experts, each in his place."""
    for slot, pk in zip(experts.OF_STATE[case.state], values["experts"], strict=True):
        experts.ask(actor, case, slot, Person.objects.get(pk=pk))


def after_assigning(case: flow.Case, values: Values) -> str:
    """The round that begins."""
    return {slots: state for state, slots in experts.OF_STATE.items()}[experts.ROUNDS[case.state]]


def has_place(case: flow.Case, actor: Actor) -> Why:
    """The expert's opinion is waited for."""
    return None if experts.slot_of(case, actor.person) else Guarded("review.no_place")


def right_amount(case: flow.Case, actor: Actor, values: Values) -> Why:
    """A cost is named where one is approved, and is not more than the stay's own."""
    amount = values["amount"]
    if amount is not None and not 0 <= amount <= case.data["cost"]:
        return Guarded("review.amount_above")
    return None


def opined(case: flow.Case, actor: Actor, values: Values) -> None:
    """Keep the opinion in its place."""
    given = case.data.get("opinions", {})
    open_ones = (slot for slots in experts.ROUNDS.values() for slot in slots if slot not in given)
    slot = next(slot for slot in open_ones if flow.given_to(case, slot) == actor.person)
    said = {"opinion": values["opinion"], "amount": values["amount"], "basis": values["basis"]}
    case.data["opinions"] = {**given, slot: said}


def after_opinion(case: flow.Case, values: Values) -> str:
    """Where an opinion leads: on with the round, to a third expert, or to the decision."""
    again = case.state in AGAIN
    given = [*said_in(case, again), {"opinion": values["opinion"], "amount": values["amount"]}]
    found, _ = runs.judge_opinions(given, case.data["cost"], terms(case.area).difference)
    if found == "waiting":
        return case.state
    state = "differing" if found == "third_needed" else "opinions"
    return f"appeal_{state}" if again else state


def said_in(case: flow.Case, again: bool) -> list[dict[str, Any]]:
    """The opinions of a round, first to third."""
    names = ("first", "second", "third")
    given = case.data.get("opinions", {})
    slots = [f"appeal_{name}" if again else name for name in names]
    return [given[slot] for slot in slots if slot in given]


def replaceable(case: flow.Case, actor: Actor, lang: str) -> list[tuple[str, str]]:
    """The places whose expert can be replaced."""
    from drgpay_web.ui import w

    found = []
    for slot in experts.waiting_slots(case):
        person = flow.given_to(case, slot)
        found.append((slot, f"{w(f'review.slot_{slot}', lang)} {person.name if person else ''}"))
    return found


def replaced(case: flow.Case, actor: Actor, values: Values) -> None:
    """Another expert in a place."""
    experts.ask(actor, case, values["slot"], Person.objects.get(pk=values["experts"][0]))


def somebody_else(case: flow.Case, actor: Actor) -> Why:
    """Another expert is there to take the place."""
    return has_place(case, actor) or (None if experts.free(case) else Guarded("review.nobody_free"))


def recused(case: flow.Case, actor: Actor, values: Values) -> None:
    """The least loaded of the others takes the place."""
    slot = experts.slot_of(case, actor.person)
    experts.ask(actor, case, slot, experts.free(case)[0].person)


def proposed_decision(case: flow.Case) -> str:
    """What the opinions say together."""
    return {"approved": "amount", "declined": "declined"}.get(_judged(case)[0], "")


def proposed_amount(case: flow.Case) -> str:
    """The cost the opinions recognise."""
    from drgpay_web.ui.values import printed

    found, amount = _judged(case)
    return printed(case.data["cost"] if amount is None else amount, "fen", "zh") if found == "approved" else ""


def _judged(case: flow.Case) -> tuple[str, int | None]:
    return runs.judge_opinions(said_in(case, case.state == "appeal_opinions"), case.data["cost"])


def may_decide(case: flow.Case, actor: Actor, values: Values) -> Why:
    """A cost goes with a decision that names one; an approval has a place in the quota."""
    if (values["amount"] is None) == (values["decision"] in AMOUNTS):
        return Guarded("review.amount_needed" if values["decision"] in AMOUNTS else "review.amount_not_needed")
    if why := right_amount(case, actor, values):
        return why
    return _full(case) if values["decision"] in APPROVED else None


def decided(case: flow.Case, actor: Actor, values: Values) -> None:
    """Keep the decision; the one before an appeal stays readable."""
    if "decision" in case.data:
        case.data["first_decision"] = case.data["decision"]
    case.data["decision"] = {
        "is": values["decision"], "amount": values["amount"], "why": values["reason"],
        "on": clock.today().isoformat(),
    }  # fmt: skip


def told(case: flow.Case, actor: Actor, values: Values) -> None:
    """The day from which the appeal counts; what is attached later is new."""
    case.data["told"] = {"on": clock.today().isoformat(), "last": _last_attachment(case)}


def _last_attachment(case: flow.Case) -> int:
    return max(case.attachments.values_list("pk", flat=True), default=0)


def may_appeal(case: flow.Case, actor: Actor) -> Why:
    """An appeal brings new evidence."""
    new = _last_attachment(case) > case.data["told"]["last"]
    return None if new else Guarded("review.no_new_evidence")


def appealed(case: flow.Case, actor: Actor, values: Values) -> None:
    """Keep why."""
    case.data["appeal"] = values["ground"]


def final(case: flow.Case, actor: Actor, values: Values) -> None:
    """The decision becomes a row of the register; one over the quota becomes none. Who reviewed has it no more."""
    flow.end_given(case)
    said = case.data["decision"]
    if said["is"] == "over_quota":
        return
    numbers = [row["number"] for row in store.rows(case.area, STAY_DECISIONS)]
    row = {
        "stay_id": case.data["stay"], "institution_id": case.unit.code, "kind": "special",
        "decision": "approved" if said["is"] in APPROVED else "declined", "number": max(numbers, default=0) + 1,
        "amount": said["amount"], "share": None, "reason": case.number,
    }  # fmt: skip
    store.put_rows(
        actor, area=case.area, table=STAY_DECISIONS, rows=[row], origin=f"case:{case.number}", case=case,
        reason=said["why"],
    )  # fmt: skip


def ruled(case: flow.Case, actor: Actor, values: Values) -> None:
    """The decision on an appeal is final."""
    decided(case, actor, values)
    final(case, actor, values)
