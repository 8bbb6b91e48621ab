"""The one grammar of MDC conditions, ADRG rules and DRG splits: text in, a small frozen tree out.

Every reader of a rule (the integrity checks, the grouping kernel, the plain reference) reads this tree, so there
is one opinion of what a text means. Source: the grammar of the scheme tables ("Grammar of conditions, rules and
splits").
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Set
from dataclasses import dataclass
from functools import lru_cache
from string import ascii_lowercase
from typing import TypeVar

T = TypeVar("T")

SEVERITIES = ("none", "cc", "mcc")
"""Levels of severity; the position is the level's rank."""

_LEVELS = {
    "mcc": frozenset({2}),
    "cc": frozenset({1}),
    "mcc_or_cc": frozenset({1, 2}),
    "none": frozenset({0}),
    "no_mcc": frozenset({0, 1}),
}
FLAGS = ("icu", "bilateral")
NUMBERS = ("age", "age_days", "weight", "los")
_FAMILIES = (("pdx", "adx", "odx"), ("pproc", "proc"))


@dataclass(frozen=True)
class Const:
    """``true`` and ``always``."""

    value: bool


@dataclass(frozen=True)
class InList:
    """A reported code is in a list. ``kind`` says which reported codes are looked at, ``name`` which list."""

    kind: str
    name: str


@dataclass(frozen=True)
class Operation:
    """``pop`` (the principal procedure is an operation) or ``op`` (some procedure is)."""

    principal: bool


@dataclass(frozen=True)
class Compare:
    """``field`` (age, age_days, weight, los, sex) against a value; false when the field is missing."""

    field: str
    op: str
    value: int | str


@dataclass(frozen=True)
class Sites:
    """Diagnoses of the MDC table cover at least this many body sites (1 or 2)."""

    least: int


@dataclass(frozen=True)
class Severity:
    """The stay's severity rank is one of these."""

    levels: frozenset[int]


@dataclass(frozen=True)
class Flag:
    """A case flag: ``icu`` or ``bilateral``; false unless given."""

    name: str


@dataclass(frozen=True)
class Not:
    """The term does not hold."""

    term: Expr


@dataclass(frozen=True)
class And:
    """All terms hold."""

    terms: tuple[Expr, ...]


@dataclass(frozen=True)
class Or:
    """Some term holds."""

    terms: tuple[Expr, ...]


Atom = InList | Operation | Compare | Sites | Severity | Flag
Expr = Const | Not | And | Or | Atom


class RuleError(ValueError):
    """A text that the grammar does not allow; says what was read and where. Made into a scheme failure above."""


_TOKEN = re.compile(
    r"\s*(?:(?P<word>[a-z_]+\d*)(?:\s*(?P<cmp>==|<=|>=|<|>)\s*(?P<value>\d+|[a-z]+))?|(?P<mark>[!&|()]))"
)
_LIST = re.compile(r"(pdx|adx|odx|pproc|proc)\d*")

_ALLOWED: dict[str, tuple[type, ...]] = {
    "condition": (InList, Operation, Compare, Sites, Flag),
    "rule": (InList, Operation, Compare, Flag),
    "split": (InList, Operation, Compare, Severity, Flag),
}


@lru_cache(maxsize=4096)
def parse(text: str, place: str) -> Expr:
    """Parse ``text``; ``place`` is ``condition`` (of an MDC), ``rule`` (of an ADRG) or ``split`` (of a DRG).

    An empty condition means ``pdx``. Raises :class:`RuleError` for anything the grammar or the place forbids.
    """
    if place == "condition" and not text.strip():
        return InList("pdx", "pdx")
    tokens: list[re.Match[str]] = []
    at = 0
    while text[at:].strip():
        match = _TOKEN.match(text, at)
        if match is None:
            raise RuleError(f"cannot read «{text[at:].strip()}» in «{text}»")
        tokens.append(match)
        at = match.end()
    expr, rest = _either(tokens, 0, text)
    if rest != len(tokens):
        raise RuleError(f"«{tokens[rest].group().strip()}» is one too many in «{text}»")
    for atom in atoms(expr):
        if not isinstance(atom, _ALLOWED[place]):
            raise RuleError(f"«{describe(atom)}» may not stand in a {place}: «{text}»")
        if place == "condition" and isinstance(atom, InList) and atom.name not in ("pdx", "adx", "odx"):
            raise RuleError(f"a condition knows pdx, adx and odx only, not «{atom.name}»: «{text}»")
    return expr


def _mark(tokens: list[re.Match[str]], at: int) -> str | None:
    mark: str | None = tokens[at]["mark"] if at < len(tokens) else None
    return mark


def _either(tokens: list[re.Match[str]], at: int, text: str) -> tuple[Expr, int]:
    first, at = _both(tokens, at, text)
    terms = [first]
    while _mark(tokens, at) == "|":
        term, at = _both(tokens, at + 1, text)
        terms.append(term)
    return (terms[0] if len(terms) == 1 else Or(tuple(terms))), at


def _both(tokens: list[re.Match[str]], at: int, text: str) -> tuple[Expr, int]:
    first, at = _single(tokens, at, text)
    terms = [first]
    while _mark(tokens, at) == "&":
        term, at = _single(tokens, at + 1, text)
        terms.append(term)
    return (terms[0] if len(terms) == 1 else And(tuple(terms))), at


def _single(tokens: list[re.Match[str]], at: int, text: str) -> tuple[Expr, int]:
    mark = _mark(tokens, at)
    if mark == "!":
        term, at = _single(tokens, at + 1, text)
        return Not(term), at
    if mark == "(":
        term, at = _either(tokens, at + 1, text)
        if _mark(tokens, at) != ")":
            raise RuleError(f"a bracket is not closed in «{text}»")
        return term, at + 1
    if at >= len(tokens) or mark is not None:
        raise RuleError(f"something is missing in «{text}»")
    return _atom(tokens[at], text), at + 1


def _atom(token: re.Match[str], text: str) -> Expr:
    word, cmp, value = token["word"], token["cmp"], token["value"]
    if cmp is not None:
        if word in NUMBERS and value.isdigit():
            return Compare(word, cmp, int(value))
        if word == "sex" and cmp == "==" and value in ("male", "female"):
            return Compare(word, cmp, value)
        if word == "sites" and cmp == ">=" and value in ("1", "2"):
            return Sites(int(value))
        raise RuleError(f"this comparison is not known: «{token.group().strip()}» in «{text}»")
    if word in ("true", "always"):
        return Const(True)
    if word in ("op", "pop"):
        return Operation(principal=word == "pop")
    if word in _LEVELS:
        return Severity(_LEVELS[word])
    if word in FLAGS:
        return Flag(word)
    found = _LIST.fullmatch(word)
    if found:
        return InList(found[1], word)
    raise RuleError(f"«{word}» is not a word of the grammar in «{text}»")


def atoms(expr: Expr) -> Iterator[Atom]:
    """Every atom of the tree, left to right, with repeats."""
    if isinstance(expr, And | Or):
        for term in expr.terms:
            yield from atoms(term)
    elif isinstance(expr, Not):
        yield from atoms(expr.term)
    elif not isinstance(expr, Const):
        yield expr


def lists(expr: Expr) -> frozenset[str]:
    """Names of the lists the tree looks at."""
    return frozenset(a.name for a in atoms(expr) if isinstance(a, InList))


def fold(
    expr: Expr,
    leaf: Callable[[Const | Atom], T],
    negate: Callable[[T], T],
    both: Callable[[T, T], T],
    either: Callable[[T, T], T],
) -> T:
    """Evaluate the tree in any algebra: ``leaf`` values an atom or a constant, the others combine values."""
    if isinstance(expr, Not):
        return negate(fold(expr.term, leaf, negate, both, either))
    if isinstance(expr, And | Or):
        join = both if isinstance(expr, And) else either
        values = [fold(term, leaf, negate, both, either) for term in expr.terms]
        result = values[0]
        for value in values[1:]:
            result = join(result, value)
        return result
    return leaf(expr)


def change_lists(expr: Expr, change: Callable[[InList], InList]) -> Expr:
    """The same tree with every list atom changed."""

    def leaf(atom: Const | Atom) -> Expr:
        return change(atom) if isinstance(atom, InList) else atom

    return fold(expr, leaf, Not, lambda a, b: And((a, b)), lambda a, b: Or((a, b)))


def reread_lists(expr: Expr, present: Set[str]) -> Expr:
    """For a replacement rule: a list that is absent is the one of the same number that the base rule reads.

    ``adx`` in place of a base rule ``pdx`` means: the list ``pdx``, looked for among all diagnoses.
    """

    def change(atom: InList) -> InList:
        if atom.name in present:
            return atom
        number = atom.name.removeprefix(atom.kind)
        family = next(those for those in _FAMILIES if atom.kind in those)
        found = [kind + number for kind in family if kind + number in present]
        return InList(atom.kind, found[0]) if len(found) == 1 else atom

    return change_lists(expr, change)


def describe(atom: Const | Atom) -> str:
    """The atom as it is written in a rule."""
    match atom:
        case Const():
            return "true"
        case InList(kind=kind, name=name):
            return kind + name.lstrip(ascii_lowercase)
        case Operation(principal=principal):
            return "pop" if principal else "op"
        case Compare(field=field, op=op, value=value):
            return f"{field}{op}{value}"
        case Sites(least=least):
            return f"sites>={least}"
        case Flag(name=name):
            return name
        case Severity(levels=levels):
            return next(word for word, those in _LEVELS.items() if those == levels)
