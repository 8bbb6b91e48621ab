"""One cell, as a file's is read, for stays that come one by one: codes and the sex, without any table."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from drgpay.steps.intake.codes import clean_code
from drgpay.steps.intake.spellings import NULLS, WORDS

_SEPARATORS = re.compile(r"[|;,、，；｜]")
_NUMBER = re.compile(r"0*([0-9]+)(?:\.0+)?")
_SEXES: dict[str, str | None] = {"male": "male", "female": "female", "": None, **WORDS["sex"]}


def split_codes(text: str) -> list[str]:
    """The places of a list of codes written as one text."""
    return _SEPARATORS.split(text)


@lru_cache(1 << 17)
def spell_code(code: str) -> str | None:
    """A diagnosis or procedure in the insurer's spelling; None for a blank place."""
    plain = unicodedata.normalize("NFKC", code).strip()
    return None if plain == "" or plain in NULLS else clean_code(plain)


def sex_of(word: str) -> str | None:
    """``male``, ``female``, or None where it is not known. Raises ValueError for a word nobody knows."""
    plain = unicodedata.normalize("NFKC", word).strip()
    if plain in NULLS:
        return None
    number = _NUMBER.fullmatch(plain)
    key = number[1] if number else plain.casefold()
    if key not in _SEXES:
        raise ValueError(word)
    return _SEXES[key]
