"""Places of this room."""

from drgpay_web.ui.navigation import Place

PLACES = (Place("reconcile.all", "/cases/of/reconciliation", "reconcile.see", "money", 60),)
