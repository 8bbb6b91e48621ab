"""What a region holds beside its stays, block by block: details, charges by day, visits, lives; and violations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from drgpay.samples.cheats import inject, truth_rows
from drgpay.samples.details import make_details
from drgpay.samples.fees import make_charges
from drgpay.samples.lives import NEVER, Lives, deaths
from drgpay.samples.plan import Plan
from drgpay.samples.stays import Block, population
from drgpay.samples.visits import Visits, make_visits, visits_table
from drgpay.tables import CHARGES, STAY_DETAILS, STAYS, VISITS

Ints = npt.NDArray[np.int64]

EXTRAS = ("details", "charges", "visits", "persons")
"""what can be asked for: details of stays; charges by day and outpatient visits (both of the settlement year);
deaths and townships in the register of persons"""


@dataclass(frozen=True)
class Care:
    """A block written out: its tables by name, who of its persons died and when, and the truth about it."""

    block: Block
    tables: dict[str, Any]
    dead: Ints
    died_on: Ints
    truth: list[dict[str, Any]] = field(default_factory=list)


def make_care(
    plan: Plan, lives: Lives | None, block: Block, extras: frozenset[str], rates: Mapping[str, float]
) -> Care:
    """The tables of a block: stays, and what ``extras`` name; with violations in the settlement year."""
    none = np.zeros(0, np.int64)
    if lives is None:
        return Care(block, {STAYS.name: block.stays}, none, none)
    now = block.year == plan.years[-1]
    persons = np.union1d(population(plan, block.year, block.number, block.blocks), block.facts.person)
    death = deaths(plan, lives, block, persons)
    injected = inject(plan, block, persons, death, rates) if now and rates else None
    if injected is not None:
        block, death = injected.block, injected.death
    tables = {STAYS.name: block.stays}
    details = make_details(plan, block) if extras & {"details", "charges", "visits"} else None
    truth: list[dict[str, Any]] = []
    if details is not None and "details" in extras:
        tables[STAY_DETAILS.name] = details.table
    if details is not None and now and "charges" in extras:
        tables[CHARGES.name] = make_charges(block, details.fees, details.leave, details.operation)
    if details is not None and now and "visits" in extras:
        honest = make_visits(plan, block, persons, death, details)
        added = injected.visits if injected is not None else honest.take(none)
        tables[VISITS.name], place = visits_table(plan, block, Visits.join([honest, added]))
        if injected is not None:
            ids = tables[VISITS.name].column("visit_id")
            truth = truth_rows(plan, injected, block.stays.column("stay_id"), ids, place[len(honest.day) :])
    dies = death < NEVER
    return Care(block, tables, persons[dies], death[dies], truth)
