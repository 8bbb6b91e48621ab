"""What a region's registers change of its inpatient budget before points are paid."""

from __future__ import annotations

from drgpay.policy import Policy
from drgpay.runs.region import Registers
from drgpay.steps import fund
from drgpay.tables import BUDGET_ADJUSTMENTS, OUT_OF_AREA_CLAIMS


def unit_of(registers: Registers, year: int, policy: Policy) -> fund.InpatientUnit:
    """Approved adjustments of a year, and inpatients elsewhere where the budget is one unit."""
    claims = registers[OUT_OF_AREA_CLAIMS].to_dicts() if fund.is_one_unit(policy) else []
    return fund.inpatient_unit(registers[BUDGET_ADJUSTMENTS].to_dicts(), claims, year, policy)
