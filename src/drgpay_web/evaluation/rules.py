"""The machines of this room: the evaluation of a year, and the card of an institution in it."""

from __future__ import annotations

from drgpay_web import flow
from drgpay_web.evaluation import card_moves as card
from drgpay_web.evaluation import reads
from drgpay_web.evaluation import year_moves as year
from drgpay_web.evaluation.cards import item_told, person_told
from drgpay_web.flow import Field, Move
from drgpay_web.people import Act, Role

_RUN = Field("run", "choice", required=True, of=year.year_runs, told=year.run_told)
_WHY = Field("why", "text", required=True)

EVALUATION = flow.register(
    flow.Machine(
        "evaluation", "evaluation.year",
        ("reporting", "checking", "marking", "marked", "approved", "published"), "reporting", ("published",),
        (
            Move("assign_item", ("reporting",), "", Act.EVALUATION_OPEN, effect=year.assigned, quiet=True,
                 fields=(Field("item", "choice", required=True, of=year.reported_items, told_of=item_told),
                         Field("person", "choice", required=True, of=year.bureau_people, told=person_told))),
            Move("close", ("reporting",), "checking", Act.EVALUATION_OPEN, effect=year.closed, notify=(Role.B4,)),
            Move("mark", ("checking",), "marking", Act.EVALUATION_OPEN, ready=year.unmarkable, fields=(_RUN,),
                 effect=year.mark),
            Move("mark_again", ("marked",), "marking", Act.EVALUATION_OPEN, ready=year.again_waits, fields=(_RUN,),
                 effect=year.mark),
            Move("marked", ("marking",), "marked", None, effect=year.marked, notify=(Role.B1, Role.B2)),
            Move("failed", ("marking",), "", None, goes=year.before_marking, targets=("checking", "marked"),
                 effect=year.failed, notify=(Role.B1,)),
            Move("corrected", ("marked",), "", None, effect=year.corrected),
            Move("approve", ("marked",), "approved", Act.EVALUATION_APPROVE, ready=year.not_settled,
                 effect=year.approved, not_by=("open", "mark", "mark_again"), notify=(Role.B1, Role.B6)),
            Move("publish", ("approved",), "published", Act.EVALUATION_OPEN, effect=year.published,
                 notify=(Role.B2,)),
        ),
        see=Act.EVALUATION_SEE, letters="KH", facts=year.facts, panel="evaluation/year_panel.html",
        panel_of=reads.year_panel, columns=reads.year_columns, head="evaluation/head.html", head_of=reads.head,
    )
)  # fmt: skip

_SAID = (Field("value", required=True, most=30), Field("evidence", required=True, most=300))
_SAID_OR_NOT = (Field("value", most=30), Field("evidence", most=300))
_SEEN = ("marked", "objected", "answered", "settled", "closed")

CARD = flow.register(
    flow.Machine(
        "evaluation_card", "evaluation.card",
        ("reporting", "checking", *_SEEN), "reporting", ("closed",),
        (
            Move("name_person", ("reporting",), "", Act.EVALUATION_NAME, effect=card.named, quiet=True,
                 fields=(Field("item", "choice", required=True, of=card.house_items, told_of=item_told),
                         Field("person", "choice", required=True, of=card.house_people, told=person_told))),
            Move("report", ("reporting",), "", Act.EVALUATION_REPORT, ready=card.nothing_mine, guard=card.fits,
                 effect=card.reported,
                 fields=(Field("item", "choice", required=True, of=card.own_items, told_of=item_told), *_SAID)),
            Move("close", ("reporting",), "checking", None, effect=card.drawn, notify=(Role.H1, Role.B4),
                 freezes=True),
            Move("check", ("checking",), "", Act.EVALUATION_CHECK, ready=card.nothing_to_check,
                 guard=card.fits_check, effect=card.checked,
                 fields=(Field("item", "choice", required=True, of=card.sampled, told_of=item_told),
                         Field("found", "choice", required=True, choices=("holds", "differs")),
                         _SAID_OR_NOT[0], Field("evidence", required=True, most=300))),
            Move("show", ("checking", "settled"), "marked", None, effect=card.shown, deadline=card.due,
                 silence="lapse", notify=(Role.H1, Role.H6)),
            Move("keep", ("settled",), "", None, effect=card.shown),
            Move("agree", ("marked",), "settled", Act.EVALUATION_OBJECT, many=True),
            Move("object", ("marked",), "objected", Act.EVALUATION_OBJECT, effect=card.objected, notify=(Role.B1,),
                 fields=(Field("item", "choice", required=True, of=card.every_item, told_of=item_told),
                         Field("reason", "text", required=True))),
            Move("accept", ("objected",), "answered", Act.EVALUATION_ANSWER, guard=card.fits_answer,
                 effect=card.accepted, fields=(*_SAID_OR_NOT, Field("reply", "text", required=True)),
                 notify=(Role.B2,)),
            Move("refuse", ("objected",), "answered", Act.EVALUATION_ANSWER, effect=card.refused,
                 fields=(Field("reply", "text", required=True),), notify=(Role.B2,), many=True),
            Move("approve_answer", ("answered",), "settled", Act.EVALUATION_APPROVE, not_by=("accept", "refuse"),
                 effect=card.answered, notify=(Role.H1,), many=True),
            Move("return_answer", ("answered",), "objected", Act.EVALUATION_APPROVE, effect=card.returned,
                 fields=(_WHY,), notify=(Role.B1,)),
            Move("lapse", ("marked",), "settled", None, effect=card.lapsed, notify=(Role.H1,)),
            Move("finish", ("settled",), "closed", None, notify=(Role.H1, Role.H6)),
        ),
        see=Act.EVALUATION_CARD, letters="KP", facts=card.facts, panel="evaluation/card_panel.html",
        panel_of=reads.card_panel, columns=reads.card_columns, handled_by=Role.B1, contact="evaluation",
        papers=(flow.CasePaper("result", _SEEN, reads.paper, values=reads.text_values),),
    )
)  # fmt: skip
