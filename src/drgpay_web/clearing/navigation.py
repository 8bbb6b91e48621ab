"""Places of this room."""

from drgpay_web.ui.navigation import Place

PLACES = (
    Place("clearing.runs", "/runs", "run.see", "money", 10),
    Place("clearing.periods", "/periods", "period.see", "money", 20),
    Place("clearing.grid", "/periods/grid", "run.see", "money", 25),
    Place("clearing.reopenings", "/cases/of/reopening", "reopening.see", "money", 45),
    Place("clearing.statements", "/statements", "statement.see", "money", 30),
    Place("clearing.disputes", "/disputes", "statement.see", "money", 40),
    Place("clearing.stories", "/audit/periods", "audit.search", "system", 45),
)
