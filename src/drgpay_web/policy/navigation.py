"""Places of this room."""

from drgpay_web.ui.navigation import Place

PLACES = (
    Place("policy.title", "/policy", "policy.see", "rules", 10),
    Place("policy.drafts", "/cases/of/policy", "policy.case", "rules", 15),
    Place("policy.whatif", "/policy/what-if", "policy.whatif", "rules", 20),
)
