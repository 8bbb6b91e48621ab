"""Tables of a web page: what many programs export under the name of a workbook."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

from drgpay.steps.intake.textfiles import encoding_of

_STARTS = (b"<html", b"<!doctype html", b"<table", b"<head", b"<body", b"<meta", b"<style", b"<div")
_SPAN = 64
"""columns a cell may span"""


def is_page(start: bytes) -> bool:
    """Whether a file begins as a web page does."""
    plain = start.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    return plain.startswith(_STARTS) or (plain.startswith(b"<?xml") and b"<html" in plain[:2048])


class _Tables(HTMLParser):
    """The tables of a page, one after the other; a cell that spans columns fills its first."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tables: list[list[list[str]]] = []
        self._row: list[str] | None = None
        self._cell: list[str] | None = None
        self._span = 1

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self._end_row()
            self.tables.append([])
        elif tag == "tr":
            self._end_row()
            self._row = []
        elif tag in ("td", "th"):
            self._end_cell()
            self._row = [] if self._row is None else self._row
            said = dict(attrs).get("colspan") or "1"
            self._cell, self._span = [], min(int(said), _SPAN) if said.isascii() and said.isdigit() else 1
        elif tag == "br" and self._cell is not None:
            self._cell.append(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th"):
            self._end_cell()
        elif tag in ("tr", "table"):
            self._end_row()

    def handle_data(self, data: str) -> None:
        if self._cell is not None:
            self._cell.append(data)

    def _end_cell(self) -> None:
        if self._cell is not None and self._row is not None:
            self._row += [" ".join("".join(self._cell).split()), *[""] * (self._span - 1)]
        self._cell = None

    def _end_row(self) -> None:
        self._end_cell()
        if self._row and self.tables:
            self.tables[-1].append(self._row)
        self._row = None


def read_page(path: Path) -> list[list[list[str]]]:
    """The tables of a page as rows of text. Raises DrgpayError of kind DATA for an unknown encoding."""
    parser = _Tables()
    parser.feed(path.read_text(encoding=encoding_of(path)))
    parser.close()
    return [table for table in parser.tables if table]
