"""The machines of this room: announcements, the analysis of a month, meetings, follow-ups."""

from __future__ import annotations

from drgpay_web import flow
from drgpay_web.flow import Field, Move
from drgpay_web.people import Act, Role
from drgpay_web.rhythm import analysis_moves as analysis
from drgpay_web.rhythm import analysis_reads as analysed
from drgpay_web.rhythm import announcement_moves as announcement
from drgpay_web.rhythm import announcement_reads as announced
from drgpay_web.rhythm import meeting_moves as meeting
from drgpay_web.rhythm import meeting_reads

_WHY = Field("why", "text", required=True)
_SAID = (
    Field("subject", required=True, most=200, now=lambda case: case.subject),
    Field("text", "text", most=20_000, now=lambda case: str(case.data.get("text", ""))),
    Field("table", "text", most=100_000, now=announcement.typed_table),
)
_AUDIENCE = Field(
    "audience", "choice", required=True, choices=announcement.AUDIENCES,
    now=lambda case: str(case.data.get("audience", "")),
)  # fmt: skip

ANNOUNCEMENT = flow.register(
    flow.Machine(
        "announcement", "rhythm.announcement",
        ("draft", "checked", "published", "correcting", "corrected", "withdrawn", "discarded"), "draft",
        ("withdrawn", "discarded"),
        (
            Move("write", ("draft",), "", Act.ANNOUNCEMENT_DRAFT, effect=announcement.written,
                 fields=(_SAID[0], _AUDIENCE, *_SAID[1:])),
            Move("check", ("draft",), "checked", Act.ANNOUNCEMENT_DRAFT, ready=announcement.something_said,
                 effect=announcement.checked, notify=(Role.B2,), recallable=True, many=True),
            Move("return", ("checked",), "draft", Act.ANNOUNCEMENT_PUBLISH, fields=(_WHY,), notify=(Role.B1,)),
            Move("publish", ("checked",), "published", Act.ANNOUNCEMENT_PUBLISH, not_by=("write", "check"),
                 fields=(Field("until", "date"),), effect=announcement.published, many=True),
            Move("discard", ("draft", "checked"), "discarded", Act.ANNOUNCEMENT_DRAFT, quiet=True, fields=(_WHY,)),
            Move("correct", ("published", "corrected"), "correcting", Act.ANNOUNCEMENT_DRAFT, quiet=True,
                 fields=(*_SAID, _WHY), effect=announcement.corrected, notify=(Role.B2,), recallable=True),
            Move("publish_correction", ("correcting",), "corrected", Act.ANNOUNCEMENT_PUBLISH, not_by=("correct",),
                 effect=announcement.correction_published, many=True),
            Move("drop", ("correcting",), "", Act.ANNOUNCEMENT_PUBLISH, goes=announcement.before_correction,
                 targets=("published", "corrected"), fields=(_WHY,), effect=announcement.dropped,
                 notify=(Role.B1,)),
            Move("withdraw", ("published", "corrected"), "withdrawn", Act.ANNOUNCEMENT_PUBLISH, quiet=True,
                 fields=(_WHY,), effect=announcement.withdrawn, notify=(Role.B1,)),
        ),
        see=Act.ANNOUNCEMENT_SEE, letters="GG", facts=announced.facts,
        panel="rhythm/announcement_panel.html", panel_of=announced.panel, columns=announced.columns,
        papers=(flow.CasePaper("announcement", ("published", "correcting", "corrected"), announced.paper),),
    )
)  # fmt: skip

_MEETING = (
    Field("day", "date", required=True),
    Field("place", most=200),
    Field("agenda", "text"),
)

ANALYSIS = flow.register(
    flow.Machine(
        "month_analysis", "rhythm.month_analysis",
        ("planned", "ordered", "failed", "made", "sent", "filed", "dropped"), "planned", ("filed", "dropped"),
        (
            Move("make", ("planned",), "ordered", Act.ANALYSIS_MAKE, effect=analysis.order),
            Move("made", ("ordered",), "made", None, effect=analysis.made, notify=(Role.B1, Role.B2)),
            Move("fail", ("ordered",), "failed", None, effect=analysis.failed, notify=(Role.B1,)),
            Move("again", ("failed", "made", "sent"), "ordered", Act.ANALYSIS_MAKE, effect=analysis.order,
                 fields=(_WHY,), quiet=True),
            Move("send", ("made",), "sent", Act.ANALYSIS_SEND, not_by=("open", "make", "again"),
                 effect=analysis.sent),
            Move("meet", ("made", "sent"), "", Act.MEETING_HOLD, ready=analysis.no_meeting_yet, fields=_MEETING,
                 effect=analysis.met, quiet=True),
            Move("talk", ("made", "sent"), "", Act.MEETING_HOLD, ready=analysis.someone_to_talk_to, fields=_MEETING,
                 effect=analysis.talked, quiet=True),
            Move("file", ("sent",), "filed", Act.ANALYSIS_MAKE, quiet=True),
            Move("drop", ("planned", "failed", "made"), "dropped", Act.ANALYSIS_MAKE, fields=(_WHY,), quiet=True),
        ),
        see=Act.ANALYSIS_SEE, letters="FX", facts=analysed.facts, panel="rhythm/analysis_panel.html",
        panel_of=analysed.panel,
    )
)  # fmt: skip

_TASK = (
    Field("task", "text", required=True, most=500),
    Field("owner", "persons", required=True, of=meeting.owners),
    Field("day", "date", required=True),
)

MEETING = flow.register(
    flow.Machine(
        "meeting", "rhythm.meeting", ("planned", "invited", "held", "minuted", "closed", "cancelled"), "planned",
        ("closed", "cancelled"),
        (
            Move("plan", ("planned",), "", Act.MEETING_HOLD, effect=meeting.planned, deadline=meeting.due,
                 fields=(_SAID[0], Field("day", "date", required=True, now=lambda case: str(case.data["day"])),
                         Field("place", most=200, now=lambda case: str(case.data["place"])),
                         Field("agenda", "text", now=lambda case: str(case.data["agenda"])))),
            Move("invite", ("planned",), "invited", Act.MEETING_HOLD, effect=meeting.invited, deadline=meeting.due),
            Move("hold", ("invited",), "held", Act.MEETING_HOLD, guard=meeting.held_by_now, effect=meeting.held,
                 fields=(Field("held_on", "date", required=True, now=lambda case: str(case.data["day"])),
                         Field("present", "text", required=True))),
            Move("minute", ("held",), "minuted", Act.MEETING_HOLD, effect=meeting.minuted, notify=(Role.B2,),
                 fields=(Field("number", required=True, most=100), Field("text", "text", required=True, most=20_000)),
                 recallable=True),
            Move("return", ("minuted",), "held", Act.MEETING_APPROVE, fields=(_WHY,), notify=(Role.B1,)),
            Move("approve", ("minuted",), "closed", Act.MEETING_APPROVE, not_by=("minute",), effect=meeting.approved,
                 notify=(Role.B1, Role.B3, Role.B6)),
            Move("follow_up", ("held", "minuted", "closed"), "", Act.MEETING_HOLD, quiet=True, fields=_TASK,
                 guard=meeting.some_day_ahead, effect=meeting.task_given),
            Move("cancel", ("planned", "invited"), "cancelled", Act.MEETING_HOLD, quiet=True, fields=(_WHY,)),
        ),
        see=Act.MEETING_SEE, letters="HY", deadline=meeting.due, facts=meeting.facts,
        panel="rhythm/meeting_panel.html", panel_of=meeting_reads.panel, columns=meeting.columns,
        papers=(flow.CasePaper("minutes", ("minuted", "closed"), meeting_reads.paper, inside=True),),
    )
)  # fmt: skip

FOLLOW_UP = flow.register(
    flow.Machine(
        "follow_up", "rhythm.follow_up", ("open", "overdue", "done", "dropped"), "open", ("done", "dropped"),
        (
            Move("do", ("open", "overdue"), "done", Act.FOLLOW_UP_DO, slot="owner", effect=meeting.done,
                 fields=(Field("result", "text", required=True),), notify=(Role.B1,)),
            Move("lapse", ("open",), "overdue", None, notify=(Role.B1, Role.B2)),
            Move("postpone", ("open", "overdue"), "open", Act.MEETING_APPROVE, guard=meeting.some_day_ahead,
                 effect=meeting.postponed, deadline=meeting.task_due, silence="lapse", quiet=True,
                 fields=(Field("day", "date", required=True), _WHY)),
            Move("drop", ("open", "overdue"), "dropped", Act.MEETING_APPROVE, quiet=True, fields=(_WHY,)),
        ),
        see=Act.FOLLOW_UP_SEE, letters="GZ", deadline=meeting.task_due, silence="lapse", facts=meeting.task_facts,
        columns=meeting.task_columns,
    )
)  # fmt: skip

flow.follow("period", "open", analysis.propose_talk)
flow.follow("period", "republish", analysis.propose_talk)
