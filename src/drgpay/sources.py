"""What values and rules cite: documents by name, with title and clause in both languages (``data/sources.yaml``).

A source as it is written in data is one or more parts, parted by ``; ``. A part that begins with the name of a
document (``shanwei-2024 §4``) is shown by its title and clause; any other stands as it is written, and where it is
written ``Chinese / English`` each reader sees his own half. A clause of a value is written in the same way.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

import yaml

_CJK = re.compile(r"[\u3400-\u9fff]")
_JOIN = {"zh": "；", "en": "; "}


@dataclass(frozen=True)
class Document:
    """A source: its short name in both languages, and where it is a document its title, issuer and day."""

    id: str
    zh: str
    en: str
    title_zh: str = ""
    title_en: str = ""
    by_zh: str = ""
    by_en: str = ""
    date: str = ""


@cache
def documents() -> MappingProxyType[str, Document]:
    """Every source that shipped data cite, by name."""
    raw: dict[str, dict[str, Any]] = yaml.safe_load(
        (files("drgpay") / "data" / "sources.yaml").read_text(encoding="utf-8")
    )
    return MappingProxyType({name: _document(name, row) for name, row in raw.items()})


def _document(name: str, row: dict[str, Any]) -> Document:
    title, by = row.get("title", {}), row.get("by", {})
    return Document(
        name, row["zh"], row["en"], title.get("zh", ""), title.get("en", ""), by.get("zh", ""), by.get("en", ""),
        str(row.get("date", "")),
    )  # fmt: skip


def in_words(text: str, lang: str) -> str:
    """A source or clause as a reader of ``lang`` (zh or en) sees it. Text that names no known document stays."""
    return _JOIN[lang].join(_part(part, lang) for part in text.split("; ")) if text else ""


def cited(source: str, clause: str, lang: str) -> str:
    """A source and, when there is one, the clause's wording after it."""
    said, words = in_words(source, lang), in_words(clause, lang)
    return said + ((f"：{words}" if lang == "zh" else f": {words}") if words else "")


def known(text: str) -> bool:
    """Whether every part of a source is a name of :func:`documents` or is written in both languages."""
    return all(part.partition(" ")[0] in documents() or len(_halves(part)) == 2 for part in text.split("; "))


def _part(part: str, lang: str) -> str:
    name, _, clause = part.partition(" ")
    if found := documents().get(name):
        said = found.zh if lang == "zh" else found.en
        gap = "" if lang == "zh" and said.endswith(("》", "）")) else " "
        return said + (gap + clause if clause else "")
    halves = _halves(part)
    return halves[lang == "en"] if len(halves) == 2 else part


def _halves(part: str) -> list[str]:
    """``Chinese / English`` in two; one text when it is not written so."""
    first, slash, second = part.partition(" / ")
    return [first, second] if slash and _CJK.search(first) and not _CJK.search(second) else [part]
