"""Settlement lists as JSON: one list, an array of them, one a line, and any of these wrapped (``input``, ``data``).

Lists are taken one after the other and kept as columns: the scalars of ``setlinfo`` under their names, the nodes
(``diseinfo``, ``oprninfo``, ``payinfo``, ``iteminfo`` …) as lists of text under ``node.name``. Numbers stay as they
are written: no amount ever becomes a floating-point number. ``row`` of a finding is the list, from 1.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from drgpay.steps.intake.chunks import Chunk, fail, name_of
from drgpay.steps.intake.files import encoding_of
from drgpay.steps.intake.formats.catalogue import Format

_AT_ONCE = 8192
"""lists held as Python objects at a time"""
_HEAD, _DIAGNOSES = "setlinfo", "diseinfo"
_DECODER = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=str)


@dataclass(frozen=True)
class JsonLists:
    """The lists of a file as columns; only those that are read have cells."""

    file: str
    header: tuple[str, ...]
    parts: tuple[Any, ...]
    floats: frozenset[int] = frozenset()

    def chunks(self, wanted: Sequence[int], rows: int) -> Iterator[Chunk]:
        """See :class:`drgpay.steps.intake.files.Source`."""
        done = 0
        for part in self.parts:
            for start in range(0, part.num_rows, rows):
                piece = part.slice(start, rows)
                lines = np.arange(done + start + 1, done + start + piece.num_rows + 1)
                columns = {i: self._cells(piece, self.header[i]) for i in wanted}
                yield Chunk(columns, lines, np.zeros(piece.num_rows, np.int64))
            done += part.num_rows

    def column(self, position: int) -> Iterator[Any]:
        """See :class:`drgpay.steps.intake.files.Source`."""
        for part in self.parts:
            yield self._cells(part, self.header[position])

    def _cells(self, part: Any, name: str) -> Any:
        if name in part.schema.names:
            return part.column(name)
        return pa.nulls(part.num_rows, pa.list_(pa.string()) if "." in name else pa.string())


def open_json(path: Path, form: Format, own: frozenset[str]) -> JsonLists:
    """Open a file of settlement lists. ``own``: keys of further scalars to be read (those of an alias file).

    Raises DrgpayError of kind DATA, naming the line, when it is no JSON; and when it holds no settlement list.
    """
    nodes: dict[str, tuple[str, ...]] = {}
    scalars = set(own)
    for entry in form.entries:
        read = entry.use or entry.detail
        if read and entry.node:
            nodes[entry.node] = (*nodes.get(entry.node, ()), *entry.headers)
        elif read:
            scalars |= set(entry.headers)
    listed = {entry.node for entry in form.entries if entry.node}
    text = path.read_text(encoding=encoding_of(path)).removeprefix("\ufeff")
    seen: dict[str, None] = {}
    parts: list[Any] = []
    waiting: list[dict[str, Any]] = []
    for document in _all_lists(text, path.name):
        row, names = _row(document, scalars, nodes, listed)
        seen |= dict.fromkeys(names)
        waiting.append(row)
        if len(waiting) == _AT_ONCE:
            parts.append(_batch(waiting))
            waiting = []
    if waiting:
        parts.append(_batch(waiting))
    if not parts:
        raise fail(
            f"没有找到结算清单(节点 {_HEAD}、{_DIAGNOSES})",
            f"no settlement list found (nodes {_HEAD}, {_DIAGNOSES})",
            "JSON 只用于 4101/4101A 结算清单;其他数据请用表格文件",
            "JSON is for settlement lists 4101/4101A; use a table for anything else",
            file=path.name,
        )
    return JsonLists(name_of(path), tuple(seen), tuple(parts))


def _all_lists(text: str, file: str) -> Iterator[dict[str, Any]]:
    """The settlement lists of a text."""
    for whole in _documents(text, file):
        try:
            yield from list(_lists(whole))
        except RecursionError as error:
            raise fail("JSON 层次太深", "JSON nested too deeply", "重新导出", "export it again", file=file) from error


def _documents(text: str, file: str) -> Iterator[Any]:
    """The elements of the top arrays, and the values that stand by themselves."""
    at = depth = 0
    try:
        while True:
            while at < len(text) and text[at] in " \t\r\n,[]":
                depth += (text[at] == "[") - (text[at] == "]")
                at += 1
            if at == len(text):
                break
            value, at = _DECODER.raw_decode(text, at)
            yield value
    except RecursionError as error:
        raise fail("JSON 层次太深", "JSON nested too deeply", "重新导出", "export it again", file=file) from error
    except json.JSONDecodeError as error:
        raise fail(
            f"不是正确的 JSON(第 {error.colno} 列)",
            f"not valid JSON (column {error.colno})",
            "重新导出",
            "export it again",
            file=file,
            row=error.lineno,
        ) from error
    if depth:
        raise fail("JSON 不完整,方括号没有成对", "truncated JSON: a bracket lacks its pair", "重新导出",
                   "export it again", file=file, row=text.count("\n") + 1)  # fmt: skip


def _lists(value: Any) -> Iterator[dict[str, Any]]:
    """The settlement lists in a value, through whatever they are wrapped in."""
    if isinstance(value, list):
        for item in value:
            yield from _lists(item)
    elif isinstance(value, dict):
        plain = {key.casefold(): item for key, item in value.items()}
        if _HEAD in plain or _DIAGNOSES in plain:
            yield plain
        else:
            for item in plain.values():
                yield from _lists(item)


def _row(
    document: dict[str, Any], scalars: set[str], nodes: dict[str, tuple[str, ...]], listed: set[str]
) -> tuple[dict[str, Any], list[str]]:
    """(cells to keep, names of all there is) of one list."""
    row: dict[str, Any] = {}
    names: list[str] = []
    for part in _items(document.get(_HEAD, document)):
        for name, value in part.items():
            if isinstance(value, dict | list) or name in listed:
                continue
            names.append(name)
            if name in scalars:
                row[name] = _text(value)
    for node, wanted in nodes.items():
        items = _items(document.get(node))
        for name in wanted:
            if any(name in item for item in items):
                names.append(f"{node}.{name}")
                row[f"{node}.{name}"] = [_text(item.get(name)) for item in items]
    return row, names


def _items(value: Any) -> list[dict[str, Any]]:
    """The objects in a node, with keys in lower case; one object may stand for a list of one."""
    items = value if isinstance(value, list) else [value]
    return [
        {whole_text(key).casefold(): cell for key, cell in item.items()} for item in items if isinstance(item, dict)
    ]


def _text(value: Any) -> str | None:
    if isinstance(value, bool):
        return str(int(value))
    return whole_text(value) if isinstance(value, str) else None


def whole_text(value: str) -> str:
    """Text in which half characters, which JSON can spell and no file can hold, have become signs of what cannot be
    read."""
    return value if value.isascii() else value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _batch(rows: list[dict[str, Any]]) -> Any:
    names = dict.fromkeys(name for row in rows for name in row)
    kinds = {name: pa.list_(pa.string()) if "." in name else pa.string() for name in names}
    return pa.record_batch({name: pa.array([row.get(name) for row in rows], kinds[name]) for name in names})
