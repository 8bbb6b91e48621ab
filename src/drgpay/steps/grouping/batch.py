"""A record batch of stays as NumPy arrays: numbers of the codes, places of the lists, missing values told apart."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from drgpay.errors import DrgpayError, Kind
from drgpay.steps.grouping.codebook import Codebook, Ints
from drgpay.tables import with_years

Bools = npt.NDArray[np.bool_]
_PORTION = 1 << 13


class CodeLists:
    """A column of code lists. ``ids`` numbers a dictionary; ``at`` points into it, one per element of the lists.

    ``offsets`` bound each stay's elements; a null list is an empty one, a null code is number 0.
    """

    def __init__(self, column: Any, book: Codebook) -> None:
        if pa.types.is_null(column.type):
            column = column.cast(pa.list_(pa.string()))
        elif not pa.types.is_list(column.type):
            column = column.cast(pa.list_(column.type.value_type))
        if column.null_count:
            self.lengths = pc.fill_null(pc.list_value_length(column), 0).to_numpy(zero_copy_only=False)
            self.offsets = np.concatenate(([0], np.cumsum(self.lengths, dtype=np.int32)))
            values = column.flatten()
        else:
            offsets = column.offsets.to_numpy()
            values = column.values.slice(offsets[0], offsets[-1] - offsets[0])
            self.offsets = offsets - offsets[0]
            self.lengths = np.diff(offsets)
        self._values = values
        if pa.types.is_dictionary(values.type):
            self.ids = book.ids_of_dictionary(values.dictionary)
            indices = values.indices
            if indices.null_count:
                indices = indices.cast(pa.int64()).fill_null(len(self.ids) - 1)
            self.at = indices.to_numpy()
        else:
            self.ids = np.arange(book.size)
            self.at = book.ids(values)

    @property
    def places(self) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32], Ints]:
        """Bounds of the lists, each element's place in the dictionary, and the numbers of the dictionary."""
        bounds, at = (np.ascontiguousarray(a, dtype=np.int32) for a in (self.offsets, self.at))
        return bounds, at, self.ids

    def word_of(self, words: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Words, given by number of the code, of every entry of the dictionary."""
        return words[self.ids]

    def headless(self) -> Bools:
        """Where there is no first code: an empty list, or one whose first place is null or empty."""
        result: Bools = self.lengths == 0
        values = self._values
        words = values.dictionary if pa.types.is_dictionary(values.type) else values
        if values.null_count or words.null_count or pc.any(pc.equal(words, "")).as_py():
            filled = np.flatnonzero(~result)
            firsts = values.take(pa.array(self.offsets[:-1][filled])).cast(pa.string())
            result[filled] = pc.equal(pc.fill_null(firsts, ""), "").to_numpy(zero_copy_only=False)
        return result

    def at_place(self, place: int) -> Ints:
        """Number of each stay's code at this place of its list; 0 when the list is shorter."""
        codes = np.zeros(len(self.lengths), dtype=np.intp)
        longer = np.flatnonzero(self.lengths > place)
        codes[longer] = self.ids[self.at[self.offsets[longer] + place]]
        return codes

    def collect(
        self,
        words: npt.NDArray[np.int32],
        settle: Callable[[npt.NDArray[np.int32], slice, Ints], npt.NDArray[np.uint8]],
    ) -> npt.NDArray[np.uint8]:
        """Bits of the codes (``words`` by number) joined per stay.

        ``settle`` turns the words of some stays' elements into bits; it is told which stays, and where among the
        elements the first ones of the lists are. The stays are taken in portions that stay in the processor's cache.
        """
        of_dictionary = self.word_of(words)
        result = np.zeros(len(self.lengths), dtype=np.uint8)
        for low in range(0, len(result), _PORTION):
            stays = slice(low, min(low + _PORTION, len(result)))
            begin, end = int(self.offsets[low]), int(self.offsets[stays.stop])
            filled = np.flatnonzero(self.lengths[stays] > 0)
            if not len(filled):
                continue
            firsts = self.offsets[stays][filled] - begin
            bits = settle(of_dictionary[self.at[begin:end]], stays, firsts)
            result[low + filled] = np.bitwise_or.reduceat(bits, firsts)
        return result

    def collect_few(self, bits: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        """Bits of the codes joined per stay, for codes that few stays have."""
        of_dictionary = self.word_of(bits)
        found = np.flatnonzero((of_dictionary != 0)[self.at])
        result = np.zeros(len(self.lengths), dtype=np.uint8)
        stays = np.searchsorted(self.offsets[1:], found, side="right")
        np.bitwise_or.at(result, stays, of_dictionary[self.at[found]])
        return result

    def of(self, stays: Ints) -> tuple[Ints, Ints, Ints]:
        """The lists of some stays laid end to end: starts, the numbers of the codes, and each code's place."""
        lengths = self.lengths[stays]
        starts = np.concatenate(([0], np.cumsum(lengths)))
        places = np.arange(starts[-1]) - np.repeat(starts[:-1], lengths)
        return starts, self.ids[self.at[places + np.repeat(self.offsets[stays], lengths)]], places


class Stays:
    """The columns of a batch that grouping reads. ``dx`` and ``proc`` are required, the others may be absent.

    The age in years of infants who have only one in days is what :mod:`drgpay.tables.ages` says.
    """

    def __init__(self, batch: Any, dx: Codebook, proc: Codebook) -> None:
        self._batch = with_years(batch)
        for name in ("dx", "proc"):
            if name not in batch.schema.names:
                raise DrgpayError(
                    Kind.DATA,
                    zh=f"分组缺少列 {name}",
                    en=f"grouping lacks the column {name}",
                    fix_zh="补上该列（编码列表，第一个为主要诊断/主要手术）",
                    fix_en="add it (a list of codes, the principal one first)",
                    field=name,
                )
        self.count = batch.num_rows
        self.dx = CodeLists(batch.column("dx"), dx)
        self.proc = CodeLists(batch.column("proc"), proc)
        self._sexes: dict[str, Bools] = {}
        self._numbers: dict[str, tuple[npt.NDArray[Any], Bools | None]] = {}

    def number(self, name: str) -> tuple[npt.NDArray[Any], Bools | None]:
        """A whole-number column (missing = 0) and where it is present; None = everywhere."""
        if name not in self._numbers:
            self._numbers[name] = self._read_number(name)
        return self._numbers[name]

    def _read_number(self, name: str) -> tuple[npt.NDArray[Any], Bools | None]:
        if name not in self._batch.schema.names:
            return np.zeros(self.count, dtype=np.int8), np.zeros(self.count, dtype=np.bool_)
        column = self._batch.column(name)
        if pa.types.is_null(column.type):
            return np.zeros(self.count, dtype=np.int8), np.zeros(self.count, dtype=np.bool_)
        if not column.null_count:
            return column.to_numpy(zero_copy_only=False), None
        present = column.is_valid().to_numpy(zero_copy_only=False)
        return column.fill_null(0).to_numpy(zero_copy_only=False), present

    def flag(self, name: str) -> Bools:
        """A yes/no column; absent or null = no."""
        if name not in self._batch.schema.names:
            return np.zeros(self.count, dtype=np.bool_)
        flags: Bools = self._batch.column(name).cast(pa.bool_()).fill_null(False).to_numpy(zero_copy_only=False)
        return flags

    def missing(self, name: str) -> Bools:
        """Where a fact (``sex`` or a number) is not given."""
        if name not in self._batch.schema.names:
            return np.ones(self.count, dtype=np.bool_)
        found: Bools = self._batch.column(name).is_null().to_numpy(zero_copy_only=False)
        return found

    def sex_is(self, sex: str) -> Bools:
        """Whether the sex is given and is this one."""
        if sex not in self._sexes:
            self._sexes[sex] = self._read_sex(sex)
        return self._sexes[sex]

    def _read_sex(self, sex: str) -> Bools:
        if "sex" not in self._batch.schema.names:
            return np.zeros(self.count, dtype=np.bool_)
        column = self._batch.column("sex")
        if pa.types.is_dictionary(column.type):
            same = [number for number, value in enumerate(column.dictionary.to_pylist()) if value == sex]
            numbers = column.indices.fill_null(-1).to_numpy(zero_copy_only=False)
            return np.isin(numbers, same) if len(same) != 1 else numbers == same[0]
        found: Bools = pc.fill_null(pc.equal(column.cast(pa.string()), sex), False).to_numpy(zero_copy_only=False)
        return found
