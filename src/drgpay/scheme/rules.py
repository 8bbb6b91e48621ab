"""The one grammar of MDC conditions, ADRG rules and DRG splits: text in, a small frozen tree out.

Every reader of a rule (the integrity checks, the grouping kernel, the plain reference) reads this tree, so there
is one opinion of what a text means. Source: the grammar of the scheme tables ("Grammar of conditions, rules and
splits").
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Set
from dataclasses import dataclass, replace
from functools import lru_cache
from string import ascii_lowercase
from typing import TypeVar

T = TypeVar("T")

SEVERITIES = ("none", "cc", "mcc")
"""Levels of severity; the position is the level's rank."""

_LEVELS = {
    "mcc": frozenset({2, 3}),
    "cc": frozenset({1}),
    "mcc_or_cc": frozenset({1, 2, 3}),
    "none": frozenset({0}),
    "no_mcc": frozenset({0, 1}),
    "any_cc": frozenset({1, 3}),
}
STANDINGS = ("none", "cc", "mcc", "mcc with cc")
"""What the complications of a stay that count are; the position is made of the bits 1 (some CC) and 2 (some MCC)."""

FLAGS = ("icu", "bilateral")
NUMBERS = ("age", "age_days", "weight", "admission_weight", "los")
"""``weight`` is the one at birth"""
_FAMILIES = (("pdx", "adx", "odx"), ("pproc", "proc", "oproc"))
MANY = ("adx", "odx", "proc", "oproc")
"""kinds of lists that look at several reported codes"""


@dataclass(frozen=True)
class Const:
    """``true`` and ``always``."""

    value: bool


@dataclass(frozen=True)
class InList:
    """A reported code is in a list. ``kind`` says which reported codes are looked at, ``name`` which list.

    ``least`` different codes of the list must be among them.
    """

    kind: str
    name: str
    least: int = 1


@dataclass(frozen=True)
class Operation:
    """``pop`` (the principal procedure is an operation) or ``op`` (some procedure is)."""

    principal: bool


@dataclass(frozen=True)
class Compare:
    """``field`` (one of ``NUMBERS``, or sex) against a value; false when the field is missing."""

    field: str
    op: str
    value: int | str


@dataclass(frozen=True)
class Sites:
    """Diagnoses of the MDC table cover at least this many body sites (1 or 2)."""

    least: int


@dataclass(frozen=True)
class Severity:
    """The stay's standing (position in ``STANDINGS``) is one of these."""

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
_LIST = re.compile(r"(pdx|adx|odx|pproc|proc|oproc)\d*")

_ALLOWED: dict[str, tuple[type, ...]] = {
    "condition": (InList, Operation, Compare, Sites, Flag),
    "rule": (InList, Operation, Compare, Severity, Flag),
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
    found = _LIST.fullmatch(word)
    if cmp is not None:
        if found and found[1] in MANY and cmp == ">=" and value.isdigit() and int(value) > 0:
            return InList(found[1], word, int(value))
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
        return replace(atom, name=found[0]) if len(found) == 1 else atom

    return change_lists(expr, change)


def describe(atom: Const | Atom) -> str:
    """The atom as it is written in a rule."""
    match atom:
        case Const():
            return "true"
        case InList(kind=kind, name=name, least=least):
            return kind + name.lstrip(ascii_lowercase) + (f">={least}" if least > 1 else "")
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


def show(expr: Expr) -> str:
    """The tree as a text that :func:`parse` reads as the same tree."""
    match expr:
        case And(terms=terms):
            return " & ".join(_inside(term) for term in terms)
        case Or(terms=terms):
            return " | ".join(_inside(term) for term in terms)
        case Not(term=term):
            return f"!{_inside(term)}"
        case _:
            return describe(expr)


def show_split(expr: Expr) -> str:
    """The tree as a split is written: ``always`` where nothing is asked."""
    return "always" if expr == Const(True) else show(expr)


def _inside(expr: Expr) -> str:
    return f"({show(expr)})" if isinstance(expr, And | Or) else show(expr)


def plainest(expr: Expr) -> Expr:
    """A tree of severities only in the fewest words the grammar has for it; any other tree as it is."""
    if any(not isinstance(atom, Severity) for atom in atoms(expr)):
        return expr
    return severity(frozenset(s for s in range(len(STANDINGS)) if holds_for(expr, s)))


def severity(levels: frozenset[int]) -> Expr:
    """The tree that holds for these standings: one word or two, where there are such, else each standing."""
    every = frozenset(range(len(STANDINGS)))
    known: dict[frozenset[int], Expr] = {those: Severity(those) for those in _LEVELS.values()}
    known |= {every: Const(True), frozenset(): Not(Const(True))}
    for those in _LEVELS.values():
        known.setdefault(every - those, Not(Severity(those)))
    single = list(known.items())
    for a, first in single:
        for b, second in single:
            known.setdefault(a & b, And((first, second)))
            known.setdefault(a | b, Or((first, second)))
    return known.get(levels) or Or(tuple(severity(frozenset({standing})) for standing in sorted(levels)))


def holds_for(expr: Expr, standing: int) -> bool:
    """Whether a tree of severities only holds for a standing."""

    def leaf(atom: Const | Atom) -> bool:
        return standing in atom.levels if isinstance(atom, Severity) else isinstance(atom, Const) and atom.value

    return fold(expr, leaf, lambda x: not x, lambda x, y: x and y, lambda x, y: x or y)
