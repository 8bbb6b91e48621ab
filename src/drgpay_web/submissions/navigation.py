"""Places of this room."""

from drgpay_web.ui.navigation import Place

PLACES = (Place("submissions.title", "/submissions", "submission.see", "data", 10),)
