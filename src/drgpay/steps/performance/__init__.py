"""Inside the hospital (院内绩效): gains and losses, pools, and every person's slip. Source: design/09.

Gains and losses are management information. Pay is worked out from the plan: by quality and efficiency, or, with an
acknowledgement in the plan and a warning on every report, from the surplus.
"""

from drgpay.steps.performance.accounts import COST_PRIZES, HELD, HOSPITAL, PEOPLE, PRIZES, Accounts
from drgpay.steps.performance.counts import (
    LEVEL4,
    LEVEL4_SCANNED,
    groups_treated,
    level4_stays,
    recovery_rates,
    recovery_stays,
)
from drgpay.steps.performance.fitting import (
    LEAST_PER_HEAD,
    check_departments,
    check_named,
    check_stays,
    check_sum,
    check_without_stays,
    ended,
)
from drgpay.steps.performance.lines import DoctorCase
from drgpay.steps.performance.people import Findings, Person, by_department, staff_of
from drgpay.steps.performance.plan import (
    NO_LIMIT,
    RULE,
    WARNING,
    check_plan,
    load_plan,
    plan_dictionary,
    plans,
    plans_folder,
    shares_surplus,
)
from drgpay.steps.performance.pools import DepartmentFacts, DepartmentPool, department_pools, split_sum
from drgpay.steps.performance.prizes import prize_budgets
from drgpay.steps.performance.reference import plain_shares
from drgpay.steps.performance.results import (
    bad_months,
    case_mix,
    coefficients_in,
    cost_cases,
    group_reviews,
    grouped_stays,
    hospital_results,
    months_of,
    period_name,
    unit_indices,
)
from drgpay.steps.performance.shares import (
    ORDER,
    SCANNED,
    SHARE_KEY,
    ShareTables,
    in_period,
    person_shares,
    project_weight,
    share_tables,
    stay_shares,
)
from drgpay.steps.performance.slips import department_rows, pay_people
from drgpay.steps.performance.stays import (
    CASE_COLUMNS,
    CELL,
    GROUPED_COLUMNS,
    PAYMENT_COLUMNS,
    GroupFacts,
    StayCosts,
    cells,
    cost_bases,
    earlier_cells,
    group_facts,
    group_sums,
    hospital_stays,
    of_institution,
)

WRITES = (
    "hospital_stays", "hospital_results", "group_reviews", "performance_flows", "department_marks",
    "department_results", "stay_shares", "slips", "slip_lines", "performance_findings",
    "in_house_estimates", "performance_changes",
)  # fmt: skip
"""tables this step writes"""

__all__ = [
    "CASE_COLUMNS",
    "CELL",
    "COST_PRIZES",
    "GROUPED_COLUMNS",
    "HELD",
    "HOSPITAL",
    "LEAST_PER_HEAD",
    "LEVEL4",
    "LEVEL4_SCANNED",
    "NO_LIMIT",
    "ORDER",
    "PAYMENT_COLUMNS",
    "PEOPLE",
    "PRIZES",
    "RULE",
    "SCANNED",
    "SHARE_KEY",
    "WARNING",
    "WRITES",
    "Accounts",
    "DepartmentFacts",
    "DepartmentPool",
    "DoctorCase",
    "Findings",
    "GroupFacts",
    "Person",
    "ShareTables",
    "StayCosts",
    "bad_months",
    "by_department",
    "case_mix",
    "cells",
    "check_departments",
    "check_named",
    "check_plan",
    "check_stays",
    "check_sum",
    "check_without_stays",
    "coefficients_in",
    "cost_bases",
    "cost_cases",
    "department_pools",
    "department_rows",
    "earlier_cells",
    "ended",
    "group_facts",
    "group_reviews",
    "group_sums",
    "grouped_stays",
    "groups_treated",
    "hospital_results",
    "hospital_stays",
    "in_period",
    "level4_stays",
    "load_plan",
    "months_of",
    "of_institution",
    "pay_people",
    "period_name",
    "person_shares",
    "plain_shares",
    "plan_dictionary",
    "plans",
    "plans_folder",
    "prize_budgets",
    "project_weight",
    "recovery_rates",
    "recovery_stays",
    "share_tables",
    "shares_surplus",
    "split_sum",
    "staff_of",
    "stay_shares",
    "unit_indices",
]
