"""Values of parameters: from their text to exact types and back.

:func:`written` gives the one canonical text of a value; digests and differences use it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import NamedTuple, TypeAlias, cast

from drgpay.notation import (
    NumberKind,
    Place,
    Structure,
    as_list,
    as_mapping,
    as_text,
    print_number,
    printed,
    read_number,
    read_yaml,
    refuse_full_width,
)
from drgpay.policy.dictionary import VALUE_NUMBER, Parameter, group_lists, unknown
from drgpay.policy.lists import ModeRule, Rate, rates_text, read_rates, read_rules, rules_text

NOT_SET = "none"
"""How an optional parameter says that it is not set, and how that is printed."""

_CODE = re.compile(r"[0-9A-Za-z][0-9A-Za-z._+-]*")
_SINGLE = frozenset({"integer", "ratio", "yuan", "choice", "flag", "month_day"})


class Band(NamedTuple):
    """One step of an ordered scale: ``value`` holds for x <= ``upto`` (None: for all that is left).

    A band written with ``below`` holds for x < that bound: it is kept as ``upto`` one unit less, for an x that is
    rounded down to whole units."""

    upto: int | None
    value: int


class YearWeight(NamedTuple):
    """A base year and its weight."""

    year: int
    weight: int


class MonthDay(NamedTuple):
    """A day of the year, whatever the year."""

    month: int
    day: int


Value: TypeAlias = (
    int
    | str
    | MonthDay
    | tuple[str, ...]
    | tuple[Band, ...]
    | tuple[YearWeight, ...]
    | tuple[tuple[str, int], ...]
    | tuple[ModeRule, ...]
    | tuple[Rate, ...]
    | None
)
"""A read value. Tables are pairs in a fixed order; ratios and points count 1/10,000, yuan count fen."""


def band_of(bands: Sequence[Band], x: int) -> Band:
    """The band that holds ``x`` (same unit as the bounds): the first with x <= ``upto``, else the open last one."""
    return next(band for band in bands if band.upto is None or x <= band.upto)


def read_value(parameter: Parameter, given: Structure, place: Place) -> Value:
    """The typed value of ``parameter`` from what was written; every fault is a failure at its own place."""
    if parameter.optional and given == NOT_SET:
        return None
    match parameter.type:
        case "integer" | "ratio" | "yuan":
            return _bounded_number(parameter, given, place)
        case "choice":
            return _one_of(parameter.choices, given, place, "选项", "choice")
        case "flag":
            return _one_of(("true", "false"), given, place, "选项", "choice") == "true"
        case "month_day":
            return _month_day(given, place)
        case "codes":
            named = group_lists() if parameter.lists else {}
            codes = [code for item in _codes(given, place) for code in named.get(item, (item,))]
            return tuple(sorted(_distinct(codes, place)))
        case "names":
            items = [
                _one_of(parameter.choices, item, place.at(i), "名称", "name")
                for i, item in enumerate(as_list(given, place))
            ]
            return tuple(_distinct(items, place))
        case "table":
            return _table(parameter, given, place)
        case "bands":
            return _bands(parameter, given, place)
        case "years":
            return _years(parameter, given, place)
        case "mode_rules":
            return read_rules(parameter, given, place)
        case "rates":
            return read_rates(parameter, given, place)


def structure_of(parameter: Parameter, given: object, place: Place) -> Structure:
    """What an amendment gives, as a structure: text of a list or a mapping is read as YAML.

    A Python number is refused: 1 could mean one or one ten-thousandth; text cannot be misread.
    """
    if isinstance(given, str) and parameter.type not in _SINGLE:
        return read_yaml(given, place.file, place.path).root
    return _all_text(given, place)


def _all_text(given: object, place: Place) -> Structure:
    if isinstance(given, str):
        return given.strip()
    if isinstance(given, list | tuple):
        return [_all_text(item, place.at(i)) for i, item in enumerate(given)]
    if isinstance(given, Mapping):
        return {str(key): _all_text(item, place.at(str(key))) for key, item in given.items()}
    raise place.mistake("值须以文本给出", "the value must be given as text", value=repr(given), right_zh=f'"{given}"')


def written(parameter: Parameter, value: Value) -> str:
    """The canonical text of a value, which :func:`read_value` reads back to the same value."""
    if value is None:
        return NOT_SET
    match parameter.type:
        case "integer" | "ratio" | "yuan":
            return print_number(cast(int, value), VALUE_NUMBER[parameter.type])
        case "choice":
            return str(value)
        case "flag":
            return "true" if value else "false"
        case "month_day":
            month, day = cast(MonthDay, value)
            return f"{month:02d}-{day:02d}"
        case "codes" | "names":
            return printed(list(cast("tuple[str, ...]", value)))
        case "table":
            pairs = cast("tuple[tuple[str, int], ...]", value)
            return printed({key: print_number(number, "ratio") for key, number in pairs})
        case "bands":
            return printed([_band_text(parameter, band) for band in cast("tuple[Band, ...]", value)])
        case "years":
            years = cast("tuple[YearWeight, ...]", value)
            return printed([{"year": str(y.year), "weight": str(y.weight)} for y in years])
        case "mode_rules":
            return printed(rules_text(cast("tuple[ModeRule, ...]", value)))
        case "rates":
            return printed(rates_text(parameter, cast("tuple[Rate, ...]", value)))


def _band_text(parameter: Parameter, band: Band) -> Structure:
    value = print_number(band.value, "ratio")
    if band.upto is None:
        return {"value": value}
    edge = band.upto + (parameter.edge == "below")
    return {parameter.edge: print_number(edge, cast(NumberKind, parameter.bound)), "value": value}


def _bounded_number(parameter: Parameter, given: Structure, place: Place) -> int:
    number = read_number(given, VALUE_NUMBER[parameter.type], place)
    low, high = parameter.limits()
    if (low is not None and number < low) or (high is not None and number > high):
        raise place.mistake(
            "超出允许范围",
            "out of range",
            value=given,
            right_zh=f"{parameter.min or ''} … {parameter.max or ''}".strip(),
        )
    if parameter.type == "integer" and parameter.choices and str(number) not in parameter.choices:
        raise unknown(place, str(number), parameter.choices, "未知选项", "unknown choice")
    return number


def _one_of(allowed: Sequence[str], given: Structure, place: Place, zh: str, en: str) -> str:
    text = as_text(given, place)
    if text not in allowed:
        raise unknown(place, text, allowed, f"未知{zh}", f"unknown {en}")
    return text


def _month_day(given: Structure, place: Place) -> MonthDay:
    text = as_text(given, place)
    refuse_full_width(text, place)
    try:
        if not re.fullmatch(r"[0-9]{2}-[0-9]{2}", text):
            raise ValueError
        # A common year: the day must exist every year, so 02-29 is refused.
        day = date.fromisoformat(f"2001-{text}")
    except ValueError:
        raise place.mistake(
            "不是每年都有的月日",
            "not a day that every year has",
            value=text,
            right_zh="06-30（月-日）",
            right_en="06-30 (MM-DD)",
        ) from None
    return MonthDay(day.month, day.day)


def _codes(given: Structure, place: Place) -> list[str]:
    return [_code(item, place.at(i)) for i, item in enumerate(as_list(given, place))]


def _code(given: Structure, place: Place) -> str:
    text = as_text(given, place)
    refuse_full_width(text, place)
    if not _CODE.fullmatch(text):
        raise place.mistake("不是代码", "not a code", value=text, right_zh="FV25")
    return text


def _distinct(items: list[str], place: Place) -> list[str]:
    for i, item in enumerate(items):
        if item in items[:i]:
            raise place.at(i).error(
                "列表中重复", "given twice in the list", fix_zh="只保留一个", fix_en="keep one", value=item
            )
    return items


def _table(parameter: Parameter, given: Structure, place: Place) -> tuple[tuple[str, int], ...]:
    entries = as_mapping(given, place, optional=None)
    for key in entries:
        if parameter.keys == "any":
            _code(key, place.at(key))
        elif key not in parameter.keys:
            raise unknown(place.at(key), key, parameter.keys, "未知表键", "unknown table key")
    order = sorted(entries) if parameter.keys == "any" else [key for key in parameter.keys if key in entries]
    if parameter.keys != "any" and parameter.complete:
        as_mapping(given, place, required=parameter.keys)
    return tuple((key, _bounded_number(parameter, entries[key], place.at(key))) for key in order)


def _bands(parameter: Parameter, given: Structure, place: Place) -> tuple[Band, ...]:
    items, edge = as_list(given, place), parameter.edge
    bands: list[Band] = []
    for i, item in enumerate(items):
        here, last = place.at(i), i == len(items) - 1
        entry = as_mapping(item, here, required=("value",), optional=(edge,))
        if (edge in entry) == last:
            raise here.mistake(
                f"最后一档必须不设上限，其余各档必须有 {edge}" if last else f"只有最后一档可以不写 {edge}",
                f"the last band must be open: no {edge}" if last else f"only the last band may leave out {edge}",
                value=printed(entry),
                right_zh="{value: ...}" if last else f"{{{edge}: ..., value: ...}}",
            )
        upto = None
        if not last:
            # Whole units of the bound: below x is the same as up to x − 1 of a value rounded down.
            upto = read_number(entry[edge], cast(NumberKind, parameter.bound), here.at(edge)) - (edge == "below")
        if upto is not None and bands and upto <= cast(int, bands[-1].upto):
            before = print_number(cast(int, bands[-1].upto) + (edge == "below"), cast(NumberKind, parameter.bound))
            raise here.at(edge).mistake(
                "各档上限须递增", "the bands must ascend", value=entry[edge], right_zh=f"> {before}"
            )
        bands.append(Band(upto, _bounded_number(parameter, entry["value"], here.at("value"))))
    if not bands:
        raise place.mistake("至少需要一档", "at least one band is needed", value="[]", right_zh="[{value: ...}]")
    return tuple(bands)


def _years(parameter: Parameter, given: Structure, place: Place) -> tuple[YearWeight, ...]:
    found: dict[int, int] = {}
    for i, item in enumerate(as_list(given, place)):
        here = place.at(i)
        entry = as_mapping(item, here, required=("year", "weight"))
        year = read_number(entry["year"], "integer", here.at("year"))
        if not 1900 <= year <= 2999:
            raise here.at("year").mistake(
                "不是四位年份", "not a year of four digits", value=entry["year"], right_zh="2023"
            )
        if year in found:
            raise here.at("year").error(
                "年份重复", "year given twice", fix_zh="只保留一个", fix_en="keep one", value=year
            )
        found[year] = _bounded_number(parameter, entry["weight"], here.at("weight"))
    if not found:
        raise place.mistake(
            "至少需要一个年份",
            "at least one year is needed",
            value="[]",
            right_zh="[{year: 2023, weight: 1}]",
        )
    return tuple(YearWeight(year, found[year]) for year in sorted(found))
