"""The machines of this room: a year's budget, an institution's talk on it, changes, sharing ratios."""

from __future__ import annotations

from dataclasses import replace

from drgpay_web import flow
from drgpay_web.budget import change_moves as change
from drgpay_web.budget import plan_moves as plan
from drgpay_web.budget import prepay_moves as prepay
from drgpay_web.budget import ratio_moves as ratio
from drgpay_web.budget import reads
from drgpay_web.budget import talk_moves as talk
from drgpay_web.flow import Field, Move
from drgpay_web.people import Act, Role

_WHY = Field("why", "text", required=True)
_AMOUNT = Field("amount", "money", required=True)
_DECIDED = (_AMOUNT, Field("reason", "text", required=True))
_DOCUMENT = Field("document", required=True, most=200)
PARTS = ("out_of_area", "outpatient", "inpatient_drg", "bed_day", "other")
SCHEMES = ("employee", "resident")
REASONS = ("policy_change", "outbreak")
STAGES = (change.MID_YEAR, change.YEAR_END)

BUDGET = flow.register(
    flow.Machine(
        "budget", "budget.plan",
        ("computing", "computed", "failed", "talks", "adopting", "adopted", "dropped"), "computing",
        ("adopted", "dropped"),
        (
            Move("computed", ("computing",), "computed", None, effect=plan.computed, notify=(Role.B1, Role.B2)),
            Move("failed", ("computing",), "failed", None, effect=plan.failed, notify=(Role.B1,)),
            Move("again", ("computed", "failed"), "computing", Act.BUDGET_DRAFT, effect=plan.ordered),
            Move("announce", ("computed",), "talks", Act.BUDGET_ADOPT, not_by=("open", "again"),
                 effect=plan.announced, notify=(Role.B1, Role.B3, Role.B6)),
            Move("adopt", ("talks",), "adopting", Act.BUDGET_ADOPT, not_by=("open", "again"),
                 ready=plan.all_talked, effect=plan.adopting, fields=(_DOCUMENT,)),
            Move("registered", ("adopting",), "adopted", None, effect=plan.adopted,
                 notify=(Role.B1, Role.B2, Role.B3, Role.B6)),
            Move("unregistered", ("adopting",), "talks", None, effect=plan.failed, notify=(Role.B1, Role.B2)),
            Move("drop", ("computed", "failed"), "dropped", Act.BUDGET_DRAFT, quiet=True, fields=(_WHY,)),
        ),
        see=Act.BUDGET_SEE, letters="YS", facts=reads.plan_facts, panel="budget/tables.html",
        panel_of=reads.plan_panel, columns=reads.columns,
        papers=(flow.CasePaper("plan", ("computed", "talks", "adopting", "adopted"), reads.plan_paper),),
    )
)  # fmt: skip

TALK = flow.register(
    flow.Machine(
        "budget_talk", "budget.talk",
        ("open", "accepting", "proposing", "proposed", "answered", "agreed", "decided", "closed"), "open",
        ("closed",),
        (
            Move("accept", ("open", "answered"), "accepting", Act.BUDGET_PROPOSE, effect=talk.accepting,
                 deadline=talk.due, silence="lapse", notify=(Role.H6,)),
            Move("cosign", ("accepting",), "agreed", Act.BUDGET_SIGN, not_by=("accept",), effect=talk.agreed,
                 notify=(Role.B1, Role.H1), many=True),
            Move("decline", ("accepting",), "", Act.BUDGET_SIGN, goes=talk.back, targets=("open", "answered"),
                 fields=(_WHY,), deadline=talk.due, silence="lapse", notify=(Role.H1,), many=True),
            Move("propose", ("open", "answered"), "proposing", Act.BUDGET_PROPOSE, ready=talk.rounds_left,
                 effect=talk.proposed, fields=(_AMOUNT, Field("reason", "text", required=True)),
                 deadline=talk.due, silence="lapse", notify=(Role.H6,)),
            Move("sign", ("proposing",), "proposed", Act.BUDGET_SIGN, not_by=("propose",), effect=talk.signed,
                 deadline=talk.answer_due, notify=(Role.B1,), many=True),
            Move("unsign", ("proposing",), "", Act.BUDGET_SIGN, goes=talk.back, targets=("open", "answered"),
                 fields=(_WHY,), deadline=talk.due, silence="lapse", notify=(Role.H1,)),
            Move("answer", ("proposed",), "answered", Act.BUDGET_ANSWER, effect=talk.answered,
                 fields=(_AMOUNT, Field("reply", "text", required=True)), deadline=talk.due, silence="lapse",
                 notify=(Role.H1, Role.H6)),
            Move("lapse", ("open", "accepting", "proposing", "answered"), "agreed", None, effect=talk.agreed,
                 notify=(Role.H1, Role.B1)),
            Move("decide", ("answered",), "decided", Act.BUDGET_ADOPT, not_by=("answer",), ready=talk.rounds_used,
                 quiet_while=talk.has_rounds,
                 effect=talk.decided, fields=_DECIDED, notify=(Role.H1, Role.H6, Role.B1)),
            Move("revise", ("agreed", "decided"), "decided", Act.BUDGET_ADOPT, not_by=("answer",), quiet=True,
                 ready=talk.not_adoptable, effect=talk.decided, fields=_DECIDED,
                 notify=(Role.H1, Role.H6, Role.B1)),
            Move("close", ("agreed", "decided"), "closed", None, notify=(Role.H1, Role.H6)),
        ),
        see=Act.BUDGET_SEE, letters="XS", deadline=talk.due, silence="lapse", facts=reads.talk_facts,
        columns=reads.talk_columns, handled_by=Role.B1, contact="budget",
        papers=(
            flow.CasePaper("notice", ("open", "accepting", "proposing", "proposed", "answered", "agreed", "decided",
                                      "closed"), reads.notice_paper),
            flow.CasePaper("proposal", ("proposed", "answered", "agreed", "decided", "closed"), reads.proposal_paper,
                           when=talk.was_proposed),
            flow.CasePaper("decision", ("decided", "closed"), reads.decision_paper),
        ),
    )
)  # fmt: skip

CHANGE = flow.register(
    flow.Machine(
        "budget_change", "budget.change", ("draft", "posting", "approved", "declined", "dropped"), "draft",
        ("approved", "dropped"),
        (
            Move("approve", ("draft",), "", Act.BUDGET_ADOPT, not_by=("open", "propose"), goes=change.after_approval,
                 targets=("posting", "approved"), effect=change.approved, fields=(_DOCUMENT,),
                 notify=(Role.B1, Role.B3), many=True),
            Move("computed", ("posting",), "approved", None, effect=change.posted,
                 notify=(Role.B1, Role.B2, Role.B3)),
            Move("failed", ("posting",), "draft", None, effect=change.not_posted, notify=(Role.B1, Role.B2)),
            Move("decline", ("draft",), "declined", Act.BUDGET_ADOPT, not_by=("open", "propose"), fields=(_WHY,),
                 effect=change.declined),
            Move("propose", ("declined",), "draft", Act.BUDGET_DRAFT, effect=change.proposed, notify=(Role.B2,),
                 fields=(replace(_AMOUNT, now=change.amount_now), replace(_WHY, now=change.why_now))),
            Move("drop", ("draft", "declined"), "dropped", Act.BUDGET_DRAFT, quiet=True, fields=(_WHY,)),
        ),
        see=Act.BUDGET_SEE, letters="TZ", facts=reads.change_facts, columns=reads.listed_change,
        papers=(flow.CasePaper("change", ("approved", "declined"), reads.change_paper),),
    )
)  # fmt: skip

RATIOS = flow.register(
    flow.Machine(
        "sharing_ratios", "budget.ratios",
        ("computing", "proposed", "failed", "decided", "adopted", "dropped"), "computing", ("adopted", "dropped"),
        (
            Move("computed", ("computing",), "proposed", None, effect=plan.computed, notify=(Role.B1,)),
            Move("failed", ("computing",), "failed", None, effect=plan.failed, notify=(Role.B1,)),
            Move("again", ("proposed", "failed"), "computing", Act.BUDGET_DRAFT, effect=ratio.ordered),
            Move("decide", ("proposed", "failed"), "decided", Act.BUDGET_DRAFT, guard=ratio.are_ratios,
                 effect=ratio.decided, notify=(Role.B2,), recallable=True,
                 fields=(Field("meeting", "choice", required=True, of=ratio.meetings, told=ratio.meeting_told),
                         Field("keep", "text", required=True, now=ratio.keep_now),
                         Field("share", required=True, most=20, now=ratio.share_now))),
            Move("return", ("decided",), "proposed", Act.BUDGET_ADOPT, fields=(_WHY,), notify=(Role.B1,)),
            Move("adopt", ("decided",), "adopted", Act.BUDGET_ADOPT, not_by=("open", "decide"),
                 ready=ratio.still_fits, effect=ratio.adopted, notify=(Role.B1, Role.B3, Role.B6)),
            Move("drop", ("proposed", "failed"), "dropped", Act.BUDGET_DRAFT, quiet=True, fields=(_WHY,)),
        ),
        see=Act.BUDGET_SEE, letters="BL", facts=reads.ratio_facts, panel="budget/tables.html",
        panel_of=reads.plan_panel, columns=reads.columns,
        papers=(flow.CasePaper("ratios", ("decided", "adopted"), reads.ratio_paper),),
    )
)  # fmt: skip

PREPAYMENT = flow.register(
    flow.Machine(
        "prepayment", "budget.prepay",
        ("computing", "computed", "failed", "approved", "posting", "posted", "dropped"), "computing",
        ("posted", "dropped"),
        (
            Move("computed", ("computing",), "computed", None, effect=plan.computed, notify=(Role.B1, Role.B2)),
            Move("failed", ("computing",), "failed", None, effect=plan.failed, notify=(Role.B1,)),
            Move("again", ("computed", "failed"), "computing", Act.BUDGET_DRAFT, effect=prepay.ordered),
            Move("approve", ("computed",), "approved", Act.PREPAYMENT_APPROVE, not_by=("open", "again"),
                 ready=prepay.payable, effect=prepay.approved, fields=(_DOCUMENT,), notify=(Role.B1, Role.B3)),
            Move("return", ("computed", "approved"), "failed", Act.PREPAYMENT_APPROVE, fields=(_WHY,),
                 notify=(Role.B1,)),
            Move("post", ("approved",), "posting", Act.PREPAYMENT_POST, not_by=("open", "again", "approve"),
                 ready=prepay.unchanged, guard=prepay.paid_by_now, effect=prepay.posting,
                 fields=(Field("order", required=True, most=100), Field("paid_on", "date", required=True))),
            Move("registered", ("posting",), "posted", None, effect=prepay.registered,
                 notify=(Role.B1, Role.B2, Role.B3)),
            Move("unregistered", ("posting",), "approved", None, effect=plan.failed, notify=(Role.B1, Role.B3)),
            Move("drop", ("computed", "failed"), "dropped", Act.BUDGET_DRAFT, quiet=True, fields=(_WHY,)),
        ),
        see=Act.BUDGET_SEE, letters="YF", facts=reads.prepay_facts, panel="budget/tables.html",
        panel_of=reads.plan_panel, columns=reads.prepay_columns,
        papers=(flow.CasePaper("prepay", ("computed", "approved", "posting", "posted"), reads.prepay_paper),),
    )
)  # fmt: skip
