"""All texts of the office, from ``words.yaml`` of each room: ``room.key`` in Chinese and English.

``w(key, lang, **values)`` fills ``{name}`` marks. Words of the field (columns, tables, coded values) come from
``drgpay``: ``field_word`` gives them.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from types import MappingProxyType

from drgpay.words import in_word
from drgpay_web.ui.parts import parsed

LANGUAGES = ("zh", "en")


@cache
def words() -> MappingProxyType[str, dict[str, str]]:
    """Every key with its texts by language."""
    found: dict[str, dict[str, str]] = {}
    for room in sorted(files("drgpay_web").iterdir(), key=lambda place: place.name):
        place = room / "words.yaml"
        if room.is_dir() and place.is_file():
            said: dict[str, dict[str, str]] = parsed(place.read_text(encoding="utf-8")) or {}
            found |= {f"{room.name}.{key}": texts for key, texts in said.items()}
    return MappingProxyType(found)


def w(key: str, lang: str, /, **values: object) -> str:
    """The text of ``key`` in ``lang`` (zh or en). An unknown key is a defect and raises KeyError."""
    text = words()[key][lang]
    return text.format(**values) if values else text


def field_word(code: str, lang: str) -> str:
    """A coded value of the field (level, scheme, class, status) in words."""
    return in_word(code, lang)


def lang_of(request: object) -> str:
    """The reader's language of a request."""
    return str(getattr(request, "lang", "zh"))
