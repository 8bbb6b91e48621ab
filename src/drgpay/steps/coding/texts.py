"""Phrases of a record: split, and read as said plainly, of earlier times, denied, or in doubt."""

from __future__ import annotations

import re
from dataclasses import dataclass

from drgpay.steps.coding.search import searcher, side_of
from drgpay.steps.coding.vocabulary import normal, vocabulary

_CLAUSES = re.compile(r"[。；;\n\r，,|]+")
_ITEMS = re.compile(r"[、/]+|(?<=.)(?:以及|及|和|伴有|伴|并)(?=..)")
_NUMBER = re.compile(r"^\s*(?:[（(]?\d{1,2}[)）.、:：]|[①-⑳]|[-*•])\s*(?!\d)")
_SIZES = r"(?!\s*\d+(?:\.\d+)?\s*(?:cm|mm|ml|mg|kg|g|×|x|\*|年|月|天|日|小时))"
_NUMBERS = re.compile(rf"(?:(?<=[\s。；;，,、])|^)\s*(?:[（(]?\d{{1,2}}[)）.．、]{_SIZES})|[①-⑳]", re.I)
_LONGEST = 60
_ILLNESS = "病史"
READINGS = {"negation": "negated", "history": "history", "doubt": "doubtful"}


@dataclass(frozen=True)
class Phrase:
    """A phrase without its cue, how it is meant (plain, history, negated, doubtful), and the side it names."""

    text: str
    reading: str
    side: str


def phrases(text: str) -> list[Phrase]:
    """The phrases of a text in order. A cue holds for the list it opens: 否认高血压、糖尿病 denies both."""
    found: list[Phrase] = []
    for clause in _CLAUSES.split(_NUMBERS.sub("；", text)):
        found += _clause(_NUMBER.sub("", clause).strip())
    return found


def _clause(clause: str) -> list[Phrase]:
    if not clause:
        return []
    if _known(clause):
        return [_phrase(clause, "plain")]
    ahead, rest = _before(clause)
    items = [item.strip() for item in _ITEMS.split(rest) if item and item.strip()]
    behind = ""
    if items:
        behind, items[-1] = _after(items[-1])
    # what stands behind a list holds for all of it: 高血压、糖尿病病史
    reading = ahead or behind or "plain"
    return [_phrase(item, reading) for item in items if normal(item)]


def _phrase(item: str, reading: str) -> Phrase:
    own, text = _before(item) if reading == "plain" and not _known(item) else ("", item)
    return Phrase(text[:_LONGEST], own or reading, side_of(normal(text)))


def _known(text: str) -> bool:
    """The text is a name of the dictionaries as it stands (无脾综合征, 胆囊结石伴急性胆囊炎)."""
    plain = normal(text)
    return any(plain in searcher(kind).exact for kind in ("dx", "proc"))


def _said(text: str) -> bool:
    """The text is a name, an abbreviation, or what the end of a name may be."""
    plain = normal(text)
    return _known(text) or any(plain == one.said for one in vocabulary().abbreviations)


def _before(text: str) -> tuple[str, str]:
    """(reading, the text without the cue it begins with)."""
    for name, (words, _) in vocabulary().cues.items():
        for word in words:
            if text.startswith(word) and len(text) > len(word):
                _, rest = _before(text[len(word) :].lstrip(" ：:有患"))
                return READINGS[name], rest
    return "", text


def _after(text: str) -> tuple[str, str]:
    for name, (_, words) in vocabulary().cues.items():
        for word in words:
            if text.endswith(word) and len(text) > len(word):
                rest = text[: -len(word)].rstrip(" ：:(（")
                if word == _ILLNESS and _said(f"{rest}{word[0]}"):
                    rest += word[0]  # 糖尿病史 is a history of 糖尿病, 脑梗病史 one of 脑梗
                return READINGS[name], rest
    return "", text
