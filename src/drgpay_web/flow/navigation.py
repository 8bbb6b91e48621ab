"""Places of this room."""

from drgpay_web.flow import unread
from drgpay_web.ui.navigation import Place

PLACES = (
    Place("flow.notices", "/notices", "notice.see", "work", 20, unread),
    Place("flow.deputies", "/deputies", "deputy.name", "work", 80),
    Place("flow.charge", "/charge", "case.assign", "work", 85),
    Place("flow.contacts", "/contacts", "contact.see", "rules", 85),
    Place("flow.calendar", "/calendar", "calendar.see", "rules", 80),
)
