"""Moves of an institution's card: who reports, values with evidence, spot checks, objections."""

from __future__ import annotations

from typing import Any

from drgpay import runs
from drgpay.errors import DrgpayError
from drgpay_web import clock, flow
from drgpay_web.evaluation.cards import card_of, is_mine, items, title, year_of
from drgpay_web.flow.machine import Values
from drgpay_web.people import Actor, system_actor
from drgpay_web.ui import w

Why = flow.Guarded | None
Options = list[tuple[str, str]]


def own_items(case: flow.Case, actor: Actor, lang: str) -> Options:
    """The items a person reports."""
    return [(name, title(item, lang)) for name, item in items(case).items() if is_mine(case, actor, name)]


def house_items(case: flow.Case, actor: Actor, lang: str) -> Options:
    """The items the institution reports itself."""
    bureau = year_of(case).data["owners"]
    return [(name, title(item, lang)) for name, item in items(case).items() if name not in bureau]


def house_people(case: flow.Case, actor: Actor, lang: str) -> Options:
    """Who may report for the institution."""
    return [(str(one.pk), one.name) for one in flow.people_with(("H1", "H2", "H5"), case.unit)]


def sampled(case: flow.Case, actor: Actor, lang: str) -> Options:
    """The items of the sample that were not checked yet."""
    known = items(case)
    left = [name for name in case.data["sample"] if name not in case.data["checked"]]
    return [(name, title(known[name], lang)) for name in left]


def every_item(case: flow.Case, actor: Actor, lang: str) -> Options:
    """Every item that was not objected to before."""
    before = {one["item"] for one in case.data.get("objections", [])}
    return [(item.id, title(item, lang)) for item in card_of(case).items if item.id not in before]


def named(case: flow.Case, actor: Actor, values: Values) -> None:
    """An item of the institution is reported by this person."""
    case.data["owners"][values["item"]] = int(values["person"])
    person = next(one for one in flow.people_with(("H1", "H2", "H5"), case.unit) if one.pk == int(values["person"]))
    if person != actor.person:
        flow.tell_person(case, person, "evaluation.told_named", item=title(items(case)[values["item"]], "zh"))


def nothing_mine(case: flow.Case, actor: Actor) -> Why:
    """Nothing is this person's to report."""
    return None if own_items(case, actor, "zh") else flow.Guarded("evaluation.nothing_yours")


def row_of(case: flow.Case, item: str, said: Values) -> dict[str, Any]:
    """A reported value as a row of the register."""
    return {
        "year": int(case.period), "card": case.data["card"], "institution_id": case.unit.code, "item": item,
        "value": said["value"], "evidence": said["evidence"],
    }  # fmt: skip


def fits(case: flow.Case, actor: Actor, values: Values) -> Why:
    """The value fits the item, and has its evidence."""
    try:
        runs.reported_rows([row_of(case, values["item"], values)], card_of(case), [case.unit.code])
    except DrgpayError as error:
        return flow.Guarded(error=error)
    return None


def reported(case: flow.Case, actor: Actor, values: Values) -> None:
    """Keep the value and who says so."""
    _keep(case, actor, values["item"], values)


def _keep(case: flow.Case, actor: Actor, item: str, said: Values) -> None:
    case.data["values"][item] = {
        "value": said["value"], "evidence": said["evidence"], "by": actor.person.pk, "name": actor.person.name,
        "on": clock.today().isoformat(),
    }  # fmt: skip


def drawn(case: flow.Case, actor: Actor, values: Values) -> None:
    """Nobody reports any more; which items are checked on the spot."""
    there = [name for name in items(case) if name in case.data["values"]]
    case.data["sample"] = runs.spot_sample(there, case.number, case.data["spot_share"]) if there else []


def nothing_to_check(case: flow.Case, actor: Actor) -> Why:
    """Every item of the sample was checked."""
    return None if sampled(case, actor, "zh") else flow.Guarded("evaluation.all_checked")


def fits_check(case: flow.Case, actor: Actor, values: Values) -> Why:
    """A corrected value fits like a reported one; one that holds is not typed again; nobody checks his own."""
    if case.data["values"][values["item"]]["by"] == actor.person.pk:
        return flow.Guarded("flow.same_person")
    if values["found"] == "holds":
        return flow.Guarded("evaluation.value_holds") if values["value"] else None
    if not values["value"]:
        return flow.Guarded("evaluation.value_missing")
    return fits(case, actor, values)


def checked(case: flow.Case, actor: Actor, values: Values) -> None:
    """What the inspector found; what he corrected stands in the place of what was reported."""
    item, before = values["item"], case.data["values"][values["item"]]["value"]
    case.data["checked"][item] = {
        "found": values["found"], "by": actor.person.name, "on": clock.today().isoformat(), "before": before,
        "evidence": values["evidence"],
    }  # fmt: skip
    if values["found"] == "differs":
        _keep(case, actor, item, values)


def objected(case: flow.Case, actor: Actor, values: Values) -> None:
    """Keep what is objected to."""
    said = {"item": values["item"], "reason": values["reason"], "on": clock.today().isoformat()}
    case.data.setdefault("objections", []).append(said)


def fits_answer(case: flow.Case, actor: Actor, values: Values) -> Why:
    """A value people report is accepted with the value that holds; a computed one is computed again."""
    item = case.data["objections"][-1]["item"]
    if item not in items(case):
        return flow.Guarded("evaluation.is_computed") if values["value"] else None
    if not values["value"]:
        return flow.Guarded("evaluation.value_missing")
    return fits(case, actor, {**values, "item": item})


def accepted(case: flow.Case, actor: Actor, values: Values) -> None:
    """Keep the answer until it is approved."""
    said = {name: values[name] for name in ("reply", "value", "evidence")}
    case.data["objections"][-1]["answer"] = said | {"is": "accept", "by": actor.person.name}


def refused(case: flow.Case, actor: Actor, values: Values) -> None:
    """Keep the answer until it is approved."""
    case.data["objections"][-1]["answer"] = {"is": "refuse", "reply": values["reply"], "by": actor.person.name}


def answered(case: flow.Case, actor: Actor, values: Values) -> None:
    """What was accepted counts from now on, and the marks are worked out again before grades are approved."""
    last = case.data["objections"][-1]
    answer = last["answer"]
    if answer["is"] == "refuse":
        return
    if answer["value"]:
        _keep(case, actor, last["item"], answer)
    year = year_of(case)
    flow.do(system_actor(case.area), year, "corrected", version=year.version)


def returned(case: flow.Case, actor: Actor, values: Values) -> None:
    """The answer is written anew."""
    case.data["objections"][-1].pop("answer", None)


def shown(case: flow.Case, actor: Actor, values: Values) -> None:
    """The marks of the result the evaluation has now."""
    case.data["result"] = year_of(case).data["result"]
    case.data.pop("silent", None)


def lapsed(case: flow.Case, actor: Actor, values: Values) -> None:
    """Nobody objected: marked so."""
    case.data["silent"] = True


def due(case: flow.Case) -> Any:
    """By when one objects."""
    return flow.add_days(clock.today(), case.data["objection_days"])


def facts(case: flow.Case, lang: str) -> list[tuple[str, str, str]]:
    """The card, the evaluation, how much was reported, what was objected to and how it was answered."""
    data, known = case.data, {item.id: item for item in card_of(case).items}
    found = [
        ("evaluation.card_word", title(card_of(case), lang), ""),
        ("evaluation.reported_word", f"{len(data['values'])} / {len(items(case))}", ""),
    ]
    if data.get("silent"):
        found.append(("evaluation.by_silence", w("ui.yes", lang), ""))
    for one in data.get("objections", []):
        text = f"{title(known[one['item']], lang)}：{one['reason']}"
        if answer := one.get("answer"):
            text += f" → {w('evaluation.answer_' + answer['is'], lang)} {answer['reply']}"
        found.append(("evaluation.objection", text, ""))
    return found
