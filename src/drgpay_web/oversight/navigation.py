"""Places of this room."""

from drgpay_web.ui.navigation import Place

PLACES = (
    Place("oversight.leads", "/oversight/leads", "suspicion.leads", "watch", 41),
    Place("oversight.queue", "/cases/of/suspicion", "suspicion.see", "watch", 42),
    Place("oversight.alerts", "/cases/of/alert", "alert.see", "watch", 43),
    Place("oversight.treatments", "/oversight/treatments", "suspicion.leads", "watch", 44),
)
