"""A stay's shares in plain Python, one stay at a time: what the kernel of :mod:`.shares` must agree with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from drgpay.steps.performance.shares import ShareTables
from drgpay.tables import ROLES
from drgpay.units import ONE, half_up, split

Row = dict[str, Any]


def plain_shares(stays: Iterable[Row], tables: ShareTables) -> list[Row]:
    """Rows of ``stay_shares`` with an amount, sorted by stay, component, role and person."""
    chosen = sorted(
        (s for s in stays if s["month"] in tables.months and s["department_id"] in tables.project),
        key=lambda s: (s["department_id"], s["stay_id"]),
    )
    named: dict[tuple[str, str], list[str]] = {}
    for stay, role, staff in sorted(tables.named.select("stay_id", "role", "staff_id").rows()):
        named.setdefault((stay, role), []).append(staff)
    rows = []
    for department in dict.fromkeys(s["department_id"] for s in chosen):
        its = {s["stay_id"]: s for s in chosen if s["department_id"] == department}
        points = {
            k: half_up(s["weight"] * tables.coefficients.get(s["drg"], ONE), ONE)
            + (tables.per_operation if s["operated"] else 0)
            for k, s in its.items()
        }
        project = split(tables.project.get(department, 0), points)
        individual = split(tables.individual.get(department, 0), {k: s["weight"] for k, s in its.items()})
        for k, s in its.items():
            doctor = s["doctor_id"] if s["doctor_id"] in tables.staff else ""
            head = {"stay_id": k, "department_id": department}
            rows.append(
                head
                | {"component": "individual", "role": "lead", "staff_id": doctor, "weight": s["weight"],
                   "amount": individual[k]}
            )  # fmt: skip
            there = {role: named.get((k, role), []) for role in ROLES}
            for role, staff, amount in _roles(project[k], doctor, there, tables):
                rows.append(
                    head
                    | {"component": "project", "role": role, "staff_id": staff, "weight": points[k], "amount": amount}
                )
    kept = [row for row in rows if row["amount"]]
    return sorted(kept, key=lambda r: (r["stay_id"], r["component"], r["role"], r["staff_id"]))


def _roles(
    amount: int, doctor: str, named: Mapping[str, Sequence[str]], tables: ShareTables
) -> list[tuple[str, str, int]]:
    """Role, person and amount of one stay."""
    shares = list(tables.operated if any(named.values()) else tables.other)
    if not named["assistant"]:
        shares[0], shares[1] = shares[0] + shares[1], 0
    who = {"lead": named["lead"] or [doctor], "assistant": named["assistant"], "nurse": named["nurse"] or [""]}
    result = []
    for place, part in split(amount, dict(enumerate(shares))).items():
        if who[ROLES[place]]:
            each = split(part, dict.fromkeys(sorted(who[ROLES[place]]), 1))
            result += [(ROLES[place], staff, share) for staff, share in each.items()]
    return result
