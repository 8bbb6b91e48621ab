"""The machines of this room: a hospital's plan, its quarter, a department's view of it; its stays in house and its
coding suggestions."""

from __future__ import annotations

from drgpay_web import flow
from drgpay_web.flow import Field, Move
from drgpay_web.hospital import coding, in_house, reads
from drgpay_web.hospital import plan_moves as plan
from drgpay_web.hospital import quarter_moves as quarter
from drgpay_web.people import Act, Role

_WHY = Field("why", "text", required=True)

PLAN = flow.register(
    flow.Machine(
        "hospital_plan", "hospital.plan",
        ("draft", "trying", "tried", "proposed", "adopted", "replaced", "discarded"), "draft",
        ("replaced", "discarded"),
        (
            Move("edit", ("draft", "tried"), "draft", Act.PLAN_DRAFT, guard=plan.holds_together, effect=plan.edited,
                 fields=(Field("parameter", "choice", required=True, of=plan.parameters, told=plan.title_of),
                         Field("value", most=2000)), page="plan-value"),
            Move("try", ("draft", "tried"), "trying", Act.PLAN_DRAFT, ready=plan.nothing_settled,
                 effect=plan.attempt, fields=(Field("quarter", "choice", required=True, of=plan.quarters),)),
            Move("tried", ("trying",), "tried", None, effect=plan.tried, notify=(Role.H5,)),
            Move("untried", ("trying",), "draft", None, effect=plan.untried, notify=(Role.H5,)),
            Move("propose", ("tried",), "proposed", Act.PLAN_DRAFT, notify=(Role.H6,), recallable=True),
            Move("return", ("proposed",), "draft", Act.PLAN_ADOPT, fields=(_WHY,), notify=(Role.H5,)),
            Move("adopt", ("proposed",), "adopted", Act.PLAN_ADOPT, effect=plan.adopted,
                 not_by=("open", "edit", "try", "propose"), fields=(Field("document", required=True, most=100),),
                 notify=(Role.H5,)),
            Move("replaced", ("adopted",), "replaced", None),
            Move("discard", ("draft", "tried"), "discarded", Act.PLAN_DRAFT, fields=(_WHY,), quiet=True),
        ),
        see=Act.PLAN_SEE, letters="FA", facts=plan.facts, panel="hospital/plan_panel.html",
        panel_of=reads.plan_panel, head="hospital/head.html", head_of=reads.plan_head,
    )
)  # fmt: skip

QUARTER = flow.register(
    flow.Machine(
        "hospital_quarter", "hospital.quarter", ("opened", "computing", "computed", "shown", "paid"), "opened",
        ("paid",),
        (
            Move("compute", ("opened", "computed"), "computing", Act.QUARTER_ORDER, ready=quarter.uncomputable,
                 effect=quarter.compute),
            Move("compute_again", ("shown",), "computing", Act.QUARTER_ORDER, ready=quarter.nothing_to_correct,
                 effect=quarter.compute),
            Move("computed", ("computing",), "", None, goes=quarter.with_result, targets=("computed", "shown"),
                 effect=quarter.computed, notify=(Role.H5,)),
            Move("failed", ("computing",), "", None, goes=quarter.where_it_was,
                 targets=("opened", "computed", "shown"), effect=quarter.failed, notify=(Role.H5,)),
            Move("show", ("computed",), "shown", Act.QUARTER_ORDER, effect=quarter.shown),
            Move("corrected", ("shown",), "", None, effect=quarter.corrected, notify=(Role.H5,)),
            Move("pay", ("shown",), "paid", Act.QUARTER_ORDER, ready=quarter.not_agreed, guard=quarter.not_ahead,
                 effect=quarter.paid, fields=(Field("paid_on", "date", required=True),), notify=(Role.H6,)),
        ),
        see=Act.QUARTER_SEE, letters="JX", facts=reads.quarter_facts, panel="hospital/quarter_panel.html",
        panel_of=reads.quarter_panel, head="hospital/head.html", head_of=reads.quarter_head,
    )
)  # fmt: skip

DEPARTMENT = flow.register(
    flow.Machine(
        "hospital_department", "hospital.department", ("looking", "objected", "answered", "agreed", "paid"),
        "looking", ("paid",),
        (
            Move("agree", ("looking",), "agreed", Act.QUARTER_OBJECT, many=True),
            Move("object", ("looking",), "objected", Act.QUARTER_OBJECT, effect=quarter.objected,
                 fields=(Field("reason", "text", required=True),), notify=(Role.H5,)),
            Move("accept", ("objected",), "answered", Act.QUARTER_ORDER, effect=quarter.accepted,
                 fields=(Field("reply", "text", required=True),), notify=(Role.H6,)),
            Move("refuse", ("objected",), "answered", Act.QUARTER_ORDER, effect=quarter.refused,
                 fields=(Field("reply", "text", required=True),), notify=(Role.H6,)),
            Move("approve_answer", ("answered",), "agreed", Act.PLAN_ADOPT, effect=quarter.answered,
                 not_by=("accept", "refuse"), notify=(Role.H3, Role.H5), many=True),
            Move("return_answer", ("answered",), "objected", Act.PLAN_ADOPT, effect=quarter.returned,
                 fields=(_WHY,), notify=(Role.H5,)),
            Move("again", ("agreed",), "looking", None, deadline=quarter.due, silence="lapse", notify=(Role.H3,)),
            Move("keep", ("agreed",), "", None),
            Move("lapse", ("looking",), "agreed", None, effect=quarter.lapsed, notify=(Role.H3,)),
            Move("finish", ("agreed",), "paid", None, notify=(Role.H3,)),
        ),
        see=Act.QUARTER_DEPARTMENT, letters="KS", deadline=quarter.due, silence="lapse",
        facts=reads.department_facts, panel="hospital/department_panel.html", panel_of=reads.department_panel,
        papers=(flow.CasePaper("slip", ("looking", "objected", "answered", "agreed", "paid"), reads.department_slip,
                               inside=True),),
    )
)  # fmt: skip

IN_HOUSE = flow.register(
    flow.Machine(
        in_house.MACHINE, "hospital.in_house",
        ("received", "reading", "ready", "unreadable", "replaced", "deleted"), "received", ("replaced", "deleted"),
        (
            Move("read", ("received", "unreadable"), "reading", Act.IN_HOUSE_UPLOAD, effect=in_house.read,
                 deadline=in_house.until),
            Move("found", ("reading",), "ready", None, effect=in_house.found, deadline=in_house.until,
                 silence="expire", notify=(Role.H1, Role.H2)),
            Move("refuse", ("reading",), "unreadable", None, deadline=in_house.until, silence="expire",
                 notify=(Role.H1, Role.H2)),
            Move("lose", ("reading",), "received", None, deadline=in_house.until, silence="expire"),
            Move("remove", ("received", "ready", "unreadable"), "deleted", Act.IN_HOUSE_UPLOAD,
                 effect=in_house.forget, quiet=True),
            Move("expire", ("received", "ready", "unreadable"), "deleted", None, effect=in_house.forget),
            Move("replace", in_house.HELD, "replaced", None, effect=in_house.forget),
        ),
        see=Act.IN_HOUSE_UPLOAD, letters="ZY", deadline=in_house.until, silence="expire", facts=in_house.facts,
    )
)  # fmt: skip

CODING = flow.register(
    flow.Machine(
        coding.MACHINE, "hospital.note", ("noted", "sent", "taken", "coded", "declined", "dropped"), "noted",
        ("coded", "declined", "dropped"),
        (
            Move("send", ("noted",), "sent", Act.CODING_SUGGEST, notify=(Role.H2,), recallable=True),
            Move("drop", ("noted",), "dropped", Act.CODING_SUGGEST, quiet=True),
            Move("take", ("sent",), "taken", Act.CODING_DECIDE, notify=(Role.H1, Role.H3, Role.H4)),
            Move("decline", ("sent",), "declined", Act.CODING_DECIDE, effect=coding.answered, fields=(_WHY,),
                 notify=(Role.H1, Role.H3, Role.H4)),
            Move("code", ("taken",), "coded", Act.CODING_DECIDE, effect=coding.answered,
                 fields=(Field("done", "text", required=True),), notify=(Role.H1, Role.H3, Role.H4)),
        ),
        see=Act.CODING_SEARCH, letters="BM", facts=coding.facts, columns=coding.columns,
    )
)  # fmt: skip
