"""What a reader may see, and which rows and columns of a table that leaves (design/12 §7, design/13 §1)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import polars as pl

from drgpay.tables import AREA, PUBLIC, Table

Pairs = frozenset[tuple[str, str]]


@dataclass(frozen=True)
class Scope:
    """What the reader may see. None is no limit; a row is seen when it is within every limit.

    ``departments`` and ``doctors`` are pairs with their institution. ``persons``: columns that name or describe a
    person are shown, else masked. A table whose rows belong to larger units than a limit is not seen at all: people
    of a department do not see what is said of their hospital as a whole.
    """

    areas: frozenset[str] | None = None
    institutions: frozenset[str] | None = None
    departments: Pairs | None = None
    doctors: Pairs | None = None
    persons: bool = False

    @staticmethod
    def everything(*, persons: bool = False) -> Scope:
        """No limit."""
        return Scope(persons=persons)

    @staticmethod
    def area(*areas: str, persons: bool = False) -> Scope:
        """All of these pooling areas."""
        return Scope(areas=frozenset(areas), persons=persons)

    @staticmethod
    def institution(*institutions: str, persons: bool = False) -> Scope:
        """What is of these institutions, and what is public."""
        return Scope(institutions=frozenset(institutions), persons=persons)

    @staticmethod
    def department(institution: str, *departments: str, persons: bool = False) -> Scope:
        """What is of these departments of an institution, and what is public."""
        pairs = frozenset((institution, department) for department in departments)
        return Scope(institutions=frozenset({institution}), departments=pairs, persons=persons)

    @staticmethod
    def doctor(institution: str, *doctors: str, persons: bool = False) -> Scope:
        """What is of these doctors of an institution, and what is public."""
        pairs = frozenset((institution, doctor) for doctor in doctors)
        return Scope(institutions=frozenset({institution}), doctors=pairs, persons=persons)

    @staticmethod
    def public() -> Scope:
        """What everybody may see."""
        return Scope(institutions=frozenset())

    @property
    def limited(self) -> bool:
        """The reader does not see all of an area."""
        return (self.institutions, self.departments, self.doctors) != (None, None, None)

    @property
    def nobody(self) -> bool:
        """The reader belongs to no unit: only what is public is there."""
        return any(limit is not None and not limit for limit in (self.institutions, self.departments, self.doctors))

    def hidden(self, table: Table) -> tuple[str, ...]:
        """Columns of a table the reader does not see."""
        gone = () if self.persons else table.sight.persons
        return (*gone, *table.sight.others) if self.limited else gone


def readable(table: Table, scope: Scope, own: str | None, other: Callable[[str], Table | None]) -> bool:
    """Whether the reader may see rows of a table. ``own``: the institution whose results the folder holds;
    ``other``: a table of the folder by its name, None where the folder has none of it."""
    kind, _, where = table.visible.partition(":")
    if kind == PUBLIC or not scope.limited:
        return True
    if kind == AREA or scope.nobody:
        return False
    if kind == "via":
        through = other(where.partition(".")[0])
        return through is not None and readable(through, scope, own, other)
    if (scope.doctors is not None and kind != "doctor") or (
        scope.departments is not None and _department(table) is None
    ):
        return False
    return _institution(table) is not None or own is not None


def rows_seen(table: Table, scope: Scope, own: str | None) -> pl.Expr | None:
    """Which rows of a readable table the reader sees; None: all. A row without its unit is seen above it only."""
    kind, _, where = table.visible.partition(":")
    if kind == PUBLIC or not scope.limited:
        return None
    institution = _institution(table)
    here = pl.col(institution) if institution else pl.lit(own)
    found = pl.lit(True) if scope.institutions is None else _among(here, scope.institutions)
    if scope.departments is not None:
        found = found & _pairs(here, str(_department(table)), scope.departments)
    if scope.doctors is not None:
        found = found & _pairs(here, where, scope.doctors)
    return found.fill_null(False)


def _institution(table: Table) -> str | None:
    kind, _, where = table.visible.partition(":")
    if kind == "institution":
        return where or None
    return "institution_id" if "institution_id" in table.names else None


def _department(table: Table) -> str | None:
    kind, _, where = table.visible.partition(":")
    if kind == "department":
        return where
    return "department_id" if kind == "doctor" and "department_id" in table.names else None


def _among(column: pl.Expr, names: Iterable[str]) -> pl.Expr:
    """The column is one of these: a chain of equals, and a set where they are many."""
    known = sorted(names)
    if len(known) > 16:
        return column.cast(pl.String).is_in(known)
    return pl.any_horizontal([pl.lit(False), *(column == name for name in known)])


def _pairs(institution: pl.Expr, column: str, pairs: Pairs) -> pl.Expr:
    units: dict[str, list[str]] = defaultdict(list)
    for house, unit in pairs:
        units[house].append(unit)
    return pl.any_horizontal(
        [
            pl.lit(False),
            *((institution == house) & _among(pl.col(column), its) for house, its in sorted(units.items())),
        ]
    )
