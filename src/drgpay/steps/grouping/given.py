"""Stays as builders give them (dicts, tables of several libraries) turned into what the kernel and the rules read.

How a code and a sex are spelled is not decided here: a :class:`Reading` says it. :data:`PLAIN` knows the least; the
one of the files is put in where grouping and reading meet.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from fractions import Fraction
from numbers import Integral, Real
from typing import Any, NoReturn

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from drgpay.errors import DrgpayError, Kind
from drgpay.tables import STAYS

CODES = ("dx", "proc")
NUMBERS = ("age", "age_days", "birth_weight", "admission_weight", "los")
FLAGS = ("icu", "bilateral")
WEIGHT = ("weight_g",)
"""says weight and not which: the one at birth and, where there is no other, the one at admission"""
_TOP = 2**31 - 1

SEXES = {
    **dict.fromkeys(("male", "男", "1"), "male"),
    **dict.fromkeys(("female", "女", "2"), "female"),
    **dict.fromkeys(("", "0", "9"), None),
}
"""words for the sex; 0 and 9 are the standard's not known and not said"""
SPELLINGS = {
    spelling: column.name
    for column in STAYS.columns
    if column.name in (*CODES, "sex", *NUMBERS)
    for spelling in (column.name, column.zh, *column.aliases)
} | {name: name for name in FLAGS}
"""every key or column name that is understood -> the name grouping uses"""

_OTHERS = {
    spelling: column.name for column in STAYS.columns for spelling in (column.name, column.zh, *column.aliases)
}
"""spellings of the columns of a stay, with those grouping has no use for"""


@dataclass(frozen=True)
class Reading:
    """How words are read: ``code`` spells a code (None: a blank place), ``split`` parts a text of several codes,
    ``sex`` says male, female or None, and raises ValueError for a word it does not know. ``sound`` says whether a
    spelled code (of ``dx`` or ``proc``) needs no repair, ``mend`` repairs a column of lists of them. ``measures``
    reads numbers written as text, all of a stay at once: columns of text to whole numbers, and the (name, row from
    0, cell) of what cannot be read."""

    code: Callable[[str], str | None]
    split: Callable[[str], list[str]]
    sex: Callable[[str], str | None]
    sound: Callable[[str, str], bool] = lambda name, code: True
    mend: Callable[[str, Any], Any] = lambda name, lists: lists
    measures: Callable[[Mapping[str, Any]], tuple[dict[str, Any], list[tuple[str, int, str]]]] | None = None


def _plain_sex(word: str) -> str | None:
    if word.strip() not in SEXES:
        raise ValueError(word)
    return SEXES[word.strip()]


PLAIN = Reading(lambda code: code.strip() or None, lambda text: text.split("|"), _plain_sex)

_FIXES = {
    "codes": (
        "用编码的列表，或用 | 隔开的文本；第一个为主要的",
        "give a list of codes, or one text with | between them; the principal one first",
    ),
    "sex": ("用 male/female、男/女、M/F 或 1/2", "use male/female, 男/女, M/F or 1/2"),
    "number": (
        "用不小于 0 的整数，未知时用空值",
        "give a whole number from 0, or nothing when it is not known",
    ),
    "flag": ("用真或假", "give true or false"),
}


def _wrong(field: str, fix: str, value: object = None, row: int | None = None) -> NoReturn:
    zh, en = _FIXES[fix]
    raise DrgpayError(
        Kind.DATA,
        zh="病例的这一项不能用",
        en="this item of a stay cannot be used",
        fix_zh=zh,
        fix_en=en,
        field=field,
        value=value,
        row=row,
    )


def fields(given: Iterable[object], *, strict: bool = False) -> dict[str, str]:
    """Name grouping uses -> key or column given. A stay needs ``dx``; two spellings of one field are a failure.

    ``strict``: a key that no column of a stay has is a failure. Else (a table has columns of its own) only one that
    is nearly a field of grouping which is not given.
    """
    found: dict[str, str] = {}
    unknown: list[str] = []
    for key in given:
        name = SPELLINGS.get(key) if isinstance(key, str) else None
        if name in found:
            raise DrgpayError(
                Kind.DATA,
                zh=f"同一项给了两次：«{found[name]}» 和 «{key}»",
                en=f"the same item is given twice: «{found[name]}» and «{key}»",
                fix_zh="只留一个",
                fix_en="leave one of them",
                field=name,
            )
        if name:
            found[name] = str(key)
        elif key not in _OTHERS:
            unknown.append(str(key))
    for key in unknown:
        near = _near(key, strict)
        if strict or (near and SPELLINGS[near] not in found):
            _unknown(key, near)
    if found.get("birth_weight") in WEIGHT:
        found.setdefault("admission_weight", found["birth_weight"])
    if "dx" not in found:
        raise DrgpayError(
            Kind.DATA,
            zh="病例没有诊断 dx",
            en="the stay has no diagnoses: dx is missing",
            fix_zh=f"给出 dx；认识的名称：{'、'.join(SPELLINGS)}",
            fix_en=f"give dx; names that are understood: {', '.join(SPELLINGS)}",
            field="dx",
        )
    return found


def key_of(stay: Iterable[object], name: str) -> str:
    """The key under which a stay has a field; "" when it has none."""
    return next((key for key in stay if isinstance(key, str) and SPELLINGS.get(key) == name), "")


def _near(key: str, strict: bool) -> str:
    """The nearest spelling: half the same will do to suggest one, four fifths to suspect a column of a table."""
    plain = {spelling.casefold(): spelling for spelling in SPELLINGS}
    cutoff: Any = Fraction(1, 2) if strict else Fraction(4, 5)
    near = get_close_matches(key.strip().casefold(), plain, 1, cutoff)
    return plain[near[0]] if near else ""


def _unknown(key: str, near: str) -> NoReturn:
    near = SPELLINGS[near] if near.isascii() and near else near
    raise DrgpayError(
        Kind.DATA,
        zh=f"病例没有这样的一项：«{key}»",
        en=f"a stay has no such item: «{key}»",
        fix_zh=f"是否为 {near}？" if near else f"认识的名称：{'、'.join(SPELLINGS)}",
        fix_en=f"did you mean {near}?" if near else f"names that are understood: {', '.join(SPELLINGS)}",
        field=SPELLINGS.get(near) or key,
        value=key,
    )


def read_stay(given: Mapping[str, Any], row: int | None = None, how: Reading = PLAIN) -> dict[str, Any]:
    """One stay with the names and values grouping uses. ``row`` is named in failures (DATA).

    Keys are those of the table ``stays`` (any of their spellings), ``icu`` and ``bilateral``; any other key is a
    failure. ``dx`` and ``proc``: a list of codes or a text of them. ``sex``: a word or number as files have it.
    Numbers are whole, of Python or NumPy, or text as files have it. Anything missing, None or NaN is not known. No
    other code moves into a
    blank principal place: without a principal diagnosis there are no diagnoses, and a procedure's place stays empty.
    """
    stay: dict[str, Any] = {"dx": [], "proc": []}
    texts: dict[str, str] = {}
    for name, key in fields(given, strict=True).items():
        value = given[key]
        if value is None or _is_nan(value):
            continue
        if name in CODES:
            stay[name] = _codes(name, value, row, how)
        elif name == "sex":
            stay[name] = _sex(value, row, how)
        elif name in NUMBERS and isinstance(value, str):
            texts[name] = value
        elif name in NUMBERS:
            stay[name] = _number(name, value, row)
        else:
            if not isinstance(value, bool | np.bool_):
                _wrong(name, "flag", value, row)
            stay[name] = bool(value)
    if texts:
        given_all = {name: pa.array([texts.get(name, stay.get(name))]).cast(pa.string()) for name in NUMBERS if
                     name in texts or name in stay}  # fmt: skip
        stay |= {name: column[0].as_py() for name, column in _measured(given_all, row or 1, how).items()}
    return stay


def _measured(cells: Mapping[str, Any], first: int, how: Reading) -> dict[str, Any]:
    """Numbers of which some came as text."""
    if how.measures is None:
        _wrong(next(iter(cells)), "number")
    read, wrong = how.measures(cells)
    for name, at, cell in wrong:
        _wrong(name, "number", cell, first + at)
    for name, column in read.items():
        _check_none(name, column, pc.less(column, 0), first)
    return {name: column.cast(pa.int32()) for name, column in read.items()}


def _sex(value: Any, row: int | None, how: Reading) -> str | None:
    number = isinstance(value, Real) and not isinstance(value, bool) and value % 1 == 0
    if not (isinstance(value, str) or number):
        _wrong("sex", "sex", value, row)
    try:
        return how.sex(value if isinstance(value, str) else str(int(value)))
    except ValueError:
        _wrong("sex", "sex", value, row)


def _number(name: str, value: Any, row: int | None) -> int:
    whole = isinstance(value, Integral) or (isinstance(value, Real) and value % 1 == 0)
    if not whole or isinstance(value, bool | np.bool_) or not 0 <= value <= _TOP:
        _wrong(name, "number", value, row)
    return int(value)


def _codes(name: str, value: Any, row: int | None, how: Reading) -> list[str | None]:
    parts = how.split(value) if isinstance(value, str) else value
    if not isinstance(parts, list | tuple | np.ndarray):
        _wrong(name, "codes", None, row)
    if not all(code is None or _is_text_of_codes(code) or _is_nan(code) for code in parts):
        _wrong(name, "codes", None, row)
    codes = headed(name, [how.code(code) if isinstance(code, str) else None for code in parts])
    if all(code is None or how.sound(name, code) for code in codes):
        return codes
    mended: list[str | None] = how.mend(name, pa.array([codes], pa.list_(pa.string())))[0].as_py() or []
    return mended


def _is_text_of_codes(value: object) -> bool:
    """Text that can be written: half a character, as JSON may escape it, is none."""
    return isinstance(value, str) and not any("\ud800" <= sign <= "\udfff" for sign in value)


def _is_nan(value: object) -> bool:
    return isinstance(value, Real) and math.isnan(value)


def headed(name: str, codes: list[str | None]) -> list[str | None]:
    """Codes without blank places; a blank principal place leaves no diagnoses, and keeps procedures in theirs."""
    filled: list[str | None] = [code for code in codes if code is not None]
    if not codes or codes[0] is not None or not filled:
        return filled
    return [] if name == "dx" else [None, *filled]


_SCHEMA = pa.schema(
    {
        **dict.fromkeys(CODES, pa.list_(pa.string())),
        "sex": pa.string(),
        **dict.fromkeys(NUMBERS, pa.int32()),
        **dict.fromkeys(FLAGS, pa.bool_()),
    }
)


def as_batch(stays: list[dict[str, Any]]) -> Any:
    """A record batch of stays that :func:`read_stay` has read."""
    return pa.RecordBatch.from_pylist(stays, schema=_SCHEMA)


def read_batch(batch: Any, names: Mapping[str, str], first: int, how: Reading = PLAIN) -> Any:
    """The same for a record batch: the columns grouping uses, in the forms the kernel reads.

    ``names``: what :func:`fields` said of its columns; ``first``: row number of its first stay, for failures.
    """
    columns: dict[str, Any] = {}
    texts: set[str] = set()
    for name, column in ((name, batch.column(given)) for name, given in names.items()):
        if pa.types.is_null(column.type):
            columns[name] = column
        elif name in CODES:
            columns[name] = how.mend(name, _code_column(name, column, how))
        elif name == "sex":
            columns[name] = _sex_column(column, first, how)
        elif name in NUMBERS and how.measures is not None and _is_text(column.type):
            columns[name] = column
            texts.add(name)
        elif name in NUMBERS:
            columns[name] = _number_column(name, column, first)
        else:
            if not pa.types.is_boolean(column.type):
                _wrong(name, "flag", column.type)
            columns[name] = column
    if texts:
        columns |= _measured(
            {name: columns[name].cast(pa.string()) for name in NUMBERS if name in columns}, first, how
        )
    if "proc" not in columns:
        columns["proc"] = pa.nulls(batch.num_rows)
    return pa.RecordBatch.from_pydict(columns)


def _is_text(of_type: Any) -> bool:
    if pa.types.is_dictionary(of_type):
        return _is_text(of_type.value_type)
    return bool(pa.types.is_string(of_type) or pa.types.is_large_string(of_type) or pa.types.is_string_view(of_type))


def _is_list(of_type: Any) -> bool:
    return bool(pa.types.is_list(of_type) or pa.types.is_large_list(of_type))


def _code_column(name: str, column: Any, how: Reading) -> Any:
    """Lists of spelled codes; the work is done on the different cells and codes."""
    if _is_list(column.type):
        if not (_is_text(column.type.value_type) or pa.types.is_null(column.type.value_type)):
            _wrong(name, "codes", column.type)
        lists = column.cast(pa.list_(pa.string()))
        flat, lengths = lists.flatten(), pc.fill_null(lists.value_lengths(), 0)
    elif _is_text(column.type):
        coded = column.cast(pa.string()).dictionary_encode()
        cells = pa.array([how.split(cell) for cell in coded.dictionary.to_pylist()], pa.list_(pa.string()))
        lists = cells.take(coded.indices)
        flat, lengths = lists.flatten(), pc.fill_null(lists.value_lengths(), 0)
    else:
        _wrong(name, "codes", column.type)
    coded = pc.fill_null(flat, "").dictionary_encode()
    spelled = [how.code(code) for code in coded.dictionary.to_pylist()]
    at = coded.indices.to_numpy(zero_copy_only=False)
    filled = np.array([code is not None for code in spelled], dtype=np.bool_)[at]
    counts = lengths.to_numpy(zero_copy_only=False).astype(np.int64)
    owner = np.repeat(np.arange(len(counts)), counts)
    firsts = (np.cumsum(counts) - counts)[counts > 0]
    headless = np.zeros(len(counts), dtype=np.bool_)
    headless[owner[firsts[~filled[firsts]]]] = True
    keep = filled & ~headless[owner] if name == "dx" else filled.copy()
    if name == "proc":
        some = np.bincount(owner[filled], minlength=len(counts)) > 0
        keep[firsts[headless[owner[firsts]] & some[owner[firsts]]]] = True
    bounds = np.concatenate(([0], np.cumsum(np.bincount(owner[keep], minlength=len(counts)))))
    codes = pa.array(spelled, pa.string()).take(pa.array(at[keep]))
    return pa.ListArray.from_arrays(pa.array(bounds, pa.int32()), codes)


def _sex_column(column: Any, first: int, how: Reading) -> Any:
    if pa.types.is_floating(column.type):
        column = pc.if_else(pc.is_nan(column), None, column)
        if pc.any(pc.not_equal(column, pc.floor(column))).as_py():
            _wrong("sex", "sex", column.type)
        column = column.cast(pa.int64())
    if pa.types.is_integer(column.type):
        column = column.cast(pa.string())
    if not _is_text(column.type):
        _wrong("sex", "sex", column.type)
    coded = column.cast(pa.string()).dictionary_encode()
    meant = []
    for place, word in enumerate(coded.dictionary.to_pylist()):
        try:
            meant.append(how.sex(word))
        except ValueError:
            _wrong("sex", "sex", word, first + pc.index(coded.indices, place).as_py())
    return pa.array(meant, pa.string()).take(coded.indices)


def _number_column(name: str, column: Any, first: int) -> Any:
    """Whole numbers; those that came as fractions because some are missing are taken when they are whole."""
    if pa.types.is_floating(column.type):
        column = pc.if_else(pc.is_nan(column), None, column)
        parted = pc.not_equal(column, pc.floor(column))
        _check_none(name, column, parted, first)
    elif not pa.types.is_integer(column.type):
        _wrong(name, "number", column.type)
    _check_none(name, column, pc.or_(pc.less(column, 0), pc.greater(column, _TOP)), first)
    return column.cast(pa.int32())


def _check_none(name: str, column: Any, wrong: Any, first: int) -> None:
    place = pc.index(wrong, True).as_py()
    if place >= 0:
        _wrong(name, "number", column[place].as_py(), first + place)
