"""The ledger (总账): append-only double entry with a hash chain. Source: design/05, Ledger; design/12 §2."""

from drgpay.ledger.book import Entry, Ledger, Opening, Whole

__all__ = ["Entry", "Ledger", "Opening", "Whole"]
