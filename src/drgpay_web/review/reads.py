"""What pages of special reviews show, and who sees what: opinions are blind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drgpay.tables import SETTLED_STAYS
from drgpay_web import flow, store
from drgpay_web.people import Act, Actor, Role
from drgpay_web.review import quota
from drgpay_web.ui import w
from drgpay_web.ui.tables import headed
from drgpay_web.ui.values import printed, text_of

OF_EXPERTS = ("assign", "replace", "recuse", "opine", "late")
"""steps that name experts or what they say"""
_SHARED = ("open", "take_up", "write", "submit", "complete", "return", "appeal")
"""steps that an expert sees of others"""
_UNTOLD = ("draft", "submitted", "returned", "complete", "reviewing", "differing", "third", "opinions", "decided")
_ROUNDS = {
    "reviewing": ("differing", "third", "opinions"),
    "appeal_reviewing": ("appeal_differing", "appeal_third", "appeal_opinions"),
}
"""what a round that has begun is told as, and the states in it that are not told"""
SLOTS = ("first", "second", "third", "appeal_first", "appeal_second", "appeal_third")


def sees(case: flow.Case, actor: Actor, item: Any) -> bool:
    """Who sees a step, comment or file. The bureau sees all. An expert sees what the hospital says and his own. The
    hospital sees nothing of experts, and the decision when it is told."""
    side, move = actor.role.side, getattr(item, "move", "")
    if actor.role is Role.SYSTEM or (side == "bureau" and actor.role is not Role.B5):
        return True
    if item.person_id == actor.person.pk and (actor.role is Role.B5 or move not in OF_EXPERTS):
        return True
    if item.person_id in case.data.get("asked", []):
        return False
    if actor.role is Role.B5:
        return move in _SHARED if move else str(getattr(item, "role", "H"))[:1] == "H"
    return move not in OF_EXPERTS and (move != "decide" or case.state not in _UNTOLD)


def state_for(state: str, actor: Actor) -> str:
    """The hospital and the experts are told that a round goes on, not how the opinions stand."""
    if actor.role.side == "bureau" and actor.role is not Role.B5:
        return state
    return next((begun for begun, those in _ROUNDS.items() if state in those), state)


def facts(case: flow.Case, lang: str) -> list[tuple[str, str, str]]:
    """The stay, why, and the quota when it was handed in."""
    data = case.data
    found = [
        ("review.stay", data["stay"], f"/stays/{data['result']}/{data['stay']}"),
        (
            "review.case.field.reason",
            w(f"review.case.choice.{data['reason']}", lang) if data.get("reason") else "",
            "",
        ),
        ("review.case.field.statement", data.get("statement", ""), ""),
    ]
    if taken := data.get("quota"):
        found.append(("review.quota", quota_text(quota.Used(**taken), lang), ""))
    if data.get("appeal"):
        found.append(("review.case.field.ground", data["appeal"], ""))
    return [one for one in found if one[1]]


def quota_text(taken: quota.Used, lang: str) -> str:
    """The quota in words."""
    key = "review.quota_none" if taken.allowed is None else "review.quota_of"
    return w(key, lang, used=taken.used, allowed=taken.allowed, n=taken.discharges)


def stay_facts(case: flow.Case, lang: str) -> list[tuple[str, str]]:
    """The stay as it was settled, without who the patient is."""
    row = case.data["facts"]
    names = store.names_in(quota.result_of(case))
    shown = [name for name in quota.COLUMNS if row.get(name) is not None]
    return [(headed(SETTLED_STAYS[name], lang), text_of(SETTLED_STAYS[name], row, lang, names)) for name in shown]


def decision_text(said: Mapping[str, Any], lang: str) -> str:
    """A decision in words, with its cost."""
    amount = printed(said["amount"], "fen", lang)
    key = "review.decision_amount" if amount else "review.decision_plain"
    return w(key, lang, said=w(f"review.case.choice.{said['is']}", lang), amount=amount)


def opinions(case: flow.Case, actor: Actor, lang: str) -> list[dict[str, str]]:
    """The opinions a reader sees: the bureau all with names; the expert his own; the hospital those of a round that
    was told, without names."""
    given = case.data.get("opinions", {})
    bureau = actor.role.side == "bureau" and actor.role is not Role.B5
    shown = []
    for slot in (slot for slot in SLOTS if slot in given):
        of_round = case.state == "final" if slot.startswith("appeal") else case.state not in _UNTOLD
        held = case.given.filter(slot=slot).select_related("person").last() if actor.role.side == "bureau" else None
        own = held is not None and held.person == actor.person
        if not (bureau or (actor.role is Role.B5 and own) or (actor.role.side == "hospital" and of_round)):
            continue
        said = given[slot]
        shown.append(
            {
                "slot": w(f"review.slot_{slot}", lang),
                "who": held.person.name if held is not None else "",
                "opinion": w(f"review.case.choice.{said['opinion']}", lang),
                "amount": printed(said["amount"], "fen", lang),
                "basis": said["basis"],
            }
        )
    return shown


def panel(case: flow.Case, actor: Actor) -> Mapping[str, Any]:
    """The stay, the opinions and the decision, as far as the reader may see them."""
    lang, data = actor.person.language, case.data
    told = actor.role.side == "bureau" and actor.role is not Role.B5
    told = told or (actor.role.side == "hospital" and case.state not in _UNTOLD)
    decided = [data[name] for name in ("first_decision", "decision") if name in data] if told else []
    return {
        "stay": stay_facts(case, lang),
        "opinions": opinions(case, actor, lang),
        "decisions": [(one["on"], decision_text(one, lang), one["why"]) for one in decided],
    }


def columns(case: flow.Case, lang: str) -> list[tuple[str, str]]:
    """Stay, group and cost in lists."""
    row = case.data["facts"]
    return [
        ("review.stay", case.data["stay"]),
        ("review.group", row.get("drg") or ""),
        ("review.cost", printed(case.data["cost"], "fen", lang)),
    ]


def head(actor: Actor) -> Mapping[str, Any]:
    """The quota of one's institution above the list, and the way to apply."""
    lang, may = actor.person.language, actor.may(Act.REVIEW_DRAFT)
    result = quota.latest(actor.area) if may else None
    said = quota_text(quota.used(actor.unit, result), lang) if result else ""
    return {"quota": said, "may_draft": may}
