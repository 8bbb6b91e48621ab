"""Findings for people: a workbook and a CSV."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

import polars as pl
import xlsxwriter

from drgpay.engine import for_people
from drgpay.places import drafted, locked, writing
from drgpay.steps.intake.findings import merge
from drgpay.steps.intake.rules import LEVELS, RESPONSIBLE, RULES
from drgpay.tables import FINDINGS, RECORD_SCORES, STAY_SCORES, Table
from drgpay.units import show_percent

_CREATED = datetime(2000, 1, 1)
"""fixed, so that the same findings give the same bytes"""
_WAIT = 5
"""seconds another writer of the same file is waited for"""
_SHEET_ROWS = 1_000_000
"""a sheet holds 1,048,576 rows; the counts are always of all findings"""

_COLUMNS = {"file": 24, "row": 8, "stay_id": 20, "field": 16, "value": 20, "level": 8, "text": 70, "responsible": 12,
            "rule": 24}  # fmt: skip
_SCORES = {"scope": 10, "institution_id": 20, "department_id": 16, "n": 10, "score": 10, "completeness": 10,
           "accuracy": 10, "errors": 10, "error_share": 10, "top_rules": 80}  # fmt: skip
_STAYS = {"file": 24, "row": 8, "stay_id": 20, "institution_id": 20, "department_id": 16, "completeness_lost": 12,
          "accuracy_lost": 12, "score": 8}  # fmt: skip
_WORDS = {
    "zh": {"findings": "校验问题", "counts": "汇总", "scores": "机构科室得分", "stays": "低分病例", "n": "行数",
           "error": "错误", "warn": "提示", "info": "参考", "rule": "规则", "level": "级别", "text": "说明",
           "responsible": "责任科室", "cut": "只列出前 {shown} 条,共 {all} 条;全部见 CSV",
           "all": "全部", "institution": "机构", "department": "科室"},
    "en": {"findings": "Findings", "counts": "Counts", "scores": "Scores", "stays": "Lowest stays", "n": "rows",
           "error": "error", "warn": "warning", "info": "hint", "rule": "rule", "level": "level",
           "text": "what to do", "responsible": "responsible",
           "cut": "the first {shown} of {all} are listed; the CSV has them all",
           "all": "all", "institution": "institution", "department": "department"},
}  # fmt: skip


def write_findings_csv(findings: Any, path: Path) -> None:
    """FINDINGS as CSV (UTF-8 with a mark, so that Excel reads the Chinese), sorted by file, line, column, rule;
    no cell is a formula to a spreadsheet."""
    frame = for_people(pl.DataFrame(merge([findings])))
    renamed(path, lambda temporary: frame.write_csv(temporary, include_bom=True))


def drop_findings(path: Path) -> bool:
    """Remove the findings of an earlier run from ``path``, when there are none any more; whether there was a file.

    Only a file this module wrote is removed: a CSV with the header of FINDINGS, or a workbook with our title, date
    and first sheet. Anything else stays as it is.
    """
    if not is_findings(path):
        return False
    path.unlink()
    return True


def is_findings(path: Path) -> bool:
    """Whether a file is a list of findings as this module writes it."""
    if not path.is_file() or path.is_symlink():
        return False
    if path.suffix.lower() != ".xlsx":
        with path.open("rb") as file:
            return file.readline(4096).removeprefix(b"\xef\xbb\xbf").rstrip() == ",".join(FINDINGS.names).encode()
    try:
        with ZipFile(path) as book:
            core, sheets = (book.read(name).decode() for name in ("docProps/core.xml", "xl/workbook.xml"))
    except (BadZipFile, KeyError, OSError, UnicodeDecodeError):
        return False
    titles = [words["findings"] for words in _WORDS.values()]
    return any(
        f"<dc:title>{title}</dc:title>" in core and f'<sheet name="{title}"' in sheets for title in titles
    ) and (_CREATED.strftime("%Y-%m-%dT%H:%M:%SZ") in core)


def write_findings_workbook(
    findings: Any,
    path: Path,
    lang: str = "zh",
    *,
    counts: pl.DataFrame | None = None,
    scores: Any = None,
    lowest: pl.DataFrame | None = None,
) -> None:
    """FINDINGS as a workbook in Chinese (``zh``) or English (``en``): a sheet of findings sorted by file and line,
    with what to do and who can do it, and a sheet of counts per rule. ``counts``: rule, level and n of all findings
    when those given are not all; ``scores``: RECORD_SCORES, ``lowest``: some STAY_SCORES, each a sheet of its own.
    The same findings give the same bytes. Written under a temporary name, then renamed."""
    frame = pl.DataFrame(merge([findings])).with_columns(pl.col(pl.Categorical).cast(pl.String))
    words = _WORDS[lang]
    by_rule = (
        frame.group_by("rule", "level").agg(n=pl.len()) if counts is None else counts.select("rule", "level", "n")
    )

    def write(temporary: Path) -> None:
        options = {"strings_to_formulas": False, "strings_to_urls": False, "constant_memory": True}
        with xlsxwriter.Workbook(temporary, options) as book:
            book.set_properties({"title": words["findings"], "created": _CREATED})
            head = book.add_format({"bold": True, "bg_color": "#DDE7F0", "border": 1})
            _findings(book.add_worksheet(words["findings"]), frame, int(by_rule["n"].sum()), lang, head)
            _counts(book.add_worksheet(words["counts"]), by_rule, lang, head)
            if scores is not None:
                shown = pl.DataFrame(scores).with_columns(pl.col(pl.Categorical).cast(pl.String))
                _rows(book.add_worksheet(words["scores"]), RECORD_SCORES, _SCORES, shown, lang, head)
            if lowest is not None:
                _rows(book.add_worksheet(words["stays"]), STAY_SCORES, _STAYS, lowest, lang, head)

    renamed(path, write)


def _responsible(rule: str, lang: str) -> str:
    return RESPONSIBLE[RULES[rule].responsible][lang == "en"]


def _findings(sheet: Any, frame: pl.DataFrame, n: int, lang: str, style: Any) -> None:
    words = _WORDS[lang]
    titles = [words.get(name) or (FINDINGS[name].zh if lang == "zh" else name) for name in _COLUMNS]
    _head(sheet, titles, list(_COLUMNS.values()), style)
    listed = frame.head(_SHEET_ROWS)
    shown = listed.with_columns(
        text=lang,
        level=pl.col("level").replace(words),
        responsible=pl.col("rule").replace({name: _responsible(name, lang) for name in RULES}),
    ).select(list(_COLUMNS))
    for at, row in enumerate(shown.iter_rows(), 1):
        sheet.write_row(at, 0, row)
    if n > len(listed):
        sheet.write_string(len(listed) + 1, 0, words["cut"].format(shown=len(listed), all=n))
    sheet.autofilter(0, 0, max(len(listed), 1), len(_COLUMNS) - 1)


def _head(sheet: Any, titles: list[str], widths: list[int], style: Any) -> None:
    for at, (title, width) in enumerate(zip(titles, widths, strict=True)):
        sheet.set_column(at, at, width)
        sheet.write_string(0, at, title, style)
    sheet.freeze_panes(1, 0)


def _counts(sheet: Any, counts: pl.DataFrame, lang: str, style: Any) -> None:
    words = _WORDS[lang]
    titles = [words[name] for name in ("rule", "level", "n", "responsible", "text")]
    _head(sheet, titles, [26, 8, 10, 18, 70], style)
    gravest = pl.col("level").replace_strict({level: i for i, level in enumerate(LEVELS)})
    ordered = counts.sort(gravest, "n", "rule", descending=[False, True, False])
    for at, (rule, level, n) in enumerate(ordered.select("rule", "level", "n").iter_rows(), 1):
        text = RULES[rule].texts()[lang == "en"]
        sheet.write_row(at, 0, [rule, words[level], n, _responsible(rule, lang), text])


def _rows(sheet: Any, table: Table, columns: dict[str, int], frame: pl.DataFrame, lang: str, style: Any) -> None:
    """Some columns of a table; hundredths of points and shares are written as people read them."""
    titles = [table[name].zh if lang == "zh" else name for name in columns]
    _head(sheet, titles, list(columns.values()), style)
    for at, row in enumerate(frame.select(list(columns)).iter_rows(named=True), 1):
        sheet.write_row(at, 0, [_cell(table, name, row[name], lang) for name in columns])
    sheet.autofilter(0, 0, max(frame.height, 1), len(columns) - 1)


def _cell(table: Table, name: str, value: Any, lang: str) -> Any:
    if name == "scope":
        return _WORDS[lang][value]
    if table[name].type == "ratio":
        return show_percent(value)
    return show_percent(value).rstrip("%") if table[name].unit.startswith("1/100 ") else value


def renamed(path: Path, write: Callable[[Path], object]) -> None:
    """Write under a temporary name in the same folder, then rename: a reader never sees half a file. One at a time:
    a second program that writes the same file is refused (ENGINE)."""
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    with locked(path, wait=_WAIT), drafted(path) as draft:
        write(draft)
