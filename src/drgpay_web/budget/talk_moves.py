"""What stands in the way of moves of an institution's talk on its budget, and what follows them."""

from __future__ import annotations

from datetime import date

from drgpay.tables import NEGOTIATIONS
from drgpay_web import clock, flow, store
from drgpay_web.flow.machine import Values
from drgpay_web.people import Actor


def due(case: flow.Case) -> date:
    """By when an institution says what it wants."""
    return flow.add_days(clock.today(), case.data["days"])


def answer_due(case: flow.Case) -> date:
    """By when it is answered."""
    return flow.add_days(clock.today(), case.data["answer_days"])


def rounds_left(case: flow.Case, actor: Actor) -> flow.Guarded | None:
    """There are no more proposals than rounds."""
    used = case.data["round"] - (case.state == "open")
    return flow.Guarded("budget.rounds_over", rounds=case.data["rounds"]) if used >= case.data["rounds"] else None


def rounds_used(case: flow.Case, actor: Actor) -> flow.Guarded | None:
    """It is decided without agreement after the last round only."""
    return flow.Guarded("budget.rounds_left", rounds=case.data["rounds"]) if has_rounds(case) else None


def has_rounds(case: flow.Case) -> bool:
    """The institution may propose once more."""
    return bool(case.data["round"] < case.data["rounds"])


def was_proposed(case: flow.Case) -> bool:
    """The institution's head has signed a proposal."""
    return case.steps.filter(move="sign").exists()


def not_adoptable(case: flow.Case, actor: Actor) -> flow.Guarded | None:
    """What was agreed on stands, unless the budget could not be adopted with it."""
    budget = flow.Case.objects.get(pk=case.data["budget"])
    return None if budget.data.get("error") else flow.Guarded("budget.is_agreed")


def proposed(case: flow.Case, actor: Actor, values: Values) -> None:
    """Keep what is wanted, for the head of the institution to sign."""
    case.data |= {"wanted": values["amount"], "reason": values["reason"], "from": _before(case)}


def accepting(case: flow.Case, actor: Actor, values: Values) -> None:
    """Remember where it came from, should the head not sign."""
    case.data["from"] = _before(case)


def _before(case: flow.Case) -> str:
    return str(case.steps.latest("version").target)


def back(case: flow.Case, values: Values) -> str:
    """Where it was before it went to the head."""
    return str(case.data["from"])


def signed(case: flow.Case, actor: Actor, values: Values) -> None:
    """The proposal of a round is made: it stands in the register, without agreement yet."""
    if case.data["from"] == "answered":
        case.data["round"] += 1
    _write(case, actor, None)


def answered(case: flow.Case, actor: Actor, values: Values) -> None:
    """What the office offers now."""
    case.data |= {"offer": values["amount"], "reply": values["reply"]}


def agreed(case: flow.Case, actor: Actor, values: Values) -> None:
    """What was talked about is agreed at what was offered last; who took the announced indicator as it is shares by
    the rule."""
    if case.data.get("wanted") is not None and case.steps.filter(move="answer").exists():
        _write(case, actor, case.data["offer"])


def decided(case: flow.Case, actor: Actor, values: Values) -> None:
    """Decided without agreement, with the reason."""
    case.data |= {"offer": values["amount"], "decided": values["reason"]}
    case.data.setdefault("wanted", values["amount"])
    _write(case, actor, values["amount"])


def _write(case: flow.Case, actor: Actor, decision: int | None) -> None:
    row = {
        "year": int(case.period), "insurance_scheme": case.data["scheme"], "institution_id": case.unit.code,
        "round": case.data["round"], "date": clock.today(), "who": actor.person.name,
        "proposal": case.data["wanted"], "decision": decision,
    }  # fmt: skip
    store.put_rows(
        actor, area=case.area, table=NEGOTIATIONS, rows=[row], origin=f"case:{case.number}", case=case,
        reason=str(case.data.get("reason", "")),
    )  # fmt: skip
