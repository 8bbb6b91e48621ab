"""Words of doctors as data: abbreviations, other spellings, cues of negation, history and doubt, sides, pinyin."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from typing import Any

import yaml

KINDS = ("dx", "proc")
_LATIN = re.compile(r"[a-z0-9]")
_NOISE = re.compile(r"[\s,，。;；:：、/\\|\-—_·.．'\"“”‘’()（）\[\]【】{}<>《》*#+?？!！]")


@dataclass(frozen=True)
class Meaning:
    """What a word of doctors means, in the words of the dictionaries; ``kind``: dx, proc, or "" for both."""

    said: str
    means: str
    kind: str = ""


@dataclass(frozen=True)
class Vocabulary:
    """The words, longest first."""

    abbreviations: tuple[Meaning, ...]
    words: tuple[Meaning, ...]
    cues: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]
    """negation, history, doubt -> words before, words after"""
    sides: Mapping[str, tuple[str, ...]]
    pinyin: Mapping[str, str] = field(repr=False)
    """character -> toneless syllable"""


def normal(text: str) -> str:
    """A name in the form in which two are compared: NFKC, lower case, no blanks and no signs."""
    return _NOISE.sub("", unicodedata.normalize("NFKC", text).lower())


def _read(name: str) -> Any:
    text = files("drgpay").joinpath("data", "coding", f"{name}.yaml").read_text(encoding="utf-8")
    return yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def _longest(words: list[str]) -> tuple[str, ...]:
    return tuple(sorted(words, key=lambda word: (-len(word), word)))


def _meanings(rows: list[dict[str, Any]]) -> tuple[Meaning, ...]:
    found = [Meaning(normal(said), normal(row["means"]), row.get("kind", "")) for row in rows for said in row["say"]]
    return tuple(sorted(found, key=lambda one: (-len(one.said), one.said, one.means)))


@lru_cache(maxsize=1)
def vocabulary() -> Vocabulary:
    """The shipped words; read once."""
    terms = _read("terms")
    pinyin = {char: syllable for syllable, chars in _read("pinyin").items() for char in str(chars)}
    cues = {
        name: (_longest(terms[name]["before"]), _longest(terms[name]["after"]))
        for name in ("doubt", "negation", "history")
    }
    sides = {name: _longest(words) for name, words in terms["sides"].items()}
    return Vocabulary(_meanings(terms["abbreviations"]), _meanings(terms["words"]), cues, sides, pinyin)


def holds(text: str, word: str) -> bool:
    """Whether a text has a word; one in Latin letters only where no other letter or digit touches it."""
    at = text.find(word)
    while at >= 0:
        end = at + len(word)
        before, after = text[at - 1 : at], text[end : end + 1]
        touched = (_LATIN.match(word[0]) and _LATIN.match(before)) or (_LATIN.match(word[-1]) and _LATIN.match(after))
        if not touched:
            return True
        at = text.find(word, at + 1)
    return False


def initials(name: str) -> str:
    """First letters of the pinyin of a name; letters and digits stand for themselves."""
    table = vocabulary().pinyin
    return "".join(char if _LATIN.match(char) else table.get(char, "")[:1] for char in normal(name))
