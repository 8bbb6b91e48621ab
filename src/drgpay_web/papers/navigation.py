"""Places of this room."""

from __future__ import annotations

from drgpay_web.people import Act
from drgpay_web.ui.navigation import Place

PLACES = (
    Place("papers.downloads", "/downloads", Act.DOWNLOAD_SEE, "work", 60),
    Place("papers.texts", "/paper-texts", Act.TEXT_SEE, "rules", 60),
    Place("papers.which", "/which-file", Act.EXPORT_FIND, "system", 60),
)
