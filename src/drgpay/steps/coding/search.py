"""From a phrase to codes of the insurer's edition, with scores and why: by likeness of words, never by money."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

import numpy as np
import numpy.typing as npt

from drgpay.scheme import load_codes, load_crosswalk
from drgpay.steps.coding.index import WHOLE, Index, build
from drgpay.steps.coding.vocabulary import KINDS, Vocabulary, holds, initials, normal, vocabulary

Ints = npt.NDArray[np.int64]

DICTIONARIES = {"dx": ("icd10-nhsa-2.0", "icd10-nhsa-1.0"), "proc": ("icd9cm3-nhsa-2.0", "icd9cm3-nhsa-1.0")}
"""kind -> the dictionary whose codes are given, and the older one whose names lead there"""
_ACROSS = {"dx": "icd10-nhsa-1.0-to-nhsa-2.0", "proc": "icd9cm3-nhsa-1.0-to-nhsa-2.0"}
_OTHER_SIDE, _NO_SIDE = 1_500, 100
_POOL = 200

BY = {
    "name": ("名称相同", "the name itself"),
    "older": ("旧版名称相同", "the name of the older edition"),
    "likeness": ("名称相近", "like the name"),
    "meaning": ("按含义“{}”", "taken as «{}»"),
    "initials": ("拼音首字母", "initials of the pinyin"),
    "code": ("编码", "the code"),
}
"""why a code is offered"""


@dataclass(frozen=True)
class Candidate:
    """A code offered for a phrase: ``score`` of 10,000, ``why`` in Chinese and English; ``gray`` codes stand in the
    dictionary and may not be reported."""

    code: str
    name: str
    kind: str
    score: int
    why: tuple[str, str]
    gray: bool = False


@dataclass(frozen=True)
class Searcher:
    """The names of a kind, indexed. One object serves all threads."""

    kind: str
    codes: Sequence[str] = field(repr=False)
    """code of every indexed name"""
    names: Sequence[str] = field(repr=False)
    plain: Sequence[str] = field(repr=False)
    older: npt.NDArray[np.bool_] = field(repr=False)
    gray: frozenset[str] = field(repr=False)
    shown: Mapping[str, str] = field(repr=False)
    """code -> its name in the insurer's edition in force"""
    index: Index = field(repr=False)
    exact: Mapping[str, tuple[int, ...]] = field(repr=False)

    def search(self, text: str, limit: int = 5, *, gray: bool = False) -> list[Candidate]:
        """The codes whose names are most like the text, the likest first; no more than ``limit``. Codes that may not
        be reported are left out unless ``gray``."""
        plain = normal(text)
        if not plain:
            return []
        best: dict[str, Candidate] = {}
        for said, why in self._readings(plain):
            for at, score in self._likest(said):
                code = self.codes[at]
                if (code in self.gray and not gray) or (code in best and best[code].score >= score):
                    continue
                best[code] = self._candidate(at, score, said, why)
        if plain.isascii() and plain.isalpha():
            for at, score in self._by_initials(plain):
                code = self.codes[at]
                if code not in best or best[code].score < score:
                    best[code] = self._offered(code, score, "initials")
        ranked = sorted(best.values(), key=lambda c: (-c.score, len(c.name), c.code))
        return [one for one in ranked if gray or not one.gray][:limit]

    def _readings(self, plain: str) -> list[tuple[str, str]]:
        """The text, and what it means with abbreviations and other spellings put right: (text, meaning named)."""
        words = vocabulary()
        found = {plain: ""}
        for meaning in words.abbreviations:
            if meaning.kind in ("", self.kind) and holds(plain, meaning.said):
                means = plain.replace(meaning.said, meaning.means)
                found.setdefault(means, meaning.means)
                if plain == meaning.said:
                    return [(meaning.means, meaning.means), *self._spelled(words, found, plain)]
                break  # the longest one
        return self._spelled(words, found, "")

    def _spelled(self, words: Vocabulary, found: dict[str, str], without: str) -> list[tuple[str, str]]:
        for said, named in list(found.items()):
            other = said
            for meaning in words.words:
                if meaning.said != meaning.means and holds(other, meaning.said) and meaning.means not in other:
                    other = other.replace(meaning.said, meaning.means)
            if other != said:
                found.setdefault(other, named or other)
        return [(said, named) for said, named in found.items() if said != without]

    def _likest(self, plain: str) -> list[tuple[int, int]]:
        scores = self.index.scores(plain)
        scores = scores - self._side_penalty(plain, scores)
        top = np.argpartition(-scores, min(_POOL, len(scores) - 1))[:_POOL]
        common = _Common(plain)
        found = [(at, (score + 2 * common.share(self.plain[at])) // 3)
                 for at, score in zip(top.tolist(), scores[top].tolist(), strict=True) if score > 0]  # fmt: skip
        return found + [(at, WHOLE) for at in self.exact.get(plain, ())]

    def _side_penalty(self, plain: str, scores: Ints) -> Ints:
        """A name of the other side is no name of this one."""
        side = side_of(plain)
        penalty = np.zeros(len(scores), np.int64)
        if side:
            top = np.argpartition(-scores, min(_POOL, len(scores) - 1))[:_POOL]
            for at in top.tolist():
                its = side_of(self.plain[at])
                penalty[at] = 0 if its == side else _OTHER_SIDE if its else _NO_SIDE
        return penalty

    def _by_initials(self, letters: str) -> list[tuple[int, int]]:
        """Names with these initials, and those that have them inside: the shorter, the likelier."""
        found = []
        for at, its in enumerate(self._initials):
            if its == letters:
                found.append((at, _INITIALS))
            elif len(letters) >= _SHORTEST and letters in its:
                found.append((at, _INITIALS * len(letters) // len(its)))
        return found

    @cached_property
    def _initials(self) -> list[str]:
        return [initials(name) for name in self.plain]

    def _candidate(self, at: int, score: int, said: str, meaning: str) -> Candidate:
        by = "likeness"
        if self.plain[at] == said:
            by = "older" if self.older[at] else "name"
        one = self._offered(self.codes[at], score, by)
        if not meaning:
            return one
        zh, en = (text.format(meaning) for text in BY["meaning"])
        return Candidate(
            one.code, one.name, one.kind, score, (f"{zh}，{one.why[0]}", f"{en}, {one.why[1]}"), one.gray
        )

    def _offered(self, code: str, score: int, by: str) -> Candidate:
        return Candidate(code, self.shown.get(code, ""), self.kind, score, BY[by], code in self.gray)


_INITIALS = 9_000
_SHORTEST = 3
"""letters from which initials may stand inside those of a name"""


class _Common:
    """How much of a text and a name is common to both, in order: 2 × their longest common subsequence ÷ both lengths.
    Bit-parallel: bit ``i`` of the state is 0 where the subsequence grew at sign ``i`` of the text."""

    def __init__(self, text: str) -> None:
        self._length = len(text)
        self._masks: dict[str, int] = {}
        for at, char in enumerate(text):
            self._masks[char] = self._masks.get(char, 0) | 1 << at

    def share(self, name: str) -> int:
        """Of :data:`WHOLE`."""
        every = (1 << self._length) - 1
        state = every
        for char in name:
            grown = state & self._masks.get(char, 0)
            state = (state + grown) | (state - grown)
        common = self._length - (state & every).bit_count()
        return 2 * WHOLE * common // max(self._length + len(name), 1)


def side_of(text: str) -> str:
    """left, right, both or "" where a text names no side."""
    sides = vocabulary().sides
    here = {name for name, words in sides.items() if any(word in text for word in words)}
    if "both" in here or {"left", "right"} <= here:
        return "both"
    return next(iter(here), "")


def make_searcher(kind: str, without: Iterable[str] = ()) -> Searcher:
    """A searcher over the insurer's edition in force and the names of the older one that lead to its codes.
    ``without``: codes of the older edition whose names are left out, so that they can be asked for in a test."""
    if kind not in KINDS:
        raise ValueError(f"kind is one of {KINDS}")
    now, before = (load_codes(name) for name in DICTIONARIES[kind])
    left_out = frozenset(without)
    rows = [(code, name, False) for code, name in now.names.items()]
    across = load_crosswalk(_ACROSS[kind])
    known = {(code, normal(name)) for code, name, _ in rows}
    for code, name in before.names.items():
        to = across.get(code)
        if to is not None and to in now.names and code not in left_out and (to, normal(name)) not in known:
            rows.append((to, name, True))
    plain = [normal(name) for _, name, _ in rows]
    exact: dict[str, list[int]] = {}
    for at, name in enumerate(plain):
        exact.setdefault(name, []).append(at)
    return Searcher(
        kind,
        [code for code, _, _ in rows],
        [name for _, name, _ in rows],
        plain,
        np.array([older for *_, older in rows], bool),
        now.gray,
        now.names,
        build(plain, dict(vocabulary().pinyin)),
        {name: tuple(at) for name, at in exact.items()},
    )


@lru_cache(maxsize=2)
def searcher(kind: str) -> Searcher:
    """The searcher of a kind (dx, proc), made once per process."""
    return make_searcher(kind)
