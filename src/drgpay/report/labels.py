"""Words of the report in both languages: the catalogue labels.yaml beside the data dictionary's names."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from drgpay.errors import DrgpayError, Kind
from drgpay.tables import Table
from drgpay.words import in_word

LANGUAGES = ("zh", "en")


@dataclass(frozen=True)
class Both:
    """A text in both languages; ``text["zh"]`` or ``text["en"]``."""

    zh: str
    en: str

    def __getitem__(self, lang: str) -> str:
        return self.zh if lang == "zh" else self.en


@cache
def _catalogue() -> dict[str, Any]:
    catalogue: dict[str, Any] = yaml.safe_load((files(__package__) / "labels.yaml").read_text(encoding="utf-8"))
    return catalogue


@cache
def words() -> dict[str, Both]:
    """All words by key."""
    return {key: Both(*pair) for key, pair in _catalogue()["words"].items()}


def word(key: str) -> Both:
    """A word of the catalogue; a code it does not know (a local component, say) stands for itself."""
    if key in words():
        return words()[key]
    return Both(in_word(key, "zh"), in_word(key, "en"))


def column_words(name: str, table: Table | None) -> tuple[Both, Both]:
    """Heading and definition of a column. ``table`` is where the dictionary has it; None for a derived column.

    The catalogue adds what the dictionary lacks (a short English heading, a Chinese definition), and a column that
    the catalogue does not know is named by the dictionary alone.
    """
    own = _catalogue()["columns"].get(name, {})
    column = table[name] if table else None
    zh = own.get("zh") or (column.zh if column else name)
    en = own.get("en") or name.replace("_", " ").capitalize()
    en_note = own.get("en_note") or (column.en if column else en)
    return Both(zh, en), Both(own.get("zh_note") or zh, en_note)


def check_language(lang: str) -> None:
    """Fail with USAGE when ``lang`` is neither zh nor en."""
    if lang not in LANGUAGES:
        raise DrgpayError(
            Kind.USAGE,
            zh="没有这种语言",
            en="no such language",
            field="lang",
            value=lang,
            fix_zh="用 zh 或 en",
            fix_en="use zh or en",
        )
