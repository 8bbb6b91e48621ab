"""Places of this room."""

from drgpay_web.ui.navigation import Place

PLACES = (
    Place("review.reviews", "/cases/of/special_review", "review.see", "money", 50),
    Place("review.candidates", "/review/candidates", "review.draft", "money", 51),
    Place("review.experts", "/review/experts", "review.assign", "money", 52),
)
