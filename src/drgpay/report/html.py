"""Pieces of the pages: texts in both languages, and figures that cannot end their script element."""

from __future__ import annotations

import json
from html import escape
from typing import Any

from drgpay.report.labels import Both


def both(text: Both) -> str:
    """A text in both languages; the style sheet shows one of them."""
    zh, en = escape(text.zh), escape(text.en)
    return zh if zh == en else f'<span class="zh" lang="zh">{zh}</span><span class="en" lang="en">{en}</span>'


def spoken(text: Both, *names: str) -> str:
    """Attributes in both languages; the script sets the one in use."""
    zh, en = escape(text.zh), escape(text.en)
    return "".join(f' {name}="{zh}"' for name in names) + f' data-zh="{zh}" data-en="{en}"'


def embedded(data: Any) -> str:
    """JSON that cannot end its script element."""
    text = json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
