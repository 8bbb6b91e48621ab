"""The ledger (总账): append-only double entry with a hash chain; its accounts and events in words."""

from drgpay.ledger.book import Entry, Ledger, Opening, Whole
from drgpay.ledger.wording import account_words, event_words

__all__ = ["Entry", "Ledger", "Opening", "Whole", "account_words", "event_words"]
