"""Places of this room."""

from __future__ import annotations

from drgpay_web.people import Act
from drgpay_web.ui.navigation import Place

PLACES = (
    Place("boards.area", "/boards/area", Act.BOARD_AREA, "money", 5),
    Place("boards.institution", "/boards/institution", Act.BOARD_INSTITUTION, "money", 10),
    Place("boards.drill", "/boards/drill", Act.BOARD_DEPARTMENT, "money", 15),
    Place("boards.stays", "/boards/stays", Act.STAY_SEE, "money", 20),
    Place("boards.tables", "/boards/tables", Act.BOARD_INSTITUTION, "money", 25),
    Place("boards.search", "/search", Act.SEARCH_USE, "work", 20),
)
