"""The machine of this room: a special review."""

from __future__ import annotations

from drgpay_web import flow
from drgpay_web.flow import Field, Move
from drgpay_web.people import Act, Role
from drgpay_web.review import experts, moves, papers, reads
from drgpay_web.review.quota import MACHINE

REASONS = ("long_stay", "high_cost", "new_technology", "multidisciplinary", "critical")
DECISIONS = ("amount", "by_item", "standard", "declined", "over_quota")
_APPLY = (
    Field("reason", "choice", required=True, choices=REASONS, now=lambda case: str(case.data.get("reason", ""))),
    Field("statement", "text", required=True, now=lambda case: str(case.data.get("statement", ""))),
)
_WHY = Field("why", "text", required=True)
_EXPERTS = Field("experts", "persons", required=True, of=experts.choices, now=experts.proposed)
_OPINION = (
    Field("opinion", "choice", required=True, choices=("approve", "decline")), Field("amount", "money"),
    Field("basis", "text", required=True),
)  # fmt: skip
_DECISION = (
    Field("decision", "choice", required=True, choices=DECISIONS, now=moves.proposed_decision),
    Field("amount", "money", now=moves.proposed_amount), Field("reason", "text", required=True),
)  # fmt: skip
_OWN = ("draft", "returned")
_ROUNDS = tuple(experts.OF_STATE)
_BEFORE = ("open", "take_up", "write", "submit", "complete", "return", "assign", "replace", "decide", "opine")
TOLD = ("told", "appealed", "appeal_reviewing", "appeal_differing", "appeal_third", "appeal_opinions", "final")

SPECIAL = flow.register(
    flow.Machine(
        MACHINE, "review.case",
        ("suggested", "draft", "submitted", "returned", "complete", "reviewing", "differing", "third", "opinions",
         "decided", "told", "appealed", "appeal_reviewing", "appeal_differing", "appeal_third", "appeal_opinions",
         "final", "passed", "lapsed", "withdrawn", "superseded"),
        "suggested", ("final", "passed", "lapsed", "withdrawn", "superseded"),
        (
            Move("take_up", ("suggested",), "draft", Act.REVIEW_DRAFT, fields=_APPLY, effect=moves.written,
                 deadline=moves.due("draft"), silence="lapse"),
            Move("pass_over", ("suggested",), "passed", Act.REVIEW_DRAFT, many=True),
            Move("write", _OWN, "", Act.REVIEW_DRAFT, fields=_APPLY, effect=moves.written),
            Move("submit", _OWN, "submitted", Act.REVIEW_DRAFT, ready=moves.may_submit, guard=moves.whole,
                 fields=(Field("record", "flag"), Field("bill", "flag")), effect=moves.submitted, freezes=True,
                 deadline=moves.due("check"), notify=(Role.B1,)),
            Move("withdraw", (*_OWN, "submitted"), "withdrawn", Act.REVIEW_DRAFT, quiet=True, fields=(_WHY,)),
            Move("supersede", ("suggested",), "superseded", None, notify=(Role.H1,),
                 fields=(Field("cause", "choice", required=True, choices=("not_offered", "newer", "corrected")),)),
            Move("lapse", ("suggested", *_OWN), "lapsed", None, notify=(Role.H1,)),
            Move("complete", ("submitted",), "complete", Act.REVIEW_CHECK, not_by=("open", "submit"),
                 deadline=moves.due("assign"), notify=(Role.B2, Role.H1), many=True),
            Move("return", ("submitted",), "returned", Act.REVIEW_CHECK, fields=(_WHY,), silence="lapse",
                 deadline=moves.due("draft"), notify=(Role.H1,)),
            Move("assign", tuple(experts.ROUNDS), "", Act.REVIEW_ASSIGN, goes=moves.after_assigning, targets=_ROUNDS,
                 fields=(_EXPERTS,), ready=moves.enough, guard=experts.right_number, effect=moves.assigned,
                 deadline=moves.due("opinion"), silence="late"),
            Move("replace", _ROUNDS, "", Act.REVIEW_ASSIGN, quiet=True, guard=experts.right_number,
                 fields=(Field("slot", "choice", required=True, of=moves.replaceable), _EXPERTS),
                 effect=moves.replaced),
            Move("recuse", _ROUNDS, "", Act.REVIEW_OPINE, quiet=True, ready=moves.somebody_else, fields=(_WHY,),
                 effect=moves.recused, not_by=("opine",), notify=(Role.B2,)),
            Move("opine", _ROUNDS, "", Act.REVIEW_OPINE, ready=moves.has_place, guard=moves.right_amount,
                 goes=moves.after_opinion, fields=_OPINION, effect=moves.opined, not_by=_BEFORE,
                 targets=(*_ROUNDS, "differing", "opinions", "appeal_differing", "appeal_opinions"),
                 deadline=moves.due_opinion, silence="late"),
            Move("late", _ROUNDS, "", None, effect=experts.late, deadline=moves.due("opinion"), silence="late",
                 notify=(Role.B2,)),
            Move("decide", ("opinions",), "decided", Act.REVIEW_DECIDE, fields=_DECISION, guard=moves.may_decide,
                 effect=moves.decided, not_by=("open", "take_up", "submit", "opine"), deadline=moves.due("tell"),
                 silence="tell_late", notify=(Role.B1,)),
            Move("tell", ("decided",), "told", Act.REVIEW_CHECK, effect=moves.told, not_by=("decide",),
                 deadline=moves.due("appeal"), silence="stand", notify=(Role.H1,), many=True),
            Move("tell_late", ("decided",), "told", None, effect=moves.told, deadline=moves.due("appeal"),
                 silence="stand", notify=(Role.H1, Role.B1)),
            Move("accept", ("told",), "final", Act.REVIEW_APPEAL, effect=moves.final, notify=(Role.B1, Role.B2),
                 many=True),
            Move("appeal", ("told",), "appealed", Act.REVIEW_APPEAL, ready=moves.may_appeal, effect=moves.appealed,
                 fields=(Field("ground", "text", required=True),), freezes=True, deadline=moves.due("assign"),
                 notify=(Role.B2,)),
            Move("stand", ("told",), "final", None, effect=moves.final, notify=(Role.H1, Role.B1)),
            Move("rule", ("appeal_opinions",), "final", Act.REVIEW_RULE, fields=_DECISION, guard=moves.may_decide,
                 effect=moves.ruled, not_by=("decide", "opine", "open", "submit"), notify=(Role.H1, Role.B1)),
        ),
        see=Act.REVIEW_SEE, letters="TL", deadline=moves.due("draft"), silence="lapse", facts=reads.facts,
        panel="review/panel.html", panel_of=reads.panel, columns=reads.columns, head="review/head.html",
        head_of=reads.head, sees=reads.sees, state_for=reads.state_for,
        papers=(
            flow.CasePaper("application", ("submitted", "complete", "reviewing", "differing", "third", "opinions",
                                           "decided", *TOLD), papers.application, inside=True),
            flow.CasePaper("decision", TOLD, papers.decision, inside=True),
        ),
        handled_by=Role.B1,
        contact="review",
    )
)  # fmt: skip
