"""How policies and scorecards are written down: strict YAML, exact numbers, dates, and the place of every mistake.

Scalars stay text until a parameter's type reads them, so no float ever exists. A key given twice, an alias, a
tag and a full-width digit are mistakes, not conveniences: a reader of the file must see what the program sees.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Literal, TypeAlias

import yaml

from drgpay.errors import DrgpayError, Kind
from drgpay.units import parse_scaled, show_coefficient, show_fen

Structure: TypeAlias = "str | list[Structure] | dict[str, Structure]"
"""What strict YAML holds: text, lists and mappings, nothing else."""

NumberKind = Literal["integer", "ratio", "points", "yuan"]
_MOST = 10**15
"""most a number may be in its smallest unit; sums and products of such numbers stay exact"""
_DECIMALS: Mapping[NumberKind, int] = {"integer": 0, "ratio": 4, "points": 4, "yuan": 2}
_EXAMPLES: Mapping[NumberKind, str] = {
    "integer": "6",
    "ratio": "0.05 | 5%",
    "points": "100 | 87.5",
    "yuan": "1234.50",
}
_NUMBER = re.compile(r"(-?)(0|[1-9][0-9]{0,11})(?:\.([0-9]+))?(%?)")
_TAGS: Mapping[type[yaml.Node], str] = {
    yaml.ScalarNode: "tag:yaml.org,2002:str",
    yaml.SequenceNode: "tag:yaml.org,2002:seq",
    yaml.MappingNode: "tag:yaml.org,2002:map",
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value stands: file, path inside it (``notices[0].values.points.scale``), line of each path."""

    file: str
    path: str = ""
    lines: Mapping[str, int] = field(default_factory=dict)

    def at(self, key: str | int) -> Place:
        """The place one step further in: a key of a mapping or a position of a list."""
        if isinstance(key, int):
            return Place(self.file, f"{self.path}[{key}]", self.lines)
        return Place(self.file, f"{self.path}.{key}" if self.path else key, self.lines)

    @property
    def line(self) -> int | None:
        """Line of the file, where it is known."""
        return self.lines.get(self.path)

    def error(self, zh: str, en: str, *, fix_zh: str = "", fix_en: str = "", value: object = None) -> DrgpayError:
        """A policy failure at this place, ready to be raised."""
        return DrgpayError(
            Kind.POLICY,
            zh=zh,
            en=en,
            fix_zh=fix_zh,
            fix_en=fix_en,
            file=self.file,
            row=self.line,
            field=self.path or None,
            value=None if value is None else _short(value),
        )

    def mistake(self, zh: str, en: str, *, value: object, right_zh: str, right_en: str | None = None) -> DrgpayError:
        """A failure that shows the wrong and the right writing under each other."""
        wrong, right = _short(value), right_zh if right_en is None else right_en
        return self.error(
            zh,
            en,
            fix_zh=f"改正：\n    错  {wrong}\n    对  {right_zh}",
            fix_en=f"change it:\n    wrong  {wrong}\n    right  {right}",
            value=value,
        )


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 100 else text[:97] + "..."


@dataclass(frozen=True, slots=True)
class Document:
    """A read YAML text: its content and the place of its root (which knows the line of every path)."""

    root: Structure
    place: Place


def own_file(name: str | Path) -> Path | None:
    """The file a user named (a path, or a text with a slash or ``.yaml``); None for the id of one that is shipped."""
    if isinstance(name, Path) or "/" in name or "\\" in name or name.endswith((".yaml", ".yml")):
        return Path(name)
    return None


def read_text(file: Path | Traversable, label: str, zh: str, en: str) -> str:
    """The text of a file in UTF-8; ``zh`` and ``en`` say what it is. Raises :class:`DrgpayError` (POLICY)."""
    try:
        return file.read_bytes().decode("utf-8-sig")
    except OSError as problem:
        raise DrgpayError(
            Kind.POLICY,
            zh=f"无法读取{zh}",
            en=f"cannot read the {en}",
            fix_zh="检查路径和权限",
            fix_en="check path and permissions",
            file=label,
        ) from problem
    except UnicodeDecodeError as problem:
        raise DrgpayError(
            Kind.POLICY,
            zh=f"{zh}不是 UTF-8 编码",
            en=f"the {en} is not in UTF-8",
            fix_zh="另存为 UTF-8",
            fix_en="save it as UTF-8",
            file=label,
        ) from problem


def read_yaml(text: str, file: str, path: str = "") -> Document:
    """The content of one strict YAML text; ``path`` is where it stands when it is a value inside something else.

    Raises :class:`DrgpayError` (POLICY) for YAML that cannot be read, a key given twice, an alias, or a tag.
    """
    lines: dict[str, int] = {}
    place = Place(file, path, lines)
    try:
        node = yaml.compose(text, Loader=yaml.BaseLoader)
        return Document("" if node is None else _plain(node, place, lines, set()), place)
    except (yaml.YAMLError, RecursionError) as problem:
        row, what = _yaml_fault(problem)
        if row is not None:
            lines[path] = row
        raise place.error(
            f"无法读取 YAML：{what}",
            f"cannot read the YAML: {what}",
            fix_zh="检查该行的缩进、冒号、引号和括号",
            fix_en="check indentation, colons, quotes and brackets at that line",
        ) from problem


def _yaml_fault(problem: Exception) -> tuple[int | None, str]:
    """Line and words of a YAML failure; an unclosed bracket or a missing colon is shown where it begins."""
    if not isinstance(problem, yaml.MarkedYAMLError):
        return None, "nested too deeply or an unreadable character"
    opened = (problem.context or "").startswith(("while scanning a simple key", "while parsing a flow"))
    mark = (opened and problem.context_mark) or problem.problem_mark
    return None if mark is None else mark.line + 1, problem.problem or "not YAML"


def _plain(node: yaml.Node, place: Place, lines: dict[str, int], seen: set[int]) -> Structure:
    """The node as text, lists and mappings; notes the line of every path. ``seen``: nodes met, to find aliases."""
    lines.setdefault(place.path, node.start_mark.line + 1)
    if id(node) in seen:
        raise place.error(
            "不允许使用 YAML 别名（*名称）",
            "a YAML alias (*name) is not allowed",
            fix_zh="把值完整写出",
            fix_en="write the value out",
        )
    seen.add(id(node))
    if node.tag != _TAGS[type(node)]:
        raise place.error(
            "不允许使用 YAML 标签",
            "a YAML tag is not allowed",
            fix_zh="删除标签，直接写值",
            fix_en="remove the tag and write the value itself",
            value=node.tag,
        )
    if isinstance(node, yaml.ScalarNode):
        return str(node.value)
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item, place.at(i), lines, seen) for i, item in enumerate(node.value)]
    result: dict[str, Structure] = {}
    for key_node, value_node in node.value:
        row = key_node.start_mark.line + 1
        if not isinstance(key_node, yaml.ScalarNode):
            raise place.error(
                "键必须是文本", "a key must be text", fix_zh="把键写成文本", fix_en="write the key as text"
            )
        key, inner = str(key_node.value), place.at(str(key_node.value))
        if key in result:
            first, lines[inner.path] = lines[inner.path], row
            raise inner.error(
                f"键重复：第 {first} 行已有，第 {row} 行又写了一次",
                f"key given twice: on line {first} and again on line {row}",
                fix_zh="只保留一个",
                fix_en="keep one of them",
                value=key,
            )
        lines[inner.path] = row
        result[key] = _plain(value_node, inner, lines, seen)
    return result


def as_text(value: Structure, place: Place) -> str:
    """``value`` as one non-empty text, or a failure."""
    if not isinstance(value, str):
        raise place.mistake(
            "此处应为单个值",
            "one single value is expected here",
            value=_shape(value),
            right_zh="一个值，不是列表或映射",
            right_en="one value, no list or mapping",
        )
    if not value:
        raise place.error(
            "未填写值", "no value is given", fix_zh="填写该值或删除此行", fix_en="give it or remove the line"
        )
    return value


def as_list(value: Structure, place: Place) -> list[Structure]:
    """``value`` as a list, or a failure."""
    if not isinstance(value, list):
        raise place.mistake("此处应为列表", "a list is expected here", value=_shape(value), right_zh="[..., ...]")
    return value


def as_mapping(
    value: Structure, place: Place, *, required: tuple[str, ...] = (), optional: tuple[str, ...] | None = ()
) -> dict[str, Structure]:
    """``value`` as a mapping with the required keys and none beyond required and optional (None: any key)."""
    if not isinstance(value, dict):
        raise place.mistake(
            "此处应为映射（键: 值）",
            "a mapping (key: value) is expected here",
            value=_shape(value),
            right_zh="{键: 值}",
            right_en="{key: value}",
        )
    missing = [key for key in required if key not in value]
    if missing:
        names = ", ".join(missing)
        raise place.error(
            f"缺少键：{names}", f"missing key: {names}", fix_zh="补上该键", fix_en="add what is missing"
        )
    if optional is not None:
        allowed = required + optional
        for key in value:
            if key not in allowed:
                raise place.at(key).mistake("未知的键", "unknown key", value=key, right_zh=" | ".join(allowed))
    return value


def _shape(value: Structure) -> str:
    if isinstance(value, str):
        return value
    return printed(value)


def printed(value: Structure) -> str:
    """A structure on one line, in YAML's flow writing."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "[" + ", ".join(printed(item) for item in value) + "]"
    return "{" + ", ".join(f"{key}: {printed(item)}" for key, item in value.items()) + "}"


def refuse_full_width(text: str, place: Place) -> None:
    """Fail when ``text`` holds full-width characters, which look like digits and are none."""
    half = unicodedata.normalize("NFKC", text)
    if half != text and half.isascii():
        raise place.mistake("含有全角字符", "full-width characters", value=text, right_zh=half)


def read_number(value: Structure, kind: NumberKind, place: Place) -> int:
    """An exact number as an integer: count, fen (yuan), or 1/10,000 (ratio, points). Never a float.

    Percent signs are read for ratios only. More decimals than the unit holds are a failure, never a rounding.
    """
    text = as_text(value, place)
    refuse_full_width(text, place)
    match = _NUMBER.fullmatch(text)
    decimals = _DECIMALS[kind]
    if match is None or (match[4] and kind != "ratio") or (match[3] and kind == "integer"):
        names = {"integer": ("整数", "an integer"), "ratio": ("比例", "a ratio")}
        zh, en = names.get(kind, ("小数", "a decimal number"))
        raise place.mistake(f"不是{zh}", f"not {en}", value=text, right_zh=_EXAMPLES[kind])
    sign, whole, fraction, percent = match[1], match[2], match[3] or "", match[4]
    places = decimals - 2 if percent else decimals
    if len(fraction) > places:
        cut = f"{sign}{whole}.{fraction[:places]}{percent}"
        raise place.mistake(
            f"小数位超过 {places} 位",
            f"more than {places} decimals",
            value=text,
            right_zh=f"{cut}（最多 {places} 位小数）",
            right_en=f"{cut} (at most {places} decimals)",
        )
    number = parse_scaled(text.removesuffix("%"), places)
    if abs(number) > _MOST:
        raise place.mistake("数值过大", "a number that is too large", value=text, right_zh=print_number(_MOST, kind))
    return number


def print_number(value: int, kind: NumberKind) -> str:
    """The shortest text :func:`read_number` reads as ``value`` (yuan always with two decimals)."""
    if kind == "integer":
        return str(value)
    if kind == "yuan":
        return show_fen(value, group=False)
    return show_coefficient(value).rstrip("0").rstrip(".")


def read_date(value: Structure, place: Place) -> date:
    """A day written ``YYYY-MM-DD``."""
    text = as_text(value, place)
    refuse_full_width(text, place)
    try:
        if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
            raise ValueError
        return date.fromisoformat(text)
    except ValueError:
        raise place.mistake(
            "不是有效日期",
            "not a valid date",
            value=text,
            right_zh="2024-01-31（年-月-日）",
            right_en="2024-01-31 (YYYY-MM-DD)",
        ) from None
