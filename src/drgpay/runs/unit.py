"""What a region's registers change of its inpatient budget before points are paid."""

from __future__ import annotations

from drgpay.errors import DrgpayError, Kind
from drgpay.policy import Policy
from drgpay.runs.region import Registers
from drgpay.steps import fund
from drgpay.tables import BUDGET_ADJUSTMENTS, OUT_OF_AREA_CLAIMS


def check_unchanged(before: Registers, now: Registers, year: int) -> None:
    """Raise DATA where adjustments of a year are others than when it was cleared: opening it again keeps its point
    value."""
    then, its = (fund.approved(r[BUDGET_ADJUSTMENTS].to_dicts(), year) for r in (before, now))
    changed = next((row for row in (*then, *its) if row not in then or row not in its), None)
    if changed is not None:
        raise DrgpayError(
            Kind.DATA, zh="年度已清算,重开时不能再调整预算",
            en="the year is cleared: its budget cannot be adjusted when it is opened again",
            file=BUDGET_ADJUSTMENTS.name, field="adjustment_id", value=changed["adjustment_id"],
            fix_zh="恢复清算时的各行;调整计入下一年度", fix_en="put the rows back; adjust the next year's budget",
        )  # fmt: skip


def unit_of(registers: Registers, year: int, policy: Policy) -> fund.InpatientUnit:
    """Approved adjustments of a year, and inpatients elsewhere where the budget is one unit."""
    claims = registers[OUT_OF_AREA_CLAIMS].to_dicts() if fund.is_one_unit(policy) else []
    return fund.inpatient_unit(registers[BUDGET_ADJUSTMENTS].to_dicts(), claims, year, policy)
