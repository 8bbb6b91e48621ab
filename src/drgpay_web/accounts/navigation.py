"""Places of this room."""

from __future__ import annotations

from drgpay_web.people import Act
from drgpay_web.ui.navigation import Place

PLACES = (Place("accounts.title", "/accounts", Act.ACCOUNT_SEE, "system", 10),)
