"""Lines of slips as they come up, each with what it was worked out from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from drgpay.scorecard import show_number
from drgpay.steps.performance.accounts import Accounts
from drgpay.steps.performance.people import Person
from drgpay.units import half_up, show_percent, show_points, split

Row = dict[str, Any]

_DAYS = 10**8
"""base weights in 1/10,000 days: post coefficient × FTE × attendance carry 1/10,000 each"""


@dataclass(frozen=True)
class DoctorCase:
    """A doctor's period: stays, CMI and its target, None where there are too few stays to judge; ``costed``: stays
    with a cost of their own, ``cost``: their cost ÷ what the hospital's means of their groups say, 1/10,000, None
    without; ``barred``: confirmed events that keep from the prize for cost control."""

    n: int
    cmi: int | None
    target: int | None
    costed: int = 0
    cost: int | None = None
    barred: bool = False


@dataclass
class Slips:
    """Lines by person as they come up."""

    accounts: Accounts
    people: Mapping[str, Person]
    lines: dict[str, list[Row]] = field(default_factory=lambda: defaultdict(list))

    def add(
        self,
        staff: str,
        component: str,
        of: str,
        amount: int,
        said: tuple[str, str],
        parameter: str,
        *,
        role: str = "",
        pool: int = 0,
        weight: int | None = None,
        weights: int | None = None,
        factor: int | None = None,
    ) -> None:
        """A line; nothing is written for zero. The money is moved by the caller."""
        if amount:
            self.lines[staff].append(
                {"component": component, "department_id": of, "role": role, "pool": pool, "weight": weight,
                 "weights": weights, "factor": factor, "amount": amount, "zh": said[0], "en": said[1],
                 "parameter": parameter}
            )  # fmt: skip

    def earned(self, staff: str, component: str = "") -> int:
        """Sum of a person's lines, or of one component."""
        return sum(x["amount"] for x in self.lines.get(staff, []) if component in ("", x["component"]))

    def by_weight(
        self,
        component: str,
        of: str,
        amount: int,
        weights: Mapping[str, int],
        parameter: str,
        role: str = "",
        before: tuple[str, str] = ("", ""),
    ) -> None:
        """Lines for an amount by base weights; ``before``: what is said first of each."""
        if not amount:
            return
        whole = sum(weights.values())
        for staff, share in split(amount, weights).items():
            own, every = (show_points(half_up(w, _DAYS)) for w in (weights[staff], whole))
            person = self.people[staff]
            spans = [(show_number(c), show_number(d)) for c, d in sorted(person.days[of].items())]
            there = show_percent(person.attendance)
            zh, en = (" + ".join(f"{c} × {d} {days}" for c, d in spans) for days in ("天", "days"))
            said = (
                f"{before[0]}岗位系数 {zh}，出勤 {there}，得 {own}；合计 {every}",
                f"{before[1]}post {en}, attendance {there}: {own} of {every}",
            )
            self.add(staff, component, of, share, said, parameter, role=role, pool=amount, weight=weights[staff],
                     weights=whole)  # fmt: skip
