"""Lists of codes: from one cell, from one column per code, or from a Parquet list; cleaned code by code.

A file of a million stays has some ten thousand different codes, so the cleaning works on the different ones.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from drgpay.steps.intake.showing import shown
from drgpay.steps.intake.spellings import NULLS, WORDS
from drgpay.steps.intake.values import Fault, Typed, normal, tidy
from drgpay.tables import Column

_OTHER_SEPARATORS = r"[;,、，；｜]"
_CLINICAL = ("dx", "proc")
"""columns whose codes have the insurer's spelling and whose first place is the principal one"""
_EXTENSION = re.compile(r"(?<=.{3}[^+])X")


@lru_cache(1 << 17)
def clean_code(code: str) -> str:
    """A code in the insurer's spelling: extension ``x`` in lower case, first letter in upper case.

    ``a00.100X001`` → ``A00.100x001``. An ``X`` in the first four places, or after ``+``, is a chapter letter.
    """
    return _EXTENSION.sub("x", code[:1].upper() + code[1:])


def read_codes(column: Column, cells: Sequence[Any]) -> Typed:
    """Code lists of a column, the principal code first.

    ``cells``: one Arrow array of lists or of text, or one array of text per code in order. In text the separator is
    ``|``; ``;`` ``,`` ``，`` and ``、`` are taken too. Blank places are dropped, but no other code moves up to the
    principal place: a diagnosis list where it is blank becomes null, and a procedure list keeps a null there. A list
    without codes is null. Faults: ``code_case`` and ``principal_procedure_blank``. A list of other codes than
    diagnoses and procedures is read as it is written, words people use for its values as these values, and blank
    places are dropped.
    """
    clinical, words = column.name in _CLINICAL, WORDS.get(column.name, {})
    lists = cells[0] if len(cells) == 1 and _is_list(cells[0].type) else _split(cells)
    flat = lists.flatten()
    flat = flat.dictionary_decode() if pa.types.is_dictionary(flat.type) else flat
    flat = pc.fill_null(flat.cast(pa.string()), "").dictionary_encode()
    plain = [unicodedata.normalize("NFKC", code).strip() for code in flat.dictionary.to_pylist()]
    spelled = [clean_code(code) if clinical else words.get(code.casefold()) or code for code in plain]
    filled = np.array([code != "" and code not in NULLS for code in plain], bool)
    recased = np.array([clinical and new != old for new, old in zip(spelled, plain, strict=True)], bool) & filled

    indices = flat.indices.to_numpy()
    lengths = pc.fill_null(pc.list_value_length(lists), 0).to_numpy().astype(np.int64)
    owner = np.repeat(np.arange(len(lists)), lengths)
    inside = np.arange(len(owner)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    kept = filled[indices]
    counts = np.bincount(owner[kept], minlength=len(lists))
    principal = (np.cumsum(lengths) - lengths)[lengths > 0]
    headless = owner[principal[~kept[principal]]]
    headless = headless[counts[headless] > 0]

    faults: list[Fault] = []
    wrong = np.flatnonzero(recased[indices])
    if len(wrong):
        at, start = np.unique(owner[wrong], return_index=True)
        parts = np.split(wrong, start[1:])
        values = tuple("|".join(shown(plain[i]) for i in indices[part]) for part in parts)
        faults.append(Fault("code_case", at, values, places=tuple(tuple(inside[part].tolist()) for part in parts)))
    if column.name == "dx":
        kept &= ~np.isin(owner, headless)
        counts[headless] = 0
    elif clinical and len(headless):
        first = principal[~kept[principal]]
        first = first[counts[owner[first]] > 0]
        kept[first] = True
        counts[headless] += 1
        faults.append(Fault("principal_procedure_blank", headless, ("",) * len(headless)))
    known = [text if there else None for text, there in zip(spelled, filled.tolist(), strict=True)]
    coded = pa.array(known, pa.string()).take(pa.array(indices[kept])).dictionary_encode()
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
    values_read = pa.ListArray.from_arrays(pa.array(offsets), coded, mask=pa.array(counts == 0))
    return Typed(values_read, tuple(faults), inside[kept])


def _is_list(kind: Any) -> bool:
    return bool(pa.types.is_list(kind) or pa.types.is_large_list(kind))


def _split(cells: Sequence[Any]) -> Any:
    """Text cells as lists of text, one place per code; several columns are joined in their order."""
    texts = [normal(tidy(pl.Series(cell.cast(pa.string()), dtype=pl.String))).fill_null("") for cell in cells]
    joined = texts[0]
    for text in texts[1:]:
        joined = joined + "|" + text
    if joined.str.contains(_OTHER_SEPARATORS).any():
        joined = joined.str.replace_all(_OTHER_SEPARATORS, "|")
    return joined.str.split("|").to_arrow()
