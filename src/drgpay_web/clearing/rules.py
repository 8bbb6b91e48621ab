"""The machines of this room: a period, its monthly statements, and those of a clearing, which the head co-signs."""

from __future__ import annotations

from drgpay_web import flow
from drgpay_web.clearing import period_moves as period
from drgpay_web.clearing import reads
from drgpay_web.clearing import reopening_moves as reopening
from drgpay_web.clearing import statement_moves as statement
from drgpay_web.flow import Field, Move
from drgpay_web.people import Act, Role

LINES = (
    "n", "points", "cost", "actual", "refused", "due", "paid", "deposit", "corrections", "advance_netted", "held",
    "balance", "surplus_returned", "overspend_shared", "deposit_forfeited", "second_distribution", "violations",
    "settled", "final_payment", "other",
)  # fmt: skip
DECISIONS = ("special", "high_extra", "technology", "tcm", "unrefuse", "resubmit")
_ALIVE = ("published", "signing", "answered", "escalated", "confirmed", "settled")

PERIOD = flow.register(
    flow.Machine(
        "period", "clearing.period", ("published", "approved", "posted", "sealing", "sealed"), "published",
        ("sealed",),
        (
            Move("republish", ("published",), "", Act.PERIOD_PUBLISH, ready=period.may_republish,
                 effect=period.republish),
            Move("approve", ("published",), "approved", Act.PERIOD_APPROVE, ready=period.may_approve,
                 effect=period.approved, deadline=period.due, notify=(Role.B3,)),
            Move("reopen", ("approved",), "published", Act.PERIOD_APPROVE,
                 fields=(Field("why", "text", required=True),), deadline=period.due, notify=(Role.B1,)),
            Move("post", ("approved",), "posted", Act.PERIOD_POST, guard=period.may_post, effect=period.posted,
                 not_by=("approve",), deadline=period.due, notify=(Role.B2,),
                 fields=(Field("order", required=True, most=60), Field("paid_on", "date", required=True))),
            Move("seal", ("posted",), "sealing", Act.PERIOD_SEAL, ready=period.may_seal, effect=period.seal,
                 deadline=period.due),
            Move("sealed", ("published", "approved", "posted", "sealing"), "sealed", None, effect=period.sealed,
                 notify=(Role.B1, Role.B2, Role.B3)),
            Move("unsealed", ("sealing",), "posted", None, deadline=period.due, notify=(Role.B2,)),
        ),
        see=Act.PERIOD_SEE, letters="PD", deadline=period.due, facts=period.facts,
        panel="clearing/period_panel.html", panel_of=reads.period_panel,
    )
)  # fmt: skip

REOPENING = flow.register(
    flow.Machine(
        "reopening", "clearing.reopening",
        ("asked", "approved", "settling", "sealed", "declined", "dropped"), "asked",
        ("sealed", "declined", "dropped"),
        (
            Move("approve", ("asked",), "approved", Act.REOPENING_APPROVE, not_by=("open",),
                 ready=reopening.still_last, fields=(Field("document", most=200),),
                 notify=(Role.B1, Role.B3, Role.B6)),
            Move("decline", ("asked",), "declined", Act.REOPENING_APPROVE, not_by=("open",),
                 fields=(Field("why", "text", required=True),), notify=(Role.B1,)),
            Move("settle", ("approved",), "settling", None),
            Move("sealed", ("approved", "settling"), "sealed", None, effect=reopening.sealed,
                 notify=(Role.B1, Role.B2, Role.B3, Role.B6)),
            Move("drop", ("asked", "approved"), "dropped", Act.REOPENING_ASK, quiet=True,
                 fields=(Field("why", "text", required=True),)),
        ),
        see=Act.REOPENING_SEE, letters="CK", facts=reopening.facts, columns=reopening.columns,
    )
)  # fmt: skip


def _statement(name: str, letters: str, cosigned: bool) -> flow.Machine:
    """A statement's machine; where it is co-signed, confirming waits for the head of the institution."""
    signing = (
        Move("cosign", ("signing",), "confirmed", Act.STATEMENT_COSIGN, ready=statement.still_open,
             effect=statement.confirmed, not_by=("confirm",), notify=(Role.H1,), many=True),
        Move("decline", ("signing",), "published", Act.STATEMENT_COSIGN,
             fields=(Field("why", "text", required=True),), deadline=statement.again_due, silence="silence",
             notify=(Role.H1,)),
    )  # fmt: skip
    confirm = Move(
        "confirm", ("published", "answered"), "signing" if cosigned else "confirmed", Act.STATEMENT_CONFIRM,
        ready=statement.may_confirm, effect=None if cosigned else statement.confirmed,
        deadline=statement.again_due if cosigned else None, silence="silence" if cosigned else "",
        notify=(Role.H6,) if cosigned else (), many=True,
    )  # fmt: skip
    reply = Field("reply", "text", required=True)
    moves = (
        confirm,
        *(signing if cosigned else ()),
        Move("dispute", ("published",), "disputed", Act.STATEMENT_DISPUTE, ready=statement.rounds_left,
             guard=statement.may_dispute, effect=statement.disputed, notify=(Role.B1,),
             fields=(Field("line", "choice", required=True, choices=LINES), Field("stays", "text"),
                     Field("reason", "text", required=True))),
        Move("accept", ("disputed",), "answering", Act.STATEMENT_ANSWER, guard=statement.may_accept,
             effect=statement.accepted, notify=(Role.B2,),
             fields=(Field("kind", "choice", required=True, choices=DECISIONS), Field("amount", most=30),
                     Field("share", most=20), reply), many=True),
        Move("refuse", ("disputed",), "answering", Act.STATEMENT_ANSWER, effect=statement.refused, fields=(reply,),
             notify=(Role.B2,), many=True),
        Move("approve_answer", ("answering",), "answered", Act.STATEMENT_APPROVE_ANSWER, effect=statement.answered,
             not_by=("accept", "refuse"), deadline=statement.again_due, silence="silence", notify=(Role.H1,),
             many=True),
        Move("return_answer", ("answering",), "disputed", Act.STATEMENT_APPROVE_ANSWER,
             fields=(Field("why", "text", required=True),), notify=(Role.B1,), many=True),
        Move("remind", ("published", "answered", *(("signing",) if cosigned else ())), "", Act.STATEMENT_ANSWER,
             ready=statement.may_remind, effect=statement.reminded, quiet=True, many=True, notify=(Role.H1, Role.H6)),
        Move("escalate", ("answered",), "escalated", Act.STATEMENT_DISPUTE, ready=statement.may_escalate,
             fields=(Field("reason", "text", required=True),), notify=(Role.B2,)),
        Move("settle", ("escalated",), "settled", Act.STATEMENT_APPROVE_ANSWER, not_by=("accept", "refuse"),
             fields=(Field("ruling", "text", required=True),), notify=(Role.H1, Role.B1), many=True),
        Move("again", _alive(cosigned), "published", None, effect=statement.again, deadline=statement.again_due,
             silence="silence", notify=(Role.H1, Role.H6)),
        Move("carry", _alive(cosigned), "", None, effect=statement.carry),
        Move("silence", tuple(s for s in ("published", "signing", "answered") if cosigned or s != "signing"),
             "confirmed", None, guard=statement.may_lapse, effect=statement.silent, notify=(Role.H1,)),
        Move("late", ("disputed", "answering", "answered", "escalated"), "settled", None, notify=(Role.H1,)),
        Move("close", ("confirmed", "settled"), "closed", None),
    )  # fmt: skip
    states = ("published", "signing", "disputed", "answering", "answered", "escalated", "confirmed", "settled",
              "closed")  # fmt: skip
    return flow.Machine(
        name, "clearing.statement", tuple(s for s in states if cosigned or s != "signing"), "published", ("closed",),
        moves, see=Act.STATEMENT_SEE, letters=letters, deadline=statement.first_due, silence="silence",
        facts=statement.facts, panel="clearing/statement_panel.html", panel_of=reads.statement_panel,
        columns=statement.columns, handled_by=Role.B1, contact="settlement",
    )  # fmt: skip


def _alive(cosigned: bool) -> tuple[str, ...]:
    return tuple(state for state in _ALIVE if cosigned or state != "signing")


STATEMENT = flow.register(_statement("statement", "ST", cosigned=False))
CLEARING_STATEMENT = flow.register(_statement("clearing_statement", "CS", cosigned=True))
