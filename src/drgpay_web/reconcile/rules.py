"""The machine of this room: a reconciliation."""

from __future__ import annotations

from drgpay_web import flow
from drgpay_web.flow import Field, Move
from drgpay_web.people import Act, Role
from drgpay_web.reconcile import moves

RECONCILIATION = flow.register(
    flow.Machine(
        "reconciliation", "reconcile.case",
        ("received", "unreadable", "matched", "queried", "answered", "closed"), "received", ("closed", "unreadable"),
        (
            Move("match", ("received",), "", Act.RECONCILE_UPLOAD, effect=moves.match, quiet=True),
            Move("found", ("received",), "matched", None, deadline=moves.due("ask"), silence="silent",
                 notify=(Role.H1,)),
            Move("refuse", ("received",), "unreadable", None, notify=(Role.H1,)),
            Move("ask", ("matched", "answered"), "queried", Act.RECONCILE_ASK, guard=moves.may_ask,
                 effect=moves.asked, deadline=moves.due("answer"), notify=(Role.B1,),
                 fields=(Field("lines", "text", required=True), Field("question", "text", required=True))),
            Move("answer", ("queried",), "answered", Act.RECONCILE_ANSWER, effect=moves.answered, not_by=("ask",),
                 fields=(Field("answer", "text", required=True),), deadline=moves.due("ask"), silence="silent",
                 notify=(Role.H1,)),
            Move("close", ("matched", "answered"), "closed", Act.RECONCILE_ASK, notify=(Role.B1,), many=True),
            Move("silent", ("matched", "answered"), "closed", None, notify=(Role.H1,)),
        ),
        see=Act.RECONCILE_SEE, letters="DZ", facts=moves.facts, panel="reconcile/panel.html", panel_of=moves.panel,
        columns=moves.columns, head="reconcile/head.html", head_of=moves.head, handled_by=Role.B1,
        contact="settlement",
    )
)  # fmt: skip
