"""Payment modes (支付方式): which mode pays a stay or visit, and what it pays. Source: design/06."""

from drgpay.steps.modes.assign import (
    AMOUNT,
    SCANNED,
    SUM_KEYS,
    ModeTables,
    Priced,
    added_up,
    assign_batch,
    mode_tables,
    price,
)
from drgpay.steps.modes.benefit import DETAILS as BENEFIT_DETAILS
from drgpay.steps.modes.benefit import JOINED as BENEFIT_JOINED
from drgpay.steps.modes.benefit import ORDER as BENEFIT_ORDER
from drgpay.steps.modes.benefit import SCANNED as BENEFIT_SCANNED
from drgpay.steps.modes.benefit import (
    Benefit,
    benefit_of,
    check_chains,
    split_costs,
    with_details,
    with_shares,
)
from drgpay.steps.modes.capitation import (
    ENROLMENT_ORDER,
    HEADS_ORDER,
    VISITS_ORDER,
    Capitation,
    capitation_of,
    check_capitation,
    head_amounts,
    head_sums,
    heads_of,
    pay_visits,
    results,
)
from drgpay.steps.modes.enrolment_check import (
    ENROLMENT_COLUMNS,
    EXEMPT_ORDER,
    check_categories,
    enrolment_gaps,
    exempt_categories,
)
from drgpay.steps.modes.out_of_area import added, statements, watch
from drgpay.steps.modes.payments import (
    assessments,
    budget_of,
    composition,
    forfeits,
    limit,
    month_payments,
    settle_year,
    year_payments,
)
from drgpay.steps.modes.procurement import missed, procurement_payments
from drgpay.steps.modes.rules import NONE, Places
from drgpay.steps.modes.shadow import shadow_prices

WRITES = (
    "stay_modes", "mode_payments", "bed_day_assessments", "shadow_prices", "heads", "capitation_heads",
    "visit_payments", "capitation_results", "mode_findings", "internet_visits", "out_of_area_statements",
    "out_of_area_watch", "procurement_payments", "benefit_splits", "enrolment_gaps", "expenditure_by_mode",
)  # fmt: skip
"""tables this step writes"""

__all__ = [
    "AMOUNT",
    "BENEFIT_DETAILS",
    "BENEFIT_JOINED",
    "BENEFIT_ORDER",
    "BENEFIT_SCANNED",
    "ENROLMENT_COLUMNS",
    "ENROLMENT_ORDER",
    "EXEMPT_ORDER",
    "HEADS_ORDER",
    "NONE",
    "SCANNED",
    "SUM_KEYS",
    "VISITS_ORDER",
    "WRITES",
    "Benefit",
    "Capitation",
    "ModeTables",
    "Places",
    "Priced",
    "added",
    "added_up",
    "assessments",
    "assign_batch",
    "benefit_of",
    "budget_of",
    "capitation_of",
    "check_capitation",
    "check_categories",
    "check_chains",
    "composition",
    "enrolment_gaps",
    "exempt_categories",
    "forfeits",
    "head_amounts",
    "head_sums",
    "heads_of",
    "limit",
    "missed",
    "mode_tables",
    "month_payments",
    "pay_visits",
    "price",
    "procurement_payments",
    "results",
    "settle_year",
    "shadow_prices",
    "split_costs",
    "statements",
    "watch",
    "with_details",
    "with_shares",
    "year_payments",
]
