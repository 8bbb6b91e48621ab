"""The ledger (总账): append-only double entry with a hash chain. Source: design/05, Ledger."""

from drgpay.ledger.book import Entry, Ledger

__all__ = ["Entry", "Ledger"]
