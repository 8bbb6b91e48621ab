"""What an evaluation finds in a region besides its run: what institutions reported, answers of patients, confirmed
cases of oversight, and a catalogue of operation levels."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from drgpay.samples.plan import Plan
from drgpay.tables import (
    CONFIRMED_CASES,
    OPERATION_LEVELS,
    REPORTED_VALUES,
    SATISFACTION_SURVEYS,
    VIOLATION_TYPES,
    Table,
)
from drgpay.units import ONE

EVALUATION = "evaluation"
"""the extra that writes these registers"""
Row = dict[str, Any]
Write = Callable[[Path, Table, Iterable[Mapping[str, Any]]], None]

_REPORTED = {
    "zhejiang-2021": {"org_system": (2.4, 3, 0.1), "org_records": (1.5, 2, 0.1), "org_cost": (1.5, 3, 0.1),
                      "org_performance": (1.4, 2, 0.1), "rec_catalogue": (0.93, 1, 0.001),
                      "tsk_drugs": (0.7, 0.98, 0.001)},
    "shanwei-2023": {"c01_lead": (2.4, 3, 0.1), "c02_rules": (2.2, 3, 0.1), "c03_systems": (2, 3, 0.1),
                     "c04_performance": (1.8, 3, 0.1), "l2_referral": (0.01, 0.06, 0.001),
                     "l3_specialties": (0, 4, 1), "l4_drugs": (0.7, 0.98, 0.001)},
}  # fmt: skip
"""card -> item that can only be reported -> lowest and highest value, and the step between values"""
_CASES = 0.7
"""confirmed cases of an institution in a year, on average"""
_ANSWERS = (40, 160)
"""answers of an institution in a quarter"""


def write_evaluation_registers(
    folder: Path, institutions: Sequence[Mapping[str, Any]], departments: Sequence[Mapping[str, Any]], year: int,
    rng: np.random.Generator, write: Write,
) -> None:  # fmt: skip
    """Write ``reported_values``, ``satisfaction_surveys`` and ``confirmed_cases`` of a year; ``write`` writes a
    register as CSV."""
    ids = [row["institution_id"] for row in institutions]
    write(folder, REPORTED_VALUES, _reported(ids, year, rng))
    write(folder, SATISFACTION_SURVEYS, _answers(ids, departments, year, rng))
    write(folder, CONFIRMED_CASES, _cases(ids, year, rng))


def write_operation_levels(folder: Path, plan: Plan, write: Write) -> None:
    """Write ``operation_levels``: the operations of the region's surgical groups, by the cost of the groups."""
    write(folder, OPERATION_LEVELS, levels_by_cost(_operations(plan)))


def _operations(plan: Plan) -> dict[str, float]:
    """Operations of the surgical groups of a region, and the cost of the cheapest group that has them."""
    found: dict[str, float] = {}
    lists, codes = plan.templates.proc, plan.templates.proc_codes
    for group, cost in zip(plan.groups, plan.cost.tolist(), strict=True):
        if group.surgical:
            for number in lists.values[lists.offsets[group.first] : lists.offsets[group.last]].tolist():
                found[codes[number]] = min(found.get(codes[number], cost), cost)
    return found


def levels_by_cost(costs: Mapping[str, float]) -> list[Row]:
    """A catalogue of operation levels, made up: the dearer the stays with an operation, the higher its level."""
    ordered = sorted(costs, key=lambda code: (costs[code], code))
    return [{"code": code, "operation_level": 1 + 4 * i // len(ordered), "name": None}
            for i, code in enumerate(ordered)]  # fmt: skip


def _reported(ids: Sequence[str], year: int, rng: np.random.Generator) -> list[Row]:
    return [
        {
            "institution_id": house,
            "item": item,
            "value": round((low + step * int(rng.integers(0, round((high - low) / step) + 1))) * ONE),
            "evidence": f"考核材料{number + 1:03d}号",
            "year": year,
            "card": card,
        }
        for card, items in _REPORTED.items()
        for number, house in enumerate(ids)
        for item, (low, high, step) in items.items()
    ]


def _answers(
    ids: Sequence[str], departments: Sequence[Mapping[str, str]], year: int, rng: np.random.Generator
) -> list[Row]:
    """Answers by quarter: of the whole institution, and of its first two departments by themselves."""
    rows = []
    for house in ids:
        wards = [d["department_id"] for d in departments if d["institution_id"] == house][:2]
        content = rng.uniform(0.82, 0.97)
        for quarter in range(1, 5):
            for department in ("all", *wards):
                answers = int(rng.integers(*_ANSWERS))
                satisfied = int(rng.binomial(answers, content))
                rows.append({"year": year, "quarter": quarter, "institution_id": house, "department_id": department,
                             "answers": answers, "satisfied": satisfied})  # fmt: skip
    return rows


def _cases(ids: Sequence[str], year: int, rng: np.random.Generator) -> list[Row]:
    return [
        {
            "violation_id": f"JC{year}-{house[-5:]}-{number + 1:02d}",
            "year": year,
            "institution_id": house,
            "violation": VIOLATION_TYPES[int(rng.integers(len(VIOLATION_TYPES)))],
            "reason": "现场检查认定",
        }
        for house in ids
        for number in range(int(rng.poisson(_CASES)))
    ]
