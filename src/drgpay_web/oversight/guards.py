"""What stands in the way of moves of a suspicion."""

from __future__ import annotations

from typing import Any

from drgpay.errors import DrgpayError
from drgpay.units import parse_coefficient, show_coefficient
from drgpay_web import clock, flow, store
from drgpay_web.flow.machine import Values
from drgpay_web.oversight import treating
from drgpay_web.oversight.opening import AUDIT
from drgpay_web.people import Actor, Role

Why = flow.Guarded | None
INSPECTOR = "inspector"
MONEY = ("refuse", "recover", "damages")


def inspectors(case: flow.Case, actor: Actor, lang: str) -> list[tuple[str, str]]:
    """Who can be given a case."""
    return [(str(one.pk), one.name) for one in flow.people_with((Role.B4,), case.unit)]


def findings(case: flow.Case, actor: Actor, lang: str) -> list[tuple[str, str]]:
    """What may be found: one of the case's leads."""
    said = 1 if lang == "en" else 0
    return [(lead["id"], f"{lead['rule']} {lead['said'][said]}") for lead in case.data["leads"]]


def one_inspector(case: flow.Case, actor: Actor, values: Values) -> Why:
    """A case is one person's."""
    return None if len(values["inspector"]) == 1 else flow.Guarded("oversight.one_inspector")


def is_drawn(case: flow.Case, actor: Actor) -> Why:
    """Only drawn stays are coded again."""
    return None if case.data["kind"] == AUDIT else flow.Guarded("oversight.only_drawn")


def may_ask(case: flow.Case, actor: Actor) -> Why:
    """A drawn stay is coded again before anybody is asked; somebody has to be there to answer."""
    if case.data["house"] is None:
        return flow.Guarded("oversight.nobody_to_ask")
    drawn = case.data["kind"] == AUDIT and case.state == "assigned"
    return flow.Guarded("oversight.code_first") if drawn else None


def other_person(case: flow.Case, actor: Actor) -> Why:
    """Who looks into a case does not judge it."""
    own = flow.given_to(case, INSPECTOR) == actor.person
    return flow.Guarded("oversight.other_reviewer") if own else None


def codes_typed(case: flow.Case, actor: Actor, values: Values) -> Why:
    """At least the principal diagnosis."""
    return None if treating.codes(values["dx"]) else flow.Guarded("oversight.no_codes")


def no_worse(case: flow.Case, actor: Actor, values: Values) -> Why:
    """An appeal makes nobody's case worse."""
    most = treating.at_stake(case)
    worse = most is not None and values["amount"] > most
    return flow.Guarded("oversight.not_worse") if worse or values["amount"] < 0 else None


def may_treat(case: flow.Case, actor: Actor, values: Values) -> Why:
    """The treatment fits the suspicion, the register and the policy, and money of a stay is taken once."""
    chosen = values["treatment"]
    if why := _damages(case, values["multiple"]):
        return why
    if case.data["kind"] == AUDIT and chosen in ("recover", "damages"):
        if values["amount"] is None:
            return flow.Guarded("oversight.amount_needed")
        if values["amount"] > case.data["payment"]:
            return flow.Guarded("oversight.above_payment")
    most = case.data.get("at_most")
    if most is not None and (values["amount"] or 0) > most:
        return flow.Guarded("oversight.above_decided")
    if chosen in MONEY and (other := _taken(case)):
        return flow.Guarded("oversight.taken_already", number=other.number)
    try:
        treating.follow_up(case, treating.decision(values, actor))
    except DrgpayError as error:
        return flow.Guarded(error=error)
    return None


def _damages(case: flow.Case, typed: str | None) -> Why:
    """A multiple within what the policy says."""
    if typed is None:
        return None
    terms = terms_of(case)
    try:
        fits = terms.damages_least <= parse_coefficient(typed) <= terms.damages_most
    except DrgpayError as error:
        return flow.Guarded(error=error)
    least, most = (show_coefficient(one) for one in (terms.damages_least, terms.damages_most))
    return None if fits else flow.Guarded("oversight.multiple_between", least=least, most=most)


def _taken(case: flow.Case) -> flow.Case | None:
    """Another case that takes money for the same stay."""
    if not case.data["stay"]:
        return None
    same = flow.Case.objects.filter(
        machine="suspicion", area=case.area, stays__institution=case.unit.code, stays__stay_id=case.data["stay"]
    ).exclude(pk=case.pk)
    decided = ("proposed", "decided", "executed", "published", "closed")
    return next((one for one in same.filter(state__in=decided) if one.data["decision"]["treatment"] in MONEY), None)


def may_execute(case: flow.Case, actor: Actor) -> Why:
    """Whoever was to be talked to has been."""
    missing = case.data["decision"]["treatment"] == "interview" and "interview" not in case.data
    return flow.Guarded("oversight.interview_first") if missing else None


def may_lift(case: flow.Case, actor: Actor) -> Why:
    """A suspension, or a matter handed over, that is not lifted yet."""
    return None if _lasts(case) else flow.Guarded("oversight.nothing_to_lift")


def lifted_in_time(case: flow.Case, actor: Actor, values: Values) -> Why:
    """It is lifted after it began."""
    try:
        treating.follow_up(case, treating.lifted(case, values["lifted_on"]))
    except DrgpayError as error:
        return flow.Guarded(error=error)
    return None


def _lasts(case: flow.Case) -> bool:
    said = case.data["decision"]
    return said["treatment"] in treating.LIFTED and not said.get("lifted_on")


def held_already(case: flow.Case, actor: Actor, values: Values) -> Why:
    """Minutes are written after the talk."""
    return flow.Guarded("oversight.not_held_yet") if values["day"] > clock.today() else None


def may_close(case: flow.Case, actor: Actor) -> Why:
    """What is to be made public has been; what ends one day has its day."""
    if _lasts(case):
        return flow.Guarded("oversight.lift_first")
    waits = case.state == "executed" and case.data["decision"]["publish"]
    return flow.Guarded("oversight.publish_first") if waits else None


def terms_of(case: flow.Case) -> Any:
    """The policy's terms today."""
    return treating.terms(store.practice_source(case.area), clock.today())
