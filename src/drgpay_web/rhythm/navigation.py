"""Places of this room."""

from drgpay_web.people import Actor
from drgpay_web.ui.navigation import Place


def _unread(actor: Actor) -> int:
    from drgpay_web.rhythm.announcement_reads import unread

    return unread(actor)


def _unread_analyses(actor: Actor) -> int:
    from drgpay_web.rhythm.analysis_reads import unread

    return unread(actor)


PLACES = (
    Place("rhythm.announcements", "/announcements", "announcement.read", "work", 30, _unread),
    Place("rhythm.analysis", "/analyses", "analysis.read", "work", 33, _unread_analyses),
    Place("rhythm.title", "/rhythm", "meeting.see", "work", 35),
    Place("rhythm.follow_ups", "/cases/of/follow_up", "follow_up.see", "work", 36),
)
