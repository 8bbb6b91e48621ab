"""Reconciliation (对账): a return of the bureau beside a hospital's own stays; every line and stay in one kind.

Small tables: one row per line of a return. Who fetches the stays and asks the grouper again is above.
"""

from drgpay.steps.reconcile.compare import (
    ACTIONS,
    CAUSES,
    Tolerance,
    compared,
    explained,
    totals,
)
from drgpay.steps.reconcile.match import OWN, matched

WRITES = ("reconciliation", "reconciliation_totals")
"""tables this step writes"""

__all__ = ["ACTIONS", "CAUSES", "OWN", "WRITES", "Tolerance", "compared", "explained", "matched", "totals"]
