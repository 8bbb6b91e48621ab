"""Values as a file's cells are read, for stays that programs hand over: the readers of the files, asked for a few.

A word is read once and remembered; columns are read as columns.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import pyarrow as pa

from drgpay.steps.intake.age_cells import spread
from drgpay.steps.intake.codes import clean_code
from drgpay.steps.intake.known import KnownCodes
from drgpay.steps.intake.reading import UNNEEDED, unneeded
from drgpay.steps.intake.repair import repaired
from drgpay.steps.intake.spellings import NULLS
from drgpay.steps.intake.values import Typed, cell_of, typed, words_of
from drgpay.steps.intake.words import UNKNOWN, meaning
from drgpay.tables import STAYS

_SEPARATORS = re.compile(r"[|;,、，；｜]")


def split_codes(text: str) -> list[str]:
    """The places of a list of codes written as one text."""
    return _SEPARATORS.split(cell_of(text))


@lru_cache(1 << 17)
def spell_code(code: str) -> str | None:
    """A diagnosis or procedure in the insurer's spelling; None for a blank place."""
    plain = cell_of(code)
    return None if plain == "" or plain in NULLS else clean_code(plain)


@lru_cache(1 << 12)
def sex_of(word: str) -> str | None:
    """``male``, ``female``, or None where it is not known. Raises ValueError for a word nobody knows."""
    plain = cell_of(word)
    value = None if plain == "" or plain in NULLS else meaning(plain, words_of(STAYS["sex"]))
    if value == UNKNOWN:
        raise ValueError(word)
    return value


def mended(kind: str, lists: Any, known: KnownCodes) -> Typed:
    """Lists of spelled diagnoses (``dx``) or procedures (``proc``) with damaged codes repaired, and what was done."""
    return repaired(kind, Typed(lists), known.plain[kind])


def measures(cells: Mapping[str, Any]) -> dict[str, Typed]:
    """Ages, weights and days written as text (Arrow), with or without their unit. An age may stand in one column and
    belong to the other, so all that a stay has are given at once; the other age column may be new in the result."""
    years, days = spread(cells.get("age"), cells.get("age_days"))
    both = {name: column for name, column in (("age", years), ("age_days", days)) if column is not None}
    read = {name: typed(STAYS[name], column) for name, column in {**cells, **both}.items()}
    rows = len(next(iter(read.values())).values)
    blank = {name: Typed(pa.nulls(rows, STAYS[name].arrow)) for name in ("age", *UNNEEDED)}
    return read | {name: column for name, column in unneeded(blank | read).items() if name in read}
