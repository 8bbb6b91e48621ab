"""Codes to small integers: one vectorised look-up per dictionary, nothing per code in Python.

A batch's codes arrive as lists over a dictionary; only the dictionary is looked up. Building a hash table of the
whole vocabulary for every batch (as ``index_in`` does) would cost more than the grouping, so the vocabulary is
hashed once, when the scheme is compiled.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Ints = npt.NDArray[np.intp]


def _odd(count: int, start: int) -> npt.NDArray[np.uint64]:
    """Odd multipliers, well spread: multiples of the golden ratio's 64-bit fraction."""
    return np.array([((2 * (start + k) + 1) * 0x9E3779B97F4A7C15) % (1 << 64) for k in range(count)], dtype=np.uint64)


@dataclass(frozen=True)
class _Level:
    """One hash table: ``slots`` holds ids (0 = empty). What collides in it stands in the next level."""

    factor: np.uint64
    shift: np.uint64
    slots: npt.NDArray[np.int32]


class Codebook:
    """A fixed vocabulary; ``ids`` gives each string its number from 1, and 0 to every string not in it."""

    def __init__(self, codes: Iterable[str]) -> None:
        self.codes = sorted(set(codes))
        self.id_of = {code: number for number, code in enumerate(self.codes, start=1)}
        self.size = len(self.codes) + 1
        longest = max((len(code.encode()) for code in self.codes), default=0)
        # a code is held as its bytes, padded with zeros to whole words, and its length in the last word
        self._width = longest // 8 + 2
        self._factors = _odd(self._width, 1)
        self._masks = np.zeros((longest + 2, 8 * self._width), dtype=np.uint8)
        for length in range(longest + 1):
            self._masks[length, :length] = 0xFF
        self._keys = np.zeros((self.size, self._width), dtype=np.uint64)
        self._levels: list[_Level] = []
        self._recent: list[tuple[Any, Ints]] = []
        if self.codes:
            self._index(pa.array(self.codes, pa.string()))

    def _index(self, strings: Any) -> None:
        words = self._words(strings)
        self._keys[1:] = words
        hashes = self._hash(words)
        left = np.arange(len(self.codes))
        while len(left):
            bits = max((len(left) * 4).bit_length(), 6)
            level = _Level(
                _odd(1, 100 + len(self._levels))[0], np.uint64(64 - bits), np.zeros(1 << bits, dtype=np.int32)
            )
            places = self._places(hashes[left], level)
            level.slots[places] = left + 1
            self._levels.append(level)
            left = left[level.slots[places] != left + 1]

    @staticmethod
    def _places(hashes: npt.NDArray[np.uint64], level: _Level) -> Ints:
        return ((hashes * level.factor) >> level.shift).astype(np.intp)

    def _words(self, strings: Any) -> npt.NDArray[np.uint64]:
        """Each string as words, shape (n, width). A string longer than every code gets a length no code has."""
        count = len(strings)
        offsets = np.frombuffer(strings.buffers()[1], np.int32, count + 1, strings.offset * 4).astype(np.intp)
        low, high = int(offsets[0]), int(offsets[-1])
        size = 8 * self._width
        padded = np.zeros(high - low + size, dtype=np.uint8)
        if high > low:
            padded[: high - low] = np.frombuffer(strings.buffers()[2], np.uint8, high - low, low)
        windows = np.ndarray(shape=(high - low + 1,), dtype=f"V{size}", buffer=padded, strides=(1,))
        words = windows[offsets[:-1] - low].view(np.uint64).reshape(count, self._width)
        lengths = np.diff(offsets)
        words &= np.take(self._masks.view(np.uint64), lengths, axis=0, mode="clip")
        words[:, -1] = np.where(lengths < len(self._masks) - 1, lengths, len(self._masks))
        return words

    def _hash(self, words: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
        result: npt.NDArray[np.uint64] = words[:, 0] * self._factors[0]
        for k in range(1, self._width):
            result ^= words[:, k] * self._factors[k]
        result ^= result >> np.uint64(29)
        return result

    def _same(self, found: npt.NDArray[np.int32], words: npt.NDArray[np.uint64]) -> npt.NDArray[np.bool_]:
        differ = np.take(self._keys, found, axis=0)
        differ ^= words
        some = differ[:, 0]
        for k in range(1, self._width):
            some |= differ[:, k]
        same: npt.NDArray[np.bool_] = some == 0
        return same

    def ids(self, strings: Any) -> Ints:
        """Numbers of a pyarrow string array; a null or an unknown string is 0."""
        if not pa.types.is_string(strings.type):
            strings = strings.cast(pa.string())
        result = np.zeros(len(strings), dtype=np.intp)
        if not self.codes or not len(strings):
            return result
        words = self._words(strings)
        hashes = self._hash(words)
        left: Any = slice(None)
        for level in self._levels:
            found = level.slots[self._places(hashes[left], level)]
            same = self._same(found, words[left])
            result[left] = found * same
            rest = np.flatnonzero(~same)
            left = rest if isinstance(left, slice) else left[rest]
            if not len(left):
                break
        if strings.null_count:
            result[strings.is_null().to_numpy(zero_copy_only=False)] = 0
        return result

    def ids_of_dictionary(self, dictionary: Any) -> Ints:
        """Like :meth:`ids` with one more entry, 0, for nulls.

        Row groups of one file often carry the same dictionary; comparing it with the last few costs far less than
        looking it up again.
        """
        for known, numbers in self._recent:
            if len(known) == len(dictionary) and known.equals(dictionary):
                return numbers
        result = np.append(self.ids(dictionary), 0)
        self._recent = [(dictionary, result), *self._recent[:3]]
        return result

    def members(self, codes: Iterable[str]) -> npt.NDArray[np.bool_]:
        """A yes/no per number; codes outside the vocabulary are ignored."""
        result = np.zeros(self.size, dtype=np.bool_)
        result[[self.id_of[code] for code in codes if code in self.id_of]] = True
        return result
