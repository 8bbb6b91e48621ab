"""The moves of a submission, as data (13 §2.1)."""

from __future__ import annotations

from typing import Any

from drgpay_web.flow import Field, Machine, Move, register
from drgpay_web.people.matrix import Act, Role
from drgpay_web.submissions import effects, guards, seen

SUBMISSION = "submission"
RECEIVED, CHECKING, CHECKED, UNREADABLE = "received", "checking", "checked", "unreadable"
HANDED_IN, ACCEPTED, RETURNED, IN_REGION, SUPERSEDED = "handed_in", "accepted", "returned", "in_region", "superseded"
WITH_HOSPITAL = (RECEIVED, CHECKED, UNREADABLE, RETURNED)
"""states in which it is the hospital's turn"""
HOUSE: tuple[Any, ...] = (Role.H1, Role.H2)

MACHINE = register(
    Machine(
        name=SUBMISSION,
        words="submissions.case",
        states=(
            RECEIVED, CHECKING, CHECKED, UNREADABLE, HANDED_IN, ACCEPTED, RETURNED, IN_REGION, SUPERSEDED,
        ),
        start=RECEIVED,
        ends=(SUPERSEDED,),
        see=Act.SUBMISSION_SEE,
        letters="TJ",
        deadline=guards.due,
        facts=seen.facts,
        panel="submissions/panel.html",
        panel_of=seen.panel,
        handled_by=Role.B1,
        contact="hand_in",
        moves=(
            Move("check", (RECEIVED, CHECKED, UNREADABLE, RETURNED), CHECKING, Act.SUBMISSION_UPLOAD,
                 guard=guards.may_check, effect=effects.check, deadline=guards.due),
            Move("found", (CHECKING,), CHECKED, None, deadline=guards.due),
            Move("refuse", (CHECKING,), UNREADABLE, None, deadline=guards.due),
            Move("lose", (CHECKING,), RECEIVED, None, deadline=guards.due),
            Move("hand_in", (CHECKED,), HANDED_IN, Act.SUBMISSION_HAND_IN, guard=guards.may_hand_in,
                 effect=effects.hand_in, fields=(Field("reason", "text"),), notify=(Role.B1,), many=True),
            Move("recall", (HANDED_IN,), CHECKED, Act.SUBMISSION_HAND_IN, quiet=True, deadline=guards.due),
            Move("accept", (HANDED_IN,), ACCEPTED, Act.SUBMISSION_ACCEPT, effect=effects.enter,
                 not_by=("hand_in",), notify=HOUSE, many=True),
            Move("accept_by_score", (HANDED_IN,), ACCEPTED, None, guard=guards.has_score, effect=effects.enter,
                 notify=HOUSE),
            Move("return", (HANDED_IN,), RETURNED, Act.SUBMISSION_RETURN,
                 fields=(Field("why", "text", required=True),), deadline=guards.due, notify=HOUSE, many=True),
            Move("enter_again", (ACCEPTED,), "", Act.SUBMISSION_ACCEPT, guard=guards.is_stuck, effect=effects.enter),
            Move("enter", (ACCEPTED,), IN_REGION, None, notify=HOUSE),
            Move("bounce", (ACCEPTED,), RETURNED, None, deadline=guards.due, notify=HOUSE),
            Move("replace", (*WITH_HOSPITAL, CHECKING, HANDED_IN, IN_REGION), SUPERSEDED, None),
        ),
    )
)  # fmt: skip
