"""Scorecards from strict YAML: every mistake has its line and both languages."""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, cast

from drgpay.notation import (
    Document,
    Place,
    Structure,
    as_list,
    as_mapping,
    as_text,
    own_file,
    printed,
    read_number,
    read_text,
    read_yaml,
)
from drgpay.scorecard.model import (
    ALL_TYPES,
    Amount,
    Bands,
    Better,
    Card,
    Dimension,
    Given,
    Item,
    Linear,
    Range,
    Rank,
    Rule,
    Steps,
    Veto,
)
from drgpay.units import ONE

_ID = re.compile(r"[a-z0-9][a-z0-9_-]*")
_RULES = ("deduct_per", "bands", "linear", "rank", "veto", "bonus", "penalty", "given")
_MISSING = ("leave_out", "zero", "full")
_NOTHING, _WHOLE = Amount(0), Amount(ONE, share=True)


def cards() -> list[str]:
    """The ids of the shipped scorecards, sorted."""
    return sorted(f.name.removesuffix(".yaml") for f in _folder().iterdir() if f.name.endswith(".yaml"))


def _folder() -> Traversable:
    return files("drgpay").joinpath("data", "scorecards")


def card_text(card: str | Path) -> tuple[str, str]:
    """The text of a scorecard and the name to call it by: a shipped one by its id, or a file by its path."""
    own = own_file(card)
    if own is not None:
        return read_text(own, str(card), "评分表", "scorecard"), str(card)
    if card not in cards():
        raise Place("scorecards").mistake(
            "没有这个评分表", "no shipped scorecard of that id", value=card, right_zh=" | ".join(cards())
        )
    label = f"{card}.yaml"
    return read_text(_folder().joinpath(label), label, "评分表", "scorecard"), label


def read_card(card: str | Path) -> Card:
    """A scorecard, a shipped one by its id or a file by its path. Raises POLICY with line and both languages."""
    return card_of(read_yaml(*card_text(card)))


def card_of(document: Document) -> Card:
    """The scorecard a YAML document writes down; what it says is judged by :func:`~drgpay.scorecard.check`."""
    place = document.place
    root = as_mapping(
        document.root,
        place,
        required=("card", "title", "version", "source", "full", "missing", "dimensions"),
        optional=("types", "ceiling", "grades", "quota", "tie_break", "least_measured", "effects"),
    )
    types = tuple(_id(t, place.at("types").at(i)) for i, t in enumerate(_some_list(root, "types", place)))
    types = types or (ALL_TYPES,)
    missing = _one_of(_MISSING, root["missing"], place.at("missing"))
    full = _points(root["full"], place.at("full"))
    title = _title(root["title"], place.at("title"))
    return Card(
        id=_id(root["card"], place.at("card")),
        zh=title[0],
        en=title[1],
        version=as_text(root["version"], place.at("version")),
        source=as_text(root["source"], place.at("source")),
        types=types,
        full=full,
        ceiling=_points(root["ceiling"], place.at("ceiling")) if "ceiling" in root else full,
        grades=_grades(_some_list(root, "grades", place), place.at("grades")),
        quota=_quota(root.get("quota", {}), types, place.at("quota")),
        tie_break=tuple(
            _tie(entry, place.at("tie_break").at(i)) for i, entry in enumerate(_some_list(root, "tie_break", place))
        ),
        least_measured=read_number(root.get("least_measured", "0"), "ratio", place.at("least_measured")),
        grade_names=_grade_names(_some_list(root, "grades", place), place.at("grades")),
        effects=tuple(
            _id(entry, place.at("effects").at(i)) for i, entry in enumerate(_some_list(root, "effects", place))
        ),
        dimensions=tuple(
            _dimension(entry, types, missing, place.at("dimensions").at(i))
            for i, entry in enumerate(as_list(root["dimensions"], place.at("dimensions")))
        ),
        place=place,
    )


def _some_list(root: dict[str, Structure], key: str, place: Place) -> list[Structure]:
    return as_list(root[key], place.at(key)) if key in root else []


def _id(value: Structure, place: Place) -> str:
    text = as_text(value, place)
    if not _ID.fullmatch(text):
        raise place.mistake("不是编号", "not an id", value=text, right_zh="cost_index-1（小写字母、数字、_、-）",
                            right_en="cost_index-1 (small letters, digits, _, -)")  # fmt: skip
    return text


def _one_of(allowed: Sequence[str], value: Structure, place: Place) -> Any:
    text = as_text(value, place)
    if text not in allowed:
        raise place.mistake("未知选项", "unknown choice", value=text, right_zh=" | ".join(allowed))
    return text


def _title(value: Structure, place: Place) -> tuple[str, str]:
    title = as_mapping(value, place, required=("zh", "en"))
    return as_text(title["zh"], place.at("zh")), as_text(title["en"], place.at("en"))


def _points(value: Structure, place: Place) -> int:
    number = read_number(value, "points", place)
    if number < 0:
        raise place.mistake("分值不能为负", "points are not negative", value=value, right_zh="5 | 0.5")
    return number


def _amount(value: Structure, place: Place) -> Amount:
    """``2.5``: points; ``40%``: of the full mark."""
    if isinstance(value, str) and value.endswith("%"):
        number = read_number(value, "ratio", place)
        if not 0 <= number <= ONE:
            raise place.mistake("不在 0 与 100% 之间", "not within 0 and 100 %", value=value, right_zh="40%")
        return Amount(number, share=True)
    return Amount(_points(value, place))


def _full(value: Structure, types: tuple[str, ...], place: Place) -> dict[str, int]:
    """One full mark for all types, or one for each."""
    if isinstance(value, str):
        return dict.fromkeys(types, _points(value, place))
    by_type = as_mapping(value, place, required=types)
    return {t: _points(by_type[t], place.at(t)) for t in types}


def _grades(entries: list[Structure], place: Place) -> tuple[tuple[str, int], ...]:
    """Grades from the best down; the last one takes whoever is left."""
    result: list[tuple[str, int]] = []
    for i, entry in enumerate(entries):
        at, last = place.at(i), i == len(entries) - 1
        row = as_mapping(entry, at, required=("grade",) if last else ("grade", "from"), optional=("zh", "en"))
        least = 0 if last else _points(row["from"], at.at("from"))
        if result and not last and least >= result[-1][1]:
            raise at.error("等级应从高到低", "grades go from the best down", fix_zh="按分数线降序排列",
                           fix_en="order them by falling bounds", value=row["from"])  # fmt: skip
        result.append((_id(row["grade"], at.at("grade")), least))
    return tuple(result)


def _grade_names(entries: list[Structure], place: Place) -> dict[str, tuple[str, str]]:
    """Grade → its name in Chinese and English; the id where a name is not given."""
    result = {}
    for i, entry in enumerate(entries):
        row = as_mapping(entry, place.at(i), optional=None)
        grade = as_text(row["grade"], place.at(i).at("grade"))
        zh, en = (as_text(row[k], place.at(i).at(k)) if k in row else grade for k in ("zh", "en"))
        result[grade] = (zh, en)
    return result


def _quota(value: Structure, types: tuple[str, ...], place: Place) -> dict[str, dict[str, int]]:
    result = {}
    for grade, shares in as_mapping(value, place, optional=None).items():
        at = place.at(grade)
        by_type = dict.fromkeys(types, shares) if isinstance(shares, str) else as_mapping(shares, at, required=types)
        result[grade] = {t: read_number(share, "ratio", at.at(t)) for t, share in by_type.items()}
    return result


def _tie(entry: Structure, place: Place) -> tuple[str, Better]:
    row = as_mapping(entry, place, required=("by", "better"))
    better: Better = _one_of(("higher", "lower"), row["better"], place.at("better"))
    return _id(row["by"], place.at("by")), better


def _dimension(entry: Structure, types: tuple[str, ...], missing: str, place: Place) -> Dimension:
    row = as_mapping(entry, place, required=("id", "zh", "en", "full", "items"))
    name = _id(row["id"], place.at("id"))
    return Dimension(
        id=name,
        zh=as_text(row["zh"], place.at("zh")),
        en=as_text(row["en"], place.at("en")),
        full=_full(row["full"], types, place.at("full")),
        items=tuple(
            _item(item, name, types, missing, place.at("items").at(i))
            for i, item in enumerate(as_list(row["items"], place.at("items")))
        ),
        place=place,
    )


def _item(entry: Structure, dimension: str, types: tuple[str, ...], missing: str, place: Place) -> Item:
    row = as_mapping(
        entry,
        place,
        required=("id", "zh", "en", "source"),
        optional=("full", "indicator", "unit", "better", "cap", "missing", "evidence", "or_reported", *_RULES),
    )
    named = [key for key in _RULES if key in row]
    if len(named) != 1:
        raise place.error(
            f"一个指标项应有且只有一条评分规则,现有 {len(named)} 条",
            f"an item has exactly one scoring rule, this one has {len(named)}",
            fix_zh=f"写出其中之一：{' | '.join(_RULES)}",
            fix_en=f"write one of {' | '.join(_RULES)}",
        )
    rule = _rule(named[0], row[named[0]], place.at(named[0]))
    counts = not (isinstance(rule, Veto) or (isinstance(rule, Steps) and rule.kind != "deduct_per"))
    if counts and "full" not in row:
        as_mapping(row, place, required=("full",), optional=None)
    if not counts and "full" in row:
        raise place.at("full").error(
            "加分、扣总分和一票否决项不占满分",
            "a bonus, a penalty and a veto have no full mark",
            fix_zh="删除 full;上限用 cap",
            fix_en="remove full; cap holds the limit",
        )
    if isinstance(rule, Steps) and rule.kind != "deduct_per" and "cap" not in row:
        as_mapping(row, place, required=("cap",), optional=None)
    stands_in = _one_of(("true", "false"), row.get("or_reported", "false"), place.at("or_reported")) == "true"
    if stands_in and ("indicator" not in row or isinstance(rule, Given)):
        raise place.at("or_reported").error(
            "or_reported 只用于有 indicator 的指标项",
            "or_reported is for items with an indicator",
            fix_zh="删除 or_reported,或写明 indicator",
            fix_en="remove or_reported, or name the indicator",
        )
    evidence = _title(row["evidence"], place.at("evidence")) if "evidence" in row else ("", "")
    better: Better | None = (
        _one_of(("higher", "lower", "neutral"), row["better"], place.at("better")) if "better" in row else None
    )
    return Item(
        id=_id(row["id"], place.at("id")),
        dimension=dimension,
        zh=as_text(row["zh"], place.at("zh")),
        en=as_text(row["en"], place.at("en")),
        full=_full(row.get("full", "0"), types, place.at("full")),
        rule=rule,
        indicator=_id(row["indicator"], place.at("indicator")) if "indicator" in row else None,
        cap=_amount(row["cap"], place.at("cap")) if "cap" in row else None,
        better=better,
        unit=as_text(row.get("unit", "number"), place.at("unit")),
        missing=_one_of(_MISSING, row.get("missing", missing), place.at("missing")),
        source=as_text(row["source"], place.at("source")),
        evidence_zh=evidence[0],
        evidence_en=evidence[1],
        or_reported=stands_in,
        place=place,
    )


def _rule(name: str, value: Structure, place: Place) -> Rule:
    match name:
        case "deduct_per" | "bonus" | "penalty":
            return _steps(name, value, place)
        case "bands":
            return Bands(tuple(_band(entry, place.at(i)) for i, entry in enumerate(as_list(value, place))))
        case "linear":
            row = as_mapping(value, place, required=("target", "floor"), optional=("at_floor",))
            return Linear(
                read_number(row["target"], "ratio", place.at("target")),
                read_number(row["floor"], "ratio", place.at("floor")),
                _amount(row["at_floor"], place.at("at_floor")) if "at_floor" in row else _NOTHING,
            )
        case "rank":
            row = as_mapping(value, place, optional=("best", "worst"))
            return Rank(
                _amount(row["best"], place.at("best")) if "best" in row else _WHOLE,
                _amount(row["worst"], place.at("worst")) if "worst" in row else _NOTHING,
            )
        case "veto":
            row = as_mapping(value, place, required=("grade",), optional=("from", "above", "upto", "below"))
            return Veto(_range(row, place), _id(row["grade"], place.at("grade")))
        case _:
            as_mapping(value, place)
            return Given()


def _steps(name: str, value: Structure, place: Place) -> Steps:
    row = as_mapping(value, place, required=("points", "per"), optional=("above", "below", "count"))
    if "above" in row and "below" in row:
        raise place.error("above 与 below 只能写一个", "above and below exclude each other", fix_zh="只保留一个",
                          fix_en="keep one of them")  # fmt: skip
    side = "below" if "below" in row else "above"
    per = read_number(row["per"], "ratio", place.at("per"))
    if per <= 0:
        raise place.at("per").mistake("应大于 0", "must be above 0", value=row["per"], right_zh="1 | 1%")
    return Steps(
        cast(Any, name),
        _amount(row["points"], place.at("points")),
        per,
        read_number(row.get(side, "0"), "ratio", place.at(side)),
        cast(Any, side),
        _one_of(("exact", "whole", "started"), row.get("count", "exact"), place.at("count")),
    )


def _band(entry: Structure, place: Place) -> tuple[Range, Amount]:
    row = as_mapping(entry, place, required=("mark",), optional=("from", "above", "upto", "below"))
    return _range(row, place), _amount(row["mark"], place.at("mark"))


def _range(row: dict[str, Structure], place: Place) -> Range:
    """``from`` and ``upto`` belong to the range, ``above`` and ``below`` do not."""
    for pair in (("from", "above"), ("upto", "below")):
        if all(key in row for key in pair):
            raise place.error(f"{pair[0]} 与 {pair[1]} 只能写一个", f"{pair[0]} and {pair[1]} exclude each other",
                              fix_zh="只保留一个", fix_en="keep one of them", value=printed(row))  # fmt: skip
    low, high = (
        next((read_number(row[key], "ratio", place.at(key)) for key in pair if key in row), None)
        for pair in (("from", "above"), ("upto", "below"))
    )
    return Range(low, "above" in row, high, "below" in row)
