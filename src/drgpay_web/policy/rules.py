"""The machine of this room: a policy from its draft to the day on which it is in force."""

from __future__ import annotations

from drgpay.runs import parameter_name
from drgpay_web import flow
from drgpay_web.flow import Field, Move
from drgpay_web.people import Act, Role
from drgpay_web.policy import draft_reads, drafting

_WHY = Field("why", "text", required=True)


def _days(*, plan: bool) -> tuple[Field, ...]:
    """Document and days, with what is planned standing in them."""
    return (
        Field("document", required=True, most=200, now=lambda case: str(case.data["document"]) if plan else ""),
        Field("issued", "date", required=True, now=lambda case: str(case.data["issued"])),
        Field("in_force", "date", required=True, now=lambda case: str(case.data["in_force"])),
    )


POLICY = flow.register(
    flow.Machine(
        "policy", "policy.draft",
        ("draft", "checked", "trying", "tried", "adopted", "in_force", "dropped"), "draft",
        ("in_force", "dropped"),
        (
            Move("set", ("draft",), "", Act.POLICY_DRAFT, guard=drafting.a_value, effect=drafting.value_set,
                 fields=(Field("parameter", "choice", required=True, of=drafting.parameters, told=parameter_name),
                         Field("value", "text", required=True, most=20_000), Field("clause", most=200),
                         Field("source", most=200))),
            Move("unset", ("draft",), "", Act.POLICY_DRAFT, effect=drafting.value_unset,
                 fields=(Field("parameter", "choice", required=True, of=drafting.parameters_set,
                               told=parameter_name),)),
            Move("plan", ("draft",), "", Act.POLICY_DRAFT, guard=drafting.in_order, effect=drafting.planned,
                 fields=(*_days(plan=True), Field("by_discharge", "flag"),
                         Field("scheme", "choice", of=drafting.scheme_choices, told=drafting.scheme_told,
                               now=lambda case: str(case.data["scheme"])))),
            Move("built", ("draft",), "", None, effect=drafting.scheme_built, notify=(Role.B1,)),
            Move("unbuilt", ("draft",), "", None, effect=drafting.scheme_unbuilt, notify=(Role.B1,)),
            Move("check", ("draft",), "checked", Act.POLICY_DRAFT, guard=drafting.is_whole, effect=drafting.checked,
                 recallable=True),
            Move("try", ("checked",), "trying", Act.POLICY_DRAFT, effect=drafting.tried_out,
                 fields=(Field("result", "choice", required=True, of=drafting.settled_years,
                               told=drafting.year_told),)),
            Move("tried", ("trying",), "tried", None, notify=(Role.B1, Role.B2)),
            Move("failed", ("trying",), "checked", None, effect=drafting.not_tried, notify=(Role.B1,)),
            Move("skip", ("checked",), "tried", Act.POLICY_DRAFT, fields=(_WHY,), notify=(Role.B2,),
                 recallable=True),
            Move("return", ("checked", "tried"), "draft", Act.POLICY_ADOPT, effect=drafting.taken_back,
                 fields=(_WHY,), notify=(Role.B1,)),
            Move("adopt", ("tried",), "", Act.POLICY_ADOPT, guard=drafting.may_adopt, effect=drafting.adopted,
                 not_by=("open", "set", "plan", "check", "try", "skip"), goes=drafting.state_after,
                 targets=("adopted", "in_force"), deadline=drafting.day_before, silence="enter",
                 fields=_days(plan=False), notify=(Role.B1, Role.B3, Role.B6)),
            Move("enter", ("adopted",), "in_force", None, notify=(Role.B1, Role.B2)),
            Move("drop", ("draft", "checked", "tried"), "dropped", Act.POLICY_DRAFT, quiet=True, fields=(_WHY,)),
        ),
        see=Act.POLICY_CASE, letters="ZC", facts=draft_reads.facts, panel="policy/draft_panel.html",
        panel_of=draft_reads.panel, columns=draft_reads.columns,
        papers=(flow.CasePaper("notice", ("tried", "adopted", "in_force"), draft_reads.paper),),
    )
)  # fmt: skip
