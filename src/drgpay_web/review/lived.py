"""Special reviews of a demonstration, in many states: made by its own people through the same moves."""

from __future__ import annotations

from typing import Any

from drgpay import runs
from drgpay_web import flow, store
from drgpay_web.people import Actor, Membership, Role, named
from drgpay_web.review import actions, experts, quota

WAY = (
    "draft",
    "submitted",
    "complete",
    "reviewing",
    "differing",
    "opinions",
    "decided",
    "told",
    "appealed",
    "final",
)
"""how far each of the first hospital's reviews has gone"""


def live(area: str) -> None:
    """What is missing of it: a suggestion for the second hospital, and the first hospital's stays on their way."""
    result = quota.latest(area)
    if result is None or flow.Case.objects.filter(machine=quota.MACHINE, area=area).exists():
        return
    h1a, h1b = named("h1a", area), named("h1b", area)
    actions.suggest(result.pk, [_candidate(result, h1b)])
    for state, stay in zip(WAY, _stays(result, h1a), strict=False):
        case = actions.draft(h1a, stay=stay, reason="high_cost", statement="抢救和多次手术，费用远高于同组病例。")
        _go(case, state, h1a)


def _candidate(result: store.Result, actor: Actor) -> dict[str, Any]:
    return {"stay_id": _stays(result, actor)[0], "institution_id": actor.unit.code, "reason": "high_cost"}


def _stays(result: store.Result, actor: Actor) -> list[str]:
    """The dearest stays of an institution that are paid by their group."""
    view = runs.View(
        "settled_stays", columns=("stay_id",), sort=(runs.Sort("balance"),),
        where=(runs.Where("case_class", "in", ("normal", "high")),), scope=runs.Scope.institution(actor.unit.code),
    )  # fmt: skip
    page = runs.browse(store.folder(result), view, limit=len(WAY), totals=False)
    return [str(row["stay_id"]) for row in page.rows]


def _go(case: flow.Case, state: str, h1: Actor) -> None:
    """On until a state."""
    b1, b2 = named("b1", case.area), named("b2", case.area)
    flow.attach(h1, case, chunks=[f"%PDF-1.4 {case.number}".encode()], name="病案与费用清单.pdf")
    steps: list[tuple[str, Actor, str, dict[str, Any]]] = [
        ("draft", h1, "submit", {"record": True, "bill": True}),
        ("submitted", b1, "complete", {}),
    ]
    for at, who, move, values in steps:
        if flow.Case.objects.get(pk=case.pk).state != at or state == at:
            return
        flow.do_now(who, case, move, **values)
    if state == "complete":
        return
    two = [load.person.pk for load in experts.free(flow.Case.objects.get(pk=case.pk))[:2]]
    flow.do_now(b2, case, "assign", experts=two)
    if state == "reviewing":
        return
    said = ("approve", "decline") if state == "differing" else ("approve", "approve")
    for person, opinion in zip(two, said, strict=True):
        flow.do_now(_expert(person), case, "opine", opinion=opinion, amount=None, basis="诊疗合理，费用与病情相符。")
    if state in ("differing", "opinions"):
        return
    flow.do_now(b2, case, "decide", decision="by_item", amount=None, reason="两名专家意见一致。")
    if state == "decided":
        return
    flow.do_now(b1, case, "tell")
    if state == "appealed":
        flow.attach(h1, case, chunks=[f"%PDF-1.4 {case.number} +".encode()], name="补充会诊记录.pdf")
        flow.do_now(h1, case, "appeal", ground="请按全部费用认定。")
    elif state == "final":
        flow.do_now(h1, case, "accept")


def _expert(pk: int) -> Actor:
    held = Membership.objects.select_related("person", "unit").get(person=pk, role=str(Role.B5))
    return Actor(held.person, held, Role.B5, held.unit, held.unit.area)
