"""What stands in the way of moves of a statement, and what follows them."""

from __future__ import annotations

from typing import Any

from drgpay import runs
from drgpay.tables import STAY_DECISIONS
from drgpay_web import clock, flow, store
from drgpay_web.clearing.lines import HOUSE, SCHEME, stays_not_of
from drgpay_web.clearing.results import split_stays, statements_of
from drgpay_web.flow.machine import Values
from drgpay_web.people import Actor
from drgpay_web.ui import w

MOST_STAYS = 50
RESUBMIT = "resubmit"
"""accepted by stays that the institution hands in again: no decision is written"""
Why = flow.Guarded | None


def period_case(case: flow.Case) -> flow.Case:
    """The period a statement belongs to."""
    return flow.Case.objects.get(pk=case.data["period"])


def result_of(case: flow.Case) -> store.Result:
    """The result whose figures a statement or a period shows."""
    return store.Result.objects.select_related("pin", "job").get(pk=case.data["result"])


def still_open(case: flow.Case, actor: Actor) -> Why:
    """The period is not approved yet."""
    return None if period_case(case).state == "published" else flow.Guarded("clearing.period_closed")


def may_remind(case: flow.Case, actor: Actor) -> Why:
    """The institution's word is waited for, and it was not reminded today."""
    if why := _seen_first(case):
        return why
    today = case.data.get("reminded") == clock.today().isoformat()
    return flow.Guarded("clearing.reminded_today") if today else still_open(case, actor)


def reminded(case: flow.Case, actor: Actor, values: Values) -> None:
    """When its institution was last reminded."""
    case.data["reminded"] = clock.today().isoformat()


def may_lapse(case: flow.Case, actor: Actor, values: Values) -> Why:
    """Silence confirms what can be confirmed; what was accepted waits for its result."""
    return _seen_first(case)


def _seen_first(case: flow.Case) -> Why:
    return flow.Guarded("clearing.wait_for_result") if case.state == "answered" and waits(case) else None


def may_confirm(case: flow.Case, actor: Actor) -> Why:
    """What was accepted has to be seen in a new result first."""
    return still_open(case, actor) or _seen_first(case)


def waits(case: flow.Case) -> bool:
    """What was accepted is not in a result yet."""
    answer = case.data["answer"]
    return bool(answer["is"] == "accept" and not answer.get("seen"))


def rounds_left(case: flow.Case, actor: Actor) -> Why:
    """The period is not approved yet, and there is another round."""
    if why := still_open(case, actor):
        return why
    rounds = case.data["rounds"]
    return flow.Guarded("clearing.no_more_rounds", rounds=rounds) if case.data["round"] > rounds else None


def may_dispute(case: flow.Case, actor: Actor, values: Values) -> Why:
    """Only what changed in a later round; stays of this institution and scheme."""
    data, lang = case.data, actor.person.language
    if data["changed"] and values["line"] not in data["changed"]:
        return flow.Guarded("clearing.line_unchanged", line=w(f"clearing.statement.choice.{values['line']}", lang))
    stays = split_stays(values["stays"] or "")
    if len(stays) > MOST_STAYS:
        return flow.Guarded("clearing.too_many_stays", most=MOST_STAYS)
    others = stays_not_of(store.folder(result_of(case)), case.unit.code, data["scheme"], stays) if stays else []
    return flow.Guarded("clearing.stays_unknown", stays="、".join(others[:5])) if others else None


def disputed(case: flow.Case, actor: Actor, values: Values) -> None:
    """Keep what is disputed."""
    case.data["dispute"] = {
        "line": values["line"], "stays": split_stays(values["stays"] or ""), "reason": values["reason"],
    }  # fmt: skip
    case.data.pop("answer", None)


def may_escalate(case: flow.Case, actor: Actor) -> Why:
    """What was accepted has to be seen first."""
    if why := still_open(case, actor):
        return why
    return flow.Guarded("clearing.wait_for_result") if waits(case) else None


def decisions(case: flow.Case, answer: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows of the register of decisions that an accepted dispute makes, one a stay."""
    if answer["kind"] == RESUBMIT:
        return []
    numbers = [row["number"] for row in store.rows(case.area, STAY_DECISIONS)]
    decided = "declined" if answer["kind"] == "unrefuse" else "approved"
    kind = "refuse" if answer["kind"] == "unrefuse" else answer["kind"]
    return [
        {
            "stay_id": stay, "institution_id": case.unit.code, "kind": kind, "decision": decided, "number": number,
            "amount": answer["amount"], "share": answer["share"], "reason": case.number,
        }
        for number, stay in enumerate(case.data["dispute"]["stays"], start=max(numbers, default=0) + 1)
    ]  # fmt: skip


def may_accept(case: flow.Case, actor: Actor, values: Values) -> Why:
    """The decision names stays and fits the register."""
    answer = _answer("accept", values)
    if answer["kind"] == RESUBMIT:
        return None
    if not case.data["dispute"]["stays"]:
        return flow.Guarded("clearing.decision_without_stay")
    rows = decisions(case, answer)
    checked = runs.check_rows(STAY_DECISIONS, rows, store.known_of(case.area, STAY_DECISIONS, rows))
    wrong = [finding for finding in checked.findings if finding.level == "error"]
    if wrong:
        first, lang = wrong[0], actor.person.language
        return flow.Guarded("clearing.decision_wrong", what=first.en if lang == "en" else first.zh)
    return None


def _answer(said: str, values: Values) -> dict[str, Any]:
    return {"is": said, "reply": values["reply"]} | {n: values.get(n) for n in ("kind", "amount", "share")}


def accepted(case: flow.Case, actor: Actor, values: Values) -> None:
    """Keep the answer until it is approved."""
    case.data["answer"] = _answer("accept", values)


def refused(case: flow.Case, actor: Actor, values: Values) -> None:
    """Keep the answer until it is approved."""
    case.data["answer"] = _answer("refuse", values)


def answered(case: flow.Case, actor: Actor, values: Values) -> None:
    """An accepted dispute becomes rows of the register, by the number of its case."""
    answer = case.data["answer"]
    rows = decisions(case, answer) if answer["is"] == "accept" else []
    if rows:
        store.put_rows(
            actor, area=case.area, table=STAY_DECISIONS, rows=rows, origin=f"case:{case.number}", case=case,
            reason=answer["reply"] or "",
        )  # fmt: skip


def again(case: flow.Case, actor: Actor, values: Values) -> None:
    """The new result says something else: the statement shows it, with what changed."""
    period = period_case(case)
    case.data["before"] = case.data["result"]
    carry(case, actor, values)
    case.data["round"] = period.data["round"]
    case.data["changed"] = period.data["changed"].get(f"{case.unit.code}|{case.data['scheme']}", [])
    for name in ("dispute", "answer", "silent"):
        case.data.pop(name, None)


def carry(case: flow.Case, actor: Actor, values: Values) -> None:
    """The statement stands in the new result."""
    result = store.Result.objects.get(pk=period_case(case).data["result"])
    case.data["result"] = result.pk
    case.data["digest"] = next(
        (
            s["digest"]
            for s in statements_of(result)
            if (s[HOUSE], s[SCHEME]) == (case.unit.code, case.data["scheme"])
        ),
        "",
    )
    if answer := case.data.get("answer"):
        answer["seen"] = True


def confirmed(case: flow.Case, actor: Actor, values: Values) -> None:
    """What was confirmed is known by its digest."""
    case.data["confirmed"] = case.data["digest"]


def silent(case: flow.Case, actor: Actor, values: Values) -> None:
    """Nobody said anything: confirmed, and marked so."""
    confirmed(case, actor, values)
    case.data["silent"] = True


def first_due(case: flow.Case) -> Any:
    """By when a statement is answered."""
    return flow.add_days(clock.today(), case.data["confirm_days"])


def again_due(case: flow.Case) -> Any:
    """By when a statement that is published again, or an answer, is answered."""
    return flow.add_days(clock.today(), case.data["again_days"])


def columns(case: flow.Case, lang: str) -> list[tuple[str, str]]:
    """Scheme, and whether silence confirmed, for a list of statements."""
    from drgpay_web.ui import field_word

    silent = w("ui.yes", lang) if case.data.get("silent") else ""
    return [("clearing.scheme", field_word(case.data["scheme"], lang)), ("clearing.by_silence", silent)]


def facts(case: flow.Case, lang: str) -> list[tuple[str, str, str]]:
    """Scheme, round, what is disputed and how it was answered."""
    from drgpay_web.ui import field_word

    data = case.data
    found = [
        ("clearing.scheme", field_word(data["scheme"], lang), ""),
        ("clearing.round", str(data["round"]), ""),
        ("clearing.of_period", period_case(case).number, f"/periods?year={case.period[:4]}"),
    ]
    if data.get("silent"):
        found.append(("clearing.by_silence", w("ui.yes", lang), ""))
    if said := data.get("dispute"):
        found.append(("clearing.disputed_line", w(f"clearing.statement.choice.{said['line']}", lang), ""))
        found.append(("clearing.disputed_stays", "、".join(said["stays"]) or w("ui.none", lang), ""))
        found.append(("clearing.disputed_reason", said["reason"], ""))
    if answer := data.get("answer"):
        key = "clearing.answer_accept" if answer["is"] == "accept" else "clearing.answer_refuse"
        found.append(("clearing.answer", w(key, lang), ""))
    return found


def rows_open(period: flow.Case) -> list[flow.Case]:
    """The statements of a period."""
    numbers = flow.Case.objects.filter(area=period.area, machine__in=MACHINES, period=period.period)
    found = numbers.select_related("unit").order_by("unit__code", "pk")
    return [case for case in found if case.data["period"] == period.pk]


MACHINES = ("statement", "clearing_statement")
