"""Places of this room."""

from drgpay_web.ui.navigation import Place

PLACES = (
    Place("evaluation.year", "/cases/of/evaluation", "evaluation.see", "watch", 60),
    Place("evaluation.card", "/cases/of/evaluation_card", "evaluation.card", "watch", 61),
)
