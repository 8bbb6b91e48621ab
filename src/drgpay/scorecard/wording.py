"""What a value and a rule say, in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from drgpay.scorecard.model import Amount, Bands, Given, Item, Linear, Range, Rank, Steps, Value, Veto
from drgpay.units import ONE, half_up, show_coefficient

_LONGEST = 10**10
"""a quotient with longer numbers says nothing to a reader; the tables keep it"""


class Both(NamedTuple):
    """A text in both languages."""

    zh: str
    en: str


def show_number(value: int) -> str:
    """A mark or bound in 1/10,000 as people write it, without zeros at its end."""
    return show_coefficient(value).rstrip("0").rstrip(".")


def show_bound(value: int, unit: str) -> str:
    """A bound of a rule in its unit: shares as per cent."""
    return show_number(value * 100) + "%" if unit == "share" else show_number(value)


def show_value(value: Value, unit: str) -> Both:
    """A value with the quotient behind it: ``12.34% (21/170)``; printed half up to four decimals (per cent: two).
    A value as it was reported (in 1/10,000) has none, nor has one of very long numbers."""
    rounded = half_up(value.num * ONE, value.den)
    printed = f"{show_number(rounded * 100)}%" if unit == "share" else show_number(rounded)
    plain = value.den in (1, ONE) or max(abs(value.num), value.den) >= _LONGEST
    text = printed if plain else f"{printed} ({value.num}/{value.den})"
    return Both(text + ("(例数少)" if value.small else ""), text + (" (few cases)" if value.small else ""))


def _amount(amount: Amount) -> str:
    return show_number(amount.value * 100) + "%" if amount.share else show_number(amount.value)


def _points(amount: Amount) -> Both:
    """Points of a step in words; a share is one of the full mark."""
    said = _amount(amount)
    return Both(f"满分的 {said}", f"{said} of the full mark") if amount.share else Both(f"{said} 分", said)


def _range(band: Range, unit: str) -> str:
    low = "" if band.low is None else show_bound(band.low, unit) + (" < " if band.low_open else " ≤ ")
    high = "" if band.high is None else (" < " if band.high_open else " ≤ ") + show_bound(band.high, unit)
    return f"{low}x{high}"


_COUNTS = {"exact": ("", ""), "whole": ("满", " whole"), "started": ("(不足按一)", " started")}


def rule_text(item: Item, grades: Mapping[str, tuple[str, str]]) -> Both:
    """The rule of an item in words; ``grades``: names of the card's grades."""
    rule, unit = item.rule, item.unit
    cap = "" if item.cap is None else _amount(item.cap)
    if isinstance(rule, Steps):
        zh_verb, en_verb = {
            "deduct_per": ("扣", "takes"), "bonus": ("加", "adds"), "penalty": ("从总分扣", "takes from the total"),
        }[rule.kind]  # fmt: skip
        above = rule.side == "above"
        zh_count, en_count = _COUNTS[rule.count]
        beyond, per, points = show_bound(rule.beyond, unit), show_bound(rule.per, unit), _points(rule.points)
        return Both(
            f"{'高于' if above else '低于'} {beyond} 的部分每{zh_count} {per} {zh_verb} {points.zh}"
            + (f",上限 {cap}" if cap else ""),
            f"every{en_count} {per} {'above' if above else 'below'} {beyond} {en_verb} {points.en}"
            + (f", at most {cap}" if cap else ""),
        )
    at_most = Both(f",最多扣 {cap}" if cap else "", f", at most {cap} taken" if cap else "")
    if isinstance(rule, Bands):
        said = ", ".join(f"{_range(band, unit)} → {_amount(mark)}" for band, mark in rule.bands)
        return Both(f"分档 {said}{at_most.zh}", f"bands {said}{at_most.en}")
    if isinstance(rule, Linear):
        target, floor = show_bound(rule.target, unit), show_bound(rule.floor, unit)
        least = _amount(rule.at_floor)
        return Both(
            f"达到 {target} 得满分,{floor} 得 {least},其间按比例{at_most.zh}",
            f"full at {target}, {least} at {floor}, in proportion between{at_most.en}",
        )
    if isinstance(rule, Rank):
        best, worst = _amount(rule.best), _amount(rule.worst)
        return Both(
            f"同类排名,第一 {best},最后 {worst},其间按比例{at_most.zh}",
            f"by place within the type, {best} for the first, {worst} for the last{at_most.en}",
        )
    if isinstance(rule, Veto):
        when = _range(rule.when, unit)
        zh, en = grades.get(rule.grade, (rule.grade, rule.grade))
        return Both(f"{when} 时等级最高{zh}", f"{when}: the grade is {en} at best")
    assert isinstance(rule, Given)
    return Both(f"人工评分{at_most.zh}", f"marked by people{at_most.en}")
