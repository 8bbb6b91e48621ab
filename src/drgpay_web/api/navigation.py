"""Places of this room."""

from __future__ import annotations

from drgpay_web.people import Act
from drgpay_web.ui.navigation import Place

PLACES = (
    Place("api.tokens", "/tokens", Act.TOKEN_SEE, "system", 15),
    Place("api.hooks", "/hooks", Act.TOKEN_SEE, "system", 16),
    Place("api.docs", "/api", Act.TOKEN_SEE, "system", 17),
)
