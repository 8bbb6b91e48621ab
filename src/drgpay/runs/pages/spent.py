"""How much of a budget or of what was prepaid the fund owes so far: in sum, and day by day (design/13 §3)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from drgpay.engine import read_table
from drgpay.runs.manifest import TABLES
from drgpay.runs.pages.lately import Lately, plain, stamp
from drgpay.runs.pages.scope import Scope
from drgpay.runs.pages.source import Source, reading
from drgpay.runs.pages.view import Where, test_of
from drgpay.tables import POOLS, SETTLED_STAYS
from drgpay.units import ONE, half_up

Row = Mapping[str, Any]
_KNOWN_BY = ("institution_id", "insurance_scheme")
"""what an amount is known by: filters by anything else leave it as it is"""


@dataclass(frozen=True)
class Spent:
    """An amount and what was used of it, in fen."""

    amount: int
    used: int

    @property
    def share(self) -> int | None:
        """Used ÷ amount in 1/10,000, half up; None without an amount."""
        return half_up(self.used * ONE, self.amount) if self.amount > 0 else None


@dataclass(frozen=True)
class Day:
    """A day on which something was paid or a stay ended: what was prepaid and used until then."""

    on: date
    spent: Spent


def budget_spent(folder: Path, scope: Scope, where: Sequence[Where] = ()) -> Spent | None:
    """The area's budget of a result's period and what institutions are due of it; None for a reader who does not see
    the area, and where there is no budget."""
    if scope.limited:
        return None
    month = Source(folder, scope).manifest["month"] or 0
    amounts = read_table(folder / TABLES, POOLS).filter(pl.col("month") == month).to_dicts()
    schemes = [one.value for one in where if one.column == "insurance_scheme"]
    whole = sum(row["budget"] for row in amounts if not schemes or row["insurance_scheme"] in schemes)
    return Spent(whole, int(_dues([folder], scope, where)["due"].sum())) if whole > 0 else None


def spent(
    folders: Sequence[Path], amounts: Iterable[Row], *, scope: Scope, where: Sequence[Where] = ()
) -> dict[str, Spent]:
    """By institution, what it was given for a year and what it is due of it so far.

    ``folders``: the result that is shown, and those beside it; months count from January to the one shown.
    ``amounts``: rows with year, institution_id, insurance_scheme and amount. Institutions without an amount are left
    out. Filters other than by institution and insurance scheme are for stays, and change nothing here.
    """
    shown = _until(folders, scope)
    known = _seen(amounts, shown, scope, where)
    used: dict[str, int] = dict(_dues(shown, scope, where).group_by("institution_id").agg(pl.sum("due")).rows())
    given: dict[str, int] = {}
    for row in known:
        given[row["institution_id"]] = given.get(row["institution_id"], 0) + row["amount"]
    return {house: Spent(amount, used.get(house, 0)) for house, amount in sorted(given.items())}


def together(parts: Iterable[Spent]) -> Spent | None:
    """Several of them as one; None of none."""
    its = list(parts)
    return Spent(sum(one.amount for one in its), sum(one.used for one in its)) if its else None


def spent_by_day(
    folders: Sequence[Path], amounts: Iterable[Row], *, scope: Scope, where: Sequence[Where] = ()
) -> list[Day]:
    """The same day by day, of all institutions the filters leave together: amounts by their ``date``, dues by the
    day on which stays ended. Only institutions with an amount count; the last day is what :func:`spent` says."""
    shown = _until(folders, scope)
    known = _seen(amounts, shown, scope, where)
    houses = sorted({row["institution_id"] for row in known})
    dues = _dues(shown, scope, where).filter(pl.col("institution_id").is_in(houses))
    moved: dict[date, tuple[int, int]] = {}
    for on, due in dues.group_by("discharge_date").agg(pl.sum("due")).rows():
        moved[on] = (0, due)
    for row in known:
        before = moved.get(row["date"], (0, 0))
        moved[row["date"]] = (before[0] + row["amount"], before[1])
    days, so_far = [], Spent(0, 0)
    for on in sorted(moved):
        given, used = moved[on]
        so_far = Spent(so_far.amount + given, so_far.used + used)
        days.append(Day(on, so_far))
    return days


def _until(folders: Sequence[Path], scope: Scope) -> list[Path]:
    """The first folder, and where it is a month the months of its year before it."""
    own = Source(folders[0], scope).manifest
    if not own["month"]:
        return [folders[0]]
    others = [(Source(folder, scope).manifest, folder) for folder in folders[1:]]
    before = [f for m, f in others if m["year"] == own["year"] and m["month"] and m["month"] < own["month"]]
    return [*before, folders[0]]


def _seen(amounts: Iterable[Row], shown: Sequence[Path], scope: Scope, where: Sequence[Where]) -> list[Row]:
    """The amounts of the year that the reader and the filters leave."""
    year = Source(shown[-1], scope).manifest["year"]
    wanted = [(one.column, one.value) for one in where if one.column in _KNOWN_BY]
    return [
        row for row in amounts
        if row["year"] == year and all(row[name] == value for name, value in wanted)
        and (scope.institutions is None or row["institution_id"] in scope.institutions)
    ]  # fmt: skip


_LATELY: Lately[pl.DataFrame] = Lately(1_000_000, lambda found: found.height * found.width)


def _dues(shown: Sequence[Path], scope: Scope, where: Sequence[Where]) -> pl.DataFrame:
    """What the fund owes, by institution and day of discharge."""
    its = tuple(one for one in where if one.column in _KNOWN_BY)
    asked = tuple((one.column, one.op, plain(one.value)) for one in its)
    return _LATELY.get((tuple(map(stamp, shown)), scope, asked), lambda: _summed(shown, scope, its))


def _summed(shown: Sequence[Path], scope: Scope, where: Sequence[Where]) -> pl.DataFrame:
    """:func:`_dues`, worked out."""
    tests = [test_of(SETTLED_STAYS, one, ()) for one in where]
    parts = []
    for folder in shown:
        source = Source(folder, scope)
        rows = source.rows(source.table(SETTLED_STAYS.name))
        rows = rows.filter(tests) if tests else rows
        parts.append(rows.group_by(pl.col("institution_id").cast(pl.String), "discharge_date").agg(pl.sum("due")))
    with reading(shown[-1]):
        return pl.concat(parts).collect()
