"""The machines of this room: suspicions (with the audit sample), and alerts (13 §2.5)."""

from __future__ import annotations

from drgpay.tables import TREATMENTS
from drgpay_web import flow
from drgpay_web.flow import CasePaper, Field, Move
from drgpay_web.oversight import actions, alerts, effects, guards, letters, looks, seen, treating
from drgpay_web.people import Act, Role

_FINAL = ("final", "upheld", "changed")
_DONE = ("executed", "published", "closed")
_REASON = Field("reason", "text", required=True)
_WORK, _OWN = Act.SUSPICION_WORK, guards.INSPECTOR
_BACK = (Role.B4,)

SUSPICION = flow.register(
    flow.Machine(
        "suspicion", "oversight.suspicion",
        ("open", "assigned", "differs", "asked", "explained", "accepted", "silent", "confirmed", "appealed", "upheld",
         "changed", "final", "proposed", "decided", "executed", "published", "closed", "agreed", "dismissed"),
        "open", ("closed", "agreed", "dismissed"),
        (
            Move("assign", ("open", "assigned", "differs"), "assigned", _WORK, guard=guards.one_inspector,
                 effect=effects.assign, fields=(Field("inspector", "persons", required=True, of=guards.inspectors),),
                 many=True),
            Move("take", ("open",), "assigned", _WORK, effect=effects.take, many=True),
            Move("code_again", ("assigned",), "", _WORK, slot=_OWN, ready=guards.is_drawn, guard=guards.codes_typed,
                 effect=treating.code_again, goes=treating.agrees, targets=("agreed", "differs"),
                 fields=(Field("dx", "text", required=True), Field("proc", "text"))),
            Move("drop", ("open", "assigned", "differs"), "dismissed", _WORK, ready=guards.other_person,
                 effect=effects.dismiss, fields=(_REASON,), many=True),
            Move("ask", ("assigned", "differs", "explained"), "asked", _WORK, slot=_OWN, ready=guards.may_ask,
                 effect=effects.ask, fields=(Field("question", "text", required=True),), deadline=effects.answer_due,
                 silence="answer_lapsed", notify=(Role.H1, Role.H6), freezes=True),
            Move("explain", ("asked",), "explained", Act.SUSPICION_ANSWER,
                 fields=(Field("explanation", "text", required=True),), notify=_BACK, freezes=True),
            Move("accept", ("asked",), "accepted", Act.SUSPICION_ANSWER, effect=effects.accept, notify=_BACK,
                 fields=(Field("explanation", "text"),)),
            Move("answer_lapsed", ("asked",), "silent", None, notify=(*_BACK, Role.H1)),
            Move("confirm", ("explained", "accepted", "silent"), "", Act.SUSPICION_REVIEW, ready=guards.other_person,
                 effect=effects.confirm, goes=effects.confirmed_to, targets=("confirmed", "final"), not_by=("ask",),
                 fields=(Field("finding", "choice", of=guards.findings), _REASON), deadline=effects.appeal_due,
                 silence="appeal_lapsed", notify=(Role.H1, Role.B4)),
            Move("dismiss", ("explained", "accepted", "silent"), "dismissed", Act.SUSPICION_REVIEW,
                 ready=guards.other_person, effect=effects.dismiss, not_by=("ask",), fields=(_REASON,),
                 notify=(Role.H1,)),
            Move("appeal", ("confirmed",), "appealed", Act.SUSPICION_APPEAL, fields=(_REASON,),
                 deadline=effects.decide_due, notify=(Role.B2, Role.B4), freezes=True),
            Move("waive", ("confirmed",), "final", Act.SUSPICION_APPEAL, notify=_BACK),
            Move("appeal_lapsed", ("confirmed",), "final", None, notify=(*_BACK, Role.H1)),
            Move("uphold", ("appealed",), "upheld", Act.SUSPICION_DECIDE, ready=guards.other_person,
                 not_by=("ask", "confirm"), fields=(_REASON,), notify=(Role.H1, Role.B4)),
            Move("change", ("appealed",), "changed", Act.SUSPICION_DECIDE, ready=guards.other_person,
                 guard=guards.no_worse, effect=effects.change, not_by=("ask", "confirm"),
                 fields=(Field("amount", "money", required=True), _REASON), notify=(Role.H1, Role.B4)),
            Move("overturn", ("appealed",), "dismissed", Act.SUSPICION_DECIDE, ready=guards.other_person,
                 effect=effects.dismiss, not_by=("ask", "confirm"), fields=(_REASON,), notify=(Role.H1, Role.B4)),
            Move("propose", _FINAL, "", _WORK, slot=_OWN, guard=guards.may_treat, effect=effects.propose,
                 goes=treating.next_state, targets=("proposed", "decided"),
                 fields=(Field("treatment", "choice", required=True, choices=TREATMENTS), Field("amount", "money"),
                         Field("multiple"), Field("points", "number"), Field("from_date", "date"),
                         Field("lifted_on", "date"), Field("publish", "flag"), _REASON),
                 notify=(Role.B2, Role.B6)),
            Move("approve", ("proposed",), "decided", Act.SUSPICION_APPROVE,
                 not_by=("ask", "confirm", "propose"), notify=_BACK),
            Move("return", ("proposed",), "final", Act.SUSPICION_APPROVE, fields=(_REASON,), notify=_BACK),
            Move("interview", ("decided",), "", _WORK, slot=_OWN, guard=guards.held_already, effect=effects.interview,
                 fields=(Field("day", "date", required=True), Field("place", required=True, most=100),
                         Field("attending", "text", required=True), Field("minutes", "text", required=True))),
            Move("execute", ("decided",), "executed", _WORK, slot=_OWN, ready=guards.may_execute,
                 effect=effects.execute, notify=(Role.H1, Role.H6, Role.B1)),
            Move("publish", ("executed",), "published", None),
            Move("lift", ("executed", "published"), "", Act.SUSPICION_APPROVE, ready=guards.may_lift,
                 guard=guards.lifted_in_time, effect=effects.lift, not_by=("ask", "confirm", "propose"), quiet=True,
                 fields=(Field("lifted_on", "date", required=True), _REASON),
                 notify=(Role.H1, Role.H6, Role.B1, Role.B4)),
            Move("close", ("executed", "published"), "closed", _WORK, ready=guards.may_close, many=True,
                 notify=(Role.H1,)),
        ),
        see=Act.SUSPICION_SEE, letters="YD", contact="oversight",
        facts=seen.facts, panel="oversight/suspicion_panel.html",
        panel_of=seen.panel, columns=seen.columns, head="oversight/queue_head.html", head_of=seen.head,
        sees=seen.sees, shown="shown", handled_by=Role.B4,
        papers=(
            CasePaper("letter", ("asked", "explained", "accepted", "silent", "confirmed", "appealed", "proposed",
                                 "decided", "dismissed", *_FINAL, *_DONE), letters.letter, when=letters.was_asked,
                      inside=True),
            CasePaper("decision", _DONE, letters.decision, inside=True),
            CasePaper("minutes", ("decided", *_DONE), letters.minutes, when=letters.was_interviewed,
                      inside=True),
        ),
    )
)  # fmt: skip

_TEXT = Field("text", "text", required=True)
ALERT = flow.register(
    flow.Machine(
        "alert", "oversight.alert", ("raised", "acknowledged", "explained", "corrected", "verified", "closed"),
        "raised", ("closed",),
        (
            Move("acknowledge", ("raised",), "acknowledged", Act.ALERT_ANSWER, effect=alerts.event,
                 deadline=alerts.due, silence="overdue", many=True),
            Move("explain", ("acknowledged",), "explained", Act.ALERT_ANSWER, effect=alerts.event, fields=(_TEXT,),
                 deadline=alerts.later, silence="overdue", notify=alerts.BUREAU),
            Move("correct", ("acknowledged", "explained"), "corrected", Act.ALERT_ANSWER, effect=alerts.event,
                 fields=(_TEXT,), deadline=alerts.later, silence="overdue", notify=alerts.BUREAU),
            Move("verify", ("explained", "corrected"), "verified", Act.ALERT_VERIFY, effect=alerts.event,
                 fields=(_TEXT,), not_by=("explain", "correct"), notify=alerts.HOUSE),
            Move("close", ("verified",), "closed", Act.ALERT_VERIFY, effect=alerts.event, many=True,
                 notify=alerts.HOUSE),
            Move("overdue", ("raised", "acknowledged", "explained", "corrected"), "", None, effect=alerts.overdue,
                 notify=(Role.B2, Role.B4, *alerts.HOUSE)),
        ),
        see=Act.ALERT_SEE, letters="YJ", contact="oversight",
        deadline=alerts.due, silence="overdue", facts=alerts.facts,
        panel="oversight/alert_panel.html", panel_of=alerts.panel, columns=alerts.columns,
    )
)  # fmt: skip

flow.follow("period", "open", looks.after_publishing)
flow.follow("period", "republish", looks.after_publishing)
flow.follow("announcement", "publish", actions.published)
flow.follow("announcement", "discard", actions.discarded)
