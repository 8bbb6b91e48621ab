"""Results hand over to registers: what each offers, and how a region takes it (design/12 §3)."""

from drgpay.runs.taking.offers import (
    KINDS,
    OFFERS,
    ORIGINS,
    Offer,
    Offered,
    Withheld,
    carried_over,
    offers,
    passed_by,
    write_offers,
)
from drgpay.runs.taking.take import Change, Taken, rows_taken, take

__all__ = [
    "KINDS",
    "OFFERS",
    "ORIGINS",
    "Change",
    "Offer",
    "Offered",
    "Taken",
    "Withheld",
    "carried_over",
    "offers",
    "passed_by",
    "rows_taken",
    "take",
    "write_offers",
]
