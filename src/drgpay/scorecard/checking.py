"""The checker of scorecards: what adds up, what overlaps, what exists, and whether better is ever worse."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import pairwise

from drgpay.errors import DrgpayError, Kind
from drgpay.notation import Place
from drgpay.scorecard.model import Bands, Better, Card, Given, Item, Known, Linear, Rank, Steps, Veto
from drgpay.scorecard.wording import show_number

Problem = tuple[Place, str, str]
_LISTED = 20


def check(card: Card, known: Mapping[str, Known]) -> Card:
    """The card, each of its items with direction and unit of its indicator. Raises POLICY that lists every fault:
    ids given twice, full marks that do not add up, bands that overlap or leave a gap, marks above the full mark, an
    indicator that is not in ``known``, a quota or veto of a grade the card does not have, a rule that marks a better
    value lower."""
    ready = replace(
        card,
        dimensions=tuple(
            replace(d, items=tuple(_completed(item, known) for item in d.items)) for d in card.dimensions
        ),
    )
    problems = [*_twice(ready), *_sums(ready), *_grades(ready)]
    for item in ready.items:
        problems += _item(item, ready, known)
    if problems:
        raise _failure(problems)
    return ready


def _failure(problems: list[Problem]) -> DrgpayError:
    place = problems[0][0]

    def listed(language: int) -> str:
        lines = [
            f"  {'' if at.line is None else f'L{at.line} '}{at.path}: {texts[language]}"
            for at, *texts in problems[:_LISTED]
        ]
        return "\n".join(lines)

    return DrgpayError(
        Kind.POLICY,
        zh=f"评分表有 {len(problems)} 处错误:\n{listed(0)}",
        en=f"{len(problems)} faults in the scorecard:\n{listed(1)}",
        fix_zh="改正评分表",
        fix_en="correct the scorecard",
        file=place.file,
        row=place.line,
        field=place.path or None,
    )


def _completed(item: Item, known: Mapping[str, Known]) -> Item:
    found = known.get(item.indicator) if item.indicator else None
    if found is None:
        return item if item.better else replace(item, better="neutral" if item.indicator else _way_of(item))
    return replace(item, better=item.better or found.better, unit=found.unit)


def _way_of(item: Item) -> Better:
    """Which way is better of a reported value that does not say so: what its rule rewards."""
    rule = item.rule
    if isinstance(rule, Steps):
        return "higher" if (rule.side == "below") != (rule.kind == "bonus") else "lower"
    if isinstance(rule, Linear):
        return "higher" if rule.target > rule.floor else "lower"
    if isinstance(rule, Rank | Given):
        return "higher"
    return "neutral"


def _twice(card: Card) -> Iterator[Problem]:
    # Marks, values and templates go by these names, so one name is one thing.
    for kind, named in (("dimension", card.dimensions), ("item", card.items)):
        seen: set[str] = set()
        for one in named:
            if one.id in seen:
                yield one.place.at("id"), f"编号重复:{one.id}", f"{kind} id given twice: {one.id}"
            seen.add(one.id)


def _sums(card: Card) -> Iterator[Problem]:
    for t in card.types:
        for dimension in card.dimensions:
            yield from _adds_up(
                dimension.place, t, dimension.full[t], (i.full[t] for i in dimension.items), dimension.id
            )
        yield from _adds_up(card.place, t, card.full, (d.full[t] for d in card.dimensions), card.id)


def _adds_up(place: Place, t: str, full: int, parts: Iterable[int], name: str) -> Iterator[Problem]:
    whole = sum(parts)
    if whole != full:
        said, found = show_number(full), show_number(whole)
        yield (
            place.at("full"),
            f"{name}({t}):满分 {said},各项之和 {found}",
            f"{name} ({t}): the full mark is {said}, its parts add up to {found}",
        )


def _grades(card: Card) -> Iterator[Problem]:
    names = [name for name, _ in card.grades]
    wanted = [(card.place.at("quota").at(grade), grade) for grade in card.quota]
    wanted += [
        (i.place.at("veto").at("grade"), i.rule.grade) for i in card.items if isinstance(i.rule, Veto) and names
    ]
    for place, grade in wanted:
        if grade not in names:
            yield place, f"评分表没有等级 {grade}", f"the card has no grade {grade}"
    if names and card.quota and names[-1] in card.quota:
        yield card.place.at("quota"), "最低等级不能限额", "the last grade cannot have a quota"
    if card.ceiling < card.full:
        yield card.place.at("ceiling"), "总分上限低于满分", "the ceiling is below the full mark"


def _item(item: Item, card: Card, known: Mapping[str, Known]) -> Iterator[Problem]:
    if item.indicator is not None and item.indicator not in known:
        yield (
            item.place.at("indicator"),
            f"没有这个指标:{item.indicator}",
            f"there is no indicator {item.indicator}",
        )
    rule, fulls = item.rule, [full for full in item.full.values() if full]
    amounts = [item.cap] if item.cap else []
    if isinstance(rule, Bands):
        yield from _bands(item, rule, fulls)
    elif isinstance(rule, Linear):
        amounts.append(rule.at_floor)
        if rule.target == rule.floor:
            yield item.place.at("linear"), "target 与 floor 相同", "target and floor are the same"
        elif item.better in ("higher", "lower") and (rule.target > rule.floor) != (item.better == "higher"):
            yield item.place.at("linear"), *_WORSE
    elif isinstance(rule, Rank):
        amounts += [rule.best, rule.worst]
        if any(rule.best.of(full) < rule.worst.of(full) for full in fulls):
            yield item.place.at("rank"), *_WORSE
        if item.better == "neutral":
            yield item.place.at("rank"), "排名要知道高好还是低好", "a rank needs to know which way is better"
    elif isinstance(rule, Steps):
        rewards = "higher" if (rule.side == "below") != (rule.kind == "bonus") else "lower"
        if item.better in ("higher", "lower") and item.better != rewards:
            yield item.place.at(rule.kind), *_WORSE
        if rule.kind != "deduct_per" and (rule.points.share or (item.cap and item.cap.share)):
            yield item.place.at(rule.kind), "加分和扣总分要写分数", "a bonus and a penalty are written in points"
    if any(amount.of(full) > full for amount in amounts for full in fulls):
        yield item.place, "分值超过满分", "more than the full mark"


_WORSE = ("指标更好反而得分更低", "a better value would be marked lower")


def _bands(item: Item, rule: Bands, fulls: list[int]) -> Iterator[Problem]:
    place, ranges = item.place.at("bands"), [r for r, _ in rule.bands]
    if not ranges or ranges[0].low is not None or ranges[-1].high is not None:
        yield (
            place,
            "分档有缺口:第一档不写下限,最后一档不写上限",
            "the bands leave a gap: the first has no lower bound, the last no upper one",
        )
    for i, (a, b) in enumerate(pairwise(ranges)):
        at = place.at(i + 1)
        if a.high is None or b.low is None or a.high > b.low or (a.high == b.low and not (a.high_open or b.low_open)):
            yield at, "与上一档重叠", "overlaps the band before it"
        elif a.high < b.low or (a.high_open and b.low_open):
            yield at, "与上一档之间有缺口", "leaves a gap after the band before it"
    for full in fulls:
        marks = [mark.of(full) for _, mark in rule.bands]
        if max(marks, default=0) > full:
            yield place, "分值超过满分", "more than the full mark"
        fair = sorted(marks, reverse=item.better == "lower")
        if item.better in ("higher", "lower") and marks != fair:
            yield place, *_WORSE
        if marks and max(marks) != full:
            yield place, "没有一档得满分", "no band gives the full mark"
