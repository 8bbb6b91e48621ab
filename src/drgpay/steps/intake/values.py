"""Cells as text -> typed columns, whole columns at a time.

The usual spellings go through vectorised expressions. What those do not take is tried again in normal form
(full-width characters, thousands commas, currency signs), and only what is left is looked at cell by cell, to say
what is wrong with it. No value ever becomes a floating-point number.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from drgpay.errors import DrgpayError
from drgpay.steps.intake.findings import shown
from drgpay.steps.intake.spellings import FLAGS, NULLS, WORDS
from drgpay.tables import Column
from drgpay.units import parse_coefficient, parse_fen, parse_points
from drgpay.units.vector import Ints

_EMPTY = ["", "NULL", "null", "\\N"]
_WIDTH = {"int8": 8, "int16": 16, "int32": 32, "int64": 64, "fen": 64}
_TIME = r"(?:[ T]+\d{1,2}(?::\d{1,2}){1,2}(?:\.\d+)?(?:Z|[+-]\d{2}:?\d{2})?)?"
_DATE_PARTS = (
    rf"^(\d{{4}})[-/.年](\d{{1,2}})[-/.月](\d{{1,2}})日?{_TIME}$",
    rf"^(\d{{4}})(\d{{2}})(\d{{2}})(?:\d{{4}}|\d{{6}}|{_TIME})$",
)


@dataclass(frozen=True)
class Fault:
    """A rule broken at the positions ``at``, with what stands there and, for some, words of its own."""

    rule: str
    at: Ints
    values: tuple[str, ...]
    texts: tuple[tuple[str, str], ...] | None = None


@dataclass(frozen=True)
class Typed:
    """A column in the Arrow type of the data dictionary (null where a cell is empty or at fault), and its faults."""

    values: Any
    faults: tuple[Fault, ...] = ()


def typed(column: Column, cells: Any) -> Typed:
    """Cells of a file (text, or the typed values of a Parquet file) as a column of the data dictionary.

    ``cells``: Arrow array. Whole numbers in a money column are fen, text and decimals are yuan. ``codes`` columns
    are read by :mod:`.codes`.
    """
    if pa.types.is_dictionary(cells.type):
        cells = cells.cast(cells.type.value_type)
    kind = cells.type
    if column.type == "fen" and pa.types.is_integer(kind):
        return Typed(cells.cast(pa.int64()))
    if column.type == "date" and (pa.types.is_date(kind) or pa.types.is_timestamp(kind)):
        if pa.types.is_timestamp(kind) and kind.tz:
            cells = pc.local_timestamp(cells)
        return Typed(cells.cast(pa.date32(), safe=False))
    if column.type.startswith("int") and pa.types.is_integer(kind):
        return _fitted(column, pl.Series(cells.cast(pa.int64())), pl.Series(cells.cast(pa.string())))
    text = tidy(pl.Series(cells.cast(pa.string()), dtype=pl.String))
    return _READERS[column.type](column, text)


def tidy(text: pl.Series) -> pl.Series:
    """Text without blanks around it; empty text, and what databases print for nothing, as null."""
    plain = text.str.strip_chars()
    return plain.set(plain.is_in(_EMPTY), None)


def normal(text: pl.Series) -> pl.Series:
    """Text in NFKC: full-width characters become plain ones."""
    wide = text.str.len_bytes() != text.str.len_chars()
    return text.str.normalize("NFKC").str.strip_chars() if wide.any() else text


def _positions(flags: pl.Series) -> Ints:
    return flags.fill_null(False).arg_true().to_numpy().astype(np.int64)


def _fault(
    rule: str, text: pl.Series, at: Ints | list[int], texts: tuple[tuple[str, str], ...] | None = None
) -> tuple[Fault, ...]:
    """The fault at some positions; none when there are none."""
    if len(at) == 0:
        return ()
    return (Fault(rule, np.asarray(at), tuple(shown(value) for value in text.gather(at)), texts),)


def _text(column: Column, text: pl.Series) -> Typed:
    # names keep their full-width brackets; identifiers do not
    return Typed((text if column.name == "name" else normal(text)).to_arrow().cast(pa.string()))


def _code(column: Column, text: pl.Series) -> Typed:
    coded = text.to_arrow().cast(pa.string()).dictionary_encode()
    spelled = normal(pl.Series(coded.dictionary, dtype=pl.String))
    if not column.choices:
        return Typed(_recoded(coded.indices, spelled.to_arrow().cast(pa.string())))
    said = {word: to for word, to in WORDS.get(column.name, {}).items() if to is None or to in column.choices}
    words = {**{choice: choice for choice in column.choices}, **said}
    meant = pa.array([words.get(word.casefold()) for word in spelled], pa.string())
    refused = pa.array([word.casefold() not in words and word not in NULLS for word in spelled], pa.bool_())
    bad = pl.Series(refused.take(coded.indices), dtype=pl.Boolean)
    return Typed(_recoded(coded.indices, meant), _fault("not_listed", text, _positions(bad)))


def _recoded(indices: Any, values: Any) -> Any:
    """Dictionary-coded text from indices and their (perhaps repeated or null) values."""
    return (
        values.take(indices).dictionary_encode()
        if len(values)
        else pa.array([None] * len(indices), pa.string()).dictionary_encode()
    )


def _blank_words(text: pl.Series) -> pl.Series:
    """Null for the words and signs that stand for an empty cell."""
    return text.set(text.is_in(list(NULLS)), None)


def _int(column: Column, text: pl.Series) -> Typed:
    text = normal(_blank_words(text))
    words = WORDS.get(column.name)
    spelled = text.replace(words) if words else text
    number = spelled.str.replace(r"\.0+$", "").cast(pl.Int64, strict=False)
    fitted = _fitted(column, number, text)
    return Typed(
        fitted.values, _fault("unreadable", text, _positions(number.is_null() & text.is_not_null())) + fitted.faults
    )


def _fitted(column: Column, number: pl.Series, text: pl.Series) -> Typed:
    """Numbers in the width of the column; those that do not fit become null and a fault."""
    high = 2 ** (_WIDTH[column.type] - 1) - 1
    wide = (number > high) | (number < -high - 1)
    fitting = number.set(wide.fill_null(False), None) if wide.any() else number
    return Typed(fitting.to_arrow().cast(column.arrow), _fault("too_large", text, _positions(wide)))


def _date(column: Column, text: pl.Series) -> Typed:
    text = _blank_words(text)
    iso = text.str.contains(rf"^\d{{4}}-\d{{2}}-\d{{2}}{_TIME}$")
    day = pl.select(pl.when(iso).then(text.str.slice(0, 10))).to_series().str.to_date("%Y-%m-%d", strict=False)
    left = _positions(day.is_null() & text.is_not_null())
    if len(left):
        rest = normal(text.gather(left))
        for parts in _DATE_PARTS:
            year, month, of_month = (rest.str.extract(parts, i) for i in (1, 2, 3))
            spelled = year + "-" + month.str.zfill(2) + "-" + of_month.str.zfill(2)
            found = spelled.str.to_date("%Y-%m-%d", strict=False)
            at = _positions(found.is_not_null())
            day = day.scatter(left[at], found.gather(at))
    return Typed(
        day.to_arrow().cast(pa.date32()), _fault("unreadable", text, _positions(day.is_null() & text.is_not_null()))
    )


def _fen(column: Column, text: pl.Series) -> Typed:
    """Yuan as text -> fen; takes and refuses exactly what :func:`drgpay.units.parse_fen` does."""
    text = _blank_words(text)
    fen = _plain_fen(text)
    left = _positions(fen.is_null() & text.is_not_null())
    if len(left):
        rest = normal(text.gather(left)).str.strip_chars_start("¥").str.strip_chars().str.replace_all("−", "-")
        grouped = rest.str.contains(r"^[+-]?\d{1,3}(,\d{3})+(\.\d+)?$")
        rest = pl.select(pl.when(grouped).then(rest.str.replace_all(",", "")).otherwise(rest)).to_series()
        fen = fen.scatter(left, _plain_fen(rest.str.replace(r"(\.\d\d)0+$", "${1}")))
        left = _positions(fen.is_null() & text.is_not_null())
    refused: list[tuple[int, tuple[str, str]]] = []
    too_large: list[int] = []
    for at in left.tolist():
        try:
            value = int(parse_fen(text[at]))
        except DrgpayError as error:
            words = f"{column.zh}:{error.zh};{error.fix_zh}", f"{column.name}: {error.en}; {error.fix_en}"
            refused.append((at, words))
            continue
        if abs(value) < 2**63:
            fen[at] = value
        else:
            too_large.append(at)
    unreadable = _fault("unreadable", text, [at for at, _ in refused], tuple(words for _, words in refused))
    return Typed(fen.to_arrow().cast(pa.int64()), unreadable + _fault("too_large", text, too_large))


def _plain_fen(text: pl.Series) -> pl.Series:
    """Plain amounts (digits, at most one point and two decimals) in fen; null for anything else."""
    parts = text.str.extract_groups(r"^([+-]?)(\d{1,15})(?:\.(\d{1,2}))?$").struct.unnest()
    sign, whole, fraction = (parts.to_series(i) for i in range(3))
    fen = whole.cast(pl.Int64) * 100 + fraction.fill_null("").str.pad_end(2, "0").cast(pl.Int64)
    return pl.select(pl.when(sign == "-").then(-fen).otherwise(fen)).to_series()


def _ratio(column: Column, text: pl.Series) -> Typed:
    """Decimals or percentages (points: decimals) -> 1/10,000; only registers have them, so cell by cell will do."""
    ratio: list[int | None] = []
    refused: list[tuple[int, tuple[str, str]]] = []
    parse = parse_points if column.type == "points" else parse_coefficient
    for at, cell in enumerate(_blank_words(text)):
        try:
            ratio.append(None if cell is None else int(parse(cell)))
        except DrgpayError as error:
            ratio.append(None)
            words = f"{column.zh}:{error.zh};{error.fix_zh}", f"{column.name}: {error.en}; {error.fix_en}"
            refused.append((at, words))
    unreadable = _fault("unreadable", text, [at for at, _ in refused], tuple(words for _, words in refused))
    return Typed(pa.array(ratio, pa.int64()), unreadable)


def _flag(column: Column, text: pl.Series) -> Typed:
    spelled = normal(_blank_words(text))
    meant = [None if cell is None else FLAGS.get(cell.casefold()) for cell in spelled]
    wrong = [at for at, cell in enumerate(spelled) if cell is not None and meant[at] is None]
    return Typed(pa.array(meant, pa.bool_()), _fault("unreadable", text, wrong))


_READERS: dict[str, Callable[[Column, pl.Series], Typed]] = {
    "text": _text,
    "code": _code,
    "int8": _int,
    "int16": _int,
    "int32": _int,
    "int64": _int,
    "fen": _fen,
    "ratio": _ratio,
    "points": _ratio,
    "flag": _flag,
    "date": _date,
}
