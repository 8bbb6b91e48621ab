"""A period at a glance: every institution's statements, and beside them what else is open or decided about it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, F, Q
from django.http import QueryDict

from drgpay import runs
from drgpay.report.papers import Column, Line, Table
from drgpay.tables import STAY_DECISIONS, VIOLATIONS
from drgpay_web import flow, store
from drgpay_web.clearing.lines import figures
from drgpay_web.clearing.reads import STATE_CLASS
from drgpay_web.clearing.statement_moves import MACHINES, result_of, rows_open
from drgpay_web.flow.machine import machine as machine_of
from drgpay_web.people import Actor, Unit
from drgpay_web.ui import field_word, w
from drgpay_web.ui.values import printed

ASKED = ("period", "state", "light", "unit")
WAITING, ARGUED = ("published", "signing", "answered"), ("disputed", "answering", "escalated")
GROUPS = {"waiting": WAITING, "argued": ARGUED, "agreed": ("confirmed", "settled", "closed")}
"""what statements can be filtered by: whose word is waited for"""
LATE_OR_SOON = {"late": ("late",), "soon": ("day", "soon")}
BESIDE = {"special_review": STAY_DECISIONS, "suspicion": VIOLATIONS}
"""cases that stand beside statements, and the register in which their decisions take effect"""


@dataclass(frozen=True)
class Beside:
    """Of one kind of case about an institution: how many are open and done with, how many rows of the register take
    effect; ``href``: where they are listed, for those who may see them."""

    open: int
    done: int
    rows: int
    href: str

    @property
    def some(self) -> bool:
        """There is something to look at."""
        return bool(self.open or self.done or self.rows)


@dataclass(frozen=True)
class Cell:
    """A statement in the grid."""

    row: flow.Row
    scheme: str
    state: str
    look: str
    how: str
    disputed: bool
    paid: str
    netted: str
    ahead: str


@dataclass(frozen=True)
class House:
    """An institution: its statements that were asked for, and what stands beside them (by machine)."""

    unit: Unit
    cells: list[Cell]
    beside: list[Beside]

    @property
    def tall(self) -> int:
        """How many rows it takes."""
        return len(self.cells)


def periods(actor: Actor) -> list[str]:
    """The periods that have statements, the latest first."""
    found = flow.cases_of(actor).filter(machine__in=MACHINES).values_list("period", flat=True)
    return sorted(set(found), reverse=True)


def chosen(actor: Actor, asked: QueryDict) -> flow.Case | None:
    """The period that an address asks for, else the latest that is open, else the latest; None where there is none.
    Of a year that was opened again it is the last one."""
    found = flow.cases_of(actor, machine="period")
    if period := asked.get("period", ""):
        return found.filter(period=period).order_by("-pk").first()
    return found.order_by(F("closed_at").desc(nulls_first=True), "-period", "-pk").first()


def grid(actor: Actor, period: flow.Case, asked: QueryDict, lang: str) -> list[House]:
    """The institutions in the actor's reach with what of a period is asked for."""
    mine = [one.pk for one in rows_open(period)]
    rows = flow.rows_of(actor, flow.cases_of(actor).filter(pk__in=mine).order_by("unit__code", "pk"))
    folder = store.folder(result_of(period))
    said, ahead = figures(folder, period.period), runs.advances_of(folder)
    beside = _beside(actor, period)
    houses: dict[int, House] = {}
    for row in rows:
        if not _wanted(row, asked):
            continue
        unit, key = row.case.unit, (row.case.unit.code, row.case.data["scheme"])
        house = houses.setdefault(unit.pk, House(unit, [], [of[unit.pk, unit.code] for of in beside]))
        house.cells.append(_cell(row, said.get(key, {}), ahead.get((key[1], key[0]), 0), lang))
    return list(houses.values())


def _wanted(row: flow.Row, asked: QueryDict) -> bool:
    states, light, unit = GROUPS.get(asked.get("state", "")), asked.get("light", ""), asked.get("unit", "")
    return (
        (states is None or row.case.state in states)
        and (light not in LATE_OR_SOON or row.light in LATE_OR_SOON[light])
        and (not unit or str(row.case.unit_id) == unit)
    )


def _cell(row: flow.Row, said: dict[str, Any], ahead: int, lang: str) -> Cell:
    case = row.case
    silent = "clearing.silent" if case.data.get("silent") else ""
    own = "clearing.by_itself" if not silent and case.data.get("confirmed") == case.data["digest"] else ""
    final = said.get("final_payment", said.get("paid"))
    return Cell(
        row, field_word(case.data["scheme"], lang), w(f"clearing.statement.state.{case.state}", lang),
        STATE_CLASS[case.state], w(silent or own, lang) if silent or own else "", "dispute" in case.data,
        printed(final, "fen", lang), printed(said.get("advance_netted"), "fen", lang), printed(ahead, "fen", lang),
    )  # fmt: skip


class _Of:
    """Of one kind of case: what there is about every institution."""

    def __init__(self, actor: Actor, period: flow.Case, machine: str) -> None:
        year, table = period.period[:4], BESIDE[machine]
        found = flow.cases_of(actor, machine=machine).filter(period__startswith=year).order_by()
        waits = Q(closed_at=None)
        counts = found.values("unit").annotate(going=Count("pk", filter=waits), ended=Count("pk", filter=~waits))
        self.open = {one["unit"]: one["going"] for one in counts}
        self.done = {one["unit"]: one["ended"] for one in counts}
        its = (r for r in store.rows(period.area, table) if "year" not in table.names or str(r["year"]) == year)
        self.rows = Counter(row["institution_id"] for row in its)
        self.href = f"/cases/of/{machine}?unit=" if actor.may(machine_of(machine).see) else ""

    def __getitem__(self, key: tuple[int, str]) -> Beside:
        unit, code = key
        return Beside(
            self.open.get(unit, 0), self.done.get(unit, 0), self.rows[code], f"{self.href}{unit}" if self.href else ""
        )


def _beside(actor: Actor, period: flow.Case) -> list[_Of]:
    return [_Of(actor, period, machine) for machine in BESIDE]


def columns(period: flow.Case, lang: str) -> list[str]:
    """The heads of the grid after the institution: of statements, then of what stands beside them."""
    paid = "clearing.final_payment" if "-" not in period.period else "clearing.month_paid"
    of_statement = ("clearing.scheme", paid, "clearing.netted", "clearing.ahead", "clearing.state_word",
                    "flow.deadline")  # fmt: skip
    return [w(key, lang) for key in (*of_statement, "clearing.special_word", "clearing.suspicion_word")]


def table(period: flow.Case, houses: list[House], lang: str) -> Table:
    """The grid as it leaves the house: a row a statement."""
    heads = [w("clearing.institution", lang), *columns(period, lang)]
    rows = [
        Line((
            house.unit.name, cell.scheme, cell.paid, cell.netted, cell.ahead,
            f"{cell.state} {cell.how}".strip(), str(cell.row.case.deadline or ""),
            *(told(one, lang) for one in house.beside),
        ))
        for house in houses for cell in house.cells
    ]  # fmt: skip
    return Table(f"{w('clearing.grid', lang)} {period.period}", tuple(Column(head) for head in heads), tuple(rows))


def told(beside: Beside, lang: str) -> str:
    """What there is of a kind of case in one line."""
    if not beside.some:
        return ""
    return w("clearing.beside", lang, open=beside.open, done=beside.done, rows=beside.rows)
