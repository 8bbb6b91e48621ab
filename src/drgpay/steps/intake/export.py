"""Findings for people: a workbook and a CSV."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
import xlsxwriter

from drgpay.steps.intake.findings import merge
from drgpay.steps.intake.rules import RULES
from drgpay.tables import FINDINGS

_CREATED = datetime(2000, 1, 1)
"""fixed, so that the same findings give the same bytes"""
_SHEET_ROWS = 1_000_000
"""a sheet holds 1,048,576 rows; the counts are always of all findings"""

_COLUMNS = {
    "zh": (
        ("file", 24),
        ("row", 8),
        ("stay_id", 20),
        ("field", 16),
        ("value", 20),
        ("level", 8),
        ("zh", 70),
        ("rule", 24),
    ),
    "en": (
        ("file", 24),
        ("row", 8),
        ("stay_id", 20),
        ("field", 16),
        ("value", 20),
        ("level", 8),
        ("en", 70),
        ("rule", 24),
    ),
}
_WORDS = {
    "zh": {"findings": "校验问题", "counts": "汇总", "n": "行数", "error": "错误", "warn": "提示", "rule": "规则",
           "level": "级别", "text": "说明", "cut": "只列出前 {shown} 条,共 {all} 条;全部见 CSV"},
    "en": {"findings": "Findings", "counts": "Counts", "n": "rows", "error": "error", "warn": "warning",
           "rule": "rule", "level": "level", "text": "what to do",
           "cut": "the first {shown} of {all} are listed; the CSV has them all"},
}  # fmt: skip


def write_findings_csv(findings: Any, path: Path) -> None:
    """FINDINGS as CSV (UTF-8 with a mark, so that Excel reads the Chinese), sorted by file, line, column, rule."""
    frame = pl.DataFrame(merge([findings]))
    renamed(path, lambda temporary: frame.write_csv(temporary, include_bom=True))


def write_findings_workbook(findings: Any, path: Path, lang: str = "zh") -> None:
    """FINDINGS as a workbook in Chinese (``zh``) or English (``en``): a sheet of findings sorted by file and line,
    with what to do, and a sheet of counts per rule. The same findings give the same bytes. Written under a temporary
    name, then renamed."""
    frame = pl.DataFrame(merge([findings])).with_columns(pl.col(pl.Categorical).cast(pl.String))
    words, columns = _WORDS[lang], _COLUMNS[lang]

    def write(temporary: Path) -> None:
        options = {"strings_to_formulas": False, "strings_to_urls": False, "constant_memory": True}
        with xlsxwriter.Workbook(temporary, options) as book:
            book.set_properties({"title": words["findings"], "created": _CREATED})
            head = book.add_format({"bold": True, "bg_color": "#DDE7F0", "border": 1})
            sheet = book.add_worksheet(words["findings"])
            titles = [FINDINGS[name].zh if lang == "zh" else name for name, _ in columns]
            _head(sheet, titles, [width for _, width in columns], head)
            listed = frame.head(_SHEET_ROWS).select([name for name, _ in columns])
            for at, row in enumerate(listed.iter_rows(), 1):
                sheet.write_row(at, 0, [words.get(cell, cell) if name == "level" else cell
                                        for (name, _), cell in zip(columns, row, strict=True)])  # fmt: skip
            if len(frame) > _SHEET_ROWS:
                sheet.write_string(_SHEET_ROWS + 1, 0, words["cut"].format(shown=_SHEET_ROWS, all=len(frame)))
            sheet.autofilter(0, 0, max(len(listed), 1), len(columns) - 1)
            _counts(book.add_worksheet(words["counts"]), frame, lang, head)

    renamed(path, write)


def _head(sheet: Any, titles: list[str], widths: list[int], style: Any) -> None:
    for at, (title, width) in enumerate(zip(titles, widths, strict=True)):
        sheet.set_column(at, at, width)
        sheet.write_string(0, at, title, style)
    sheet.freeze_panes(1, 0)


def _counts(sheet: Any, frame: pl.DataFrame, lang: str, style: Any) -> None:
    words = _WORDS[lang]
    _head(sheet, [words["rule"], words["level"], words["n"], words["text"]], [26, 8, 10, 70], style)
    counts = frame.group_by("rule", "level").len().sort("level", "len", "rule", descending=[False, True, False])
    for at, (rule, level, n) in enumerate(counts.iter_rows(), 1):
        sheet.write_row(at, 0, [rule, words[level], n, RULES[rule].texts()[("zh", "en").index(lang)]])


def renamed(path: Path, write: Callable[[Path], object]) -> None:
    """Write under a temporary name in the same folder, then rename: a reader never sees half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        write(temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
