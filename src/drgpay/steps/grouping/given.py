"""Stays as builders give them (dicts, tables of several libraries) turned into what the kernel and the rules read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NoReturn

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from drgpay.errors import DrgpayError, Kind
from drgpay.tables import STAYS

CODES = ("dx", "proc")
NUMBERS = ("age", "age_days", "birth_weight", "los")
FLAGS = ("icu", "bilateral")
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

_FIXES = {
    "codes": (
        "用编码的列表，或用 | 隔开的文本；第一个为主要的",
        "give a list of codes, or one text with | between them; the principal one first",
    ),
    "sex": ("用 male/female、男/女 或 1/2", "use male/female, 男/女 or 1/2"),
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


def fields(given: Iterable[object]) -> dict[str, str]:
    """Name grouping uses -> key or column given. A stay needs ``dx``; two spellings of one field are a failure."""
    found: dict[str, str] = {}
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


def read_stay(given: Mapping[str, Any], row: int | None = None) -> dict[str, Any]:
    """One stay with the names and values grouping uses. ``row`` is named in failures (DATA).

    Keys are those of the table ``stays`` (any of their spellings), ``icu`` and ``bilateral``; other keys are left
    aside. ``dx`` and ``proc``: a list of codes or a text with ``|`` between them. ``sex``: male/female, 男/女, 1/2.
    Numbers are ints. Anything missing or None is not known.
    """
    stay: dict[str, Any] = {"dx": [], "proc": []}
    for name, key in fields(given).items():
        value = given[key]
        if value is None:
            continue
        if name in CODES:
            stay[name] = _codes(name, value, row)
        elif name == "sex":
            word = str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else None
            if word not in SEXES:
                _wrong(name, "sex", value, row)
            stay[name] = SEXES[word]
        elif name in NUMBERS:
            if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _TOP:
                _wrong(name, "number", value, row)
            stay[name] = value
        else:
            if not isinstance(value, bool):
                _wrong(name, "flag", value, row)
            stay[name] = value
    return stay


def _codes(name: str, value: Any, row: int | None) -> list[str | None]:
    if isinstance(value, str):
        return [code for part in value.split("|") if (code := part.strip())]
    if not isinstance(value, list | tuple) or not all(code is None or isinstance(code, str) for code in value):
        _wrong(name, "codes", None, row)
    return list(value)


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


def read_batch(batch: Any, names: Mapping[str, str], first: int) -> Any:
    """The same for a record batch: the columns grouping uses, in the forms the kernel reads.

    ``names``: what :func:`fields` said of its columns; ``first``: row number of its first stay, for failures.
    """
    columns = {}
    for name, column in ((name, batch.column(given)) for name, given in names.items()):
        if pa.types.is_null(column.type):
            columns[name] = column
        elif name in CODES:
            columns[name] = _code_column(name, column)
        elif name == "sex":
            columns[name] = _sex_column(column, first)
        elif name in NUMBERS:
            columns[name] = _number_column(name, column, first)
        else:
            if not pa.types.is_boolean(column.type):
                _wrong(name, "flag", column.type)
            columns[name] = column
    if "proc" not in columns:
        columns["proc"] = pa.nulls(batch.num_rows)
    return pa.RecordBatch.from_pydict(columns)


def _is_text(of_type: Any) -> bool:
    if pa.types.is_dictionary(of_type):
        return _is_text(of_type.value_type)
    return bool(pa.types.is_string(of_type) or pa.types.is_large_string(of_type) or pa.types.is_string_view(of_type))


def _is_list(of_type: Any) -> bool:
    return bool(pa.types.is_list(of_type) or pa.types.is_large_list(of_type))


def _code_column(name: str, column: Any) -> Any:
    if _is_list(column.type):
        if not (_is_text(column.type.value_type) or pa.types.is_null(column.type.value_type)):
            _wrong(name, "codes", column.type)
        return column
    if not _is_text(column.type):
        _wrong(name, "codes", column.type)
    lists = pc.split_pattern(column.cast(pa.string()), "|").fill_null([])
    pieces = pc.utf8_trim_whitespace(lists.flatten())
    filled = pc.not_equal(pieces, "")
    ends = np.concatenate(([0], np.cumsum(filled.to_numpy(zero_copy_only=False), dtype=np.int32)))
    bounds = np.concatenate(([0], np.cumsum(lists.value_lengths().to_numpy(zero_copy_only=False))))
    return pa.ListArray.from_arrays(pa.array(ends[bounds], pa.int32()), pieces.filter(filled))


def _sex_column(column: Any, first: int) -> Any:
    if pa.types.is_integer(column.type):
        column = column.cast(pa.string())
    if not _is_text(column.type):
        _wrong("sex", "sex", column.type)
    coded = column.cast(pa.string()).dictionary_encode()
    words = [word.strip() for word in coded.dictionary.to_pylist()]
    for place, word in enumerate(words):
        if word not in SEXES:
            _wrong("sex", "sex", word, first + pc.index(coded.indices, place).as_py())
    return pa.array([SEXES[word] for word in words], pa.string()).take(coded.indices)


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
