"""What a browser shows of a page's last table: heads, rows, foot; each cell its text and where it leads."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

from drgpay_web.ui import w

UNITS = tuple(w("ui.in_yuan", lang) for lang in ("zh", "en"))


@dataclass
class Shown:
    heads: list[tuple[str, str]] = field(default_factory=list)
    rows: list[list[tuple[str, str]]] = field(default_factory=list)
    foot: list[str] = field(default_factory=list)

    def column(self, title: str) -> int:
        """Where the column of a title stands; the title is with its unit or without."""
        told = [text for text, _ in self.heads]
        return told.index(next((title + unit for unit in UNITS if title + unit in told), title))


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.shown, self.part, self.cell, self.link = Shown(), "", None, ""

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        if tag == "table":
            self.shown = Shown()
        elif tag in ("thead", "tbody", "tfoot"):
            self.part = tag
        elif tag == "tr" and self.part == "tbody":
            self.shown.rows.append([])
        elif tag in ("td", "th"):
            self.cell, self.link = "", ""
        elif tag == "a" and self.cell is not None:
            self.link = dict(attrs)["href"]

    def handle_data(self, data: str) -> None:
        if self.cell is not None:
            self.cell += data

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th") and self.cell is not None:
            text = self.cell.strip()
            if self.part == "thead":
                self.shown.heads.append((text.rstrip(" ↑↓"), self.link))
            elif self.part == "tfoot":
                self.shown.foot.append(text)
            else:
                self.shown.rows[-1].append((text, self.link))
            self.cell = None


def table_on(answer: Any) -> Shown:
    """The last table of a page; empty where there is none."""
    reader = _Reader()
    reader.feed(answer.content.decode())
    return reader.shown
