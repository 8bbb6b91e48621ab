"""What a word in a cell means: closed lists and the numbers that stand for their values, however they are spelled.

One reader for every column: ``1``, ``01``, ``1.0``, ``１``, ``男``, ``1男`` and ``1-男性`` are all the same. A number
and a word that contradict each other, or one of them unknown, mean nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_NUMBER = re.compile(r"0*([0-9]+)(?:\.0+)?")
_BETWEEN = r"[\s\-—–_.、:：,/()（）\[\]【】]*"
_NUMBER_WORD = re.compile(rf"0*([0-9]+){_BETWEEN}([^0-9\s].*?){_BETWEEN}")
_WORD_NUMBER = re.compile(rf"([^0-9\s].*?){_BETWEEN}0*([0-9]+){_BETWEEN}")

UNKNOWN = "\0"
"""stands for a word that means nothing; a word may well mean that something is not known (None)"""


def meaning(word: str, words: Mapping[str, str | None]) -> str | None:
    """What ``words`` (NFKC, lower case) say of a word in NFKC; :data:`UNKNOWN` when they say nothing."""
    plain = word.casefold().strip()
    if plain in words:
        return words[plain]
    if match := _NUMBER.fullmatch(plain):
        return words.get(match[1], UNKNOWN)
    for pattern, number, name in ((_NUMBER_WORD, 1, 2), (_WORD_NUMBER, 2, 1)):
        if match := pattern.fullmatch(plain):
            of_number, of_name = (words.get(match[part], UNKNOWN) for part in (number, name))
            if of_number == of_name:
                return of_number
    return UNKNOWN
