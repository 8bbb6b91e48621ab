"""The guide of a role (``docs/office``), part by part, in the reader's language."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from django.utils.safestring import SafeString
from markdown_it import MarkdownIt

from drgpay_web.people import Role

_HERE = Path(__file__).parent / "guides"
"""where a wheel has the guides; a checkout has them in its documents"""
_FOLDER = _HERE if _HERE.is_dir() else Path(__file__).parents[3] / "docs" / "office"
_HAN = re.compile("[\u3400-\u9fff]")
_BOLD = re.compile(r"\*\*(.+?)\*\*")
_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable("table")


@dataclass(frozen=True)
class Part:
    """A part of a guide: the names of the pages it is about, its text, and its anchor."""

    id: str
    heads: tuple[str, ...]
    text: str

    @property
    def html(self) -> SafeString:
        """The text as the page shows it: our own document, in which no HTML is let through."""
        return SafeString(_MARKDOWN.render(self.text))


def guide(role: Role, lang: str) -> tuple[Part, ...]:
    """The parts of a role's guide in a language, in their order; without pictures and links to other documents."""
    return _parts(next(_FOLDER.glob(f"{role.value.lower()}-*.md")), lang)


def pages(lang: str) -> tuple[Part, ...]:
    """A part about each page, alike for everybody."""
    return _parts(_FOLDER / "pages.md", lang)


@cache
def _parts(path: Path, lang: str) -> tuple[Part, ...]:
    blocks = (block.strip() for block in re.split(r"\n(?=- )|\n\s*\n", path.read_text(encoding="utf-8")))
    own = [one for one in blocks if one and not one.startswith(("#", "![", "[", "|")) and _is_in(one, lang)]
    return tuple(
        Part(f"p{number}", tuple(_BOLD.findall(block)), block.removeprefix("- "))
        for number, block in enumerate(own, 1)
    )


def _is_in(block: str, lang: str) -> bool:
    """Chinese where what is not in bold or brackets is."""
    plain = re.sub(r"\*\*.+?\*\*|`.*?`|[（(].*?[）)]", "", block)
    return (len(_HAN.findall(plain)) * 5 > len(plain)) == (lang == "zh")


def about(role: Role, title: str, lang: str) -> list[Part]:
    """What there is about a page: in a sentence, and the parts of the role's guide that name it at their head."""
    return [one for one in (*pages(lang), *guide(role, lang)) if title.lower() in _names(one)]


def _names(part: Part) -> set[str]:
    return {name.strip().lower() for head in part.heads for name in re.split("[、，,：:→]", head)}
