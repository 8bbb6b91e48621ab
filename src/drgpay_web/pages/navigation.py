"""Places of this room."""

from __future__ import annotations

from drgpay_web.people import Act
from drgpay_web.ui.navigation import Place

PLACES = (
    Place("pages.work", "/", Act.WORK_SEE, "work", 0),
    Place("pages.search", "/search", Act.SEARCH_USE, "work", 25),
    Place("pages.glossary", "/glossary", Act.GLOSSARY_SEE, "rules", 90),
    Place("pages.system", "/system", Act.SYSTEM_SEE, "system", 20),
    Place("pages.audit", "/audit", Act.AUDIT_SEARCH, "system", 30),
)
