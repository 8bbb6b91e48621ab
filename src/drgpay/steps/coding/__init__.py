"""Coding help (编码辅助): from words of doctors to codes of the insurer's edition, with scores and why.

It ranks by likeness of words alone. No figure of money or group enters, and coding follows the record.
"""

from drgpay.steps.coding.search import BY, DICTIONARIES, Candidate, Searcher, make_searcher, searcher, side_of
from drgpay.steps.coding.texts import Phrase, phrases
from drgpay.steps.coding.vocabulary import KINDS, initials, normal, vocabulary

WRITES = ("coding_suggestions", "coding_gaps")
"""tables this step writes"""

__all__ = [
    "BY",
    "DICTIONARIES",
    "KINDS",
    "WRITES",
    "Candidate",
    "Phrase",
    "Searcher",
    "initials",
    "make_searcher",
    "normal",
    "phrases",
    "searcher",
    "side_of",
    "vocabulary",
]
