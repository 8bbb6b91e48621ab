"""What a hospital says about its files: the format, its own names of columns, constants, the unit of infants' age."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import yaml

from drgpay.errors import DrgpayError
from drgpay.steps.intake.chunks import Where, fail
from drgpay.steps.intake.crosswalk import EDITIONS
from drgpay.steps.intake.formats.catalogue import CANONICAL, catalogue
from drgpay.steps.intake.formats.cells import DAYS, MONTHS
from drgpay.steps.intake.headers import header_key, known_headers, wide
from drgpay.steps.intake.values import typed
from drgpay.tables import STAYS

_KEYS = ("format", "newborn_age", "codes", "sheet", "header_row", "columns", "constants")
_WIDE = ("dx1", "dx2", "…", "proc1", "proc2", "…")
_NO_CONSTANT = ("stay_id", "dx", "proc")


@dataclass(frozen=True)
class Hints:
    """``format``: name of the format, empty = recognise it; ``newborn_age``: ``days`` or ``months``, empty = as the
    header says; ``codes``: edition of the codes, ``insurer`` or ``clinical``, empty = the insurer's; ``columns``: own
    header -> column of STAYS or header of a format; ``constants``: column of STAYS -> text of the one value all rows
    have; ``sheet`` and ``header_row``: see :class:`Where`; ``file``: where it was said, ``lines``: on which line."""

    format: str = ""
    newborn_age: str = ""
    codes: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    sheet: str = ""
    header_row: int = 0
    file: str = ""
    lines: Mapping[str, int] = field(default_factory=dict)

    @property
    def where(self) -> Where:
        """Where the rows are in the file."""
        return Where(self.sheet, self.header_row)


def read_hints(path: Path) -> Hints:
    """Read an alias file.

    YAML with any of ``format``, ``newborn_age``, ``codes``, ``sheet``, ``header_row``, ``columns`` (own header:
    column of STAYS, or header of a format) and ``constants`` (column of STAYS: value). Raises DrgpayError of kind
    DATA naming file, line and the known names.
    """
    name = path.name
    try:
        node = yaml.compose(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise fail("找不到别名文件", "no such alias file", "核对路径", "check the path", file=name) from error
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else None
        raise fail("不是正确的 YAML(UTF-8)", "not valid YAML (UTF-8)", "核对缩进和冒号", "check indents and colons",
                   file=name, row=line) from error  # fmt: skip
    said: dict[str, Any] = {}
    lines: dict[str, int] = {}
    for key, value in _pairs(node, name):
        if key.value not in _KEYS:
            raise _unknown(name, key, _KEYS, _KEYS)
        if key.value in ("columns", "constants"):
            said[key.value] = {}
            for inner, target in _pairs(value, name):
                _scalar(target, name)
                said[key.value][inner.value] = target.value
                lines[inner.value] = inner.start_mark.line + 1
                _judge(key.value, inner, target, name)
        else:
            _scalar(value, name)
            if key.value == "sheet":
                said["sheet"] = value.value
                continue
            if key.value == "header_row":
                said["header_row"] = _line(value, name)
                continue
            choices = {"newborn_age": (DAYS, MONTHS), "codes": EDITIONS}.get(key.value, (CANONICAL, *catalogue()))
            if value.value not in choices:
                raise _unknown(name, value, choices, choices)
            said[key.value] = value.value
    return Hints(**said, file=name, lines=lines)


def _line(node: Any, file: str) -> int:
    if re.fullmatch(r"[1-9][0-9]{0,6}", node.value):
        return int(node.value)
    raise fail("应为行号,从 1 起", "the number of a line is wanted, from 1", "如 header_row: 3", "as header_row: 3",
               file=file, row=node.start_mark.line + 1, value=node.value)  # fmt: skip


def _pairs(node: Any, file: str) -> list[tuple[Any, Any]]:
    if node is None:
        return []
    if not isinstance(node, yaml.MappingNode):
        raise fail("应为“名称: 值”的列表", "a list of “name: value” is wanted", "核对缩进", "check the indents",
                   file=file, row=node.start_mark.line + 1)  # fmt: skip
    return [(key, value) for key, value in node.value if _scalar(key, file)]


def _scalar(node: Any, file: str) -> bool:
    if not isinstance(node, yaml.ScalarNode) or not node.value:
        raise fail("应为一个名称或值", "one name or value is wanted", "核对该行", "check the line",
                   file=file, row=node.start_mark.line + 1)  # fmt: skip
    return True


def _judge(part: str, key: Any, value: Any, file: str) -> None:
    """A column must lead to a known header; a constant must be a value of its column."""
    if part == "columns":
        if not _leads(value.value):
            headers = (*STAYS.names, *(header for form in catalogue().values() for header in form.headers()))
            raise _unknown(file, value, headers, (*STAYS.names, *_WIDE))
        return
    names = tuple(name for name in STAYS.names if name not in _NO_CONSTANT)
    if key.value not in names:
        raise _unknown(file, key, names, names)
    column = STAYS[key.value]
    read = typed(column, pa.array([value.value]))
    if read.faults or not read.values.is_valid()[0].as_py():
        raise fail(f"{column.zh}的值不对", f"no value of {column.name}", f"用 {column.constraint()}".strip(),
                   f"use {column.constraint()}".strip(), file=file, row=value.start_mark.line + 1, field=column.name,
                   value=value.value)  # fmt: skip


def _leads(target: str) -> bool:
    """Whether a header may be read as this: a column of STAYS, a place in a wide list, or a header of a format."""
    return (
        target in STAYS.names
        or bool(wide(header_key(target), known_headers(STAYS.columns))[0])
        or any(form.place("", [target])[0] for form in catalogue().values())
    )


def with_columns(hints: Hints, columns: Mapping[str, str]) -> Hints:
    """The hints with own headers of a file (header -> column of STAYS) that somebody chose. DATA for a column that
    is none."""
    for header, target in columns.items():
        if not _leads(target):
            near = difflib.get_close_matches(target, STAYS.names, n=1)
            raise fail("不认识的字段", "unknown field", f"最接近的是 {near[0]}" if near else "从列表中选",
                       f"nearest: {near[0]}" if near else "choose one of the list", field=header,
                       value=target)  # fmt: skip
    return replace(hints, columns={**hints.columns, **columns})


def _unknown(file: str, node: Any, headers: Iterable[str], listed: Iterable[str]) -> DrgpayError:
    by_key = {header_key(header): header for header in headers}
    near = [by_key[key] for key in difflib.get_close_matches(header_key(node.value), by_key)]
    names = ", ".join(listed)
    return fail(
        "不认识的字段",
        "unknown field",
        (f"最接近的是 {'、'.join(near)};" if near else "") + f"已知的有 {names}",
        (f"nearest: {', '.join(near)}; " if near else "") + f"known: {names}",
        file=file,
        row=node.start_mark.line + 1,
        value=node.value,
    )
