"""Names by their character n-grams: TF-IDF and cosine in whole numbers, so that every machine ranks alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import isqrt

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]

WHOLE = 10_000
"""a perfect score"""
_BITS = 21
_PINYIN = 1 << 20
"""numbers from here on stand for syllables, those below for characters"""
_FINE = 8
"""steps of an inverse document frequency for every doubling"""
_PARTS = {1: 2, 2: 4, 3: 5}
"""weight of an n-gram by its length"""
_SOUND = {1: 1, 2: 3}
"""the same for syllables: what was typed by its sound"""


@dataclass(frozen=True)
class Index:
    """Names as postings of weighted n-grams: those of gram ``g`` are ``docs[starts[g]:starts[g + 1]]``."""

    grams: Ints = field(repr=False)
    weight: Ints = field(repr=False)
    """of each gram: its length's weight times its inverse document frequency"""
    starts: Ints = field(repr=False)
    docs: Ints = field(repr=False)
    counts: Ints = field(repr=False)
    norms: Ints = field(repr=False)
    syllables: dict[str, int] = field(repr=False)
    pinyin: dict[str, str] = field(repr=False)

    def scores(self, text: str) -> Ints:
        """Cosine of a text with every name, of :data:`WHOLE`."""
        counted = Counter(_grams(text, self.pinyin, self.syllables))
        keys = np.array(sorted(counted), np.int64)
        at = np.searchsorted(self.grams, keys)
        at_safe = np.minimum(at, len(self.grams) - 1)
        known = self.grams[at_safe] == keys
        dots = np.zeros(len(self.norms), np.int64)
        own = 0
        for key, place, there in zip(keys.tolist(), at_safe.tolist(), known.tolist(), strict=True):
            n = counted[key]
            if not there:
                own += (n * _unknown(key)) ** 2
                continue
            weight = int(self.weight[place])
            own += (n * weight) ** 2
            its = slice(self.starts[place], self.starts[place + 1])
            dots[self.docs[its]] += self.counts[its] * (n * weight * weight)
        cosine: Ints = dots * WHOLE // np.maximum(self.norms * max(isqrt(own), 1), 1)
        return np.minimum(cosine, WHOLE)  # roots are rounded down


def _length(key: int) -> tuple[bool, int]:
    """(whether a gram is of syllables, its length)."""
    parts = 1 + (key >> _BITS > 0) + (key >> 2 * _BITS > 0)
    return (key & ((1 << _BITS) - 1)) >= _PINYIN, parts


def _factor(key: int) -> int:
    sound, parts = _length(key)
    return _SOUND[parts] if sound else _PARTS[parts]


def _factors(keys: Ints) -> Ints:
    """:func:`_factor` of every gram of an array."""
    sound = (keys & ((1 << _BITS) - 1)) >= _PINYIN
    parts = 1 + ((keys >> _BITS) > 0) + ((keys >> 2 * _BITS) > 0)
    plain = np.array([0, *_PARTS.values()], np.int64)[parts]
    heard = np.array([0, *_SOUND.values(), 0], np.int64)[parts]
    factors: Ints = np.where(sound, heard, plain)
    return factors


def _unknown(key: int) -> int:
    """Weight of a gram no name has: that of a middling one."""
    return _factor(key) * _FINE * 4


def _grams(text: str, pinyin: dict[str, str], syllables: dict[str, int]) -> list[int]:
    codes = [min(ord(char), _PINYIN - 1) for char in text]
    sounds = [_PINYIN + syllables.get(pinyin.get(char, char), 0) for char in text]
    found = list(codes)
    found += [a << _BITS | b for a, b in pairwise(codes)]
    found += [(a << _BITS | b) << _BITS | c for a, b, c in zip(codes, codes[1:], codes[2:], strict=False)]
    found += sounds
    found += [a << _BITS | b for a, b in pairwise(sounds)]
    return found


def build(names: Sequence[str], pinyin: dict[str, str]) -> Index:
    """An index of names in normal form."""
    syllables = {s: at for at, s in enumerate(sorted(set(pinyin.values())), start=1)}
    owners, keys = _all_grams(names, pinyin, syllables)
    order = np.lexsort((owners, keys))
    keys, owners = keys[order], owners[order]
    new = np.ones(len(keys), bool)
    new[1:] = (keys[1:] != keys[:-1]) | (owners[1:] != owners[:-1])
    first = np.flatnonzero(new)
    counts = np.diff(np.append(first, len(keys)))
    keys, owners = keys[first], owners[first]
    grams, starts, sizes = np.unique(keys, return_index=True, return_counts=True)
    distinct, place = np.unique(sizes, return_inverse=True)
    idf = np.array([_idf(len(names), int(size)) for size in distinct], np.int64)[place]
    factor = _factors(grams)
    weight = idf * factor
    each = np.repeat(weight, sizes) * counts
    squares = np.zeros(len(names), np.int64)
    np.add.at(squares, owners, each * each)
    norms = np.array([isqrt(int(square)) for square in squares], np.int64)
    return Index(
        grams, weight, np.append(starts, len(owners)), owners, counts, np.maximum(norms, 1), syllables, pinyin
    )


def _all_grams(names: Sequence[str], pinyin: dict[str, str], syllables: dict[str, int]) -> tuple[Ints, Ints]:
    """Every n-gram of every name, whole columns at a time: (name, gram)."""
    whole = "".join(names)
    lengths = np.array([len(name) for name in names], np.int64)
    owner = np.repeat(np.arange(len(names)), lengths)
    distinct = {char: (min(ord(char), _PINYIN - 1), _PINYIN + syllables.get(pinyin.get(char, char), 0))
                for char in set(whole)}  # fmt: skip
    codes = np.array([distinct[char][0] for char in whole], np.int64)
    sounds = np.array([distinct[char][1] for char in whole], np.int64)
    owners, keys = [owner, owner], [codes, sounds]
    for of in (codes, sounds):
        same = owner[:-1] == owner[1:]
        owners.append(owner[:-1][same])
        keys.append((of[:-1] << _BITS | of[1:])[same])
    same = owner[:-2] == owner[2:]
    owners.append(owner[:-2][same])
    keys.append(((codes[:-2] << _BITS | codes[1:-1]) << _BITS | codes[2:])[same])
    return np.concatenate(owners), np.concatenate(keys)


def _idf(names: int, holding: int) -> int:
    """log₂ of names ÷ names that hold it, in eighths, at least 1."""
    ratio: int = (names + 1) ** _FINE // holding**_FINE
    return max(ratio.bit_length(), 1)
