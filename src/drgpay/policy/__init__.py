"""Money rules as data: notices replayed into a frozen :class:`Policy` in which every value has its source."""

from __future__ import annotations

from drgpay.policy.dictionary import Dictionary, Parameter, dictionary, parameter_words, read_dictionary
from drgpay.policy.law import Policy, diff, load, needed, parse_setting, replay
from drgpay.policy.laws import Laws, Segment, Span, laws, one_law
from drgpay.policy.lists import ModeRule, Rate, rates_of
from drgpay.policy.practice import START, ValueSource, open_practice, practice_text, practices, read_practice
from drgpay.policy.reference import reference_markdown
from drgpay.policy.values import Band, MonthDay, YearWeight, band_of

__all__ = [
    "START",
    "Band",
    "Dictionary",
    "Laws",
    "ModeRule",
    "MonthDay",
    "Parameter",
    "Policy",
    "Rate",
    "Segment",
    "Span",
    "ValueSource",
    "YearWeight",
    "band_of",
    "dictionary",
    "diff",
    "laws",
    "load",
    "needed",
    "one_law",
    "open_practice",
    "parameter_words",
    "parse_setting",
    "practice_text",
    "practices",
    "rates_of",
    "read_dictionary",
    "read_practice",
    "reference_markdown",
    "replay",
]
