"""Codes that were damaged on the way and have one reading only: read so, and said.

Spreadsheets turn procedures into numbers (51.23 for 51.2300), people type O for 0, paste × or a Cyrillic х for x,
leave out the point, or write the name beside the code. Such a code is not in the dictionary; if exactly one of its
possible readings is, that one is taken. A dagger and its asterisk code given apart are joined where the joined code
is in the dictionary; a lone asterisk code and morphology codes are left out of the other diagnoses.
"""

from __future__ import annotations

import difflib
import re
from bisect import bisect_left
from collections.abc import Sequence, Set
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from drgpay.steps.intake.codes import clean_code
from drgpay.steps.intake.showing import shown
from drgpay.steps.intake.values import Fault, Typed
from drgpay.units.vector import Ints

_ALIKE = str.maketrans(
    "АВЕЅЈКМНІОРСТУХЗасехорѕіјуΑΒΕΖΗΙΚΜΝΟΡΤΥΧ×✕✖╳•·。∙﹒﹢⁺﹡✱∗–—",
    "ABESJKMHIOPCTYX3acexopsijyABEZHIKMNOPTYXxxxx.....++***--",
)
"""letters and signs of other scripts that look like those of codes"""
_FIRST = {"0": "O", "1": "I", "5": "S", "8": "B", "2": "Z"}
"""what stands where a letter has to"""
_LATER = str.maketrans("OoQIlSBZ", "00011582")
"""letters that stand where digits have to"""
_TOKEN = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+*]{2,}")
_NUMBER = re.compile(r"([0-9]{1,2})(?:\.([0-9]{0,4}))?")
MORPHOLOGY = re.compile(r"[Mm][0-9]{4,5}/[0-9]{1,2}")
_NEAR = 3
_LONGEST = 200
"""signs of a code with its name; what is longer is neither read nor compared with others"""


def reading(kind: str, code: str, known: Set[str]) -> str | None:
    """The one known code that a damaged code can stand for; None when there is none, or more than one.

    ``kind``: ``dx`` or ``proc``; ``code`` in NFKC, as :func:`clean_code` spells it.
    """
    if len(code) > _LONGEST or (kind == "dx" and MORPHOLOGY.fullmatch(code)):
        return None
    plain = code.translate(_ALIKE)
    whole = clean_code(plain.replace(" ", "").strip(".,:-_'\"()[]/+"))
    if whole in known:
        return whole
    tokens = {clean_code(token.strip(".+")) for token in _TOKEN.findall(plain)}
    within = {token for token in tokens if token in known}
    if len(within) == 1:
        return within.pop()
    if within:
        return None
    forms: dict[str, None] = {}
    for form in (whole, *sorted(tokens)):
        for spelled in (form, _pointed(kind, form), _alike(kind, form), _pointed(kind, _alike(kind, form))):
            forms[clean_code(spelled)] = None
            if kind == "proc" and (match := _NUMBER.fullmatch(spelled)):
                forms[f"{match[1]:0>2}.{match[2] or '':0<4}"] = None
    found = [form for form in forms if form in known]
    return found[0] if len(found) == 1 else None


def _pointed(kind: str, code: str) -> str:
    """A code with the point it lacks."""
    at = 3 if kind == "dx" else 2
    return code if "." in code or len(code) < at + 3 else f"{code[:at]}.{code[at:]}"


def _alike(kind: str, code: str) -> str:
    """A code with letters where it has letters and digits where it has digits."""
    if kind == "proc":
        return code.translate(_LATER)
    parts = (part[:1] and _FIRST.get(part[0], part[0]) + part[1:].translate(_LATER) for part in code.split("+"))
    return "+".join(parts)


def proposals(code: str, known: Sequence[str]) -> tuple[str, ...]:
    """The known codes nearest to one that is not known, at most three. ``known``: sorted."""
    if len(code) > _LONGEST:
        return ()
    plain = clean_code(code.translate(_ALIKE).replace(" ", ""))
    for length in range(len(plain), 2, -1):
        low = bisect_left(known, plain[:length])
        high = bisect_left(known, plain[:length] + "\U0010ffff")
        if low < high:
            return tuple(difflib.get_close_matches(plain, known[low : min(high, low + 200)], _NEAR, 0))
    return ()


def repaired(kind: str, read: Typed, known: Set[str]) -> Typed:
    """A column of diagnoses (``dx``) or procedures (``proc``) with damaged codes repaired, and faults that say so.

    Faults, one per stay: ``code_repaired`` (``as written>as read``), ``asterisk_joined``, ``asterisk_orphan``,
    ``morphology_skipped``. The principal code is never left out: no other one may move up.
    """
    lists = read.values
    flat = lists.flatten()
    flat = flat if pa.types.is_dictionary(flat.type) else flat.dictionary_encode()
    codes = flat.dictionary.to_pylist()
    strange = [number for number, code in enumerate(codes) if code not in known]
    if not strange:
        return read
    work = _Work(kind, read, lists, flat, codes)
    if kind == "dx":
        work.apart([n for n in strange if codes[n].endswith("*") and "+" not in codes[n]], known)
        work.skip([n for n in strange if MORPHOLOGY.fullmatch(codes[n])])
    work.respell({n: fixed for n in strange if (fixed := reading(kind, codes[n], known))})
    return work.done()


class _Work:
    """The codes of a column end to end while they are repaired: ``at``: their numbers, ``kept``: which stay. A blank
    principal procedure has the number of a code that is None."""

    def __init__(self, kind: str, read: Typed, lists: Any, flat: Any, codes: list[Any]) -> None:
        self.kind, self.read, self.lists, self.codes = kind, read, lists, [*codes, None]
        self.at: Ints = pc.fill_null(flat.indices, len(codes)).to_numpy().astype(np.int64)
        self.lengths: Ints = pc.fill_null(pc.list_value_length(lists), 0).to_numpy().astype(np.int64)
        self.ends = np.cumsum(self.lengths)
        self.kept = np.ones(len(self.at), bool)
        self.faults: list[Fault] = []

    def _note(self, rule: str, said: dict[int, list[tuple[str, int]]]) -> None:
        """``said``: stay -> (text, place) of each code."""
        if not said:
            return
        stays = sorted(said)
        places = tuple(tuple(self._origin(place) for _, place in said[stay]) for stay in stays)
        texts = tuple("|".join(text for text, _ in said[stay]) for stay in stays)
        self.faults.append(Fault(rule, np.array(stays, np.int64), texts, places=places))

    def _origin(self, place: int) -> int:
        return -1 if self.read.origins is None else int(self.read.origins[place])

    def _new(self, code: str) -> int:
        self.codes.append(code)
        return len(self.codes) - 1

    def apart(self, asterisks: list[int], known: Set[str]) -> None:
        """Asterisk codes beside their dagger are joined to it; those without one are left out, unless principal."""
        joined: dict[int, list[tuple[str, int]]] = {}
        orphans: dict[int, list[tuple[str, int]]] = {}
        for place in np.flatnonzero(np.isin(self.at, asterisks)).tolist() if asterisks else []:
            stay = int(np.searchsorted(self.ends, place, side="right"))
            first = int(self.ends[stay] - self.lengths[stay])
            star = self.codes[self.at[place]]
            others = [place - 1, *range(first, int(self.ends[stay]))]
            for other in (o for o in others if first <= o != place and self.kept[o]):
                whole = f"{self.codes[self.at[other]].rstrip('+')}+{star}"
                if whole in known:
                    self.at[min(place, other)] = self._new(whole)
                    self.kept[max(place, other)] = False
                    joined.setdefault(stay, []).append((whole, place))
                    break
            else:
                self.kept[place] = place == first
                orphans.setdefault(stay, []).append((shown(star), place))
        self._note("asterisk_joined", joined)
        self._note("asterisk_orphan", orphans)

    def skip(self, morphologies: list[int]) -> None:
        """Morphology codes among the other diagnoses are left out."""
        said: dict[int, list[tuple[str, int]]] = {}
        for place in np.flatnonzero(np.isin(self.at, morphologies)).tolist() if morphologies else []:
            stay = int(np.searchsorted(self.ends, place, side="right"))
            if place != self.ends[stay] - self.lengths[stay]:
                self.kept[place] = False
                said.setdefault(stay, []).append((self.codes[self.at[place]], place))
        self._note("morphology_skipped", said)

    def respell(self, to: dict[int, str]) -> None:
        """Codes that have one reading only."""
        if not to:
            return
        fixed = np.arange(len(self.codes))
        for number, code in to.items():
            fixed[number] = self._new(code)
        said: dict[int, list[tuple[str, int]]] = {}
        wrong = np.flatnonzero(self.kept & np.isin(self.at, list(to)))
        stays = np.searchsorted(self.ends, wrong, side="right")
        for place, stay in zip(wrong.tolist(), stays.tolist(), strict=True):
            number = int(self.at[place])
            said.setdefault(stay, []).append((f"{shown(self.codes[number])}>{to[number]}", place))
        self.at[wrong] = fixed[self.at[wrong]]
        self._note("code_repaired", said)

    def done(self) -> Typed:
        """The column as it is read now."""
        owner = np.repeat(np.arange(len(self.lists)), self.lengths)[self.kept]
        counts = np.bincount(owner, minlength=len(self.lists))
        offsets = pa.array(np.concatenate([[0], np.cumsum(counts)]).astype(np.int32))
        coded = pa.array(self.codes, pa.string()).take(pa.array(self.at[self.kept])).dictionary_encode()
        origins = None if self.read.origins is None else self.read.origins[self.kept]
        values = pa.ListArray.from_arrays(
            offsets, coded, mask=self.lists.is_null() if self.lists.null_count else None
        )
        return replace(self.read, values=values, faults=(*self.read.faults, *self.faults), origins=origins)
