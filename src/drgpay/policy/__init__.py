"""Money rules as data: notices replayed into a frozen :class:`Policy` in which every value has its source."""

from __future__ import annotations

from drgpay.policy.dictionary import Parameter, dictionary
from drgpay.policy.law import Policy, diff, load, parse_setting
from drgpay.policy.lists import ModeRule, Rate, rates_of
from drgpay.policy.practice import ValueSource, practice_text, practices
from drgpay.policy.reference import reference_markdown
from drgpay.policy.values import Band, MonthDay, YearWeight, band_of

__all__ = [
    "Band",
    "ModeRule",
    "MonthDay",
    "Parameter",
    "Policy",
    "Rate",
    "ValueSource",
    "YearWeight",
    "band_of",
    "dictionary",
    "diff",
    "load",
    "parse_setting",
    "practice_text",
    "practices",
    "rates_of",
    "reference_markdown",
]
