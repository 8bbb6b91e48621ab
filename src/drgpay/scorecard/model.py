"""What a scorecard is: dimensions, items, rules; and what is marked with it.

Marks are in 1/10,000 of a point. A value is an exact quotient in its natural unit (a share of 12 % is 12/100, a mean
stay of 8.5 days is 17/2), and bounds of rules are in 1/10,000 of that unit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal, TypeAlias

from drgpay.notation import Place
from drgpay.units import ONE, half_up

Better = Literal["higher", "lower", "neutral"]
Missing = Literal["leave_out", "zero", "full"]
Count = Literal["exact", "whole", "started"]
Side = Literal["above", "below"]

ALL_TYPES = "all"
"""the one type of a card that does not tell its subjects apart"""


@dataclass(frozen=True, slots=True)
class Amount:
    """Marks as written: points, or a share of the item's full mark; both in 1/10,000."""

    value: int
    share: bool = False

    def of(self, full: int) -> int:
        """The marks (1/10,000 of a point) where the full mark is ``full``; half up."""
        return half_up(full * self.value, ONE) if self.share else self.value


@dataclass(frozen=True, slots=True)
class Steps:
    """So many points for every ``per`` of a value beyond a bound. ``kind``: ``deduct_per`` takes from the full mark,
    ``bonus`` adds, ``penalty`` takes from the total. ``count``: a part of a step counts as a part (``exact``), not at
    all (``whole``), or as a step (``started``)."""

    kind: Literal["deduct_per", "bonus", "penalty"]
    points: Amount
    per: int
    beyond: int
    side: Side
    count: Count


@dataclass(frozen=True, slots=True)
class Range:
    """Values from ``low`` to ``high`` (None: without end); a bound belongs to it unless it is open."""

    low: int | None
    low_open: bool
    high: int | None
    high_open: bool

    def holds(self, value: Fraction) -> bool:
        """Whether a value (in its natural unit) lies in it; exact."""
        if self.low is not None and (value * ONE <= self.low if self.low_open else value * ONE < self.low):
            return False
        return self.high is None or (value * ONE < self.high if self.high_open else value * ONE <= self.high)


@dataclass(frozen=True, slots=True)
class Bands:
    """A mark for every range of values."""

    bands: tuple[tuple[Range, Amount], ...]


@dataclass(frozen=True, slots=True)
class Linear:
    """The full mark at ``target`` and better, ``at_floor`` at ``floor`` and worse, in proportion between."""

    target: int
    floor: int
    at_floor: Amount


@dataclass(frozen=True, slots=True)
class Rank:
    """By place among the subjects of the same type: ``best`` for the first, ``worst`` for the last, in proportion
    between; equal values share the better place."""

    best: Amount
    worst: Amount


@dataclass(frozen=True, slots=True)
class Veto:
    """Within ``when`` the grade is ``grade`` at best."""

    when: Range
    grade: str


@dataclass(frozen=True, slots=True)
class Given:
    """Marks given by people."""


Rule: TypeAlias = "Steps | Bands | Linear | Rank | Veto | Given"


@dataclass(frozen=True, slots=True)
class Item:
    """One line of a card. ``indicator``: where its value comes from; None: it is reported under the item's id.
    ``or_reported``: where the indicator has no value, the one reported under the item's id stands in.

    ``full``: by type of subject, 0 where it is not asked. ``cap``: most that deductions take, a bonus adds, a penalty
    takes. ``better`` and ``unit`` are the indicator's once the card is checked."""

    id: str
    dimension: str
    zh: str
    en: str
    full: Mapping[str, int]
    rule: Rule
    indicator: str | None
    cap: Amount | None
    better: Better | None
    unit: str
    missing: Missing
    source: str
    evidence_zh: str = ""
    evidence_en: str = ""
    or_reported: bool = False
    place: Place = field(default_factory=lambda: Place("scorecard"), compare=False)

    @property
    def key(self) -> str:
        """Under which name its value is looked up: the indicator, else the item's own id."""
        return self.indicator or self.id


@dataclass(frozen=True, slots=True)
class Dimension:
    """A part of a card with its full mark by type and its items."""

    id: str
    zh: str
    en: str
    full: Mapping[str, int]
    items: tuple[Item, ...]
    place: Place = field(default_factory=lambda: Place("scorecard"), compare=False)


@dataclass(frozen=True, slots=True)
class Card:
    """A scorecard. ``grades``: names from the best down with the least total of each, the last one without;
    ``quota``: most subjects of a type that may have a grade, as shares of those marked; ``tie_break``: values that
    decide among equal totals where a quota ends, after them the subject's id. ``ceiling``: no total is above it.
    ``least_measured``: share of the full mark that must have a value before a grade is given. ``effects``:
    what follows from it; who uses the card knows what they mean. ``grade_names``: grades in Chinese and English."""

    id: str
    zh: str
    en: str
    version: str
    source: str
    types: tuple[str, ...]
    full: int
    ceiling: int
    grades: tuple[tuple[str, int], ...]
    quota: Mapping[str, Mapping[str, int]]
    tie_break: tuple[tuple[str, Better], ...]
    least_measured: int
    grade_names: Mapping[str, tuple[str, str]]
    effects: tuple[str, ...]
    dimensions: tuple[Dimension, ...]
    place: Place = field(default_factory=lambda: Place("scorecard"), compare=False)

    @property
    def items(self) -> tuple[Item, ...]:
        """All items in order."""
        return tuple(item for dimension in self.dimensions for item in dimension.items)

    @property
    def reported(self) -> tuple[Item, ...]:
        """Items whose value people hand in, or may hand in where it is not computed."""
        return tuple(item for item in self.items if item.indicator is None or item.or_reported)

    def type_of(self, said: str) -> str:
        """The type under which a subject is marked."""
        return ALL_TYPES if self.types == (ALL_TYPES,) else said


@dataclass(frozen=True, slots=True)
class Known:
    """What a card must know of an indicator: which way is better, and its unit (``share`` prints as per cent)."""

    better: Better
    unit: str


@dataclass(frozen=True, slots=True)
class Value:
    """A value as an exact quotient. ``small``: too few cases to be ranked. ``note``: where it comes from.
    ``reported``: people handed it in."""

    num: int
    den: int = 1
    small: bool = False
    note_zh: str = ""
    note_en: str = ""
    reported: bool = False

    @property
    def exact(self) -> Fraction:
        """The quotient."""
        return Fraction(self.num, self.den)


@dataclass(frozen=True, slots=True)
class Subject:
    """Who is marked: an institution, a department, a doctor. ``values`` by indicator or item id; ``absent``: why a
    value is missing, (Chinese, English)."""

    id: str
    type: str
    values: Mapping[str, Value]
    absent: Mapping[str, tuple[str, str]] = field(default_factory=dict)
