"""A machine of tests: drafted by one person, approved by another, with fields, silence and a guard."""

from __future__ import annotations

from functools import cache
from typing import Any


@cache
def machine() -> Any:
    """The machine ``trial``, registered."""
    from drgpay_web import flow
    from drgpay_web.people import Act, Role

    def enough(case: Any, actor: Any, values: Any) -> Any:
        return flow.Guarded("flow.not_from_here") if values["count"] is not None and values["count"] > 9 else None

    def count(case: Any, actor: Any, values: Any) -> None:
        case.data["count"] = case.data.get("count", 0) + 1

    made = flow.Machine(
        "trial", "ui", ("draft", "sent", "back", "good", "gone"), "draft", ("good", "gone"),
        (
            flow.Move("send", ("draft", "back"), "sent", Act.SUBMISSION_HAND_IN, guard=enough, effect=count,
                      fields=(flow.Field("why", required=True), flow.Field("count", "number")),
                      deadline=flow.Deadline(3), silence="lapse", notify=(Role.B1,)),
            flow.Move("accept", ("sent",), "good", Act.SUBMISSION_ACCEPT, not_by=("send",), notify=(Role.H1,)),
            flow.Move("return", ("sent",), "back", Act.SUBMISSION_RETURN, deadline=flow.Deadline(5, working=False)),
            flow.Move("touch", ("sent",), "", Act.SUBMISSION_ACCEPT, effect=count),
            flow.Move("lapse", ("sent",), "gone", None),
        ),
        see=Act.SUBMISSION_SEE, letters="TT",
    )  # fmt: skip
    return flow.register(made)


@cache
def shared() -> Any:
    """The machine ``shared``: two experts by name, blind until both have said; a sum typed in yuan; a paper; moves
    that may be taken back, made on several at once, or not made yet."""
    from drgpay.report.papers import Paper, Text
    from drgpay_web import flow
    from drgpay_web.flow.models import Step
    from drgpay_web.people import Act, Role

    def experts(case: Any, actor: Any, lang: str) -> list[tuple[str, str]]:
        return [(str(one.pk), one.name) for one in flow.people_with([Role.B5], case.unit)]

    def named(case: Any, actor: Any, values: Any) -> None:
        from drgpay_web.people import Person

        for slot, pk in zip(("first", "second"), values["experts"], strict=True):
            flow.give(actor, case, person=Person.objects.get(pk=pk), slot=slot)

    def two(case: Any, actor: Any, values: Any) -> Any:
        return (
            None if len(values["experts"]) == 2 else flow.Guarded("flow.field_choice", field_key="ui.field.experts")
        )

    def said(case: Any, actor: Any, values: Any) -> None:
        case.data["said"] = [*case.data.get("said", []), actor.person.pk]

    def next_of(case: Any, values: Any) -> str:
        return "decided" if len(case.data.get("said", [])) == 1 else "review"

    def sees(case: Any, actor: Any, one: Any) -> bool:
        blind = actor.role is Role.B5 and case.state == "review" and one.person_id != actor.person.pk
        return not (blind and (not isinstance(one, Step) or one.move in ("first", "second")))

    def ripe(case: Any, actor: Any) -> Any:
        return None if case.data.get("amount") else flow.Guarded("flow.not_from_here")

    def paper(case: Any, lang: str) -> Any:
        return Paper(lang, "医保局", "评审结论", case.period, (("编号", case.number),),
                     (Text("结论", ("同意",)),), (), case.number)  # fmt: skip

    mark = flow.Field("mark", "choice", required=True, choices=("yes", "no"))
    moves = (
        flow.Move("send", ("draft",), "sent", Act.SUBMISSION_HAND_IN, recallable=True, deadline=flow.Deadline(3),
                  silence="lapse", fields=(flow.Field("amount", "money", required=True),), notify=(Role.B1,),
                  effect=lambda case, actor, values: case.data.update(amount=values["amount"])),
        flow.Move("name", ("sent",), "review", Act.SUBMISSION_ACCEPT, guard=two, effect=named, freezes=True,
                  fields=(flow.Field("experts", "persons", required=True, of=experts),)),
        flow.Move("drop", ("sent",), "dropped", Act.SUBMISSION_RETURN, many=True, not_by=("open",),
                  fields=(flow.Field("why", required=True),)),
        flow.Move("first", ("review",), "", Act.CASE_COMMENT, slot="first", fields=(mark,), goes=next_of,
                  targets=("review", "decided"), effect=said),
        flow.Move("second", ("review",), "", Act.CASE_COMMENT, slot="second", fields=(mark,), goes=next_of,
                  targets=("review", "decided"), effect=said),
        flow.Move("early", ("draft",), "", Act.SUBMISSION_HAND_IN, ready=ripe),
        flow.Move("lapse", ("sent",), "dropped", None),
        flow.Move("told", ("decided",), "closed", Act.PERIOD_APPROVE),
    )  # fmt: skip
    made = flow.Machine(
        "shared", "ui", ("draft", "sent", "review", "decided", "dropped", "closed"), "draft", ("dropped", "closed"),
        moves, see=Act.CASE_SEE, letters="SH", sees=sees, handled_by=Role.B1,
        papers=(flow.CasePaper("decision", ("decided", "closed"), paper),),
        columns=lambda case, lang: [("flow.opened", str(case.data.get("amount", "")))],
    )  # fmt: skip
    return flow.register(made)


def words_of(rules: Any) -> dict[str, dict[str, str]]:
    """Words for a machine of tests, beside those there are."""
    from drgpay_web.ui import words

    keys = ["", *(f".state.{s}" for s in rules.states), *(f".move.{m.name}" for m in rules.moves)]
    keys += [f".field.{f.name}" for m in rules.moves for f in m.fields]
    keys += [f".choice.{c}" for m in rules.moves for f in m.fields for c in f.choices]
    keys += [f".paper.{one.name}" for one in rules.papers]
    return dict(words.words()) | {f"ui{key}": {"zh": f"试{key}", "en": f"trial{key}"} for key in keys}


def forget_machines() -> None:
    """Have the machines of this file unknown again: only tests that ask for them know them."""
    from drgpay_web.flow.machine import _known

    for made in (machine, shared):
        made.cache_clear()
    for name in ("trial", "shared"):
        _known.pop(name, None)
