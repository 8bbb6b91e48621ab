"""The official configuration workbook as sheets of clean text, and the amendments made to them.

Columns are found by their headers, never by position; what stands elsewhere than expected is said. Amendments are a
reviewed YAML file; one that does not fit the workbook is an error.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import fastexcel

from drgpay.errors import DrgpayError, Kind
from drgpay.scheme import document
from drgpay.scheme.document import Mistake, Part
from drgpay.scheme.integrity import raise_if_any
from drgpay.scheme.source import Problem

_TOP = 6
"""rows among which a header is looked for"""
_BREAKS = re.compile(r"(?:_x000D_|\s|[\x00-\x1f])+")
_INVISIBLE = re.compile("[\u200b-\u200f\u2060\ufeff]")
_NAMES = frozenset(("MDC名称", "ADRG名称", "DRG名称", "ICD名称", "疾病名称"))


@dataclass(frozen=True)
class Layout:
    """A sheet's columns in the order they are known in, each with the headers it may have; some may be missing."""

    columns: tuple[tuple[str, ...], ...]
    optional: frozenset[str] = frozenset()


LAYOUTS: Mapping[str, Layout] = {
    "MDC": Layout((("MDC编码",), ("MDC名称",), ("MDC规则",), ("排序",))),
    "ADRG": Layout((("ADRG编码",), ("ADRG名称",), ("ADRG规则",), ("所属MDC编码",), ("排序", "MDC内排序"))),
    "DRG": Layout(
        (("DRG编码", "DRG"), ("DRG名称",), ("DRG规则",), ("所属ADRG编码",), ("所属MDC编码",), ("排序",)),
        optional=frozenset({"所属MDC编码"}),
    ),
    "集合": Layout(
        (("集合编号",), ("ICD编码",), ("ICD名称",), ("类型", "类型编号")), optional=frozenset({"ICD名称", "类型"})
    ),
    "CC": Layout((("疾病编码",), ("疾病名称",), ("排除表",), ("类型",)), optional=frozenset({"疾病名称"})),
    "排除表": Layout((("集合编号",), ("ICD编码",), ("ICD名称",)), optional=frozenset({"ICD名称"})),
}  # fmt: skip


@dataclass(frozen=True)
class Line:
    """A row of a sheet: its number in Excel (0 = added by an amendment) and its cells by the known column name."""

    row: int
    cells: dict[str, str]


@dataclass
class Sheets:
    """The sheets as read, with what there is to say about them."""

    file: Path
    lines: dict[str, list[Line]]
    said: list[tuple[str, str]] = field(default_factory=list)
    """remarks (Chinese, English) in the order they arose"""


def read_sheets(file: Path) -> Sheets:
    """Read the six sheets. Raises :class:`DrgpayError` (SCHEME) naming every sheet and column that is not there."""
    try:
        book = fastexcel.read_excel(file)
        names = {_plain(name): name for name in book.sheet_names}
        tables = {
            name: book.load_sheet(names[name], header_row=None, skip_rows=0, dtypes="string").to_polars()
            for name in LAYOUTS
            if name in names
        }
    except Exception as error:  # the reader has one class per cause, all meaning that the file cannot be read
        raise DrgpayError(
            Kind.SCHEME,
            zh="不是可读的 Excel 工作簿",
            en="not a readable Excel workbook",
            file=file,
            fix_zh="使用国家医保局公布的原文件（.xlsx）",
            fix_en="use the original file as published (.xlsx)",
        ) from error
    sheets, problems = Sheets(file, {}), list[Problem]()
    for name, layout in LAYOUTS.items():
        if name not in tables:
            near = "、".join(names)
            problems.append(
                Problem(name, "", f"没有这张工作表；有：{near}", f"no such sheet; there are: {near}",
                        "使用原文件", "use the original file")
            )  # fmt: skip
            continue
        sheets.lines[name] = _lines(name, layout, tables[name].rows(), sheets, problems)
    raise_if_any(problems, file)
    return sheets


def _plain(text: object) -> str:
    """A cell as text in normal form, without line ends, invisible characters and blanks around it."""
    return unicodedata.normalize("NFKC", _name(text))


def _name(text: object) -> str:
    """A name keeps its full-width punctuation."""
    return _BREAKS.sub(" ", _INVISIBLE.sub("", str(text or ""))).strip()


def _letter(at: int) -> str:
    return chr(ord("A") + at)


def _lines(
    sheet: str, layout: Layout, rows: list[tuple[Any, ...]], sheets: Sheets, problems: list[Problem]
) -> list[Line]:
    heads = [[_plain(cell).replace(" ", "") for cell in row] for row in rows[:_TOP]]
    places: dict[str, int] = {}
    top = 0
    for number, head in enumerate(heads):
        found = {names[0]: head.index(n) for names in layout.columns for n in names if n in head}
        if len(found) > len(places):
            places, top = found, number
    missing = [names for names in layout.columns if names[0] not in places and names[0] not in layout.optional]
    for names in missing:
        there = "、".join(cell for cell in heads[top] if cell) if heads else ""
        problems.append(
            Problem(sheet, names[0], f"找不到该列；第 {top + 1} 行的表头是：{there}",
                    f"no such column; row {top + 1} reads: {there}",
                    "核对表头文字，或用勘误文件改正", "check the header")
        )  # fmt: skip
    if missing:
        return []
    shifts = {places[names[0]] - at for at, names in enumerate(layout.columns) if names[0] in places}
    if len(shifts) == 1 and shifts != {0}:
        here = _letter(min(places.values()))
        sheets.said.append((f"{sheet}：各列从 {here} 列开始", f"{sheet}: the columns begin in column {here}"))
    for at, names in enumerate(layout.columns):
        if names[0] not in places:
            sheets.said.append((f"{sheet}：没有“{names[0]}”列", f"{sheet}: there is no column {names[0]}"))
        elif len(shifts) > 1 and places[names[0]] != at:
            here, there = _letter(places[names[0]]), _letter(at)
            sheets.said.append(
                (
                    f"{sheet}：“{names[0]}”在 {here} 列，不在 {there} 列",
                    f"{sheet}: {names[0]} in column {here}, not {there}",
                )
            )
    lines = []
    for number, row in enumerate(rows[top + 1 :], start=top + 2):
        cells = {name: (_name if name in _NAMES else _plain)(row[at]) for name, at in places.items()}
        if any(cells.values()):
            lines.append(Line(number, cells))
    sheets.said.append((f"{sheet}：读入 {len(lines):,} 行", f"{sheet}: {len(lines):,} rows"))
    return lines


def amend(sheets: Sheets, file: Path) -> int:
    """Apply the amendments of a reviewed file, each noted in ``said``; returns how many there were.

    Every amendment names its ``sheet`` and ``reason`` and is one of ``add`` (cells of a new row), ``remove`` (cells
    that identify rows) and ``change`` (a column, with ``old`` and ``new`` text, in the ``row`` or ``where`` said).
    Raises :class:`DrgpayError` (SCHEME) naming, with its line, every amendment that does not fit the workbook.
    """
    problems: list[Problem] = []
    applied = 0
    try:
        told = document.read(file)
        told.only(("document", "amendments"))
        parts: Iterable[Part] = told.need("amendments").items
    except Mistake as mistake:
        problems.append(mistake.problem)
        parts = ()
    for part in parts:
        try:
            _amend(sheets, part)
            applied += 1
        except Mistake as mistake:
            problems.append(mistake.problem)
    raise_if_any(problems, file)
    return applied


def _amend(sheets: Sheets, part: Part) -> None:
    part.only(("sheet", "reason", "add", "remove", "change", "row", "where", "old", "new"))
    name = part.need("sheet").text
    reason = part.need("reason").text
    if name not in sheets.lines:
        raise part.fields["sheet"].unknown("工作表", "sheet", name, sheets.lines)
    lines = sheets.lines[name]
    known = [names[0] for names in LAYOUTS[name].columns]
    verbs = [verb for verb in ("add", "remove", "change") if verb in part.fields]
    if len(verbs) != 1:
        raise Mistake(
            part,
            "要且只要 add、remove、change 之一",
            "one of add, remove and change is wanted",
            "写一个",
            "write one",
        )
    if verbs == ["add"]:
        cells = _cells(part.fields["add"], known)
        if _matching(lines, cells):
            raise part.fields["add"].idle("该行已存在", "that row is there already", " ".join(cells.values()))
        lines.append(Line(0, {**dict.fromkeys(known, ""), **cells}))
        done = f"+ {' '.join(cells.values())}"
    elif verbs == ["remove"]:
        cells = _cells(part.fields["remove"], known)
        there = _matching(lines, cells)
        if not there:
            raise part.fields["remove"].idle("没有这样的行", "there is no such row", " ".join(cells.values()))
        sheets.lines[name] = [line for line in lines if line not in there]
        done = f"- {' '.join(cells.values())}"
    else:
        done = _change(part, lines, known)
    sheets.said.append((f"勘误 {name}：{done}（{reason}）", f"amended {name}: {done} ({reason})"))


def _cells(part: Part, known: list[str]) -> dict[str, str]:
    part.only(known)
    return {name: (_name if name in _NAMES else _plain)(cell.text) for name, cell in part.fields.items()}


def _matching(lines: Iterable[Line], cells: Mapping[str, str]) -> list[Line]:
    return [line for line in lines if all(line.cells.get(name) == text for name, text in cells.items())]


def _change(part: Part, lines: list[Line], known: list[str]) -> str:
    column = part.fields["change"].text
    if column not in known:
        raise part.fields["change"].unknown("列", "column", column, known)
    old, new = (_cells(Part(part.line, {column: part.need(word)}), known)[column] for word in ("old", "new"))
    if "row" in part.fields:
        there = [line for line in lines if str(line.row) == part.fields["row"].text]
    else:
        there = _matching(lines, _cells(part.need("where"), known))
    if len(there) != 1:
        raise Mistake(part, f"所指的行有 {len(there)} 行，应为一行", f"points to {len(there)} rows, not to one",
                      "改正 row 或 where", "correct row or where")  # fmt: skip
    if there[0].cells[column] != old:
        raise Mistake(part, f"该单元格是 «{there[0].cells[column]}»", f"the cell reads «{there[0].cells[column]}»",
                      "勘误可能已不需要；核对后改正或删去", "correct or remove it", old)  # fmt: skip
    if old == new:
        raise part.idle("old 与 new 相同", "old and new are the same", old)
    there[0].cells[column] = new
    return f"{column} {there[0].row or ''} «{old}» → «{new}»"
