"""What a quarter of performance pay gives to departments and to persons: the same columns and rows on the page, in a
file and for systems. It is the hospital's own, and persons' amounts are only for whoever sees everybody's slip."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from drgpay.tables import DEPARTMENT_RESULTS, SLIPS, Column
from drgpay_web import flow
from drgpay_web.hospital import orders
from drgpay_web.hospital.quarter_moves import POOLS, departments_of
from drgpay_web.people import Act, Actor
from drgpay_web.ui import w

SPLIT = ("n", "base_pool", "project_pool", "excess_pool", "individual_pool", "prize")
MONEY = ("earned", "held", "paid")
COLUMNS = {
    "departments": (
        *(DEPARTMENT_RESULTS[name] for name in ("department_id", *SPLIT)),
        Column("state", "text", w("flow.state", "zh"), w("flow.state", "en"), null=True),
    ),
    "people": (
        *(replace(SLIPS[name], zh=w(f"hospital.head_{key}", "zh"), en=w(f"hospital.head_{key}", "en"))
          for name, key in (("staff_id", "staff"), ("name", "name"))),
        *(SLIPS[name] for name in MONEY),
    ),
}  # fmt: skip
SEE = {"departments": Act.QUARTER_SEE, "people": Act.SLIP_ALL}
"""what one must be allowed to for each of them"""


@dataclass(frozen=True)
class Shares:
    """One of them. ``rows``: values by column; ``cases``: of departments, their views by code; ``names``: of
    departments by code."""

    rows: list[dict[str, Any]]
    cases: dict[str, flow.Case]
    names: dict[str, str]

    def name(self, column: str, row: Mapping[str, Any]) -> str:
        """The name of a department."""
        return self.names.get(row[column], "") if column == "department_id" else ""


def shares(actor: Actor, quarter: flow.Case, kind: str, lang: str) -> Shares:
    """One of ``COLUMNS``; without rows while nothing was worked out, or where they are not the actor's to see."""
    result = orders.result_of(quarter)
    if result is None or not actor.may(SEE[kind], quarter.unit):
        return Shares([], {}, {})
    found = orders.rows_of(result, POOLS if kind == "departments" else SLIPS.name)
    cases = {one.unit.code: one for one in departments_of(quarter)} if kind == "departments" else {}
    states = {code: w(f"hospital.department.state.{one.state}", lang) for code, one in cases.items()}
    rows = [
        {one.name: row.get(one.name) for one in COLUMNS[kind]}
        | ({"state": states.get(row["department_id"])} if kind == "departments" else {})
        for row in found
    ]
    return Shares(rows, cases, {row["department_id"]: row["name"] for row in found})
