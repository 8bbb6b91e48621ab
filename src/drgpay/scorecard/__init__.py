"""Scorecards as data: dimensions, items and scoring rules; who is marked gets exact marks that explain themselves."""

from drgpay.scorecard.checking import check
from drgpay.scorecard.document import scorecards_markdown
from drgpay.scorecard.marking import Mark, Result, score
from drgpay.scorecard.model import (
    ALL_TYPES,
    Amount,
    Bands,
    Better,
    Card,
    Dimension,
    Given,
    Item,
    Known,
    Linear,
    Range,
    Rank,
    Rule,
    Steps,
    Subject,
    Value,
    Veto,
)
from drgpay.scorecard.reading import card_of, card_text, cards, read_card
from drgpay.scorecard.wording import Both, rule_text, show_number, show_value

__all__ = [
    "ALL_TYPES",
    "Amount",
    "Bands",
    "Better",
    "Both",
    "Card",
    "Dimension",
    "Given",
    "Item",
    "Known",
    "Linear",
    "Mark",
    "Range",
    "Rank",
    "Result",
    "Rule",
    "Steps",
    "Subject",
    "Value",
    "Veto",
    "card_of",
    "card_text",
    "cards",
    "check",
    "read_card",
    "rule_text",
    "score",
    "scorecards_markdown",
    "show_number",
    "show_value",
]
