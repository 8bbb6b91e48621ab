"""Places of this room."""

from drgpay_web.ui.navigation import Place

PLACES = (Place("registers.title", "/registers", "register.see", "data", 40),)
