"""Places of this room."""

from drgpay_web.ui.navigation import Place

PLACES = (Place("jobs.list", "/jobs", "job.see", "system", 30),)
