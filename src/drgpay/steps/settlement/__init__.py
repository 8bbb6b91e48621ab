"""Settlement (清算): months, clearing, statements, stays' payments, posting. Source: design/05, design/04 §3."""

from drgpay.steps.settlement.allocate import (
    ORDER,
    SCANNED,
    Dues,
    Refused,
    dues_of,
    refused_shares,
    share_pool,
    stay_payments,
    stay_payments_by_law,
)
from drgpay.steps.settlement.clearing import Dealings, clear
from drgpay.steps.settlement.mode_posting import ModePoster, check_modes
from drgpay.steps.settlement.months import month_rows, pool_shares
from drgpay.steps.settlement.posting import Poster, check_closed, closing, conservation

WRITES = ("institution_months", "stay_payments", "statements", "closings", "ledger")
"""tables this step writes"""

__all__ = [
    "ORDER",
    "SCANNED",
    "WRITES",
    "Dealings",
    "Dues",
    "ModePoster",
    "Poster",
    "Refused",
    "check_closed",
    "check_modes",
    "clear",
    "closing",
    "conservation",
    "dues_of",
    "month_rows",
    "pool_shares",
    "refused_shares",
    "share_pool",
    "stay_payments",
    "stay_payments_by_law",
]
