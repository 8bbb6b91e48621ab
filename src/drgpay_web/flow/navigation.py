"""Places of this room."""

from drgpay_web.flow import unread
from drgpay_web.ui.navigation import Place

PLACES = (
    Place("flow.notices", "/notices", "notice.see", "work", 20, unread),
    Place("flow.calendar", "/calendar", "calendar.see", "rules", 80),
)
