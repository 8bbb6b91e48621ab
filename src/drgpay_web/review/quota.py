"""The stay a review is about, the result it stands in, and how much of the quota is used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from drgpay import runs
from drgpay.tables import SETTLED_STAYS, STAY_DECISIONS
from drgpay_web import flow, store
from drgpay_web.people import Unit

MACHINE = "special_review"
COUNTED = ("submitted", "complete", "reviewing", "differing", "third", "opinions", "decided", "told", "appealed",
           "appeal_reviewing", "appeal_differing", "appeal_third", "appeal_opinions", "final")  # fmt: skip
"""states in which a review takes a place of the quota; a final one only where it is approved"""
NOT_APPROVED = ("declined", "over_quota")
COLUMNS = ("stay_id", "institution_id", "department_id", "insurance_scheme", "discharge_date", "los", "dx1", "proc1",
           "drg", "severity", "case_class", "points", "total_cost", "personal_paid", "fund_by_item", "due",
           "balance")  # fmt: skip


@dataclass(frozen=True)
class Used:
    """How many places of the quota are taken, and how many there are (None: the practice has no quota)."""

    used: int
    allowed: int | None
    discharges: int

    @property
    def full(self) -> bool:
        """There is no place left."""
        return self.allowed is not None and self.used >= self.allowed


def result_of(case: flow.Case) -> store.Result:
    """The result in which the stay was found."""
    return store.Result.objects.get(pk=case.data["result"])


def latest(area: str) -> store.Result | None:
    """The newest result that hospitals see: published or sealed."""
    return store.results_of(area).filter(state__in=("published", "sealed")).exclude(period="").first()


def stay_in(result: store.Result, institution: str, stay_id: str) -> dict[str, Any] | None:
    """The settled stay of an institution, without who the patient is."""
    view = runs.View(
        SETTLED_STAYS.name, columns=COLUMNS, where=(runs.Where("stay_id", "is", stay_id),),
        scope=runs.Scope.institution(institution),
    )  # fmt: skip
    rows = runs.browse(store.folder(result), view, limit=1, totals=False).rows
    return rows[0] if rows else None


def used(unit: Unit, result: store.Result, but: int | None = None) -> Used:
    """The places of an institution's quota in the year of a result: reviews that are handed in or approved, and
    approvals that came otherwise. ``but``: a case that is not counted."""
    year = result.period[:4]
    cases = flow.Case.objects.filter(machine=MACHINE, unit=unit, period__startswith=year, state__in=COUNTED)
    taken = {
        case.data["stay"]
        for case in cases
        if case.pk != but and (case.data.get("decision", {}).get("is") not in NOT_APPROVED or case.state != "final")
    }
    for row in store.rows(unit.area, STAY_DECISIONS):
        if row["institution_id"] == unit.code and row["kind"] == "special" and row["decision"] == "approved":
            taken.add(row["stay_id"])
    quota = runs.special_quota(store.folder(result), unit.code)
    return Used(len(taken), quota.allowed, quota.discharges)
