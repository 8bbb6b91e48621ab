"""Figures of a page and their ways to how they are computed."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any


class Figures(HTMLParser):
    """The parts of a page (sections, panels of a table, tiles) that show figures, and whether each of them has a link
    of its own: to how it is computed, or from every figure of it to where it comes from."""

    def __init__(self) -> None:
        super().__init__()
        self.stack: list[dict[str, Any]] = []
        self.bare: list[str] = []
        self.parts = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        its = dict(attrs)
        classes = (its.get("class") or "").split()
        if tag in ("main", "section", "div", "td", "dl", "details", "nav", "aside", "form"):
            own = tag in ("main", "section") or "tile" in classes or ("panel" in classes and "flush" in classes)
            cell = tag == "td" and "number" in classes
            self.stack.append({"tag": tag, "own": own, "cell": cell, "text": "", "n": 0, "link": False, "how": False})
            if "tile" in classes:
                self.stack[-1]["n"] = 1
        if tag == "a" and self.stack:
            how = "how" in classes
            for one in reversed(self.stack):
                one["link"] = True
                one["how"] |= how
                if one["own"]:
                    break

    def handle_data(self, data: str) -> None:
        if self.stack:
            self.stack[-1]["text"] += data.strip()

    def handle_endtag(self, tag: str) -> None:
        if not self.stack or self.stack[-1]["tag"] != tag:
            return
        one = self.stack.pop()
        outer = next((o for o in reversed(self.stack) if o["own"]), None)
        if one["cell"] and re.search(r"\d", one["text"]) and not one["link"] and outer is not None:
            outer["n"] += 1
        if one["own"] and one["n"]:
            self.parts += 1
            if not one["how"]:
                self.bare.append(one["text"][:60])


def figures(text: str) -> Figures:
    """The parts of a page with figures."""
    seen = Figures()
    seen.feed(text)
    return seen
