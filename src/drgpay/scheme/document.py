"""Reviewed YAML files (overlays, amendments): every scalar stays text, every value knows its line.

Codes such as ``36.0700`` must not become numbers, so nothing is converted. A key given twice, an alias or a tag is
a mistake.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import yaml

from drgpay.errors import DrgpayError, Kind
from drgpay.scheme.source import Problem

OVERLAYS = Path(__file__).parent.parent / "data" / "overlays"


class Mistake(Exception):  # noqa: N818 - it is gathered, not handled as an error
    """Something wrong with a value of the file; becomes one problem of the list that is raised at the end."""

    def __init__(self, part: Part, zh: str, en: str, fix_zh: str, fix_en: str, key: str = "") -> None:
        super().__init__(en)
        place = key or (part.value if isinstance(part.value, str) else "")
        self.problem = Problem(f"line {part.line}", place, zh, en, fix_zh, fix_en)


@dataclass(frozen=True)
class Part:
    """A value of the file (text, list or mapping of parts) and its line, counted from 1."""

    line: int
    value: str | tuple[Part, ...] | dict[str, Part]

    @property
    def text(self) -> str:
        """The text; a list or mapping in its place is a mistake."""
        if not isinstance(self.value, str):
            raise Mistake(
                self, "此处应为一个文本值", "a single value is wanted here", "写成一个值", "write one value"
            )
        return self.value.strip()

    @property
    def items(self) -> tuple[Part, ...]:
        """The parts of a list; a single value counts as a list of one."""
        if isinstance(self.value, dict):
            raise Mistake(self, "此处应为列表", "a list is wanted here", "写成 [a, b]", "write [a, b]")
        return (self,) if isinstance(self.value, str) else self.value

    @property
    def fields(self) -> dict[str, Part]:
        """The parts of a mapping."""
        if not isinstance(self.value, dict):
            raise Mistake(
                self, "此处应为“键: 值”", "keys and values are wanted here", "写成 键: 值", "write key: value"
            )
        return self.value

    def words(self) -> list[str]:
        """The texts of a list."""
        return [part.text for part in self.items]

    def need(self, name: str) -> Part:
        """A key that must be there."""
        if name not in self.fields:
            raise Mistake(self, f"缺少 {name}", f"{name} is missing", f"补上 {name}", f"add {name}", name)
        return self.fields[name]

    def only(self, allowed: Iterable[str]) -> None:
        """No key but these may be there."""
        known = list(allowed)
        for name, part in self.fields.items():
            if name not in known:
                raise part.unknown("项", "key", name, known)

    def unknown(self, zh: str, en: str, value: str, known: Iterable[str]) -> Mistake:
        """A name nobody knows, with the nearest ones."""
        there = list(known)
        near = get_close_matches(value, there, 3, 0.4) or there[:8]
        return Mistake(
            self,
            f"没有这样的{zh}",
            f"there is no such {en}",
            f"最接近的：{'、'.join(near)}",
            f"nearest: {', '.join(near)}",
            value,
        )

    def idle(self, zh: str, en: str, key: str = "") -> Mistake:
        """A change that changes nothing."""
        return Mistake(
            self,
            f"这项变更不起作用：{zh}",
            f"this change does nothing: {en}",
            "删去或改正",
            "remove or correct it",
            key,
        )


def found(name: str | Path) -> Path:
    """The file itself, or the shipped overlay of that name (``chs-drg-1.1-errata``)."""
    path = Path(name)
    shipped = OVERLAYS / f"{name}.yaml"
    return shipped if not path.exists() and shipped.is_file() else path


def read(path: Path) -> Part:
    """The content of a YAML file. Raises :class:`DrgpayError` (SCHEME) with the line when it cannot be read."""
    try:
        node = yaml.compose(path.read_text(encoding="utf-8-sig"), Loader=yaml.BaseLoader)
    except (OSError, UnicodeDecodeError) as error:
        raise _refused(path, None, "文件读不出", f"the file cannot be read ({error})") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = None if mark is None else mark.line + 1
        raise _refused(path, line, "不是正确的 YAML", f"not YAML: {getattr(error, 'problem', error)}") from error
    if not isinstance(node, yaml.MappingNode):
        raise _refused(path, 1, "最外层应为“键: 值”", "the outermost level must be keys and values")
    return _part(node, path, set())


def _refused(path: Path, line: int | None, zh: str, en: str) -> DrgpayError:
    return DrgpayError(
        Kind.SCHEME,
        zh=zh,
        en=en,
        file=path,
        row=line,
        fix_zh="检查文件的缩进、冒号和引号",
        fix_en="check indentation, colons and quotes",
    )


def _part(node: yaml.Node, path: Path, seen: set[int]) -> Part:
    line = node.start_mark.line + 1
    if id(node) in seen or not node.tag.startswith("tag:yaml.org,2002:"):
        raise _refused(path, line, "不允许 YAML 别名或标签", "aliases and tags are not allowed")
    seen.add(id(node))
    if isinstance(node, yaml.MappingNode):
        fields: dict[str, Part] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise _refused(path, key.start_mark.line + 1, "键应为文字", "a key must be text")
            if key.value in fields:
                raise _refused(path, key.start_mark.line + 1, f"键 {key.value} 重复", f"{key.value} is given twice")
            fields[key.value] = Part(key.start_mark.line + 1, _part(value, path, seen).value)
        return Part(line, fields)
    if isinstance(node, yaml.SequenceNode):
        return Part(line, tuple(_part(item, path, seen) for item in node.value))
    return Part(line, str(node.value))
