"""The inpatient budget as one unit (住院总额一体) and its adjustment at the year's end (年终调整), both before the
point value. Source: seed 004 二(一)3 and 二(二)1(2); design/04 §1.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from drgpay.errors import DrgpayError, Kind
from drgpay.policy import Policy
from drgpay.tables import BUDGET_ADJUSTMENTS, OUT_OF_AREA_CLAIMS
from drgpay.units import show_fen

Row = Mapping[str, Any]
_YEAR = 0


@dataclass(frozen=True)
class InpatientUnit:
    """What changes a scheme's inpatient budget before points are paid. ``adjusted``: insurance scheme → fen that the
    year's end adds (negative: takes); ``elsewhere``: (insurance scheme, month; 0 = year) → fen paid for own insured
    treated as inpatients in other areas."""

    adjusted: Mapping[str, int] = field(default_factory=dict)
    elsewhere: Mapping[tuple[str, int], int] = field(default_factory=dict)

    def check(self, pools: Iterable[Any]) -> None:
        """Raise DATA for a pool that has less than nothing left to share."""
        for pool in pools:
            if pool.fund < 0 and (pool.elsewhere or pool.adjusted):
                file = OUT_OF_AREA_CLAIMS if pool.elsewhere else BUDGET_ADJUSTMENTS
                month = f"{pool.month}" if pool.month else ""
                raise DrgpayError(
                    Kind.DATA,
                    zh=f"{f'{month} 月' if month else '全年'}住院预算不够:预算 {show_fen(pool.budget)} 元,"
                    f"预留 {show_fen(pool.reserve)} 元,异地住院 {show_fen(pool.elsewhere)} 元",
                    en=f"the inpatient budget of {f'month {month}' if month else 'the year'} does not suffice: "
                    f"budget {show_fen(pool.budget)}, reserve {show_fen(pool.reserve)}, inpatients elsewhere "
                    f"{show_fen(pool.elsewhere)} yuan",
                    file=file.name, field=pool.insurance_scheme, value=show_fen(pool.fund),
                    fix_zh="核对预算、异地就医结算和年终调整", fix_en="check budget, claims and adjustments",
                )  # fmt: skip

    def check_paid(self, pools: Iterable[Any], months: Iterable[Row]) -> None:
        """Raise DATA where an adjustment leaves the pool of a year less than its ``months`` (``insurance_scheme``,
        ``paid``) have paid already."""
        paid: dict[str, int] = defaultdict(int)
        for row in months:
            paid[row["insurance_scheme"]] += row["paid"]
        for pool in pools:
            scheme = pool.insurance_scheme
            if pool.month == _YEAR and self.adjusted.get(scheme, 0) < 0 and pool.fund < paid[scheme]:
                raise DrgpayError(
                    Kind.DATA,
                    zh=f"调整后的全年可用基金 {show_fen(pool.fund)} 元,少于各月已拨付的 {show_fen(paid[scheme])} 元",
                    en=f"the adjusted budget leaves {show_fen(pool.fund)} yuan, less than the "
                    f"{show_fen(paid[scheme])} yuan the months have paid",
                    file=BUDGET_ADJUSTMENTS.name, field="amount", value=show_fen(pool.adjusted),
                    fix_zh="调减额不得使全年基金低于已拨付数", fix_en="lower the cut to what is not paid yet",
                )  # fmt: skip


NO_UNIT = InpatientUnit()
"""nothing changes the budget"""


def is_one_unit(policy: Policy) -> bool:
    """Whether own insured treated as inpatients elsewhere are paid out of the one inpatient budget."""
    return policy.choice_or_none("fund.inpatient_unit") == "whole_area"


def inpatient_unit(adjustments: Iterable[Row], claims: Iterable[Row], year: int, policy: Policy) -> InpatientUnit:
    """What the registers ``budget_adjustments`` and ``out_of_area_claims`` change of a year's budget.

    Of the adjustments those count that are approved; DATA for one that is approved for a reason the policy does not
    allow (``fund.year_end_reasons``), or without who decided and when."""
    adjusted: dict[str, int] = defaultdict(int)
    for row in approved(adjustments, year):
        _check(row, policy)
        adjusted[row["insurance_scheme"]] += row["amount"]
    elsewhere: dict[tuple[str, int], int] = defaultdict(int)
    if is_one_unit(policy):
        for row in claims:
            on = row["settled_on"]
            if on.year == year and row["direction"] == "out" and row["setting"] == "inpatient":
                for month in (on.month, _YEAR):
                    elsewhere[row["insurance_scheme"], month] += row["fund_amount"]
    return InpatientUnit(dict(adjusted), dict(elsewhere))


def approved(adjustments: Iterable[Row], year: int) -> list[Row]:
    """The approved adjustments of a year, in the order of their ids."""
    its = (row for row in adjustments if row["year"] == year and row["decision"] == "approved")
    return sorted(its, key=lambda row: str(row["adjustment_id"]))


def _check(row: Row, policy: Policy) -> None:
    allowed = policy.names_or_none("fund.year_end_reasons") or ()
    if row["change_reason"] not in allowed:
        raise DrgpayError(
            Kind.DATA, zh="政策不允许以此理由在年终调整预算", file=BUDGET_ADJUSTMENTS.name,
            en="the policy does not let a budget be adjusted at the year's end for this reason",
            field=f"{row['adjustment_id']} · change_reason", value=row["change_reason"],
            fix_zh="改正理由,或在政策中写明 fund.year_end_reasons",
            fix_en="correct the reason, or set fund.year_end_reasons in the practice",
        )  # fmt: skip
    for name in ("decided_by", "decided_on"):
        if row[name] is None:
            raise DrgpayError(
                Kind.DATA, zh="已批准的年终调整须写明谁在何日决定", file=BUDGET_ADJUSTMENTS.name,
                en="an approved adjustment must say who decided it and when", field=name, value=row["adjustment_id"],
                fix_zh="补上决定人和决定日期", fix_en="add who decided it and when",
            )  # fmt: skip
