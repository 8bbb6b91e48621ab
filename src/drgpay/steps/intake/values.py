"""Cells as text -> typed columns, whole columns at a time.

The usual spellings go through vectorised expressions. What those do not take is tried again in normal form
(full-width characters, thousands commas, currency signs), and only what is left is looked at cell by cell, to say
what is wrong with it. No value ever becomes a floating-point number.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from drgpay.errors import DrgpayError
from drgpay.steps.intake.showing import shown
from drgpay.steps.intake.spellings import ELSEWHERE, FLAGS, NULLS, WORDS
from drgpay.steps.intake.words import UNKNOWN, meaning
from drgpay.tables import Column
from drgpay.units import parse_coefficient, parse_fen, parse_points, parse_scaled
from drgpay.units.vector import Ints
from drgpay.words import in_word

_EMPTY = ["", "NULL", "null", "\\N"]
_WIDTH = {"int8": 8, "int16": 16, "int32": 32, "int64": 64, "fen": 64}
_ZONE = r"(?:Z|[+-][0-9]{2}:?[0-9]{2})?"
_CLOCK = r"(?:[ T]+(?:上午|下午|AM|PM)?\s*[0-9]{1,2}(?::[0-9]{1,2}){0,2}(?:\.[0-9]+)?(?:\s*[AP]M)?" + _ZONE + ")?"
_TIME = rf"(?:{_CLOCK}|\s*[0-9]{{1,2}}[时点](?:[0-9]{{1,2}}分?)?(?:[0-9]{{1,2}}秒)?)"
_DATE_PARTS = (
    rf"^([0-9]{{4}})[-/.年]([0-9]{{1,2}})[-/.月]([0-9]{{1,2}})日?{_TIME}$",
    rf"^([0-9]{{4}})([0-9]{{2}})([0-9]{{2}})(?:[0-9]{{4}}|[0-9]{{6}}|{_TIME})$",
)
_ISO = rf"^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}{_TIME}$"
_SERIAL = r"^([1-7][0-9]{4})(?:\.[0-9]+)?$"
"""the number a spreadsheet keeps for a day: 45292 is 2024-01-01"""
_DAY_ZERO = -25_569
"""the day a spreadsheet counts from, in days since 1970"""
_NAMED_MONTH = r"(?i)^([0-9]{1,2})-(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)-([0-9]{4}|[0-2][0-9])$"
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_UNITS = {
    "los": r"^([0-9]+)\s*(?:天|日|d)$",
    "age": r"^([0-9]+)\s*(?:周岁|岁|y|Y)$",
    "age_days": r"^([0-9]+)\s*(?:天|日|d|D)$",
    **dict.fromkeys(("birth_weight", "admission_weight"), r"^([0-9]+)\s*(?:克|g|G)$"),
}
"""column -> a number with its unit written behind it"""
_KILOGRAMS = r"^([0-9]{1,2})(?:\.([0-9]{1,3}))?\s*(?:kg|KG|Kg|公斤|千克)$"
_PROTECTED = re.compile(r'="?(.*?)"?|\'(.*)', re.DOTALL)
_INVISIBLE = r"[\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2064\u2066-\u2069\ufeff]"


@dataclass(frozen=True)
class Fault:
    """A rule broken at the positions ``at``, with what stands there and, for some, words of its own.

    ``places``: for codes in several columns, the numbers of the columns they stand in, for every position.
    """

    rule: str
    at: Ints
    values: tuple[str, ...]
    texts: tuple[tuple[str, str], ...] | None = None
    places: tuple[tuple[int, ...], ...] | None = None


@dataclass(frozen=True)
class Typed:
    """A column in the Arrow type of the data dictionary (null where a cell is empty or at fault), and its faults.

    ``origins``: for lists of codes, the place in its row (0 = first) that every code had before blanks were dropped.
    """

    values: Any
    faults: tuple[Fault, ...] = ()
    origins: Ints | None = None


def typed(column: Column, cells: Any) -> Typed:
    """Cells of a file (text, or the typed values of a Parquet file) as a column of the data dictionary.

    ``cells``: Arrow array. Whole numbers in a money column are fen, text and decimals are yuan. ``codes`` columns
    are read by :mod:`.codes`.
    """
    if cells.null_count == len(cells):
        return Typed(pa.nulls(len(cells), column.arrow))
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
    """Text without blanks around it; empty text, and what databases print for nothing, as null.

    ``="0012"`` and ``'0012``, as spreadsheets protect text, are read as 0012.
    """
    cell = pl.col("cell")
    cells = pl.DataFrame({"cell": text}, schema={"cell": pl.String}).select(cell.str.strip_chars())
    held = cells.select(cell.str.contains("^[=']")).to_series()
    if held.any():
        at = held.arg_true()
        plain = cells.to_series()
        cells = plain.scatter(at, [_unprotected(one) for one in plain.gather(at)]).to_frame()
    return cells.select(pl.when(~cell.is_in(_EMPTY)).then(cell)).to_series()


def normal(text: pl.Series) -> pl.Series:
    """Text in NFKC: full-width characters become plain ones, invisible ones go."""
    cell = pl.first().str
    wide = text.to_frame().select((cell.len_bytes() != cell.len_chars()).any()).item()
    return text.str.normalize("NFKC").str.replace_all(_INVISIBLE, "").str.strip_chars() if wide else text


def cell_of(text: str) -> str:
    """One cell, tidy and in NFKC, without any table; "" for a blank one."""
    plain = text.strip()
    plain = _unprotected(plain) if plain[:1] in ("=", "'") else plain
    return "" if plain in _EMPTY else re.sub(_INVISIBLE, "", unicodedata.normalize("NFKC", plain)).strip()


def _unprotected(cell: str) -> str:
    match = _PROTECTED.fullmatch(cell)
    return (match[1] or match[2] or "").strip() if match else cell


def _positions(flags: pl.Series) -> Ints:
    return flags.to_frame().select(pl.first().fill_null(False).arg_true()).to_series().to_numpy().astype(np.int64)


def _fault(
    rule: str, text: pl.Series, at: Ints | list[int], texts: tuple[tuple[str, str], ...] | None = None
) -> tuple[Fault, ...]:
    """The fault at some positions; none when there are none."""
    if len(at) == 0:
        return ()
    return (Fault(rule, np.asarray(at), tuple(shown(value) for value in text.gather(at)), texts),)


def _text(column: Column, text: pl.Series) -> Typed:
    # names keep their full-width brackets; identifiers do not, and are no numbers with decimals
    plain = text if column.name == "name" else normal(text).str.replace(r"^([0-9]+)\.0$", "${1}")
    return Typed(plain.to_arrow().cast(pa.string()))


def _code(column: Column, text: pl.Series) -> Typed:
    coded = text.to_arrow().cast(pa.string()).dictionary_encode()
    spelled = normal(pl.Series(coded.dictionary, dtype=pl.String))
    if not column.choices:
        spelled = spelled.str.replace(r"^([0-9]+)\.0$", "${1}")  # a number column of a spreadsheet or of pandas
        return Typed(_recoded(coded.indices, spelled.to_arrow().cast(pa.string())))
    words = words_of(column)
    elsewhere: Mapping[str, str | None] = dict.fromkeys(ELSEWHERE.get(column.name, ()), "elsewhere")
    values, rules = [], []
    for word in spelled:
        value = meaning(word, words)
        known = value != UNKNOWN or word in NULLS
        other = not known and meaning(word, elsewhere) != UNKNOWN
        values.append(value if known and word not in NULLS else None)
        rules.append("" if known else "scheme_other" if other else "not_listed")
    faults: tuple[Fault, ...] = ()
    for rule in ("not_listed", "scheme_other"):
        bad = pl.Series(pa.array([one == rule for one in rules], pa.bool_()).take(coded.indices), dtype=pl.Boolean)
        faults += _fault(rule, text, _positions(bad))
    return Typed(_recoded(coded.indices, pa.array(values, pa.string())), faults)


@cache
def words_of(column: Column) -> dict[str, str | None]:
    """What the words in a column of closed choices stand for; those of the screens are taken too."""
    said = {word: to for word, to in WORDS.get(column.name, {}).items() if to is None or to in column.choices}
    screens = {in_word(choice, "zh").casefold(): choice for choice in column.choices}
    return {**screens, **{choice: choice for choice in column.choices}, **said}


def _recoded(indices: Any, values: Any) -> Any:
    """Dictionary-coded text from indices and their (perhaps repeated or null) values."""
    return (
        values.take(indices).dictionary_encode()
        if len(values)
        else pa.array([None] * len(indices), pa.string()).dictionary_encode()
    )


def _blank_words(text: pl.Series) -> pl.Series:
    """Null for the words and signs that stand for an empty cell."""
    return text.to_frame().select(pl.when(~pl.first().is_in(list(NULLS))).then(pl.first())).to_series()


def _int(column: Column, text: pl.Series) -> Typed:
    text = normal(_blank_words(text))
    number = _whole(text)
    left = _positions(number.is_null() & text.is_not_null())
    if len(left):
        number = number.scatter(left, _spelled(column, text.gather(left)))
    fitted = _fitted(column, number, text)
    return Typed(
        fitted.values, _fault("unreadable", text, _positions(number.is_null() & text.is_not_null())) + fitted.faults
    )


def _whole(text: pl.Series) -> pl.Series:
    """Whole numbers, also with decimals that are all zero; null for anything else."""
    return text.str.replace(r"\.0+$", "").cast(pl.Int64, strict=False)


def _spelled(column: Column, text: pl.Series) -> pl.Series:
    """Numbers with their unit, or as the words of a list; null for anything else."""
    number = pl.Series([None] * len(text), dtype=pl.Int64)
    if column.name in _UNITS:
        number = text.str.extract(_UNITS[column.name], 1).cast(pl.Int64, strict=False)
    if column.name in ("birth_weight", "admission_weight"):
        parts = text.str.extract_groups(_KILOGRAMS).struct.unnest()
        whole, grams = parts.to_series(0), parts.to_series(1).fill_null("").str.pad_end(3, "0")
        weighed = whole.cast(pl.Int64) * 1000 + grams.cast(pl.Int64, strict=False)
        number = pl.select(pl.coalesce(number, weighed)).to_series()
    listed = WORDS.get(column.name)
    if listed:
        words = {**{to: to for to in listed.values() if to}, **listed}
        meant = [None if word is None else meaning(word, words) for word in text]
        said = pl.Series([None if to == UNKNOWN else to for to in meant], dtype=pl.String)
        number = pl.select(pl.coalesce(number, said.cast(pl.Int64, strict=False))).to_series()
    return number


def _fitted(column: Column, number: pl.Series, text: pl.Series) -> Typed:
    """Numbers in the width of the column; those that do not fit become null and a fault."""
    high = 2 ** (_WIDTH[column.type] - 1) - 1
    wide = (number > high) | (number < -high - 1)
    fitting = number.set(wide.fill_null(False), None) if wide.any() else number
    return Typed(fitting.to_arrow().cast(column.arrow), _fault("too_large", text, _positions(wide)))


def _date(column: Column, text: pl.Series) -> Typed:
    text = _blank_words(text)
    iso = text.str.contains(_ISO)
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
        for found in (_serial_day(rest), _named_day(rest)):
            at = _positions(found.is_not_null())
            day = day.scatter(left[at], found.gather(at))
    return Typed(
        day.to_arrow().cast(pa.date32()), _fault("unreadable", text, _positions(day.is_null() & text.is_not_null()))
    )


def _serial_day(text: pl.Series) -> pl.Series:
    return (text.str.extract(_SERIAL, 1).cast(pl.Int32) + _DAY_ZERO).cast(pl.Date)


def _named_day(text: pl.Series) -> pl.Series:
    """``1-Jan-24``, as a spreadsheet shows a date."""
    day, month, year = (text.str.extract(_NAMED_MONTH, part) for part in (1, 2, 3))
    number = month.str.to_lowercase().replace_strict(list(_MONTHS), [f"{n:02}" for n in range(1, 13)], default=None)
    whole = pl.select(pl.when(year.str.len_chars() == 2).then("20" + year).otherwise(year)).to_series()
    return (whole + "-" + number + "-" + day.str.zfill(2)).str.to_date("%Y-%m-%d", strict=False)


def _fen(column: Column, text: pl.Series) -> Typed:
    """Yuan as text -> fen; takes and refuses exactly what :func:`drgpay.units.parse_fen` does."""
    text = _blank_words(text)
    fen = _plain_fen(text)
    left = _positions(fen.is_null() & text.is_not_null())
    if len(left):
        rest = normal(text.gather(left)).str.strip_chars_start("¥").str.strip_chars().str.replace_all("−", "-")
        rest = rest.str.strip_suffix("元").str.strip_chars()
        grouped = rest.str.contains(r"^[+-]?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?$")
        rest = pl.select(pl.when(grouped).then(rest.str.replace_all(",", "")).otherwise(rest)).to_series()
        fen = fen.scatter(left, _plain_fen(rest.str.replace(r"(\.[0-9][0-9])0+$", "${1}")))
        left = _positions(fen.is_null() & text.is_not_null())
    refused: list[tuple[int, tuple[str, str]]] = []
    too_large: list[int] = []
    for at in left.tolist():
        try:
            value = _yuan(text[at])
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


def _yuan(text: str) -> int:
    """Yuan, or 万元, as text → fen."""
    plain = unicodedata.normalize("NFKC", text).strip().removesuffix("元").strip()
    return parse_scaled(plain[:-1], 6) if plain.endswith("万") else int(parse_fen(plain))


def _plain_fen(text: pl.Series) -> pl.Series:
    """Plain amounts (digits, at most one point and two decimals) in fen; null for anything else."""
    parts = text.str.extract_groups(r"^([+-]?)([0-9]{1,15})(?:\.([0-9]{1,2}))?$").struct.unnest()
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
