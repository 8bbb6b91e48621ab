"""Places of this room."""

from __future__ import annotations

from drgpay_web.people import Act
from drgpay_web.ui.navigation import Place

PLACES = (
    Place("boards.payment", "/boards/payment", Act.BOARD_INSTITUTION, "boards", 5),
    Place("boards.performance", "/boards/performance", Act.BOARD_INSTITUTION, "boards", 10),
    Place("boards.drill", "/boards/drill", Act.BOARD_DEPARTMENT, "boards", 15),
    Place("boards.stays", "/boards/stays", Act.STAY_SEE, "boards", 20),
    Place("boards.tables", "/boards/tables", Act.BOARD_INSTITUTION, "boards", 25),
)
