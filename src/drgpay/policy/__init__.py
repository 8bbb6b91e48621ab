"""Money rules as data: notices replayed into a frozen :class:`Policy` in which every value has its source."""

from __future__ import annotations

from drgpay.policy.dictionary import Dictionary, Parameter, dictionary, find, parameter_words, read_dictionary
from drgpay.policy.law import Policy, diff, load, needed, parse_setting, replay
from drgpay.policy.laws import Laws, Segment, Span, laws, laws_of, one_law
from drgpay.policy.lists import ModeRule, Rate, rates_of
from drgpay.policy.practice import (
    START,
    Practice,
    ValueSource,
    open_practice,
    practice_text,
    practices,
    read_practice,
)
from drgpay.policy.reference import reference_markdown
from drgpay.policy.values import Band, MonthDay, YearWeight, band_of, read_value, structure_of, written

__all__ = [
    "START",
    "Band",
    "Dictionary",
    "Laws",
    "ModeRule",
    "MonthDay",
    "Parameter",
    "Policy",
    "Practice",
    "Rate",
    "Segment",
    "Span",
    "ValueSource",
    "YearWeight",
    "band_of",
    "dictionary",
    "diff",
    "find",
    "laws",
    "laws_of",
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
    "read_value",
    "reference_markdown",
    "replay",
    "structure_of",
    "written",
]
