"""Ordered rules of payment modes and lists of rates: their writing, their checks, their canonical text."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from drgpay.notation import (
    Place,
    Structure,
    as_list,
    as_mapping,
    as_text,
    print_number,
    read_number,
    refuse_full_width,
)
from drgpay.policy.dictionary import Parameter, unknown

_CODE = re.compile(r"[0-9A-Za-z][0-9A-Za-z._+-]*")
_LISTS = ("institutions", "levels", "kinds", "departments", "dx", "proc", "schemes", "visit_kinds")
_NUMBERS = ("los_from", "los_upto")
_MOST_RATE = 10**9
"""most a rate may be, fen: times the days of the longest stay it still adds up in 64 bits"""
_FLAGS = ("elsewhere", "internet")
_EXIT_LISTS = ("dx", "proc", "ways")
_EXIT_MONEY = ("cost_below", "cost_above")
_CLOSED = {
    "levels": ("tertiary", "secondary", "primary"),
    "schemes": ("employee", "resident"),
    "visit_kinds": ("outpatient", "emergency", "observation", "chronic", "special"),
    "ways": ("1", "2", "3", "4", "5", "9"),
}


class ModeRule(NamedTuple):
    """One ordered rule: stays or visits that fulfil every condition of ``when`` are paid by ``mode``.

    ``when``: condition and its sorted codes, number or flag. ``exits``: secondary diagnoses, procedures or ways of
    discharge, and costs in fen, that take a stay out of the rule again. ``category`` names rates; ``shadow``: the DRG
    price is reported besides.
    """

    id: str
    mode: str
    visits: bool
    category: str
    shadow: bool
    when: tuple[tuple[str, tuple[str, ...] | int | bool], ...]
    exits: tuple[tuple[str, tuple[str, ...] | int], ...]

    def condition(self, name: str) -> tuple[str, ...] | int | bool | None:
        """What is asked of ``name``; None: nothing."""
        return dict(self.when).get(name)


class Rate(NamedTuple):
    """An amount of fen for the values of the parameter's fields (``""``: any), from ``start`` to ``upto`` inclusive
    (None: open); both are None where the list has no segments."""

    keys: tuple[str, ...]
    start: int | None
    upto: int | None
    fen: int


def rates_of(rates: Sequence[Rate], *keys: str) -> tuple[Rate, ...]:
    """The segments for the given keys: those that name most of them exactly; empty when there is none."""
    fitting = [r for r in rates if all(k in ("", wanted) for k, wanted in zip(r.keys, keys, strict=True))]
    best = max((sum(k != "" for k in r.keys) for r in fitting), default=0)
    first = next((r.keys for r in fitting if sum(k != "" for k in r.keys) == best), None)
    return tuple(r for r in fitting if r.keys == first)


def read_rules(parameter: Parameter, given: Structure, place: Place) -> tuple[ModeRule, ...]:
    """Rules in the order written; an id given twice, an unknown mode or condition, and bounds the wrong way round are
    failures at their own place."""
    rules: list[ModeRule] = []
    for i, item in enumerate(as_list(given, place)):
        here = place.at(i)
        entry = as_mapping(
            item, here, required=("id", "mode"), optional=("for", "category", "shadow", "when", "exits")
        )
        rule = ModeRule(
            _code(entry["id"], here.at("id")),
            _choice(parameter.choices, entry["mode"], here.at("mode")),
            _choice(("stays", "visits"), entry.get("for", "stays"), here.at("for")) == "visits",
            _code(entry["category"], here.at("category")) if "category" in entry else "",
            _flag(entry.get("shadow", "false"), here.at("shadow")),
            _when(entry.get("when", {}), here.at("when")),
            _exits(entry.get("exits", {}), here.at("exits")),
        )
        if any(rule.id == other.id for other in rules):
            raise here.at("id").error(
                "规则编号重复",
                "rule id given twice",
                fix_zh="改用另一编号",
                fix_en="give it another id",
                value=rule.id,
            )
        rules.append(rule)
    return tuple(rules)


def _when(given: Structure, place: Place) -> tuple[tuple[str, tuple[str, ...] | int | bool], ...]:
    entry = as_mapping(given, place, optional=(*_LISTS, *_NUMBERS, *_FLAGS))
    found: list[tuple[str, tuple[str, ...] | int | bool]] = []
    for name in (*_LISTS, *_NUMBERS, *_FLAGS):
        if name not in entry:
            continue
        here = place.at(name)
        if name in _LISTS:
            found.append((name, _codes(entry[name], here, _CLOSED.get(name))))
        elif name in _NUMBERS:
            found.append((name, read_number(entry[name], "integer", here)))
        else:
            found.append((name, _flag(entry[name], here)))
    bounds = dict(found)
    low, high = bounds.get("los_from"), bounds.get("los_upto")
    if isinstance(low, int) and isinstance(high, int) and low > high:
        raise place.at("los_upto").mistake(
            "住院天数上限小于下限", "the bounds of the stay are the wrong way round", value=high, right_zh=f">= {low}"
        )
    return tuple(found)


def _exits(given: Structure, place: Place) -> tuple[tuple[str, tuple[str, ...] | int], ...]:
    entry = as_mapping(given, place, optional=(*_EXIT_LISTS, *_EXIT_MONEY))
    found: list[tuple[str, tuple[str, ...] | int]] = [
        (name, _codes(entry[name], place.at(name), _CLOSED.get(name))) for name in _EXIT_LISTS if name in entry
    ]
    found += [(name, read_number(entry[name], "yuan", place.at(name))) for name in _EXIT_MONEY if name in entry]
    return tuple(found)


def rules_text(rules: Sequence[ModeRule]) -> list[Structure]:
    """The canonical structure of rules, which :func:`read_rules` reads back."""
    result: list[Structure] = []
    for rule in rules:
        entry: dict[str, Structure] = {"id": rule.id, "mode": rule.mode}
        if rule.visits:
            entry["for"] = "visits"
        if rule.category:
            entry["category"] = rule.category
        if rule.shadow:
            entry["shadow"] = "true"
        if rule.when:
            entry["when"] = {name: _text(value) for name, value in rule.when}
        if rule.exits:
            entry["exits"] = {
                name: print_number(value, "yuan") if isinstance(value, int) else list(value)
                for name, value in rule.exits
            }
        result.append(entry)
    return result


def _text(value: tuple[str, ...] | int | bool) -> Structure:
    if isinstance(value, tuple):
        return list(value)
    return str(value).lower()


def read_rates(parameter: Parameter, given: Structure, place: Place) -> tuple[Rate, ...]:
    """Rates sorted by their keys and start. With segments (``start`` of the parameter) those of equal keys must begin
    there, follow one another without gap or overlap, and end open; without, no keys may occur twice."""
    segmented = parameter.start is not None
    rates: list[tuple[Rate, Place]] = []
    for i, item in enumerate(as_list(given, place)):
        here = place.at(i)
        entry = as_mapping(
            item, here, required=("yuan", *(("from",) if segmented else ())),
            optional=(*parameter.fields, *(("upto",) if segmented else ())),
        )  # fmt: skip
        keys = tuple(_code(entry[f], here.at(f)) if f in entry else "" for f in parameter.fields)
        start = read_number(entry["from"], "integer", here.at("from")) if segmented else None
        upto = read_number(entry["upto"], "integer", here.at("upto")) if "upto" in entry else None
        fen = read_number(entry["yuan"], "yuan", here.at("yuan"))
        if fen < 0:
            raise here.at("yuan").mistake(
                "金额不能为负", "an amount below zero", value=entry["yuan"], right_zh=">= 0"
            )
        if fen > _MOST_RATE:
            raise here.at("yuan").mistake(
                "金额过大", "an amount that is too large", value=entry["yuan"], right_zh="<= 10000000"
            )
        rates.append((Rate(keys, start, upto, fen), here))
    by_keys: dict[tuple[str, ...], list[tuple[Rate, Place]]] = defaultdict(list)
    for rate, here in rates:
        by_keys[rate.keys].append((rate, here))
    for keys, its in by_keys.items():
        label = " ".join(k for k in keys if k) or "*"
        if segmented:
            _check_segments(sorted(its, key=lambda pair: pair[0].start or 0), int(parameter.start or "0"), label)
        elif len(its) > 1:
            raise its[1][1].error(
                f"{label} 有两个金额", f"{label} has two amounts", fix_zh="只保留一个", fix_en="keep one"
            )
    return tuple(sorted((r for r, _ in rates), key=lambda r: (r.keys, r.start or 0)))


def _check_segments(rates: list[tuple[Rate, Place]], first: int, label: str) -> None:
    expected: int | None = first
    for rate, place in rates:
        start = rate.start or 0
        if expected is None or start < expected:
            last = "" if expected is None else str(expected)
            raise place.at("from").mistake(
                f"{label}:分段重叠", f"{label}: the segments overlap", value=start, right_zh=last or "—"
            )
        if start > expected:
            raise place.at("from").mistake(
                f"{label}:{expected}–{start - 1} 没有标准",
                f"{label}: no rate for {expected} to {start - 1}",
                value=start,
                right_zh=str(expected),
            )
        if rate.upto is not None and rate.upto < start:
            raise place.at("upto").mistake(
                f"{label}:分段上限小于下限", f"{label}: a segment ends before it begins", value=rate.upto,
                right_zh=f">= {start}",
            )  # fmt: skip
        expected = None if rate.upto is None else rate.upto + 1
    if expected is not None:
        raise rates[-1][1].error(
            f"{label}:{expected} 起没有标准",
            f"{label}: no rate from {expected} on",
            fix_zh="最后一段不写 upto",
            fix_en="leave upto out of the last segment",
        )


def rates_text(parameter: Parameter, rates: Sequence[Rate]) -> list[Structure]:
    """The canonical structure of rates, which :func:`read_rates` reads back."""
    result: list[Structure] = []
    for rate in rates:
        entry: dict[str, Structure] = {f: k for f, k in zip(parameter.fields, rate.keys, strict=True) if k}
        if rate.start is not None:
            entry["from"] = str(rate.start)
        if rate.upto is not None:
            entry["upto"] = str(rate.upto)
        result.append(entry | {"yuan": print_number(rate.fen, "yuan")})
    return result


def _codes(given: Structure, place: Place, allowed: tuple[str, ...] | None) -> tuple[str, ...]:
    items = as_list(given, place)
    if not items:
        raise place.error("列表为空", "the list is empty", fix_zh="删除该条件", fix_en="leave the condition out")
    codes = [
        _code(item, place.at(i)) if allowed is None else _choice(allowed, item, place.at(i))
        for i, item in enumerate(items)
    ]
    return tuple(sorted(set(codes)))


def _code(given: Structure, place: Place) -> str:
    text = as_text(given, place)
    refuse_full_width(text, place)
    if not _CODE.fullmatch(text):
        raise place.mistake("不是代码", "not a code", value=text, right_zh="F20")
    return text


def _choice(allowed: tuple[str, ...], given: Structure, place: Place) -> str:
    text = as_text(given, place)
    if text not in allowed:
        raise unknown(place, text, allowed, "未知选项", "unknown choice")
    return text


def _flag(given: Structure, place: Place) -> bool:
    return _choice(("true", "false"), given, place) == "true"
