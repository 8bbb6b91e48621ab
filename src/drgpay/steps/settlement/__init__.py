"""Settlement (清算): months, clearing, statements, stays' payments, posting. Source: design/05, design/04 §3."""

from drgpay.steps.settlement.allocate import (
    ORDER,
    PAID_BEFORE,
    SCANNED,
    Dues,
    Refused,
    dues_of,
    refused_shares,
    share_pool,
    stay_payments,
    stay_payments_by_law,
    stay_payments_of_book,
)
from drgpay.steps.settlement.book_posting import BookPoster, check_link, risk_event, risk_place
from drgpay.steps.settlement.cash import ALL, AMOUNT, MONTHS, Before, Cash, Holds, deposit_of, month_cash
from drgpay.steps.settlement.clearing import Dealings, clear, had_before
from drgpay.steps.settlement.corrections import CASES, DUES, EARLIER, PoolOfMonth, corrections, worth
from drgpay.steps.settlement.figures import MONTH_ITEMS, PAID_ALONE, STATEMENT_ITEMS, Item
from drgpay.steps.settlement.mode_posting import ModePoster, check_modes, not_booked
from drgpay.steps.settlement.months import month_rows, pool_shares
from drgpay.steps.settlement.posting import (
    JUDGED,
    REVERSAL,
    Poster,
    advance_place,
    check_closed,
    clearing_day,
    closing,
    conservation,
    due_moved,
    modes_passed,
    of_month,
    passed_by,
)

WRITES = ("corrections", "institution_months", "month_cash", "stay_payments", "statements", "closings", "ledger")
"""tables this step writes"""

__all__ = [
    "ALL",
    "AMOUNT",
    "CASES",
    "DUES",
    "EARLIER",
    "JUDGED",
    "MONTHS",
    "MONTH_ITEMS",
    "ORDER",
    "PAID_ALONE",
    "PAID_BEFORE",
    "REVERSAL",
    "SCANNED",
    "STATEMENT_ITEMS",
    "WRITES",
    "Before",
    "BookPoster",
    "Cash",
    "Dealings",
    "Dues",
    "Holds",
    "Item",
    "ModePoster",
    "PoolOfMonth",
    "Poster",
    "Refused",
    "advance_place",
    "check_closed",
    "check_link",
    "check_modes",
    "clear",
    "clearing_day",
    "closing",
    "conservation",
    "corrections",
    "deposit_of",
    "due_moved",
    "dues_of",
    "had_before",
    "modes_passed",
    "month_cash",
    "month_rows",
    "not_booked",
    "of_month",
    "passed_by",
    "pool_shares",
    "refused_shares",
    "risk_event",
    "risk_place",
    "share_pool",
    "stay_payments",
    "stay_payments_by_law",
    "stay_payments_of_book",
    "worth",
]
