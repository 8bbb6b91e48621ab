"""What a reader sees of a workbook, page or screen, and the words in it that are not of his language."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import openpyxl

ALLOWED = frozenset(
    {
        "DRG", "DRGs", "CHS", "ADRG", "MDC", "CMI", "ICD", "MCC", "FTE", "CSV", "XLSX", "YAML", "HTML", "JSON",
        "Excel", "Word", "PowerPoint", "JavaScript", "drgpay", "OASIS", "ZJ", "BJ", "English", "SUBTOTAL",
        "NHSA", "XML", "PDF",
    }
)  # fmt: skip
"""names that are the same in both languages"""
_WORD = re.compile(r"[A-Za-z][A-Za-z_]*[A-Za-z]{2}|[A-Za-z]{3,}")
_NAMES = re.compile(
    r"[A-Za-z]*\d[\w.|:/+-]*"  # codes, ids, digests
    r"|\b[A-Z]{1,3}QY\b|\b[0-9a-f]{12,}\b"
    r"|\bchs-drg[\w.-]*|\b(?:zj|bj)-drg[\w.-]*"
    r"|\bdrgpay(?: [\w-]+)*|--[\w-]+"  # commands
    r"|[\w.-]+\.(?:csv|xlsx|html|json|yaml|parquet|jsonl)\b|/[\w./-]+"
)
CJK = re.compile(r"[\u3400-\u9fff]+")


def english_in(text: str, *, names: frozenset[str] = frozenset()) -> list[str]:
    """English words of three letters or more in Chinese text; codes, ids, files and commands are none."""
    return [w for w in _WORD.findall(_NAMES.sub(" ", text)) if w not in ALLOWED and w not in names]


def chinese_in(text: str, names: frozenset[str]) -> list[str]:
    """Chinese in English text, but for the given names of groups, institutions and people."""
    return [found for found in CJK.findall(text) if found not in names]


def cells(workbook: Path) -> dict[str, str]:
    """Sheet names and text cells of a workbook by their place."""
    book = openpyxl.load_workbook(workbook)
    found = {f"{workbook.name} sheets": " ".join(book.sheetnames)}
    for sheet in book:
        for row in sheet.iter_rows():
            for cell in row:
                if isinstance(cell.value, str) and cell.data_type != "f":
                    found[f"{workbook.name} {sheet.title}!{cell.coordinate}"] = cell.value
    return found


class _Seen(HTMLParser):
    def __init__(self, lang: str) -> None:
        super().__init__()
        self.other = "en" if lang == "zh" else "zh"
        self.stack: list[bool] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("meta", "link", "br", "input", "img", "hr", "col"):
            return
        classes = (dict(attrs).get("class") or "").split()
        self.stack.append(tag in ("script", "style") or self.other in classes or dict(attrs).get("id") == "language")

    def handle_endtag(self, tag: str) -> None:
        if self.stack and tag not in ("meta", "link", "br", "input", "img", "hr", "col"):
            self.stack.pop()

    def handle_data(self, data: str) -> None:
        if not any(self.stack) and data.strip():
            self.texts.append(data)


def page(file: Path, lang: str) -> list[str]:
    """The texts a reader of one language sees on a page."""
    seen = _Seen(lang)
    seen.feed(file.read_text(encoding="utf-8"))
    return seen.texts
