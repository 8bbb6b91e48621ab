"""Places of this room."""

from drgpay_web.ui.navigation import Place

PLACES = (
    Place("budget.title", "/budgets", "budget.see", "fund", 5),
    Place("budget.fund", "/fund", "fund.see", "fund", 6),
)
