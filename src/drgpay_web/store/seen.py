"""Which results somebody may see, the best of each period, and the names of what is in them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.db.models import Max, QuerySet

from drgpay.runs import BoardTerms, Scope, View, board_terms, export_rows
from drgpay.tables import DEPARTMENTS, DOCTORS, Table
from drgpay_web import clock
from drgpay_web.people import Act, Actor, NotThere
from drgpay_web.store.catalogue import LOST, SEALED, folder
from drgpay_web.store.laws import practice_source
from drgpay_web.store.models import RegisterRow, Result
from drgpay_web.store.reads import rows
from drgpay_web.ui.once import once
from drgpay_web.ui.values import Names

OPEN = (SEALED, "published")
"""states of a result that hospitals see"""


def results_seen(actor: Actor) -> QuerySet[Result]:
    """The runs of the actor's area that he may see, the newest first: hospitals see what is published or sealed."""
    found = Result.objects.filter(area=actor.area, kind="run").exclude(state=LOST).order_by("-pk")
    return found.filter(state__in=OPEN) if actor.role.side == "hospital" else found


@once
def result_seen(actor: Actor, pk: int) -> Result:
    """One of them. Raises NotThere."""
    found = results_seen(actor).filter(pk=pk).first()
    if found is None:
        raise NotThere
    return found


@once
def periods_seen(actor: Actor) -> list[Result]:
    """The result of each period: the sealed one, else the published one, else the newest; the latest period first,
    a year after its months."""
    best: dict[str, Result] = {}
    for result in results_seen(actor):
        if result.period and (result.period not in best or _rank(result) < _rank(best[result.period])):
            best[result.period] = result
    return [best[period] for period in sorted(best, key=lambda p: (p[:4], p[5:] or "13"), reverse=True)]


def table_seen(actor: Actor, table: Table) -> bool:
    """Whether somebody who sees the units of a table may see it: one of stays is for those who may see stays."""
    return "stay_id" not in table.names or (actor.may(Act.STAY_SEE) and not actor.assigned_only(Act.STAY_SEE))


def _rank(result: Result) -> int:
    return OPEN.index(result.state) if result.state in OPEN else len(OPEN)


def beside(actor: Actor, result: Result) -> list[Path]:
    """The folders by which a result is compared with other periods, itself first: of its own year the periods of its
    kind, of another year the year, or its months where there is no year."""
    own, kind = result.period[:4], len(result.period)
    others = [one for one in periods_seen(actor) if one.period != result.period]
    years = {one.period[:4]: len(one.period) for one in others if one.period[:4] != own}
    for one in others:
        if one.period[:4] != own:
            years[one.period[:4]] = min(years[one.period[:4]], len(one.period))
    fitting = [one for one in others if len(one.period) == years.get(one.period[:4], kind)]
    return [folder(result), *(folder(one) for one in fitting)]


def names_in(result: Result) -> Names:
    """The names of institutions, departments, doctors and groups of a result."""
    known = _of_run(folder(result), result.digest)
    staff = _staff(result.area)

    def name(column: str, row: Mapping[str, Any]) -> str:
        code = row.get(column)
        if not isinstance(code, str):
            return ""
        if column in ("department_id", "doctor_id"):
            return staff[column].get((row.get("institution_id", ""), code), "")
        return known.get(column, {}).get(code, "")

    return name


def group_names(result: Result) -> Mapping[str, str]:
    """The names of the groups of a result's scheme, by code."""
    return _of_run(folder(result), result.digest)["drg"]


def departments_in(area: str, house: str) -> list[tuple[str, str]]:
    """The departments of an institution with their names, as the registers have them, by code."""
    known = _staff(area)["department_id"]
    return sorted((code, name) for (owner, code), name in known.items() if owner == house)


def doctor_name(area: str, house: str, code: str) -> str:
    """What the registers call a doctor of an institution; empty for one they do not know."""
    return _staff(area)["doctor_id"].get((house, code), "")


def departments_alike(area: str, house: str, code: str) -> frozenset[tuple[str, str]]:
    """The departments of the area that bear the name of one, by institution and number: its specialty."""
    known = _staff(area)["department_id"]
    name = known.get((house, code), "")
    return frozenset(pair for pair, its in known.items() if name and its == name)


def terms_of_boards(area: str) -> BoardTerms:
    """What figures of an area are set beside today."""
    return _terms(practice_source(area), clock.today())


_terms = lru_cache(maxsize=8)(board_terms)


@lru_cache(maxsize=64)
def _of_run(place: Path, digest: str) -> dict[str, dict[str, str]]:
    return {
        column: {row[column]: row["name"] for batch in export_rows(place, _view(table, column)) for row in batch}
        for table, column in (("institutions", "institution_id"), ("group_names", "drg"))
    }


def _view(table: str, column: str) -> View:
    return View(table, (column, "name"), scope=Scope.everything())


@once
def _staff(area: str) -> dict[str, dict[tuple[str, str], str]]:
    last = RegisterRow.objects.filter(area=area, table__in=(DEPARTMENTS.name, DOCTORS.name))
    return _staff_until(area, last.aggregate(last=Max("pk"))["last"] or 0)


@lru_cache(maxsize=8)
def _staff_until(area: str, last: int) -> dict[str, dict[tuple[str, str], str]]:
    return {column: _named(area, table, column) for table, column in _STAFF}


_STAFF: tuple[tuple[Table, str], ...] = ((DEPARTMENTS, "department_id"), (DOCTORS, "doctor_id"))


def _named(area: str, table: Table, column: str) -> dict[tuple[str, str], str]:
    return {(row["institution_id"], row[column]): row["name"] for row in rows(area, table)}
